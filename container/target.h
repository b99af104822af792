// First stop of a request above the wire: the request-target, checked, decoded and normalised once
// for everybody.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <tl/expected.hpp>

namespace container {

// What a percent-encoded separator means (Tomcat: encodedSolidusHandling,
// encodedReverseSolidusHandling). `passthrough` leaves the text as it came; the application has to
// decode the path once more, so %25 stays as well.
enum class EncodedSeparator : std::uint8_t { reject, decode, passthrough };

// Characters a client may send raw although RFC 3986 wants them encoded (Tomcat: relaxedPathChars,
// relaxedQueryChars).
class RelaxedCharacters {
 public:
  RelaxedCharacters() = default;
  // Throws std::invalid_argument for anything but " < > [ \ ] ^ ` { | } which is all that may be
  // relaxed.
  explicit RelaxedCharacters(std::string_view characters);

  bool contains(unsigned char c) const {
    return c < 128 && (bits_[c >> 6U] >> (c & 63U) & 1U) != 0;
  }

 private:
  std::array<std::uint64_t, 2> bits_{};
};

// One connector's choices; the defaults are Tomcat's.
struct TargetRules {
  EncodedSeparator encoded_solidus = EncodedSeparator::reject;
  // A %5c that is decoded is then judged by allow_backslash like a raw one.
  EncodedSeparator encoded_reverse_solidus = EncodedSeparator::decode;
  // A backslash separates segments as '/' does, and becomes one; otherwise it is refused.
  bool allow_backslash = false;
  RelaxedCharacters relaxed_path;
  RelaxedCharacters relaxed_query;
};

enum class TargetForm : std::uint8_t { origin, absolute, asterisk };

// RFC 9112 §3.2.4: `*` goes with OPTIONS only, so the caller says whether this is one.
enum class Asterisk : std::uint8_t { refused, allowed };

// All views point into the raw target, into the room given to parse_target, or to static text.
struct Target {
  std::string_view
      path;  // decoded, normalised, without parameters; begins with '/' unless it is "*"
  std::string_view query;            // raw, without '?'
  std::string_view path_parameters;  // raw path from its first ';' on; see path_parameter()
  std::string_view authority;        // host[:port] of the absolute form, user-info left out
  TargetForm form = TargetForm::origin;
};

enum class TargetFault : std::uint8_t {
  empty,
  form,
  authority,
  asterisk,
  fragment,
  character,
  escape,
  control,
  encoding,
  solidus,
  backslash,
  above_root,
};

struct TargetError {
  TargetFault fault;
  std::size_t at;  // offset in the raw target, for the log
};

// A sentence for the body of the 400; it repeats nothing the client sent.
std::string_view sentence(TargetFault fault);

// Any thread. `room` must hold raw.size() bytes and outlive the result; it stays untouched when the
// path can be taken as it came. Refuses rather than repairs: every error is a 400.
tl::expected<Target, TargetError> parse_target(std::string_view raw, const TargetRules& rules,
                                               std::span<char> room,
                                               Asterisk asterisk = Asterisk::refused);

// The same for a path that is decoded already, normalised in place. Empty: it does not begin with
// '/', leads above the root, or has control characters, backslashes or what is not UTF-8.
std::string_view normalise_path(std::span<char> path);

// The raw value of the last parameter `name` in any segment (`;jsessionid=…`), as Tomcat reads it.
std::optional<std::string_view> path_parameter(std::string_view path_parameters,
                                               std::string_view name);

}  // namespace container
