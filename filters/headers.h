// Sets, adds and removes fields of every answer, and tells browsers to come with TLS only (HSTS).
#pragma once

#include <margay/plugin.h>

#include <string>
#include <vector>

namespace filters {

// Parameters: `set.NAME`, `add.NAME`, `remove.NAME` (its value is not looked at), in this order;
// and those of Tomcat's HttpHeaderSecurityFilter for Strict-Transport-Security (RFC 6797), which
// only secure answers have: `hstsMaxAgeSeconds`, `hstsIncludeSubDomains`, `hstsPreload`,
// `hstsEnabled`.
class Headers : public margay::Filter {
 public:
  explicit Headers(const margay::Config& config);
  void head(const margay::Request& request, margay::Head& head) override;

 private:
  enum class Action { set, add, remove };
  struct Step {
    Action action;
    std::string name, value;
  };
  std::vector<Step> steps_;
  std::string hsts_;  // empty: none
};

}  // namespace filters
