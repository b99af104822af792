// When an answer gets too old, in the words of Apache's mod_expires.
#include "filters/expires_rule.h"

#include <margay/text.h>

#include <array>

namespace filters {

namespace {

using std::chrono::seconds;

constexpr std::int64_t kMost = 100LL * 366 * 86'400;  // seconds

// Takes the next word off, {} at the end.
std::string_view next_word(std::string_view& text) {
  text = margay::detail::trimmed(text);
  const std::string_view word = text.substr(0, text.find_first_of(" \t\r\n"));
  text.remove_prefix(word.size());
  return word;
}

// A number of units with their name, in the singular or the plural.
bool add(ExpiresRule& rule, std::int64_t number, std::string_view unit) {
  struct Unit {
    std::string_view name;
    std::int64_t seconds, months;
  };
  constexpr std::array<Unit, 7> kUnits{{{"second", 1, 0},
                                        {"minute", 60, 0},
                                        {"hour", 3600, 0},
                                        {"day", 86'400, 0},
                                        {"week", 7 * 86'400, 0},
                                        {"month", 0, 1},
                                        {"year", 0, 12}}};
  if (unit.ends_with('s')) unit.remove_suffix(1);
  for (const Unit& one : kUnits) {
    if (!margay::detail::same_ignoring_case(one.name, unit)) continue;
    rule.seconds += seconds{number * one.seconds};
    rule.months += std::chrono::months{number * one.months};
    return rule.seconds.count() <= kMost && rule.months.count() <= 1200;
  }
  return false;
}

}  // namespace

std::chrono::sys_seconds ExpiresRule::after(std::chrono::sys_seconds base_time) const {
  const auto day = std::chrono::floor<std::chrono::days>(base_time);
  std::chrono::year_month_day date{day};
  date += months;
  if (!date.ok()) date = date.year() / date.month() / std::chrono::last;
  return std::chrono::sys_days{date} + (base_time - day) + seconds;
}

std::optional<ExpiresRule> parse_expires(std::string_view text) {
  using margay::detail::same_ignoring_case;
  ExpiresRule rule;
  const std::string_view base = next_word(text);
  if (same_ignoring_case(base, "modification")) {
    rule.base = ExpiresRule::Base::modification;
  } else if (!same_ignoring_case(base, "access") && !same_ignoring_case(base, "now")) {
    const auto number = margay::detail::number<std::int64_t>(base.substr(base.empty() ? 0 : 1), -1);
    if (base.empty() || (base[0] != 'A' && base[0] != 'M') || number < 0 || number > kMost ||
        !next_word(text).empty())
      return std::nullopt;
    if (base[0] == 'M') rule.base = ExpiresRule::Base::modification;
    rule.seconds = seconds{number};
    return rule;
  }
  std::string_view word = next_word(text);
  if (same_ignoring_case(word, "plus")) {
    word = next_word(text);
    if (word.empty()) return std::nullopt;
  }
  for (; !word.empty(); word = next_word(text)) {
    const auto number = margay::detail::number<std::int64_t>(word, -1);
    if (number < 0 || number > kMost || !add(rule, number, next_word(text))) return std::nullopt;
  }
  return rule;
}

}  // namespace filters
