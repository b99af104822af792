// Makes the session before anybody asks for it.
#pragma once

#include <margay/plugin.h>

namespace filters {

// Tomcat's SessionInitializerFilter: for handshakes of WebSockets, above all, whose endpoint wants
// to find a session. Where there are as many as there may be, it is answered 503.
class SessionInitializer : public margay::Filter {
 public:
  explicit SessionInitializer(const margay::Config& config);
  bool before(margay::Request& request, margay::Response& response) override;
};

}  // namespace filters
