// Where a plain request is sent that has to come with TLS, and with which status.
#include "container/transport_guarantee.h"

namespace container {

int redirect_status(int configured, std::string_view method) {
  if (method == "GET" || method == "HEAD") return configured;
  return configured == 301 || configured == 308 ? 308 : 307;
}

std::string https_location(std::string_view server_name, std::uint16_t port,
                           std::string_view target) {
  if (!target.starts_with('/')) {
    const auto scheme = target.find("://");
    const auto path = scheme == target.npos ? scheme : target.find_first_of("/?", scheme + 3);
    target = path == target.npos ? std::string_view{} : target.substr(path);
  }
  std::string location = "https://";
  location += server_name;
  if (port != 443) location += ':' + std::to_string(port);
  if (!target.starts_with('/')) location += '/';
  location += target;
  return location;
}

}  // namespace container
