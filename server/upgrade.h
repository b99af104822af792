// How a connection changes its protocol: the answer to a request carries a token, and the token
// makes what speaks behind the 101.
#pragma once

#include <memory>

#include "server/protocol.h"

namespace server {

class Connection;

// Made by whoever answers the request, on any thread; from `Exchange::upgrade` on it belongs to
// the connection's loop. Used once: either `install` is called, or the connection was lost before
// the 101 was written and the token is destroyed without it. Both happen on the loop.
class UpgradeToken {
 public:
  virtual ~UpgradeToken() = default;

  // The 101 is written and nothing of HTTP is left on the connection: no deadline, no bytes, no
  // pause. May write, arm, pause or close. What came behind the request follows in the same turn
  // through Protocol::bytes, also when `install` paused, unless it closed. Null: closes.
  virtual std::unique_ptr<Protocol> install(Connection& connection) = 0;

  virtual const char* protocol_name() const = 0;  // for the log; static text
};

}  // namespace server
