#include "rules.h"

#include <algorithm>

namespace guestbook {
namespace {

// Of UTF-8: what browsers count for `maxlength` is never less.
std::size_t letters(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;
  }));
}

bool is_of_name(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '_';
}

}  // namespace

std::string tidied(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n";
  const auto begin = text.find_first_not_of(kSpace);
  if (begin == text.npos) return {};
  text = text.substr(begin, text.find_last_not_of(kSpace) + 1 - begin);
  std::string tidy;
  for (std::size_t i = 0; i < text.size(); ++i)
    if (text.substr(i, 2) != "\r\n") tidy += text[i];
  return tidy;
}

std::string fault_of_text(std::string_view text) {
  if (text.empty()) return "Please write something.";
  if (letters(text) > kLongestText) return "That is too long; 2000 letters are the most.";
  return {};
}

std::string fault_of_alt(std::string_view alt) {
  return letters(alt) > kLongestAlt ? "200 letters are the most to say what a picture shows." : "";
}

std::string fault_of_member(std::string_view name, std::string_view password) {
  if (name.size() < kShortestName || name.size() > kLongestName ||
      !std::all_of(name.begin(), name.end(), is_of_name))
    return "A name has 2 to 30 letters from a to z, digits, - and _.";
  if (password.size() < kShortestPassword) return "A password has 8 letters at least.";
  if (password.size() > kLongestPassword) return "That password is too long.";
  return {};
}

std::string size_in_words(std::size_t bytes) {
  constexpr std::size_t kKilo = 1024, kMega = 1024 * kKilo;
  if (bytes >= kMega) return std::to_string(bytes / kMega) + " MB";
  return std::to_string(bytes / kKilo) + " KB";
}

}  // namespace guestbook
