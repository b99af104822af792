// What people may call themselves, and write. A fault is in words for whom it is shown; empty:
// none.
#pragma once

#include <string>
#include <string_view>

namespace guestbook {

inline constexpr std::size_t kShortestName = 2, kLongestName = 30;            // letters
inline constexpr std::size_t kShortestPassword = 8, kLongestPassword = 1000;  // bytes
inline constexpr std::size_t kLongestText = 2000, kLongestAlt = 200;          // letters

// Without white space at both ends; lines end with LF alone, where forms send CR LF.
std::string tidied(std::string_view text);

std::string fault_of_text(std::string_view text);
std::string fault_of_alt(std::string_view alt);
std::string fault_of_member(std::string_view name, std::string_view password);

// "2 MB" for 2 MiB: as people call it, and never more than it is.
std::string size_in_words(std::size_t bytes);

}  // namespace guestbook
