// What plugins ask about users: the interface "security/1".
#pragma once

#include <margay/abi_security.h>

namespace container {

// Constant; any thread.
const margay_security& security_functions();

}  // namespace container
