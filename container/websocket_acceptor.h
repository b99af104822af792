// Where a handshake becomes a session: the token that puts a WebSocket on the connection.
#pragma once

#include <string_view>

#include "container/handshake.h"
#include "server/websocket/hub.h"

namespace container {

// Why a socket goes with its HTTP session, to the client.
inline constexpr std::string_view kSessionEnded = "the session has ended";

// Called where the exchange is served; the rest happens on its loop.
class WebSocketAcceptor final : public Acceptor {
 public:
  explicit WebSocketAcceptor(server::websocket::Hub& hub) : hub_(hub) {}

  void open(Handshake& handshake) override;

 private:
  server::websocket::Hub& hub_;
};

}  // namespace container
