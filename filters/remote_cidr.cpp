// Lets requests in by the client's address.
#include "filters/remote_cidr.h"

#include <margay/known_parameters.h>

namespace filters {

RemoteCidr::RemoteCidr(const margay::Config& config)
    : allow_(Networks::read(config, "allow")),
      deny_(Networks::read(config, "deny")),
      status_(config.integer("denyStatus", 403, 400, 599)) {
  require_known(config, {"allow", "deny", "denyStatus"});
  if (allow_.empty() && deny_.empty())
    throw margay::ConfigError(
        "allow", "parameter 'allow' is missing: write who may come, as in 10.0.0.0/8, or 'deny'");
}

bool RemoteCidr::lets_in(std::string_view text) const {
  const auto address = parse_address(text);
  if (!address) return text.empty() && allow_.empty();
  return !deny_.contains(*address) && (allow_.empty() || allow_.contains(*address));
}

bool RemoteCidr::before(margay::Request& request, margay::Response& response) {
  if (lets_in(request.remote_address())) return true;
  response.send_error(status_);
  return false;
}

}  // namespace filters
