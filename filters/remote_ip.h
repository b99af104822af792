// Takes the client's address, scheme, host and port from what trusted proxies say of them.
#pragma once

#include <margay/plugin.h>

#include <cstdint>
#include <string>

#include "filters/forwarded.h"
#include "filters/network.h"

namespace filters {

// Tomcat's RemoteIpValve and RemoteIpFilter, by these parameters: `internalProxies`,
// `trustedProxies` (blocks by CIDR), `remoteIpHeader`, `proxiesHeader`, `protocolHeader`,
// `protocolHeaderHttpsValue`, `hostHeader`, `portHeader`, `httpServerPort`, `httpsServerPort`.
// With `remoteIpHeader="Forwarded"` scheme and host are those of RFC 7239, too.
class RemoteIp : public margay::Filter {
 public:
  explicit RemoteIp(const margay::Config& config);
  bool before(margay::Request& request, margay::Response& response) override;

 private:
  enum class Trust { none, internal, trusted };
  Trust trust(std::string_view address) const;
  Hop follow(margay::Request& request, const Hops& hops) const;
  std::string_view scheme_of(const margay::Request& request, const Hop& client) const;
  void set_server(margay::Request& request, std::string_view scheme, std::string_view host) const;

  Networks internal_, trusted_;
  std::string address_header_, proxies_, protocol_header_, https_, host_header_, port_header_;
  std::string http_port_, https_port_;
  bool forwarded_;
};

}  // namespace filters
