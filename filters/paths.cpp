// A list of paths within the application, as a parameter.
#include "filters/paths.h"

#include <algorithm>

namespace filters {

namespace {

bool is_good(std::string_view pattern) {
  if (pattern == "*") return true;
  if (pattern.starts_with("*."))
    return pattern.size() > 2 && pattern.find_first_of("*/", 2) == pattern.npos;
  const std::string_view literal =
      pattern.ends_with("/*") ? pattern.substr(0, pattern.size() - 2) : pattern;
  return pattern.starts_with('/') && literal.find_first_of("*{}") == literal.npos;
}

bool matches(std::string_view pattern, std::string_view path) {
  if (pattern == "*") return true;
  if (pattern.starts_with("*.")) {
    const std::string_view last = path.substr(path.rfind('/') + 1);
    const auto dot = last.rfind('.');
    return dot != last.npos && last.substr(dot) == pattern.substr(1);
  }
  if (!pattern.ends_with("/*")) return path == pattern;
  pattern.remove_suffix(2);
  return path.starts_with(pattern) &&
         (path.size() == pattern.size() || path[pattern.size()] == '/');
}

}  // namespace

Paths Paths::read(const margay::Config& config, std::string_view parameter) {
  Paths paths;
  for (const std::string_view item : config.list(parameter)) {
    if (!is_good(item))
      throw margay::ConfigError(parameter, "parameter '" + std::string(parameter) + "': '" +
                                               std::string(item) +
                                               "' is not a path such as /a, /a/* or *.ext");
    paths.patterns_.emplace_back(item);
  }
  return paths;
}

bool Paths::contain(std::string_view path) const {
  return std::any_of(patterns_.begin(), patterns_.end(),
                     [&](const std::string& one) { return matches(one, path); });
}

}  // namespace filters
