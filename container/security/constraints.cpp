// What the <SecurityConstraint>s of one URL pattern ask, method by method (Servlet 6.0 section
// 13.8).
#include "container/security/constraints.h"

#include <algorithm>

namespace container::security {

namespace {

bool has(const std::vector<std::string>& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

bool has_any(const Principal& user, const std::vector<std::string>& roles) {
  return std::any_of(roles.begin(), roles.end(),
                     [&](const std::string& role) { return user.has_role(role); });
}

bool admits_role(const std::string& role, const Principal& user, const RoleRules& rules) {
  if (role == "**" && !has(rules.declared, role)) return true;
  if (role != "*") return user.has_role(role);
  switch (rules.all) {
    case AllRolesMode::auth_only:
      return true;
    case AllRolesMode::strict_auth_only:
      return rules.declared.empty() || has_any(user, rules.declared);
    case AllRolesMode::strict:
      break;
  }
  return has_any(user, rules.declared);
}

}  // namespace

bool AccessRule::is_for(std::string_view method) const {
  return methods.empty() ? !has(omissions, method) : has(methods, method);
}

Guard::Demand Guard::demand(std::string_view method) const {
  bool covered = false;
  bool open = false;
  for (const AccessRule& rule : rules_) {
    if (!rule.is_for(method)) continue;
    covered = true;
    if (!rule.roles) open = true;
    if (rule.roles && rule.roles->empty()) return Demand::impossible;
  }
  if (!covered) return deny_uncovered_ && !rules_.empty() ? Demand::impossible : Demand::nothing;
  return open ? Demand::nothing : Demand::user;
}

bool Guard::admits(std::string_view method, const Principal& user, const RoleRules& rules) const {
  return std::any_of(rules_.begin(), rules_.end(), [&](const AccessRule& rule) {
    return rule.is_for(method) && rule.roles &&
           std::any_of(rule.roles->begin(), rule.roles->end(),
                       [&](const std::string& role) { return admits_role(role, user, rules); });
  });
}

std::optional<int> Guard::confidential(std::string_view method) const {
  std::optional<int> status;
  for (const AccessRule& rule : rules_) {
    if (!rule.is_for(method)) continue;
    if (!rule.confidential) return std::nullopt;
    if (!status) status = rule.redirect_status;
  }
  return status;
}

}  // namespace container::security
