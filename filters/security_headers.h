// Fields that make browsers careful, on every answer that does not set them itself.
#pragma once

#include <margay/plugin.h>

#include <string>
#include <vector>

namespace filters {

// Parameters of Tomcat's HttpHeaderSecurityFilter: `hstsMaxAgeSeconds` and its like (none when not
// given), `antiClickJackingEnabled`, `antiClickJackingOption` (DENY or SAMEORIGIN),
// `blockContentTypeSniffingEnabled`; and `contentSecurityPolicy`, `referrerPolicy`,
// `permissionsPolicy`, `crossOriginOpenerPolicy`, `crossOriginResourcePolicy`, whose text is sent.
class SecurityHeaders : public margay::Filter {
 public:
  explicit SecurityHeaders(const margay::Config& config);
  void head(const margay::Request& request, margay::Head& head) override;

 private:
  struct Field {
    std::string name, value;
  };
  std::vector<Field> fields_;
  std::string hsts_;  // empty: none
};

}  // namespace filters
