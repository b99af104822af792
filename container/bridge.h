// The only place that knows both the C ABI and the exchange: the functions plugins call.
#pragma once

#include <margay/abi.h>

#include "server/log.h"

namespace container {

// What a plugin gets as its margay_config, with the server's own behind it. A plugin hands the
// pointer back when it logs, so it stays where it is until `destroy` returned.
struct BridgedConfig {
  margay_config abi{};
  server::Log log;
  const margay_status* status = nullptr;  // "status/1", where the server offers it
};

// The table of host functions. Constant; any thread.
const margay_host& host_functions();

}  // namespace container
