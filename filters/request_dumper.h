// Writes down what was asked and answered.
#pragma once

#include <margay/plugin.h>

#include <string>
#include <string_view>
#include <vector>

namespace filters {

// Tomcat's RequestDumperFilter: the heads of requests and answers, one line each, at level debug.
// Values of the query stay out of it, and those of Authorization, Proxy-Authorization, Cookie,
// Set-Cookie, of fields whose name has `token`, `secret` or `key` in it, and of those that the
// parameter `mask` lists.
class RequestDumper : public margay::Filter {
 public:
  explicit RequestDumper(const margay::Config& config);
  bool before(margay::Request& request, margay::Response& response) override;
  void head(const margay::Request& request, margay::Head& head) override;

 private:
  void append(std::string& line, std::string_view name, std::string_view value) const;
  bool is_secret(std::string_view name) const;

  margay::Logger log_;
  std::vector<std::string> masked_;  // in lower case
};

}  // namespace filters
