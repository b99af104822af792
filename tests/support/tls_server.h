// A small server behind TLS, and the options that tests give it.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "server/tls/context.h"
#include "server/tls/facts.h"
#include "tests/support/certificates.h"
#include "tests/support/small_server.h"
#include "tests/support/tls_client.h"

namespace tests {

inline server::tls::HostOptions host_of(const Identity& identity,
                                        const std::string& name = "_default_") {
  server::tls::HostOptions host;
  host.host_name = name;
  host.certificates = {identity.options()};
  return host;
}

inline server::tls::Options tls_options(std::vector<server::tls::HostOptions> hosts) {
  server::tls::Options options;
  options.hosts = std::move(hosts);
  options.handshake_timeout = 3'600'000;  // ms; only tests of it want it short
  return options;
}

// Listens at once and answers what the connection agreed on: "TLSv1.3 h2 b.example". A path that
// begins with /echo/ gives the body back.
class TlsServer {
 public:
  explicit TlsServer(const server::tls::Options& options, server::http1::Options http1 = {})
      : server(std::move(http1), connector_options(options)) {
    server.service.body_limit = 64 * 1024 * 1024;
    server.service.answer = [](server::Exchange& exchange) {
      if (exchange.request.target.starts_with("/echo/")) {
        exchange.body().append(exchange.buffered_body());
        return;
      }
      const server::tls::Channel& channel = *exchange.tls();
      exchange.body().append(channel.protocol()).append(" ");
      exchange.body().append(channel.alpn()).append(" ").append(channel.server_name());
      for (const server::tls::PeerCertificate& one : channel.facts()->certificates)
        exchange.body().append(" " + one.subject);
    };
    server.listen();
  }
  explicit TlsServer(const server::tls::HostOptions& host) : TlsServer(tls_options({host})) {}

  SmallServer server;
  std::uint16_t port() const { return server.port(); }
  server::Connector::Handshakes handshakes() const {
    return const_cast<SmallServer&>(server).connector().handshakes();
  }
  void set(const server::tls::Options& options) {
    server.connector().set_tls(
        server::tls::Context::load(options, server.connector().options().tls.get()));
    server.loop().call([] {});  // and what was posted before
  }

 private:
  static server::ConnectorOptions connector_options(const server::tls::Options& options) {
    server::ConnectorOptions connector;
    connector.tls = server::tls::Context::load(options);
    if (options.http2) connector.http2.emplace();
    return connector;
  }
};

inline const std::string kGet = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";

// What the server says of a connection with these wishes; "failed: REASON" when there is none.
inline std::string agreed(const TlsServer& server, const TlsWishes& wishes) {
  TlsClient client(server.port(), wishes);
  if (!client.shake_hands()) return "failed: " + client.engine.why();
  const std::string answer = client.ask(kGet);
  return answer.empty() ? "failed: " + client.engine.why() : body_of(answer);
}

}  // namespace tests
