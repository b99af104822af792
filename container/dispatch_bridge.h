// Dispatches within an application for plugins: the interface "dispatch/1".
#pragma once

#include <margay/abi_dispatch.h>

namespace container {

// Constant; any thread.
const margay_dispatches& dispatch_functions();

}  // namespace container
