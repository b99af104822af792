// What plugins are told of TLS: the interface "tls/1" of abi_tls.h.
#include "container/tls_bridge.h"

#include <margay/text.h>

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <string_view>

#include "container/invocation.h"

namespace container {

namespace {

using margay::str;

const server::tls::Facts* facts_of(margay_exchange* exchange) {
  return reinterpret_cast<Invocation*>(exchange)->tls().get();
}

// As much as the caller's struct has; its size stays as it is.
template <class Table>
margay_result give(Table ours, Table* to) {
  ours.size = to->size;
  std::memcpy(to, &ours, std::min<std::size_t>(to->size, sizeof ours));
  return MARGAY_OK;
}

}  // namespace

margay_result describe(const server::tls::Facts* facts, margay_tls* to) {
  if (facts == nullptr) return MARGAY_FAILED;
  return give({.size = 0,
               .key_size = static_cast<std::uint32_t>(facts->key_size),
               .resumed = facts->resumed ? 1u : 0u,
               .certificate_count = static_cast<std::uint32_t>(facts->certificates.size()),
               .protocol = str(facts->protocol),
               .cipher_suite = str(facts->cipher_suite),
               .session_id = str(facts->session_id),
               .server_name = str(facts->server_name),
               .distrust = str(facts->distrust)},
              to);
}

margay_result describe(const server::tls::Facts* facts, std::uint32_t index,
                       margay_certificate* to) {
  if (facts == nullptr || index >= facts->certificates.size()) return MARGAY_FAILED;
  const server::tls::PeerCertificate& its = facts->certificates[index];
  return give({.size = 0,
               .not_before = its.not_before.time_since_epoch().count(),
               .not_after = its.not_after.time_since_epoch().count(),
               .der = str(its.der),
               .subject = str(its.subject),
               .issuer = str(its.issuer),
               .serial = str(its.serial),
               .fingerprint = str(its.fingerprint)},
              to);
}

const margay_tls_facts& tls_functions() {
  static const margay_tls_facts table{
      .size = sizeof(margay_tls_facts),
      .connection = [](margay_exchange* exchange,
                       margay_tls* to) { return describe(facts_of(exchange), to); },
      .certificate = [](margay_exchange* exchange, uint32_t index,
                        margay_certificate* to) { return describe(facts_of(exchange), index, to); },
  };
  return table;
}

}  // namespace container
