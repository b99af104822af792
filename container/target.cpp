// The request-target's rules: RFC 9112 §3.2 (forms), RFC 3986 §3.3, §3.4 and §5.2.4 (characters,
// dot segments), and Tomcat's order of work: take parameters off, decode, collapse, normalise.
#include "container/target.h"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#include <algorithm>
#include <cassert>
#include <cstring>
#include <stdexcept>
#include <string>

#include "container/host_name.h"
#include "container/utf8.h"

namespace container {
namespace {

// What a raw byte means in a path. `slash` and `edge` sit side by side so that "a slash, then a
// slash or a dot" is one shift and one mask.
enum Kind : std::uint8_t {
  slash = 1,
  edge = 2,         // '/' or '.', which after a slash may call for normalisation
  escape = 4,       // '%'
  parameter = 8,    // ';'
  backslash = 16,   // '\'
  relaxable = 32,   // "<>[]^`{|}
  forbidden = 64,   // controls, space, DEL and everything above ASCII
  terminator = 128  // '?' and '#'
};

constexpr std::array<std::uint8_t, 256> make_kinds() {
  std::array<std::uint8_t, 256> kinds{};
  for (std::size_t c = 0; c < 256; ++c) kinds[c] = c <= 0x20 || c >= 0x7f ? forbidden : 0;
  for (char c : std::string_view("\"<>[]^`{|}")) kinds[static_cast<unsigned char>(c)] = relaxable;
  kinds['/'] = slash | edge;
  kinds['.'] = edge;
  kinds['%'] = escape;
  kinds[';'] = parameter;
  kinds['\\'] = backslash;
  kinds['?'] = kinds['#'] = terminator;
  return kinds;
}

constexpr auto kinds = make_kinds();

std::uint8_t kind_of(char c) { return kinds[static_cast<unsigned char>(c)]; }

using Fault = tl::unexpected<TargetError>;

Fault fault(TargetFault kind, std::size_t at) { return Fault(TargetError{kind, at}); }

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  const char lower = static_cast<char>(c | 0x20);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

// The byte written as %xx at `at`, or -1.
int escaped_byte(std::string_view text, std::size_t at) {
  if (text.size() - at < 3) return -1;
  const int high = hex_digit(text[at + 1]);
  const int low = hex_digit(text[at + 2]);
  return high < 0 || low < 0 ? -1 : high * 16 + low;
}

bool is_control(int byte) { return byte < 0x20 || byte == 0x7f; }

// Second pass over a path that the scan found not plain: writes it decoded, without parameters,
// into the room.
class Decoder {
 public:
  Decoder(std::string_view raw, std::size_t begin, std::size_t end, const TargetRules& rules,
          std::span<char> room)
      : raw_(raw.substr(0, end)), at_(begin), rules_(rules), room_(room) {
    assert(room.size() >= end - begin);
  }

  // The number of bytes written.
  tl::expected<std::size_t, TargetError> run() {
    const std::size_t begin = at_;
    while (at_ < raw_.size()) {
      const auto step = raw_[at_] == ';' ? skip_parameters() : take();
      if (!step) return tl::unexpected(step.error());
    }
    // RFC 3629: overlong forms and surrogates would be a second spelling of some other path.
    if (beyond_ascii_ && !is_utf8({room_.data(), size_}))
      return fault(TargetFault::encoding, begin);
    return size_;
  }

  std::size_t parameters_at() const { return parameters_at_; }

 private:
  using Step = tl::expected<void, TargetError>;

  void put(char c) { room_[size_++] = c; }

  // One path character, raw or encoded.
  Step take() {
    const char c = raw_[at_];
    if (const Step legal = check_raw(c); !legal) return legal;
    if (c == '%') return take_escape();
    put(c == '\\' ? '/' : c);
    ++at_;
    return {};
  }

  Step check_raw(char c) const {
    const std::uint8_t kind = kind_of(c);
    if ((kind & forbidden) != 0) return fault(TargetFault::character, at_);
    if ((kind & relaxable) != 0 && !rules_.relaxed_path.contains(static_cast<unsigned char>(c)))
      return fault(TargetFault::character, at_);
    if ((kind & backslash) != 0 && !rules_.allow_backslash)
      return fault(TargetFault::backslash, at_);
    return {};
  }

  Step take_escape() {
    const int byte = escaped_byte(raw_, at_);
    if (byte < 0) return fault(TargetFault::escape, at_);
    if (is_control(byte)) return fault(TargetFault::control, at_);
    bool keep = false;
    if (byte == '/') {
      if (rules_.encoded_solidus == EncodedSeparator::reject)
        return fault(TargetFault::solidus, at_);
      keep = rules_.encoded_solidus == EncodedSeparator::passthrough;
    } else if (byte == '\\') {
      if (rules_.encoded_reverse_solidus == EncodedSeparator::reject)
        return fault(TargetFault::backslash, at_);
      keep = rules_.encoded_reverse_solidus == EncodedSeparator::passthrough;
      if (!keep && !rules_.allow_backslash) return fault(TargetFault::backslash, at_);
    } else if (byte == '%') {
      keep = rules_.encoded_solidus == EncodedSeparator::passthrough ||
             rules_.encoded_reverse_solidus == EncodedSeparator::passthrough;
    }
    if (keep) {
      for (std::size_t i = 0; i < 3; ++i) put(raw_[at_ + i]);
    } else {
      put(byte == '\\' ? '/' : static_cast<char>(byte));
      beyond_ascii_ |= byte >= 0x80;
    }
    at_ += 3;
    return {};
  }

  // From ';' up to the next separator; `/..;x/` thereby is `/../` when dot segments are looked for.
  Step skip_parameters() {
    if (parameters_at_ == std::string_view::npos) parameters_at_ = at_;
    while (at_ < raw_.size() && raw_[at_] != '/' && raw_[at_] != '\\') {
      if (const Step legal = check_raw(raw_[at_]); !legal) return legal;
      if (raw_[at_] != '%') {
        ++at_;
        continue;
      }
      const int byte = escaped_byte(raw_, at_);
      if (byte < 0) return fault(TargetFault::escape, at_);
      if (is_control(byte)) return fault(TargetFault::control, at_);
      at_ += 3;
    }
    return {};
  }

  std::string_view raw_;
  std::size_t at_;
  const TargetRules& rules_;
  std::span<char> room_;
  std::size_t size_ = 0;
  std::size_t parameters_at_ = std::string_view::npos;
  bool beyond_ascii_ = false;
};

// RFC 3986 §5.2.4 in place, with runs of '/' taken as one; the path begins with '/'. Unlike the
// RFC, which drops them, a `..` above the root is an error: npos.
std::size_t normalise(std::span<char> path) {
  std::size_t out = 0;
  for (std::size_t at = 0; at < path.size();) {
    while (at < path.size() && path[at] == '/') ++at;
    const std::size_t begin = at;
    while (at < path.size() && path[at] != '/') ++at;
    const std::string_view segment(path.data() + begin, at - begin);
    const bool last = at == path.size();
    if (segment == "..") {
      if (out == 0) return std::string_view::npos;
      while (path[--out] != '/') continue;
    } else if (segment != "." && !segment.empty()) {
      path[out++] = '/';
      std::memmove(path.data() + out, segment.data(), segment.size());
      out += segment.size();
      continue;
    }
    if (last) path[out++] = '/';
  }
  return out;
}

struct Scan {
  std::size_t end;  // where the path stops
  bool plain;       // nothing in it has to be decoded, refused or normalised
};

#if defined(__SSE2__)
// Sixteen bytes at once: 56 bytes of path cost a third of the table's time.
constexpr std::size_t block = 16;

struct Block {
  bool plain;        // nothing but letters, digits and & ' ( ) * + , - . / : = _
  unsigned slashes;  // bit n: byte n is '/'
  unsigned edges;    // bit n: byte n is '/' or '.'
};

[[gnu::always_inline]] inline Block look_at(const char* bytes) {
  const __m128i text = _mm_loadu_si128(reinterpret_cast<const __m128i*>(bytes));
  const auto is = [](__m128i of, char c) { return _mm_cmpeq_epi8(of, _mm_set1_epi8(c)); };
  // Compares are signed, so bytes above ASCII are below every bound and never plain.
  const auto between = [](__m128i of, char low, char high) {
    return _mm_and_si128(_mm_cmpgt_epi8(of, _mm_set1_epi8(static_cast<char>(low - 1))),
                         _mm_cmplt_epi8(of, _mm_set1_epi8(static_cast<char>(high + 1))));
  };
  const __m128i letters = between(_mm_or_si128(text, _mm_set1_epi8(0x20)), 'a', 'z');
  const __m128i others =
      _mm_or_si128(between(text, '&', ':'), _mm_or_si128(is(text, '_'), is(text, '=')));
  const auto slashes = static_cast<unsigned>(_mm_movemask_epi8(is(text, '/')));
  const auto dots = static_cast<unsigned>(_mm_movemask_epi8(is(text, '.')));
  return {_mm_movemask_epi8(_mm_or_si128(letters, others)) == 0xffff, slashes, slashes | dots};
}
#endif

Scan scan_path(std::string_view raw, std::size_t begin) {
  unsigned seen = 0;
  unsigned previous = 0;
  std::size_t at = begin;
#if defined(__SSE2__)
  for (; raw.size() - at >= block; at += block) {
    const Block seen_here = look_at(raw.data() + at);
    const unsigned after_slash = seen_here.slashes << 1U | previous;
    if (!seen_here.plain || (after_slash & seen_here.edges) != 0) break;
    previous = seen_here.slashes >> (block - 1);
  }
  if (raw.size() - at < block) {  // the rest, filled up with bytes that mean nothing
    char rest[block];
    std::memset(rest, 'a', block);
    std::memcpy(rest, raw.data() + at, raw.size() - at);
    const Block seen_here = look_at(rest);
    if (seen_here.plain && ((seen_here.slashes << 1U | previous) & seen_here.edges) == 0)
      return {raw.size(), true};
  }
#endif
  for (; at < raw.size(); ++at) {
    const unsigned kind = kind_of(raw[at]);
    if ((kind & terminator) != 0) break;
    seen |= (kind & ~unsigned{slash | edge}) | (previous << 1U & kind & edge);
    previous = kind & slash;
  }
  return {at, seen == 0};
}

// RFC 3986 §3.4: pchar, '/' and '?'. Escapes are judged by whoever decodes the query.
tl::expected<std::string_view, TargetError> parse_query(std::string_view raw, std::size_t begin,
                                                        const TargetRules& rules) {
  std::size_t at = begin;
#if defined(__SSE2__)
  while (raw.size() - at >= block && look_at(raw.data() + at).plain) at += block;
#endif
  for (; at < raw.size(); ++at) {
    const std::uint8_t kind = kind_of(raw[at]);
    if ((kind & (forbidden | relaxable | terminator | backslash)) == 0 || raw[at] == '?') continue;
    if (raw[at] == '#') return fault(TargetFault::fragment, at);
    if (!rules.relaxed_query.contains(static_cast<unsigned char>(raw[at])))
      return fault(TargetFault::character, at);
  }
  return raw.substr(begin);
}

tl::expected<void, TargetError> parse_path(std::string_view raw, std::size_t begin, std::size_t end,
                                           const TargetRules& rules, std::span<char> room,
                                           Target& target) {
  Decoder decoder(raw, begin, end, rules, room);
  const auto decoded = decoder.run();
  if (!decoded) return tl::unexpected(decoded.error());
  if (decoder.parameters_at() != std::string_view::npos)
    target.path_parameters = raw.substr(decoder.parameters_at(), end - decoder.parameters_at());
  const std::size_t size = normalise(room.first(*decoded));
  if (size == std::string_view::npos) return fault(TargetFault::above_root, begin);
  const std::string_view before = raw.substr(begin, end - begin);
  const std::string_view after(room.data(), size);
  target.path = before == after ? before : after;
  return {};
}

tl::expected<void, TargetError> parse_path_and_query(std::string_view raw, std::size_t begin,
                                                     const TargetRules& rules, std::span<char> room,
                                                     Target& target) {
  const Scan scan = scan_path(raw, begin);
  if (scan.plain) {
    target.path = raw.substr(begin, scan.end - begin);
  } else if (auto parsed = parse_path(raw, begin, scan.end, rules, room, target); !parsed) {
    return parsed;
  }
  if (scan.end == raw.size()) return {};
  if (raw[scan.end] == '#') return fault(TargetFault::fragment, scan.end);
  const auto query = parse_query(raw, scan.end + 1, rules);
  if (!query) return tl::unexpected(query.error());
  target.query = *query;
  return {};
}

// The length of `http://` or `https://` in front, in any case; 0 without.
std::size_t scheme_length(std::string_view raw) {
  constexpr std::string_view secure = "https://";
  std::size_t at = 0;
  while (at < 5 && at < raw.size() && static_cast<char>(raw[at] | 0x20) == secure[at]) ++at;
  if (at < 4) return 0;
  return raw.substr(at).starts_with("://") ? at + 3 : 0;
}

// RFC 3986 §3.2.1.
bool is_user_information(std::string_view text) {
  for (std::size_t at = 0; at < text.size(); ++at) {
    const std::uint8_t kind = kind_of(text[at]);
    if ((kind & (forbidden | relaxable | backslash | terminator | slash)) != 0 || text[at] == '@')
      return false;
    if ((kind & escape) != 0 && escaped_byte(text, at) < 0) return false;
  }
  return true;
}

// RFC 9112 §3.2.2. The authority ends at '/', '?' or '#'; an empty path is "/" (RFC 9110 §4.2.3).
tl::expected<Target, TargetError> parse_absolute(std::string_view raw, const TargetRules& rules,
                                                 std::span<char> room) {
  Target target;
  target.form = TargetForm::absolute;
  const std::size_t begin = scheme_length(raw);
  if (begin == 0) return fault(TargetFault::form, 0);
  const std::size_t end = std::min(raw.find_first_of("/?#", begin), raw.size());
  target.authority = raw.substr(begin, end - begin);
  if (const std::size_t at = target.authority.find('@'); at != std::string_view::npos) {
    if (!is_user_information(target.authority.substr(0, at)))
      return fault(TargetFault::authority, begin);
    target.authority.remove_prefix(at + 1);
  }
  if (!parse_host(target.authority, EmptyHost::refused))
    return fault(TargetFault::authority, begin);
  if (end < raw.size() && raw[end] == '/') {
    if (auto parsed = parse_path_and_query(raw, end, rules, room, target); !parsed)
      return tl::unexpected(parsed.error());
    return target;
  }
  target.path = "/";
  if (end == raw.size()) return target;
  if (raw[end] == '#') return fault(TargetFault::fragment, end);
  const auto query = parse_query(raw, end + 1, rules);
  if (!query) return tl::unexpected(query.error());
  target.query = *query;
  return target;
}

}  // namespace

RelaxedCharacters::RelaxedCharacters(std::string_view characters) {
  for (char c : characters) {
    if ((kind_of(c) & (relaxable | backslash)) == 0) {
      throw std::invalid_argument("only \" < > [ \\ ] ^ ` { | } can be relaxed, not '" +
                                  std::string(1, c) + "'");
    }
    const auto byte = static_cast<unsigned char>(c);
    bits_[byte >> 6U] |= std::uint64_t{1} << (byte & 63U);
  }
}

std::string_view sentence(TargetFault fault) {
  switch (fault) {
    case TargetFault::empty:
      return "The request target is empty.";
    case TargetFault::form:
      return "The request target is neither a path nor an http URI.";
    case TargetFault::authority:
      return "The authority in the request target is not valid.";
    case TargetFault::asterisk:
      return "The target * goes with OPTIONS only.";
    case TargetFault::fragment:
      return "A request target cannot have a fragment.";
    case TargetFault::character:
      return "The request target has a character that must be encoded.";
    case TargetFault::escape:
      return "The path has a % without two hexadecimal digits.";
    case TargetFault::control:
      return "The path has an encoded control character.";
    case TargetFault::encoding:
      return "The path is not valid UTF-8 when decoded.";
    case TargetFault::solidus:
      return "An encoded slash is not allowed in the path.";
    case TargetFault::backslash:
      return "A backslash is not allowed in the path.";
    case TargetFault::above_root:
      return "The path leads above the root.";
  }
  return "The request target is not valid.";
}

tl::expected<Target, TargetError> parse_target(std::string_view raw, const TargetRules& rules,
                                               std::span<char> room, Asterisk asterisk) {
  if (raw.empty()) return fault(TargetFault::empty, 0);
  if (raw.front() == '/') {
    // Filled where the caller gets it: copying the views costs as much as the scan.
    tl::expected<Target, TargetError> result(tl::in_place);
    if (auto parsed = parse_path_and_query(raw, 0, rules, room, *result); !parsed)
      result = tl::unexpected(parsed.error());
    return result;
  }
  if (raw != "*") return parse_absolute(raw, rules, room);
  if (asterisk == Asterisk::refused) return fault(TargetFault::asterisk, 0);
  return Target{.path = raw,
                .query = {},
                .path_parameters = {},
                .authority = {},
                .form = TargetForm::asterisk};
}

std::string_view normalise_path(std::span<char> path) {
  const std::string_view text(path.data(), path.size());
  const auto forbids = [](char c) {
    return c == '\\' || is_control(static_cast<unsigned char>(c));
  };
  if (!text.starts_with('/') || std::any_of(text.begin(), text.end(), forbids) || !is_utf8(text))
    return {};
  const std::size_t size = normalise(path);
  return size == std::string_view::npos ? std::string_view{} : text.substr(0, size);
}

std::optional<std::string_view> path_parameter(std::string_view path_parameters,
                                               std::string_view name) {
  std::optional<std::string_view> found;
  std::size_t at = path_parameters.find(';');
  while (at != std::string_view::npos) {
    const std::size_t end =
        std::min(path_parameters.find_first_of(";/\\", at + 1), path_parameters.size());
    const std::string_view parameter = path_parameters.substr(at + 1, end - at - 1);
    const std::size_t equals = std::min(parameter.find('='), parameter.size());
    if (parameter.substr(0, equals) == name)
      found = parameter.substr(std::min(equals + 1, parameter.size()));
    at = path_parameters.find(';', end);
  }
  return found;
}

}  // namespace container
