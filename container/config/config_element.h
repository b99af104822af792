// What every element of a configuration file leaves behind in its struct: where it stood, and where
// each of its values came from.
#pragma once

#include <chrono>
#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace container {

using SizeBytes = std::uint64_t;

// What `-1` means for sizes and times.
inline constexpr SizeBytes unlimited = std::numeric_limits<SizeBytes>::max();
inline constexpr std::chrono::milliseconds no_timeout = std::chrono::milliseconds::max();

struct SourcePosition {
  std::shared_ptr<const std::string> file;  // as the operator named it; null: not from a file
  std::uint32_t line = 0;                   // 1-based; 0: not from a file
  std::uint32_t column = 0;                 // 1-based, in characters, a tab counting as one
};

// `conf/server.xml:12:17`, or nothing when the position is not in a file.
std::string to_string(const SourcePosition& position);

// Document order within one file.
bool stands_before(const SourcePosition& a, const SourcePosition& b);

struct Origin {
  enum class Kind : std::uint8_t {
    file,         // written there
    environment,  // ${name} found in the environment
    definition,   // ${name} found among the -D definitions
    attribute,    // not given, so it follows another attribute: `name`
  };
  Kind kind = Kind::file;
  SourcePosition position;  // of the value
  std::string name;         // of the variable or attribute
};

struct AttributeOrigin {
  std::string attribute;
  Origin origin;
};

struct ConfigElement {
  SourcePosition position;               // of the `<`
  std::vector<AttributeOrigin> origins;  // attributes that are not here have their default
};

const Origin* find_origin(const ConfigElement& element, std::string_view attribute);

// Where to point when an attribute is to blame: its value, or the element when it was not given.
SourcePosition position_of(const ConfigElement& element, std::string_view attribute);

// A word that can be complained about by itself: a URL pattern, an alias.
struct LocatedText : ConfigElement {
  std::string text;
};

}  // namespace container
