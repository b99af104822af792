// The C functions of "websocket/1": from numbers and pointers of plugins to the hub.
#pragma once

#include <margay/abi_websocket.h>

#include "container/bridge.h"
#include "container/websocket_clients.h"
#include "server/websocket/hub.h"

namespace container {

// The table that plugins get, with what it needs behind it. Outlives every plugin.
class WebSocketBridge {
 public:
  WebSocketBridge(server::websocket::Hub& hub, WebSocketClients& clients);
  WebSocketBridge(const WebSocketBridge&) = delete;
  WebSocketBridge& operator=(const WebSocketBridge&) = delete;

  const margay_websockets& table() const { return abi_; }

  server::websocket::Hub& hub() const { return *hub_; }
  WebSocketClients& clients() const { return *clients_; }

 private:
  margay_websockets abi_;  // the first member: functions find the rest from its address
  server::websocket::Hub* hub_;
  WebSocketClients* clients_;
};

// WebSocketClients::end_all_of, wherever those of `source` are.
void end_clients_of(const BridgedConfig& source);

}  // namespace container
