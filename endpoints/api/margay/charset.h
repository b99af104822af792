// Character sets: which one a body has, and its text as UTF-8.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <margay/header_value.h>
#include <margay/text.h>

namespace margay {

// The `charset` of a Content-Type, as it was written; "" when it names none, or is malformed.
inline std::string charset_of(std::string_view content_type) {
  return detail::parameter_of(content_type, "charset").value_or("");
}

namespace detail {

inline bool is_latin1(std::string_view charset) {
  for (const std::string_view name : {"iso-8859-1", "latin1", "iso_8859-1", "l1"})
    if (same_ignoring_case(charset, name)) return true;
  return false;
}

inline bool is_utf8(std::string_view charset) {
  for (const std::string_view name : {"utf-8", "utf8", "us-ascii", "ascii"})
    if (same_ignoring_case(charset, name)) return true;
  return false;
}

}  // namespace detail

// `text` of a character set as UTF-8: from ISO-8859-1, or as it is from UTF-8 and US-ASCII, where
// it is not checked. {} for any other. "" stands for UTF-8.
inline std::optional<std::string> to_utf8(std::string_view text, std::string_view charset) {
  if (charset.empty() || detail::is_utf8(charset)) return std::string(text);
  if (!detail::is_latin1(charset)) return std::nullopt;
  std::string out;
  out.reserve(text.size() + text.size() / 8);
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x80) {
      out += c;
    } else {
      out += static_cast<char>(0xC0 | (byte >> 6));
      out += static_cast<char>(0x80 | (byte & 0x3F));
    }
  }
  return out;
}

}  // namespace margay
