// How a manifest says which paths an endpoint or a filter is for; read once at start.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

namespace container {

inline constexpr std::size_t max_path_variables = 16;

struct PatternError {
  std::string text;    // what is wrong and what to write instead
  std::size_t offset;  // where in the pattern
};

// Who uses a pattern: only filters know `*` for everything. For a WebSocket `/` is the context's
// own root, and there are neither extensions nor "whatever nothing else takes".
enum class PatternUse : std::uint8_t { endpoint, filter, websocket };

// A URL pattern of the Servlet specification (12.2), or a template with whole-segment variables. It
// is matched against decoded, normalised paths within the context. Immutable.
class Pattern {
 public:
  enum class Kind : std::uint8_t {
    exact,         // /a/b
    prefix,        // /a/* and /*
    extension,     // *.ext
    context_root,  // "" stands for the context's own "/"
    fallback,      // / takes what nothing else takes
    variables,     // /users/{id}, /files/{path...}
  };

  struct Segment {
    enum class Kind : std::uint8_t { literal, variable, rest };
    Kind kind;
    std::string text;  // the literal, or the variable's name
  };

  static tl::expected<Pattern, PatternError> parse(std::string_view text,
                                                   PatternUse use = PatternUse::endpoint);

  Kind kind() const { return kind_; }
  const std::string& text() const { return text_; }

  // What is compared: `/a/b` of /a/b, `/a` of /a/*, `ext` of *.ext; empty for the others.
  const std::string& literal() const { return literal_; }

  // Of `variables` only. A variable is a segment of at least one byte; the rest may be empty but
  // not without the slash before it. A trailing slash is an empty literal.
  const std::vector<Segment>& segments() const { return segments_; }

  // Whether a filter mapped to this pattern takes part for the path. Any thread; allocates nothing.
  bool matches_filter(std::string_view path) const;

 private:
  friend class PatternParser;

  bool matches_variables(std::string_view path) const;

  Kind kind_ = Kind::context_root;
  std::string text_;
  std::string literal_;
  std::vector<Segment> segments_;
};

// What follows the last dot of the last segment; empty when there is none, so never equal to a
// pattern's extension.
std::string_view extension_of(std::string_view path);

}  // namespace container
