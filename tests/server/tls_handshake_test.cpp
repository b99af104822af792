// TLS handshakes over sockets: which version, certificate and protocol a client gets, and who gets
// none.
#include <doctest/doctest.h>

#include <string>

#include "tests/support/tls_server.h"

using server::tls::HostOptions;
using server::tls::Verification;
using tests::agreed;
using tests::Certificates;
using tests::host_of;
using tests::Identity;
using tests::kGet;
using tests::tls_options;
using tests::TlsClient;
using tests::TlsServer;
using tests::TlsWishes;

namespace {

TlsWishes of_version(int version) {
  TlsWishes wishes;
  wishes.least = wishes.most = version;
  return wishes;
}

TlsWishes to(const std::string& server_name) {
  TlsWishes wishes;
  wishes.server_name = server_name;
  return wishes;
}

bool failed(const std::string& result) { return result.starts_with("failed: "); }

// Whether a client with these wishes is shown `identity`.
bool shows(const TlsServer& server, const TlsWishes& wishes, const Identity& identity) {
  TlsClient client(server.port(), wishes);
  return client.shake_hands() && client.engine.is(identity);
}

}  // namespace

TEST_CASE("tls: versions") {
  Certificates files;
  HostOptions host = host_of(files.make("a"));
  SUBCASE("TLS 1.2 and 1.3 as they are") {
    const TlsServer server(host);
    CHECK(agreed(server, {}) == "TLSv1.3  ");
    CHECK(agreed(server, of_version(TLS1_2_VERSION)) == "TLSv1.2  ");
    CHECK(agreed(server, of_version(TLS1_1_VERSION)) == "failed: tlsv1 alert protocol version");
    CHECK(server.handshakes().done == 2);
    CHECK(server.handshakes().failed == 1);
  }
  SUBCASE("one only") {
    host.protocols = "TLSv1.3";
    const TlsServer server(host);
    CHECK(failed(agreed(server, of_version(TLS1_2_VERSION))));
    CHECK(agreed(server, of_version(TLS1_3_VERSION)) == "TLSv1.3  ");
  }
  SUBCASE("all but one") {
    host.protocols = "all,-TLSv1.3";
    const TlsServer server(host);
    CHECK(agreed(server, {}) == "TLSv1.2  ");
    CHECK(failed(agreed(server, of_version(TLS1_3_VERSION))));
  }
}

TEST_CASE("tls: ciphers of TLS 1.2 keep forward secrecy and authenticate") {
  Certificates files;
  const TlsServer server(host_of(files.make("a", nullptr, Certificates::Kind::rsa)));
  TlsWishes wishes = of_version(TLS1_2_VERSION);
  wishes.ciphers = "ECDHE-RSA-AES128-GCM-SHA256";
  CHECK(agreed(server, wishes) == "TLSv1.2  ");
  for (const char* weak :
       {"AES128-GCM-SHA256", "ECDHE-RSA-AES128-SHA", "DHE-RSA-AES128-GCM-SHA256", "AES256-SHA"}) {
    CAPTURE(weak);
    wishes.ciphers = weak;
    CHECK(failed(agreed(server, wishes)));
  }
}

TEST_CASE("tls: the certificate is that of the name the client sends") {
  Certificates files;
  const Identity fallback = files.make("fallback");
  const Identity exact = files.make("www.example.org");
  const Identity wild = files.make("*.example.org");
  const TlsServer server(tls_options(
      {host_of(fallback), host_of(exact, "www.example.org"), host_of(wild, "*.example.org")}));
  CHECK(shows(server, to("www.example.org"), exact));
  CHECK(shows(server, to("WWW.Example.org"), exact));
  CHECK(shows(server, to("api.example.org"), wild));
  CHECK(shows(server, to("a.b.example.org"), fallback));  // a wildcard stands for one label
  CHECK(shows(server, to("example.org"), fallback));
  CHECK(shows(server, to("elsewhere.net"), fallback));
  CHECK(shows(server, {}, fallback));
  CHECK(agreed(server, to("API.example.org")) == "TLSv1.3  api.example.org");
}

TEST_CASE("tls: all rules are those of the host the client means, not of the default") {
  Certificates files;
  HostOptions fallback = host_of(files.make("fallback"));
  HostOptions other = host_of(files.make("other"), "other");
  SUBCASE("versions") {
    fallback.protocols = "TLSv1.3";
    other.protocols = "TLSv1.2";
    const TlsServer server(tls_options({fallback, other}));
    CHECK(agreed(server, to("other")) == "TLSv1.2  other");
    CHECK(agreed(server, to("unknown")) == "TLSv1.3  unknown");
  }
  SUBCASE("groups, where only the default has its own") {
    fallback.groups = "P-384";
    const TlsServer server(tls_options({fallback, other}));
    TlsWishes wishes = to("other");
    wishes.groups = "X25519";
    CHECK(agreed(server, wishes) == "TLSv1.3  other");
    wishes.server_name = "unknown";
    CHECK(failed(agreed(server, wishes)));
  }
  SUBCASE("groups, where only the other has its own") {
    other.groups = "P-384";
    const TlsServer server(tls_options({fallback, other}));
    TlsWishes wishes = to("other");
    wishes.groups = "X25519";
    CHECK(failed(agreed(server, wishes)));
    wishes.server_name = "unknown";
    CHECK(agreed(server, wishes) == "TLSv1.3  unknown");
  }
  SUBCASE("cipher suites, where only the default has its own") {
    fallback.cipher_suites = "TLS_CHACHA20_POLY1305_SHA256";
    other.cipher_suites = "";
    const TlsServer server(tls_options({fallback, other}));
    TlsClient client(server.port(), to("other"));
    REQUIRE(client.shake_hands());
    CHECK(client.engine.cipher() == "TLS_AES_128_GCM_SHA256");
  }
  SUBCASE("cipher suites, where only the other has its own") {
    other.cipher_suites = "TLS_CHACHA20_POLY1305_SHA256";
    const TlsServer server(tls_options({fallback, other}));
    TlsClient client(server.port(), to("other"));
    REQUIRE(client.shake_hands());
    CHECK(client.engine.cipher() == "TLS_CHACHA20_POLY1305_SHA256");
  }
  SUBCASE("client certificates") {
    const Identity authority = files.make_authority("ca");
    other.verification = Verification::required;
    other.ca_file = authority.certificate_file;
    const TlsServer server(tls_options({fallback, other}));
    CHECK(failed(agreed(server, to("other"))));
    CHECK(agreed(server, to("unknown")) == "TLSv1.3  unknown");
  }
}

TEST_CASE("tls: a host with certificates of two kinds shows the one that the client can check") {
  Certificates files;
  const Identity ec = files.make("a");
  const Identity rsa = files.make("a", nullptr, Certificates::Kind::rsa);
  HostOptions host = host_of(ec);
  host.certificates.push_back(rsa.options());
  const TlsServer server(host);
  TlsWishes wishes;
  wishes.signatures = "rsa_pss_rsae_sha256";
  CHECK(shows(server, wishes, rsa));
  wishes.signatures = "ecdsa_secp256r1_sha256";
  CHECK(shows(server, wishes, ec));
}

TEST_CASE("tls: ALPN (RFC 7301)") {
  Certificates files;
  auto options = tls_options({host_of(files.make("a"))});
  TlsWishes wishes;
  SUBCASE("h2 comes first where it is on, whatever the client likes better") {
    options.http2 = true;
    const TlsServer server(options);
    wishes.alpn = {"http/1.1", "h2"};
    TlsClient client(server.port(), wishes);
    REQUIRE(client.shake_hands());
    CHECK(client.engine.alpn() == "h2");
  }
  SUBCASE("and is not spoken with a client that does not offer it") {
    options.http2 = true;
    const TlsServer server(options);
    wishes.alpn = {"http/1.1"};
    CHECK(agreed(server, wishes) == "TLSv1.3 http/1.1 ");
    wishes.alpn = {"http/1.0"};
    CHECK(agreed(server, wishes) == "TLSv1.3 http/1.0 ");
    wishes.alpn = {};
    CHECK(agreed(server, wishes) == "TLSv1.3  ");
  }
  SUBCASE("h2 is not chosen where it is off") {
    const TlsServer server(options);
    wishes.alpn = {"h2", "http/1.1"};
    CHECK(agreed(server, wishes) == "TLSv1.3 http/1.1 ");
  }
  SUBCASE("nothing in common: no_application_protocol") {
    const TlsServer server(options);
    wishes.alpn = {"h2", "spdy/3"};
    CHECK(agreed(server, wishes) == "failed: tlsv1 alert no application protocol");
    CHECK(server.handshakes().failed == 1);
  }
}

TEST_CASE("tls: the OCSP answer in the file is stapled for those who ask") {
  Certificates files;
  const std::string answer("\x30\x03\x0a\x01\x00", 5);
  HostOptions host = host_of(files.make("a"));
  host.certificates[0].ocsp_file = files.write("a.ocsp", answer);
  const TlsServer server(host);
  TlsWishes wishes;
  CHECK(agreed(server, wishes) == "TLSv1.3  ");
  wishes.wants_status = true;
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    wishes.least = wishes.most = version;
    TlsClient client(server.port(), wishes);
    REQUIRE(client.shake_hands());
    CHECK(client.engine.status() == answer);
  }
}
