// Text of the client as a value of a type: path parameters, properties.
#pragma once

#include <charconv>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>

namespace margay::detail {

template <class T>
inline constexpr bool converts = std::is_arithmetic_v<T> || std::is_same_v<T, std::string> ||
                                 std::is_same_v<T, std::string_view>;

// The whole of `text`, or {}: a decimal number that T can hold, "true" or "false", or any text.
template <class T>
std::optional<T> convert(std::string_view text) {
  static_assert(converts<T>, "a bool, a number, std::string or std::string_view");
  if constexpr (std::is_same_v<T, bool>) {
    if (text == "true" || text == "false") return text == "true";
    return std::nullopt;
  } else if constexpr (std::is_arithmetic_v<T>) {
    T value{};
    const char* const end = text.data() + text.size();
    const auto [rest, error] = std::from_chars(text.data(), end, value);
    if (error != std::errc{} || rest != end) return std::nullopt;
    return value;
  } else {
    return T(text);
  }
}

// What `convert` wants, for messages.
template <class T>
constexpr const char* wanted() {
  if constexpr (std::is_same_v<T, bool>) return "true or false";
  if constexpr (std::is_integral_v<T>) return "an integer in range";
  return "a number";
}

}  // namespace margay::detail
