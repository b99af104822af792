// Everything that all WebSockets of the server share.
#pragma once

#include <string>
#include <vector>

#include "container/mapping.h"
#include "container/websocket_acceptor.h"
#include "container/websocket_bridge.h"
#include "server/loop.h"
#include "server/websocket/hub.h"
#include "server/websocket/local_bus.h"

namespace container {

// Made by the control thread behind the loops, and ended before them, behind the last connection.
class WebSockets {
 public:
  explicit WebSockets(const std::vector<server::Loop*>& loops)
      : loops_(loops),
        hub_(loops, bus_),
        clients_(hub_, loops),
        bridge_(hub_, clients_),
        acceptor_(hub_) {}

  Acceptor& acceptor() { return acceptor_; }
  const margay_websockets& table() const { return bridge_.table(); }
  const server::websocket::Hub& hub() const { return hub_; }

  // Sockets of applications that `fresh` has no more are told to come again (1012), spread over
  // their drainTimeout. Control thread, when `fresh` is published.
  void retire(const Mapping& old, const Mapping& fresh);
  // Closes with 1008 what is bound to sessions that have ended, by HttpSession::bound. Any thread.
  void close_bound(const std::vector<std::string>& bound);

 private:
  void retire(const MappedWebSocket& socket);

  const std::vector<server::Loop*> loops_;
  server::websocket::LocalBus bus_;
  server::websocket::Hub hub_;
  WebSocketClients clients_;
  WebSocketBridge bridge_;
  WebSocketAcceptor acceptor_;
};

}  // namespace container
