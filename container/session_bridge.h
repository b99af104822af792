// What plugins do with sessions: the interface "session/1" of abi_session.h.
#pragma once

#include <margay/abi_session.h>

namespace container {

const margay_sessions& session_functions();

}  // namespace container
