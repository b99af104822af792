// What logs show of a request's target.
#include "container/security/covered.h"

#include <algorithm>

namespace container::security {

std::string_view covered(std::string_view target, std::string_view parameter,
                         server::Arena& arena) {
  constexpr std::string_view cover = "****";
  for (std::size_t at = target.find('?'); at != target.npos; at = target.find('&', at + 1)) {
    const std::string_view rest = target.substr(at + 1);
    if (!rest.starts_with(parameter) || !rest.substr(parameter.size()).starts_with('=')) continue;
    const std::string_view before = target.substr(0, at + 1 + parameter.size() + 1);
    const std::string_view value = target.substr(before.size());
    const std::string_view behind = value.substr(std::min(value.find('&'), value.size()));
    char* room = arena.array<char>(before.size() + cover.size() + behind.size());
    char* end = std::copy(before.begin(), before.end(), room);
    end = std::copy(cover.begin(), cover.end(), end);
    end = std::copy(behind.begin(), behind.end(), end);
    target = {room, static_cast<std::size_t>(end - room)};
  }
  return target;
}

}  // namespace container::security
