// No longer requests than so.
#include "filters/body_limit.h"

#include <margay/known_parameters.h>

namespace filters {

BodyLimit::BodyLimit(const margay::Config& config)
    : most_(config.size("maxBody", 1024 * 1024)),
      require_length_(config.boolean("requireLength", false)) {
  require_known(config, {"maxBody", "requireLength"});
}

bool BodyLimit::before(margay::Request& request, margay::Response& response) {
  if (request.content_length() > most_ ||
      request.body().size() > static_cast<std::uint64_t>(most_)) {
    response.send_error(413, "The request body is longer than this application takes.");
    return false;
  }
  if (require_length_ && request.content_length() < 0) {  // of no body it is 0
    response.send_error(411);
    return false;
  }
  return true;
}

}  // namespace filters
