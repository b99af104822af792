// Tells load balancers whether they should come.
#include "filters/health.h"

#include <margay/known_parameters.h>

namespace filters {

Health::Health(const margay::Config& config)
    : status_(static_cast<const margay_status*>(config.host().query(&config.raw(), "status/1"))),
      path_(std::string(config.context_path()).append(config.get("path", "/health"))),
      counts_(config.boolean("checkContainersAvailable", true) ? MARGAY_STOPPING | MARGAY_INCOMPLETE
                                                               : MARGAY_STOPPING) {
  require_known(config, {"path", "checkContainersAvailable"});
  if (!config.get("path", "/").starts_with('/'))
    throw margay::ConfigError("path", "parameter 'path': '" + std::string(config.get("path")) +
                                          "' does not begin with /");
}

bool Health::before(margay::Request& request, margay::Response& response) {
  if (request.path() != path_) return true;
  if (request.method() != "GET" && request.method() != "HEAD") {
    response.header("Allow", "GET, HEAD");
    response.send_error(405);
    return false;
  }
  const std::uint32_t bad = counts_ & (status_ == nullptr ? 0 : status_->health(status_));
  std::string checks;
  const auto down = [&](std::uint32_t bit, const char* name) {
    if ((bad & bit) == 0) return;
    checks.append(checks.empty() ? "" : ",").append("{\"name\":\"").append(name);
    checks.append("\",\"status\":\"DOWN\"}");
  };
  down(MARGAY_STOPPING, "server");
  down(MARGAY_INCOMPLETE, "applications");
  response.status(bad == 0 ? 200 : 503)
      .header("Content-Type", "application/json")
      .header("Cache-Control", "no-store")
      .write(std::string("{\"status\":\"") + (bad == 0 ? "UP" : "DOWN") + "\",\"checks\":[" +
             checks + "]}");
  response.finish();
  return false;
}

}  // namespace filters
