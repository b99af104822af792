// What plugins do with their application: the interface "application/1" of abi_application.h.
#pragma once

#include <cstdint>

#include <margay/abi_application.h>

namespace container {

class Invocation;

const margay_application& application_functions();

// Answers 503 with Retry-After; -1 seconds: 404.
margay_result answer_unavailable(Invocation& invocation, std::int64_t seconds);

}  // namespace container
