// Which protocol speaks first on a connection, and which one after its handshake.
#pragma once

#include <memory>
#include <string_view>

#include "server/protocol.h"

namespace server {

class Connection;

// Called on the connection's loop; outlives its connections.
class Speakers {
 public:
  // `alpn` is what TLS agreed on, empty if nothing. Null: none fits, the connection closes.
  virtual std::unique_ptr<Protocol> speaker(Connection& connection, std::string_view alpn) = 0;

 protected:
  ~Speakers() = default;
};

}  // namespace server
