// Where a plugin's endpoint takes a connection over: the interface "upgrade/1" of abi_upgrade.h.
#pragma once

#include <margay/abi_upgrade.h>

namespace container {

// Constant; any thread.
const margay_upgrades& upgrade_functions();

}  // namespace container
