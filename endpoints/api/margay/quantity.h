// Numbers with units, as parameters have them: "20s", "64KiB". The same spellings as in server.xml.
#pragma once

#include <array>
#include <charconv>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>

namespace margay::detail {

struct Unit {
  std::string_view name;
  std::int64_t factor;
};

// The smallest first: it is the unit of a bare number.
inline constexpr std::array<Unit, 5> kTimeUnits{
    {{"ms", 1}, {"s", 1000}, {"min", 60'000}, {"h", 3'600'000}, {"d", 86'400'000}}};
inline constexpr std::array<Unit, 7> kSizeUnits{{{"B", 1},
                                                 {"KB", 1000},
                                                 {"KiB", 1 << 10},
                                                 {"MB", 1'000'000},
                                                 {"MiB", 1 << 20},
                                                 {"GB", 1'000'000'000},
                                                 {"GiB", 1 << 30}}};

// {} for anything but a decimal number with or without a unit, and for what 64 bits cannot hold.
template <std::size_t N>
std::optional<std::int64_t> parse_quantity(std::string_view text,
                                           const std::array<Unit, N>& units) {
  std::int64_t number = 0;
  const char* const end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc{} || number < 0) return std::nullopt;
  const std::string_view name(rest, static_cast<std::size_t>(end - rest));
  for (const Unit& unit : units)
    if (unit.name == name || (name.empty() && unit.factor == 1)) {
      if (number > std::numeric_limits<std::int64_t>::max() / unit.factor) return std::nullopt;
      return number * unit.factor;
    }
  return std::nullopt;
}

// In the largest unit that gives a whole number.
template <std::size_t N>
std::string print_quantity(std::int64_t value, const std::array<Unit, N>& units) {
  const Unit* best = &units.front();
  for (const Unit& unit : units)
    if (value != 0 && value % unit.factor == 0) best = &unit;
  return std::to_string(value / best->factor) + std::string(best->name);
}

template <std::size_t N>
std::string names(const std::array<Unit, N>& units) {
  std::string all;
  for (const Unit& unit : units) all.append(all.empty() ? "" : ", ").append(unit.name);
  return all;
}

}  // namespace margay::detail
