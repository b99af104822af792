// Answers for endpoints that take too long.
#include "filters/timeout.h"

#include <margay/known_parameters.h>

namespace filters {

namespace {

std::chrono::milliseconds time_of(const margay::Config& config) {
  const double seconds = config.get("seconds", 30.0);
  if (!(seconds >= 0.001 && seconds <= 86'400))
    throw margay::ConfigError("seconds", "parameter 'seconds': '" +
                                             std::string(config.get("seconds")) +
                                             "' is not a number from 0.001 to 86400");
  return std::chrono::milliseconds(static_cast<std::int64_t>(seconds * 1000));
}

}  // namespace

Timeout::Timeout(const margay::Config& config)
    : time_(time_of(config)), status_(config.integer("status", 503, 400, 599)) {
  require_known(config, {"seconds", "status"});
}

bool Timeout::before(margay::Request&, margay::Response& response) {
  response.answer_within(time_, status_);
  return true;
}

}  // namespace filters
