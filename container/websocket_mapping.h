// From <WebSocket> to what the engine maps: options in the server's words, origins, subprotocols.
#pragma once

#include <string>

#include "container/config/application_config.h"
#include "container/instance.h"
#include "container/mapping.h"

namespace container {

server::websocket::Options websocket_options(const WebSocketConfig& config);

// Without interceptors, and of an application called `title` with these residents. Throws
// ConfigError.
MappedWebSocket map_websocket(const WebSocketConfig& config, const WebSocketInstance& instance,
                              const std::string& title, const server::Log& log,
                              Residents& residents);

void add_interceptor(MappedWebSocket& to, const std::string& name,
                     const InterceptorInstance& instance);

}  // namespace container
