// Tells browsers and caches how long answers keep.
#pragma once

#include <margay/plugin.h>

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "filters/expires_rule.h"

namespace filters {

// Tomcat's ExpiresFilter, by its parameters: `ExpiresDefault`, `ExpiresByType TYPE` for each type
// (`text/html;charset=utf-8`, `text/html` or `text`, the closest counts), and
// `ExpiresExcludedResponseStatusCodes` (304). Sets Expires and max-age, unless the answer has
// either already.
class Expires : public margay::Filter {
 public:
  explicit Expires(const margay::Config& config);
  void head(const margay::Request& request, margay::Head& head) override;

 private:
  const ExpiresRule* rule_for(std::string_view content_type) const;

  std::optional<ExpiresRule> otherwise_;
  std::vector<std::pair<std::string, ExpiresRule>> by_type_;  // types without white space
  std::vector<int> excluded_;
};

}  // namespace filters
