// Values are read strictly: no sign but the minus of -1, no white space inside, no unit guessed.
#include "container/config/value.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <system_error>

#include "container/config/quoted.h"

namespace container {
namespace {

constexpr std::string_view kWhite = " \t\r\n";

struct Unit {
  std::string_view name;
  std::uint64_t factor;
};

constexpr std::array<Unit, 7> size_units{{{"GiB", 1u << 30},
                                          {"MiB", 1u << 20},
                                          {"KiB", 1u << 10},
                                          {"GB", 1'000'000'000},
                                          {"MB", 1'000'000},
                                          {"KB", 1000},
                                          {"B", 1}}};

constexpr std::array<Unit, 5> time_units{
    {{"d", 86'400'000}, {"h", 3'600'000}, {"min", 60'000}, {"s", 1000}, {"ms", 1}}};

constexpr std::uint64_t max_size = 1ull << 50;
constexpr std::uint64_t max_time = 10ull * 365 * 86'400'000;

enum class Trouble : std::uint8_t { none, malformed, too_large };

struct Scaled {
  std::uint64_t value = 0;
  Trouble trouble = Trouble::none;
};

// A number and its unit; a bare number counts in the smallest unit.
template <std::size_t N>
Scaled parse_scaled(std::string_view text, const std::array<Unit, N>& units, std::uint64_t most) {
  std::uint64_t number = 0;
  const char* const end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, number);
  if (error == std::errc::result_out_of_range) return {0, Trouble::too_large};
  if (error != std::errc()) return {0, Trouble::malformed};
  const std::string_view name(rest, static_cast<std::size_t>(end - rest));
  std::uint64_t factor = name.empty() ? 1 : 0;
  for (const Unit& unit : units) {
    if (unit.name == name) factor = unit.factor;
  }
  if (factor == 0) return {0, Trouble::malformed};
  if (number > most / factor) return {0, Trouble::too_large};
  return {number * factor, Trouble::none};
}

template <std::size_t N>
std::string print_scaled(std::uint64_t value, const std::array<Unit, N>& units, bool binary_only) {
  for (const Unit& unit : units) {
    if (binary_only && unit.name.size() == 2) continue;
    if (value >= unit.factor && value % unit.factor == 0 && unit.factor > 1) {
      return std::to_string(value / unit.factor) + std::string(unit.name);
    }
  }
  return std::to_string(value);
}

}  // namespace

tl::expected<bool, Complaint> parse_boolean(std::string_view text) {
  if (text == "true") return true;
  if (text == "false") return false;
  return tl::unexpected(in_quotes(text) + " is neither true nor false");
}

tl::expected<std::int64_t, Complaint> parse_integer(std::string_view text, std::int64_t least,
                                                    std::int64_t most) {
  const std::string advice =
      "; write an integer from " + std::to_string(least) + " to " + std::to_string(most);
  std::int64_t number = 0;
  const char* const end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, number);
  if (rest != end || error == std::errc::invalid_argument) {
    return tl::unexpected(in_quotes(text) + " is not an integer" + advice);
  }
  if (error != std::errc() || number < least || number > most) {
    return tl::unexpected(in_quotes(text) + " is out of range" + advice);
  }
  return number;
}

tl::expected<SizeBytes, Complaint> parse_size(std::string_view text, Limit limit) {
  if (text == "-1" && limit == Limit::optional) return unlimited;
  const std::string advice =
      "; write bytes or a number with KB, KiB, MB, MiB, GB or GiB, as in 64KiB" +
      std::string(limit == Limit::optional ? ", or -1 for no limit" : "");
  const Scaled size = parse_scaled(text, size_units, max_size);
  if (size.trouble == Trouble::malformed) {
    return tl::unexpected(in_quotes(text) + " is not a size" + advice);
  }
  if (size.trouble == Trouble::too_large) {
    return tl::unexpected(in_quotes(text) + " is too large" + advice);
  }
  return size.value;
}

std::string print_size(SizeBytes size) {
  return size == unlimited ? "-1" : print_scaled(size, size_units, true);
}

tl::expected<std::chrono::milliseconds, Complaint> parse_duration(std::string_view text,
                                                                  Limit limit) {
  if (text == "-1" && limit == Limit::optional) return no_timeout;
  const std::string advice = "; write milliseconds or a number with ms, s, min, h or d, as in 20s" +
                             std::string(limit == Limit::optional ? ", or -1 for no limit" : "");
  const Scaled time = parse_scaled(text, time_units, max_time);
  if (time.trouble == Trouble::malformed) {
    return tl::unexpected(in_quotes(text) + " is not a time" + advice);
  }
  if (time.trouble == Trouble::too_large) {
    return tl::unexpected(in_quotes(text) + " is more than ten years" + advice);
  }
  return std::chrono::milliseconds(time.value);
}

std::string print_duration(std::chrono::milliseconds duration) {
  if (duration == no_timeout) return "-1";
  const auto count = static_cast<std::uint64_t>(duration.count());
  const std::string text = print_scaled(count, time_units, false);
  return count == 0 || text.back() > '9' ? text : text + "ms";
}

std::vector<Item> split_list(std::string_view text) {
  constexpr std::string_view separators = ", \t\r\n";
  std::vector<Item> items;
  std::size_t at = text.find_first_not_of(separators);
  while (at != std::string_view::npos) {
    const std::size_t end = std::min(text.find_first_of(separators, at), text.size());
    items.push_back({text.substr(at, end - at), at});
    at = text.find_first_not_of(separators, end);
  }
  return items;
}

std::string_view trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(kWhite);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kWhite) - first + 1);
}

}  // namespace container
