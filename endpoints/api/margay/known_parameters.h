// The parameters a type has: any other is an error that names the one that was meant.
#pragma once

#include <algorithm>
#include <cstddef>
#include <initializer_list>
#include <numeric>
#include <string>
#include <string_view>
#include <vector>

#include <margay/config.h>
#include <margay/text.h>

namespace margay {

namespace detail {

// How many letters to put in, leave out or change, in any case (Levenshtein).
inline std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t changed = diagonal + (lower(a[i - 1]) == lower(b[j - 1]) ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, changed});
    }
  }
  return row.back();
}

}  // namespace detail

// Throws ConfigError for the first parameter that is not among `names`, of which there is at least
// one. Those of the application around it are not looked at: they may be for others.
inline void require_known(const Config& config, std::initializer_list<std::string_view> names) {
  config.each_own([&](std::string_view parameter, std::string_view) {
    if (std::find(names.begin(), names.end(), parameter) != names.end()) return;
    const std::string_view nearest =
        *std::min_element(names.begin(), names.end(), [&](std::string_view a, std::string_view b) {
          return detail::distance(a, parameter) < detail::distance(b, parameter);
        });
    std::string message = "parameter '" + std::string(parameter) + "' is not known here";
    if (detail::distance(nearest, parameter) <= std::max<std::size_t>(2, nearest.size() / 3)) {
      message.append("; did you mean '").append(nearest).append("'?");
    } else {
      message += "; there are";
      for (const std::string_view name : names) message.append(" ").append(name);
    }
    throw ConfigError(parameter, message);
  });
}

}  // namespace margay
