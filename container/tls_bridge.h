// What plugins are told of TLS: the interface "tls/1" of abi_tls.h.
#pragma once

#include <cstdint>

#include <margay/abi_tls.h>

#include "server/tls/facts.h"

namespace container {

// Constant; any thread.
const margay_tls_facts& tls_functions();

// Fill what the caller knows of `to`. FAILED: there are no facts (null), or no such certificate.
margay_result describe(const server::tls::Facts* facts, margay_tls* to);
margay_result describe(const server::tls::Facts* facts, std::uint32_t index,
                       margay_certificate* to);

}  // namespace container
