// Looks at XML as plain bytes.
#include "container/config/xml_scan.h"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

namespace container {
namespace {

// The length of the UTF-8 sequence at the start, 0 if there is none (RFC 3629: shortest form, no
// surrogates, at most U+10FFFF).
std::size_t utf8_length(std::string_view text) {
  const auto byte = [&](std::size_t i) -> unsigned {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : 0u;
  };
  const auto follows = [&](std::size_t i, unsigned least = 0x80, unsigned most = 0xBF) {
    return byte(i) >= least && byte(i) <= most;
  };
  const unsigned first = byte(0);
  if (first < 0x80) return 1;
  if (first >= 0xC2 && first <= 0xDF) return follows(1) ? 2 : 0;
  if (first >= 0xE0 && first <= 0xEF) {
    const unsigned least = first == 0xE0 ? 0xA0 : 0x80;
    const unsigned most = first == 0xED ? 0x9F : 0xBF;
    return follows(1, least, most) && follows(2) ? 3 : 0;
  }
  if (first >= 0xF0 && first <= 0xF4) {
    const unsigned least = first == 0xF0 ? 0x90 : 0x80;
    const unsigned most = first == 0xF4 ? 0x8F : 0xBF;
    return follows(1, least, most) && follows(2) && follows(3) ? 4 : 0;
  }
  return 0;
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_hex(char c) { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }

// Whether the name between `&` and `;` stands for a character that XML allows.
bool is_reference(std::string_view name) {
  constexpr std::array<std::string_view, 5> entities{"amp", "lt", "gt", "quot", "apos"};
  for (const std::string_view entity : entities) {
    if (name == entity) return true;
  }
  if (!name.starts_with('#')) return false;
  name.remove_prefix(1);
  const bool hex = name.starts_with('x');
  if (hex) name.remove_prefix(1);
  if (name.empty() || name.size() > 7) return false;
  unsigned long code = 0;
  for (const char c : name) {
    if (hex ? !is_hex(c) : !is_digit(c)) return false;
    const unsigned digit =
        is_digit(c) ? static_cast<unsigned>(c - '0') : static_cast<unsigned>((c | 0x20) - 'a' + 10);
    code = code * (hex ? 16 : 10) + digit;
  }
  const bool white = code == '\t' || code == '\n' || code == '\r';
  const bool surrogate = code >= 0xD800 && code <= 0xDFFF;
  return (code >= 0x20 || white) && !surrogate && code <= 0x10FFFF;
}

constexpr std::string_view name_end = " \t\r\n/><=\"'";

struct Tag {
  enum class Kind : std::uint8_t { open, close, empty };
  Kind kind = Kind::open;
  std::string_view name;
  std::size_t offset = 0;
};

// Walks from tag to tag, passing over comments, CDATA, declarations and attribute values.
class TagScanner {
 public:
  explicit TagScanner(std::string_view text) : text_(text) {}

  std::optional<Tag> next() {
    while ((at_ = text_.find('<', at_)) != std::string_view::npos) {
      const std::size_t start = at_;
      if (skip("<!--", "-->") || skip("<![CDATA[", "]]>") || skip("<?", "?>") || skip("<!", ">")) {
        continue;
      }
      const bool closing = text_.substr(at_, 2) == "</";
      const std::size_t name_at = at_ + (closing ? 2 : 1);
      const std::size_t name_stop = std::min(text_.find_first_of(name_end, name_at), text_.size());
      const bool empty = pass_attributes(name_stop);
      const Tag::Kind kind = closing ? Tag::Kind::close
                             : empty ? Tag::Kind::empty
                                     : Tag::Kind::open;
      return Tag{kind, text_.substr(name_at, name_stop - name_at), start};
    }
    return std::nullopt;
  }

 private:
  bool skip(std::string_view begin, std::string_view end) {
    if (text_.substr(at_, begin.size()) != begin) return false;
    const std::size_t found = text_.find(end, at_ + begin.size());
    at_ = found == std::string_view::npos ? text_.size() : found + end.size();
    return true;
  }

  // To behind the `>`; whether it was a `/>`.
  bool pass_attributes(std::size_t from) {
    at_ = from;
    while (at_ < text_.size()) {
      const char c = text_[at_++];
      if (c == '>') return text_[at_ - 2] == '/';
      if (c == '"' || c == '\'') at_ = std::min(text_.find(c, at_), text_.size() - 1) + 1;
    }
    return false;
  }

  const std::string_view text_;
  std::size_t at_ = 0;
};

}  // namespace

std::optional<XmlFault> find_bad_byte(std::string_view text) {
  std::size_t at = 0;
  while (at < text.size()) {
    const auto byte = static_cast<unsigned char>(text[at]);
    if (byte < 0x20 && byte != '\t' && byte != '\n' && byte != '\r') {
      return XmlFault{"a control character is not allowed in XML; remove it", at};
    }
    const std::size_t length = utf8_length(text.substr(at, 4));
    if (length == 0) return XmlFault{"this is not UTF-8; save the file as UTF-8", at};
    at += length;
  }
  return std::nullopt;
}

std::optional<XmlFault> find_bad_reference(std::string_view raw) {
  for (std::size_t at = raw.find_first_of("<&"); at != std::string_view::npos;
       at = raw.find_first_of("<&", at + 1)) {
    if (raw[at] == '<') return XmlFault{"'<' must be written as &lt; in a value", at};
    const std::size_t end = raw.substr(at, 12).find(';');
    if (end == std::string_view::npos) {
      return XmlFault{"'&' must be written as &amp;", at};
    }
    const std::string_view name = raw.substr(at + 1, end - 1);
    if (!is_reference(name)) {
      return XmlFault{'\'' + std::string(raw.substr(at, end + 1)) +
                          "' is no entity of XML itself, and others are not read; write '&' as "
                          "&amp;",
                      at};
    }
  }
  return std::nullopt;
}

std::optional<UnbalancedTag> find_unbalanced_tag(std::string_view text) {
  TagScanner scanner(text);
  std::vector<Tag> open;
  while (const std::optional<Tag> tag = scanner.next()) {
    if (tag->kind == Tag::Kind::open) open.push_back(*tag);
    if (tag->kind != Tag::Kind::close) continue;
    if (open.empty()) return UnbalancedTag{{}, 0, tag->name, tag->offset};
    if (open.back().name != tag->name) {
      return UnbalancedTag{open.back().name, open.back().offset, tag->name, tag->offset};
    }
    open.pop_back();
  }
  if (open.empty()) return std::nullopt;
  return UnbalancedTag{open.back().name, open.back().offset, {}, text.size()};
}

}  // namespace container
