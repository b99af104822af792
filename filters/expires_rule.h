// When an answer gets too old, in the words of Apache's mod_expires.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

namespace filters {

// A time to live from when the answer was asked for, or from when what it shows was changed.
struct ExpiresRule {
  enum class Base : std::uint8_t { access, modification };
  Base base = Base::access;
  std::chrono::months months{0};  // of the calendar; years are twelve
  std::chrono::seconds seconds{0};

  // From `base`, at that time of day. The last day of a month stands for those it does not have.
  std::chrono::sys_seconds after(std::chrono::sys_seconds base) const;
};

// "access plus 1 month 15 days", "modification plus 3 hours", "now", or in seconds "A3600" and
// "M3600". Nothing: it is none of these, or longer than a hundred years.
std::optional<ExpiresRule> parse_expires(std::string_view text);

}  // namespace filters
