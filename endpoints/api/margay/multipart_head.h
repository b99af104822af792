// The header of a part of multipart/form-data (RFC 7578 section 4), and names of files from it.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <margay/charset.h>
#include <margay/form.h>
#include <margay/header_value.h>
#include <margay/multipart_error.h>
#include <margay/text.h>

namespace margay {

namespace detail {

// An extended value, `UTF-8''na%C3%AFve` (RFC 8187), as UTF-8. {} when it is malformed.
inline std::optional<std::string> extended_value(std::string_view value) {
  const auto first = value.find('\'');
  const auto second = first == value.npos ? value.npos : value.find('\'', first + 1);
  if (second == value.npos || first == 0) return std::nullopt;
  std::string bytes;
  for (std::string_view rest = value.substr(second + 1); !rest.empty();) {
    std::size_t used = 1;
    if (rest[0] != '%') {
      bytes += rest[0];
    } else if (rest.size() > 2 && hexadecimal(rest[1]) >= 0 && hexadecimal(rest[2]) >= 0) {
      bytes += static_cast<char>(hexadecimal(rest[1]) * 16 + hexadecimal(rest[2]));
      used = 3;
    } else {
      return std::nullopt;
    }
    rest.remove_prefix(used);
  }
  return to_utf8(bytes, value.substr(0, first));
}

// Calls `each(name, value)` for each line of a header; false for what is no header field. Folded
// lines are not taken.
template <class Each>
bool each_field(std::string_view head, Each&& each) {
  while (true) {
    const auto end = head.find("\r\n");
    if (end == head.npos) return false;
    const std::string_view line = head.substr(0, end);
    head.remove_prefix(end + 2);
    if (line.empty()) return head.empty();
    const auto colon = line.find(':');
    if (colon == 0 || colon == line.npos) return false;
    for (const char c : line)
      if ((static_cast<unsigned char>(c) < ' ' && c != '\t') || c == 0x7F) return false;
    if (line.substr(0, colon).find_first_of(" \t\"(),/;<=>?@[\\]{}") != line.npos) return false;
    each(line.substr(0, colon), trimmed(line.substr(colon + 1)));
  }
}

}  // namespace detail

// The name which a client gave to a file, made fit to be the last part of a path: what is before
// the last '/' or '\', control characters, and blanks and dots at its ends are gone; "" when
// nothing is left. At most 255 bytes, cut at the end of a character. It can still be any name, and
// the same as another's: do not let it choose where a file is kept.
inline std::string safe_file_name(std::string_view name) {
  if (const auto slash = name.find_last_of("/\\"); slash != name.npos)
    name.remove_prefix(slash + 1);
  std::string safe;
  for (const char c : name)
    if (static_cast<unsigned char>(c) >= ' ' && c != 0x7F) safe += c;
  const auto first = safe.find_first_not_of(" .");
  if (first == safe.npos) return {};
  safe.erase(0, first);
  constexpr std::size_t kMost = 255;
  if (safe.size() > kMost) {
    std::size_t end = kMost;
    while (end > 0 && (static_cast<unsigned char>(safe[end]) & 0xC0) == 0x80) --end;
    safe.resize(end);
  }
  safe.erase(safe.find_last_not_of(" .") + 1);
  return safe;
}

// What the header of a part says. A value.
class MultipartHead {
 public:
  // `lines` with their line ends, and the empty one. Throws MultipartError::malformed when there is
  // not one Content-Disposition of form-data with one name.
  explicit MultipartHead(std::string lines) : lines_(std::move(lines)) {
    int dispositions = 0;
    std::string disposition;
    const bool is_header =
        detail::each_field(lines_, [&](std::string_view name, std::string_view value) {
          if (!detail::same_ignoring_case(name, "content-disposition")) return;
          ++dispositions;
          disposition = value;
        });
    if (!is_header) throw malformed("the header of a part is malformed");
    if (dispositions != 1 ||
        !detail::same_ignoring_case(detail::without_parameters(disposition), "form-data"))
      throw malformed("a part has not one Content-Disposition of form-data");
    read(disposition);
  }

  const std::string& name() const { return name_; }
  // As it was sent, from `filename*` if that is there; {} for a field that is no file.
  const std::optional<std::string>& file_name() const { return file_name_; }
  // First value of a field, in any case; "" when there is none. Good as long as this is.
  std::string_view field(std::string_view wanted) const {
    std::optional<std::string_view> found;
    detail::each_field(lines_, [&](std::string_view name, std::string_view value) {
      if (!found && detail::same_ignoring_case(name, wanted)) found = value;
    });
    return found.value_or("");
  }

 private:
  static MultipartError malformed(const std::string& message) {
    return {MultipartError::Reason::malformed, message};
  }

  // A parameter that is there twice is read differently by others, so it is not read at all.
  void read(std::string_view disposition) {
    std::optional<std::string> name, plain, extended;
    bool is_twice = false;
    const auto take = [&](std::optional<std::string>& to, std::string value) {
      if (to) is_twice = true;
      to = std::move(value);
    };
    bool is_good =
        detail::each_value_parameter(disposition, [&](std::string_view its, std::string value) {
          if (detail::same_ignoring_case(its, "name")) take(name, std::move(value));
          if (detail::same_ignoring_case(its, "filename")) take(plain, std::move(value));
          if (detail::same_ignoring_case(its, "filename*")) take(extended, std::move(value));
        });
    if (extended) {
      plain = detail::extended_value(*extended);
      is_good &= plain.has_value();
    }
    if (!is_good || is_twice || !name)
      throw malformed("the Content-Disposition of a part is malformed");
    name_ = *std::move(name);
    file_name_ = std::move(plain);
  }

  std::string lines_;
  std::string name_;
  std::optional<std::string> file_name_;
};

}  // namespace margay
