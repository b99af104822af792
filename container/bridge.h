// The only place that knows both the C ABI and the exchange: the functions plugins call.
#pragma once

#include <string>

#include <margay/abi_websocket.h>

#include "server/log.h"

namespace container {

class ApplicationState;
class SessionListeners;

// What a plugin may ask for by query(); null: not offered.
struct Interfaces {
  const margay_status* status = nullptr;
  const margay_websockets* websockets = nullptr;
};

// What a plugin gets as its margay_config, with the server's own behind it. A plugin hands the
// pointer back when it logs, so it stays where it is until `destroy` returned.
struct BridgedConfig {
  margay_config abi{};
  server::Log log;
  Interfaces interfaces;
  std::string scope;                        // of its application's topics
  SessionListeners* listeners = nullptr;    // while it is made, in an application; else null
  ApplicationState* application = nullptr;  // null: it has none
  const void* library = nullptr;            // stands for the one its type is from
  void* self = nullptr;                     // what was made with it; null until then
};

// The table of host functions. Constant; any thread.
const margay_host& host_functions();

}  // namespace container
