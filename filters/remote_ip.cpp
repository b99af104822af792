// Takes the client's address, scheme, host and port from what trusted proxies say of them.
#include "filters/remote_ip.h"

#include <margay/known_parameters.h>

#include <algorithm>
#include <array>

namespace filters {

namespace {

using margay::detail::lower;
using margay::detail::same_ignoring_case;
using margay::detail::trimmed;

constexpr std::string_view kInternal =
    "10.0.0.0/8,172.16.0.0/12,192.168.0.0/16,169.254.0.0/16,100.64.0.0/10,127.0.0.0/8,::1,"
    "fe80::/10,fc00::/7";

std::string lower_case(std::string_view text) {
  std::string result(text);
  std::transform(result.begin(), result.end(), result.begin(), lower);
  return result;
}

std::string port_text(const margay::Config& config, std::string_view name, std::uint16_t port) {
  return std::to_string(config.integer<std::uint16_t>(name, port, 1));
}

// Where the port begins in "host:port" or "[address]:port"; the whole length when there is none.
std::size_t end_of_name(std::string_view host) {
  const auto bracket = host.rfind(']');
  const auto colon = host.find(':', bracket == host.npos ? 0 : bracket);
  return colon == host.npos ? host.size() : colon;
}

}  // namespace

RemoteIp::RemoteIp(const margay::Config& config)
    : internal_(Networks::read(config, "internalProxies", kInternal)),
      trusted_(Networks::read(config, "trustedProxies")),
      address_header_(lower_case(config.get("remoteIpHeader", "x-forwarded-for"))),
      proxies_(lower_case(config.get("proxiesHeader", "x-forwarded-by"))),
      protocol_header_(lower_case(config.get("protocolHeader", "x-forwarded-proto"))),
      https_(config.get("protocolHeaderHttpsValue", "https")),
      host_header_(lower_case(config.get("hostHeader"))),
      port_header_(lower_case(config.get("portHeader"))),
      http_port_(port_text(config, "httpServerPort", 80)),
      https_port_(port_text(config, "httpsServerPort", 443)),
      forwarded_(address_header_ == "forwarded") {
  require_known(config, {"internalProxies", "trustedProxies", "remoteIpHeader", "proxiesHeader",
                         "protocolHeader", "protocolHeaderHttpsValue", "hostHeader", "portHeader",
                         "httpServerPort", "httpsServerPort"});
}

// Who comes over a Unix domain socket has no address, and is a neighbour.
RemoteIp::Trust RemoteIp::trust(std::string_view text) const {
  if (text.empty()) return Trust::internal;
  const auto address = parse_address(text);
  if (!address) return Trust::none;
  if (internal_.contains(*address)) return Trust::internal;
  return trusted_.contains(*address) ? Trust::trusted : Trust::none;
}

// From the nearest hop to the first that is no proxy of ours, who is the client. Behind one that
// gives no address nobody can be trusted, so the last that was known stays.
Hop RemoteIp::follow(margay::Request& request, const Hops& hops) const {
  Hop client;
  std::string_view remote;
  std::string proxies;  // filled for `trustedProxies` alone
  for (std::size_t i = 0; i < hops.size(); ++i) {
    client = hops.from_last(i);
    const std::string_view address = address_of(client.node);
    if (!parse_address(address)) break;
    remote = address;
    const Trust trusted = trust(address);
    if (trusted == Trust::none) break;
    if (trusted == Trust::trusted)
      proxies.insert(0, std::string(address) + (proxies.empty() ? "" : ", "));
  }
  if (!remote.empty()) {
    request.set(MARGAY_REMOTE_ADDRESS, remote);
    request.set(MARGAY_REMOTE_PORT, "0");  // the proxy's says nothing of the client
  }
  if (!proxies.empty() && !proxies_.empty()) request.attribute(proxies_, proxies);
  return client;
}

// "" when nobody said. Several values are those of several proxies: all must say TLS.
std::string_view RemoteIp::scheme_of(const margay::Request& request, const Hop& client) const {
  bool anybody = false, all = true;
  const auto hear = [&](std::string_view said) {
    anybody = anybody || !trimmed(said).empty();
    while (!said.empty()) {
      const std::string_view one = said.substr(0, said.find(','));
      all = all && same_ignoring_case(trimmed(one), https_);
      said.remove_prefix(std::min(one.size() + 1, said.size()));
    }
  };
  if (forwarded_) {
    hear(client.proto);
  } else {
    for (const margay_field& field : request.headers())
      if (margay::view(field.name) == protocol_header_) hear(margay::view(field.value));
  }
  return !anybody ? std::string_view{} : all ? "https" : "http";
}

void RemoteIp::set_server(margay::Request& request, std::string_view scheme,
                          std::string_view host) const {
  std::string_view port;
  if (!scheme.empty()) {
    request.set(MARGAY_SCHEME, scheme);
    port = scheme == "https" ? https_port_ : http_port_;
  }
  host = trimmed(host.substr(0, host.find(',')));
  std::array<char, 255> name{};
  const auto end = end_of_name(host);
  if (end > 0 && end <= name.size() &&
      host.find_first_not_of(
          "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_[]:") == host.npos) {
    std::transform(host.begin(), host.begin() + static_cast<std::ptrdiff_t>(end), name.begin(),
                   lower);
    request.set(MARGAY_SERVER_NAME, {name.data(), end});
    if (end < host.size()) port = host.substr(end + 1);
  }
  if (!port_header_.empty())
    if (const auto said = trimmed(request.header(port_header_)); !said.empty()) port = said;
  if (!port.empty()) request.set(MARGAY_SERVER_PORT, port);
}

bool RemoteIp::before(margay::Request& request, margay::Response& response) {
  if (trust(request.remote_address()) == Trust::none) return true;
  Hops hops;
  for (const margay_field& field : request.headers()) {
    if (margay::view(field.name) != address_header_) continue;
    if (!forwarded_) {
      hops.add_list(margay::view(field.value));
    } else if (!hops.add_forwarded(margay::view(field.value))) {
      // To go on would let a client that spoils the field pass for the proxy.
      response.send_error(400, "The field Forwarded is malformed.");
      return false;
    }
  }
  const Hop client = follow(request, hops);
  std::string_view host = client.host;
  if (!forwarded_) host = host_header_.empty() ? std::string_view{} : request.header(host_header_);
  set_server(request, scheme_of(request, client), host);
  return true;
}

}  // namespace filters
