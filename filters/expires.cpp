// Tells browsers and caches how long answers keep.
#include "filters/expires.h"

#include <margay/conditional.h>
#include <margay/cookie.h>

#include <algorithm>
#include <chrono>

namespace filters {

namespace {

using margay::detail::same_ignoring_case;

constexpr std::string_view kByType = "ExpiresByType ";
constexpr std::string_view kExcluded = "ExpiresExcludedResponseStatusCodes";

ExpiresRule rule_of(std::string_view parameter, std::string_view value) {
  const auto rule = parse_expires(value);
  if (!rule)
    throw margay::ConfigError(parameter,
                              "parameter '" + std::string(parameter) + "': '" + std::string(value) +
                                  "' is not a time such as 'access plus 1 month 15 days' or "
                                  "'modification plus 3 hours'");
  return *rule;
}

bool is_space(char c) { return c == ' ' || c == '\t'; }

// Whether both are the same but for case, and white space in `said`.
bool is_type(std::string_view said, std::string_view type) {
  for (const char c : said) {
    if (is_space(c)) continue;
    if (type.empty() || margay::detail::lower(c) != margay::detail::lower(type.front()))
      return false;
    type.remove_prefix(1);
  }
  return type.empty();
}

bool says_max_age(std::string_view cache_control) {
  while (!cache_control.empty()) {
    const std::string_view directive = margay::detail::next_member(cache_control);
    if (same_ignoring_case(directive.substr(0, directive.find('=')), "max-age")) return true;
  }
  return false;
}

}  // namespace

Expires::Expires(const margay::Config& config) : excluded_{304} {
  config.each([&](std::string_view name, std::string_view value) {
    if (name == "ExpiresDefault") {
      otherwise_ = rule_of(name, value);
    } else if (name.starts_with(kByType)) {
      std::string type(name.substr(kByType.size()));
      std::erase_if(type, is_space);
      by_type_.emplace_back(std::move(type), rule_of(name, value));
    } else if (name == kExcluded) {
      excluded_.clear();
      for (const std::string_view item : config.list(kExcluded)) {
        excluded_.push_back(margay::detail::number(item, 0));
        if (excluded_.back() < 200 || excluded_.back() > 599)
          throw margay::ConfigError(name, "parameter '" + std::string(name) + "': '" +
                                              std::string(item) + "' is not a status");
      }
    } else {
      throw margay::ConfigError(name, "parameter '" + std::string(name) +
                                          "' is not known here; there are ExpiresDefault, "
                                          "'ExpiresByType TYPE' and " +
                                          std::string(kExcluded));
    }
  });
}

const ExpiresRule* Expires::rule_for(std::string_view content_type) const {
  const std::string_view plain =
      margay::detail::trimmed(content_type.substr(0, content_type.find(';')));
  for (const std::string_view wanted : {content_type, plain, plain.substr(0, plain.find('/'))})
    for (const auto& [type, rule] : by_type_)
      if (!wanted.empty() && is_type(wanted, type)) return &rule;
  return otherwise_ ? &*otherwise_ : nullptr;
}

void Expires::head(const margay::Request&, margay::Head& head) {
  if (head.status < 200 ||
      std::find(excluded_.begin(), excluded_.end(), head.status) != excluded_.end())
    return;
  const std::string_view cache_control = head.find("Cache-Control");
  if (!head.find("Expires").empty() || says_max_age(cache_control)) return;
  const ExpiresRule* const rule = rule_for(head.find("Content-Type"));
  if (rule == nullptr) return;
  const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
  auto base = now;
  if (rule->base == ExpiresRule::Base::modification) {
    const auto modified = margay::detail::http_date(head.find("Last-Modified"));
    if (!modified) return;
    base = *modified;
  }
  const auto end = rule->after(base);
  const auto age = std::max(std::chrono::seconds{0}, end - now);
  std::string directives(cache_control);
  directives.append(directives.empty() ? "max-age=" : ", max-age=");
  directives += std::to_string(age.count());
  head.set("Cache-Control", directives);
  head.set("Expires", margay::detail::cookie_date(end));
}

}  // namespace filters
