// What the <SecurityConstraint>s of one URL pattern ask, method by method (Servlet 6.0 section
// 13.8).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "container/config/security_config.h"
#include "container/security/principal.h"

namespace container::security {

struct AccessRule {
  std::vector<std::string> methods;  // empty: all but `omissions`
  std::vector<std::string> omissions;
  std::optional<std::vector<std::string>> roles;  // unset: everybody; empty: nobody
  bool confidential = false;
  int redirect_status = 302;

  bool is_for(std::string_view method) const;
};

// What `*` and `**` stand for in one application.
struct RoleRules {
  AllRolesMode all = AllRolesMode::strict;
  std::vector<std::string> declared;  // <SecurityRole>
};

// All rules of one URL pattern. Constant; any thread; asks for no memory.
class Guard {
 public:
  explicit Guard(bool deny_uncovered = false) : deny_uncovered_(deny_uncovered) {}
  void add(AccessRule rule) { rules_.push_back(std::move(rule)); }

  enum class Demand : std::uint8_t { nothing, user, impossible };
  // Naming no role wins over everything, then having no roles at all.
  Demand demand(std::string_view method) const;
  // Where a user is demanded: whether this one may.
  bool admits(std::string_view method, const Principal& user, const RoleRules& rules) const;
  // The status of the redirect for plain requests; nothing: they may come as they are. One rule
  // that does not mind lets them.
  std::optional<int> confidential(std::string_view method) const;

 private:
  std::vector<AccessRule> rules_;
  bool deny_uncovered_;
};

}  // namespace container::security
