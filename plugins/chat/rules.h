// What may be a name, a room or a message: everything of it comes from outside.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace chat {

constexpr std::size_t kLongestName = 20;  // characters
constexpr std::size_t kLongestId = 40;    // bytes, of what a page calls its message

// How many characters (code points) a text has; {} for what is no UTF-8 (RFC 3629): overlong forms,
// surrogates and what lies above U+10FFFF are none.
inline std::optional<std::size_t> count_characters(std::string_view text) {
  std::size_t count = 0;
  for (std::size_t at = 0; at < text.size(); ++count) {
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    const unsigned first = byte(at);
    const std::size_t length = first < 0x80 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
    if ((first >= 0x80 && first < 0xC2) || first > 0xF4 || text.size() - at < length) return {};
    for (std::size_t i = 1; i < length; ++i)
      if ((byte(at + i) & 0xC0) != 0x80) return {};
    if (length > 2) {
      const unsigned second = byte(at + 1);
      if ((first == 0xE0 && second < 0xA0) || (first == 0xED && second > 0x9F) ||
          (first == 0xF0 && second < 0x90) || (first == 0xF4 && second > 0x8F))
        return {};
    }
    at += length;
  }
  return count;
}

// Names of people and rooms: 1 to 20 characters, of ASCII only letters, digits, '-' and '_'.
inline bool is_name(std::string_view text) {
  const auto is_fine = [](char c) {
    return static_cast<unsigned char>(c) >= 0x80 || (c >= '0' && c <= '9') ||
           (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '_';
  };
  for (const char c : text)
    if (!is_fine(c)) return false;
  const auto characters = count_characters(text);
  return characters && *characters >= 1 && *characters <= kLongestName;
}
constexpr std::string_view kNameRule = "1 to 20 letters, digits, '-' or '_'";

// What can be read of a message: without white space at both ends.
inline std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n";
  const auto begin = text.find_first_not_of(kSpace);
  if (begin == text.npos) return {};
  return text.substr(begin, text.find_last_not_of(kSpace) - begin + 1);
}

}  // namespace chat
