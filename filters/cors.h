// Which pages of other sites may use the answers (CORS, the Fetch standard).
#pragma once

#include <margay/plugin.h>

#include <string>
#include <vector>

namespace filters {

// Tomcat's CorsFilter, by its parameters: `cors.allowed.origins` (none), `cors.allowed.methods`,
// `cors.allowed.headers`, `cors.exposed.headers`, `cors.preflight.maxage` (seconds; below 0: not
// said), `cors.support.credentials`. Answers preflights itself, and what is not allowed with 403.
class Cors : public margay::Filter {
 public:
  explicit Cors(const margay::Config& config);
  bool before(margay::Request& request, margay::Response& response) override;
  void head(const margay::Request& request, margay::Head& head) override;

 private:
  bool allows_origin(std::string_view origin) const;
  bool allows_method(std::string_view method) const;
  bool allows_headers(std::string_view list) const;
  bool preflight(const margay::Request& request, margay::Response& response) const;

  std::vector<std::string> origins_, methods_, headers_;
  std::string allow_methods_, allow_headers_, expose_headers_, max_age_;
  bool any_origin_ = false, any_header_ = false, credentials_;
};

}  // namespace filters
