// Tells load balancers whether they should come.
#pragma once

#include <margay/plugin.h>

#include <string>

namespace filters {

// Tomcat's HealthCheckValve. Answers GET and HEAD of `path` (/health; in an application behind its
// context path) with JSON: 200 and UP, or 503 and DOWN while the server is stopping, and, unless
// `checkContainersAvailable` (true) is false, when an application or endpoint could not be started.
class Health : public margay::Filter {
 public:
  explicit Health(const margay::Config& config);
  bool before(margay::Request& request, margay::Response& response) override;

 private:
  const margay_status* status_;  // null: the server tells nothing, and is up
  std::string path_;             // with the context path
  std::uint32_t counts_;         // bits of margay_health
};

}  // namespace filters
