// Values of header fields that have parameters: `form-data; name="a"` (RFC 9110 section 5.6.6).
#pragma once

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <margay/text.h>

namespace margay::detail {

// What is before the parameters.
constexpr std::string_view without_parameters(std::string_view value) {
  return trimmed(value.substr(0, value.find(';')));
}

// Takes a quoted string from the front of `text`, with its quotes. {} when it does not end. A
// backslash counts only before '"' and '\': who sends a Windows path seldom escapes it.
inline std::optional<std::string> take_quoted(std::string_view& text) {
  std::string out;
  for (std::size_t i = 1; i < text.size(); ++i) {
    if (text[i] == '"') {
      text.remove_prefix(i + 1);
      return out;
    }
    if (text[i] == '\\' && i + 1 < text.size() && (text[i + 1] == '"' || text[i + 1] == '\\')) ++i;
    out += text[i];
  }
  return std::nullopt;
}

// Calls `each(name, std::string value)` for each parameter in order; the quotes are gone. False for
// what is malformed; `each` has seen what stands before it.
template <class Each>
bool each_value_parameter(std::string_view value, Each&& each) {
  value.remove_prefix(std::min(value.find(';'), value.size()));
  while (!value.empty()) {
    if (value.front() != ';') return false;
    value = trimmed(value.substr(1));
    if (value.empty() || value.front() == ';') continue;
    const auto equals = value.find_first_of("=;\"");
    if (equals == value.npos || value[equals] != '=') return false;
    const std::string_view name = trimmed(value.substr(0, equals));
    if (name.empty()) return false;
    value = trimmed(value.substr(equals + 1));
    if (value.starts_with('"')) {
      auto quoted = take_quoted(value);
      if (!quoted) return false;
      each(name, *std::move(quoted));
      value = trimmed(value);
    } else {
      const std::string_view plain = trimmed(value.substr(0, value.find(';')));
      if (plain.empty() || plain.find('"') != plain.npos) return false;
      each(name, std::string(plain));
      value.remove_prefix(std::min(value.find(';'), value.size()));
    }
  }
  return true;
}

// The value of the first parameter of that name, in any case; {} when there is none, or the value
// is malformed.
inline std::optional<std::string> parameter_of(std::string_view value, std::string_view wanted) {
  std::optional<std::string> found;
  const bool is_good = each_value_parameter(value, [&](std::string_view name, std::string its) {
    if (!found && same_ignoring_case(name, wanted)) found = std::move(its);
  });
  return is_good ? found : std::nullopt;
}

}  // namespace margay::detail
