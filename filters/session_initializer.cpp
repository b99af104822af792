// Makes the session before anybody asks for it.
#include "filters/session_initializer.h"

namespace filters {

SessionInitializer::SessionInitializer(const margay::Config& config) {
  config.each([](std::string_view parameter, std::string_view) {
    throw margay::ConfigError(parameter, "this filter has no parameters");
  });
}

bool SessionInitializer::before(margay::Request& request, margay::Response& response) {
  try {
    request.session();
  } catch (const margay::TooManySessions& error) {
    response.send_error(503, error.what());
    return false;
  } catch (const margay::SessionError&) {  // there is no application, which others will say
  }
  return true;
}

}  // namespace filters
