// Letters as the protocols compare them: only those of ASCII have a case, whatever the locale.
#pragma once

#include <string>
#include <string_view>

namespace server {

constexpr char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; }

inline std::string lowered(std::string_view text) {
  std::string result(text);
  for (char& c : result) c = lower(c);
  return result;
}

}  // namespace server
