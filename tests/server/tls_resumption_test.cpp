// Sessions of TLS taken up again: by ticket, by id, over a change of certificates, and not where
// that would get around a check.
#include <doctest/doctest.h>

#include <string>
#include <utility>

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
using tests::TlsSession;
using tests::TlsWishes;

namespace {

struct Visit {
  bool connected = false;
  bool resumed = false;
  TlsSession session;

  std::string ticket() const {
    const unsigned char* bytes = nullptr;
    std::size_t size = 0;
    SSL_SESSION_get0_ticket(session.get(), &bytes, &size);
    return {reinterpret_cast<const char*>(bytes), size};
  }
};

// Connects, asks (tickets of TLS 1.3 come with the answer), and keeps the session.
Visit visit(const TlsServer& server, TlsWishes wishes, const Visit* before = nullptr) {
  if (before != nullptr) wishes.session = before->session.get();
  TlsClient client(server.port(), wishes);
  Visit result;
  result.connected = client.shake_hands() && client.ask(kGet).starts_with("HTTP/1.1 200 ");
  if (!result.connected) return result;
  result.resumed = client.engine.resumed();
  result.session = client.engine.session();
  client.say_goodbye();  // else OpenSSL would not resume it
  return result;
}

TlsWishes of_version(int version) {
  TlsWishes wishes;
  wishes.least = wishes.most = version;
  return wishes;
}

template <class Test>
void for_versions(Test test) {
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    CAPTURE(version);
    test(of_version(version));
  }
}

}  // namespace

TEST_CASE("tls resumption: with a ticket, and with the next one") {
  Certificates files;
  const TlsServer server(host_of(files.make("a")));
  for_versions([&](const TlsWishes& wishes) {
    const auto before = server.handshakes();
    const Visit first = visit(server, wishes);
    REQUIRE(first.connected);
    CHECK(!first.resumed);
    const Visit second = visit(server, wishes, &first);
    CHECK(second.resumed);
    // RFC 8446 appendix C.4: who uses a ticket once only, gets another each time.
    if (wishes.least == TLS1_3_VERSION) CHECK(second.ticket() != first.ticket());
    CHECK(visit(server, wishes, &second).resumed);
    CHECK(server.handshakes().done - before.done == 3);
    CHECK(server.handshakes().resumed - before.resumed == 2);
  });
}

TEST_CASE("tls resumption: by id, where tickets are off") {
  Certificates files;
  HostOptions host = host_of(files.make("a"));
  host.session_tickets = false;
  SUBCASE("from the cache") {
    const TlsServer server(host);
    for_versions([&](const TlsWishes& wishes) {
      const Visit first = visit(server, wishes);
      REQUIRE(first.connected);
      CHECK(SSL_SESSION_has_ticket(first.session.get()) ==
            (wishes.most == TLS1_3_VERSION ? 1 : 0));  // TLS 1.3 calls the id a ticket
      CHECK(visit(server, wishes, &first).resumed);
    });
  }
  SUBCASE("and not without one") {
    host.session_cache_size = 0;
    const TlsServer server(host);
    for_versions([&](const TlsWishes& wishes) {
      const Visit first = visit(server, wishes);
      REQUIRE(first.connected);
      const Visit second = visit(server, wishes, &first);
      CHECK(second.connected);
      CHECK(!second.resumed);
    });
  }
}

TEST_CASE("tls resumption: over a change of certificates") {
  Certificates files;
  TlsServer server(host_of(files.make("old")));
  for_versions([&](const TlsWishes& wishes) {
    const Visit first = visit(server, wishes);
    const Identity fresh = files.make("fresh");
    server.set(tls_options({host_of(fresh)}));
    CHECK(visit(server, wishes, &first).resumed);
    TlsClient unknown(server.port(), wishes);
    REQUIRE(unknown.shake_hands());
    CHECK(unknown.engine.is(fresh));
  });
}

TEST_CASE("tls resumption: not with the tickets of another server") {
  Certificates files;
  const HostOptions host = host_of(files.make("a"));
  const TlsServer one(host), other(host);
  for_versions([&](const TlsWishes& wishes) {
    const Visit first = visit(one, wishes);
    const Visit second = visit(other, wishes, &first);
    CHECK(second.connected);
    CHECK(!second.resumed);
  });
}

TEST_CASE("tls resumption: a session of one host is none of another") {
  Certificates files;
  const Identity authority = files.make_authority("ca");
  HostOptions strict = host_of(files.make("strict"), "strict");
  strict.verification = Verification::required;
  strict.ca_file = authority.certificate_file;
  const TlsServer server(tls_options({host_of(files.make("a")), strict}));
  for_versions([&](TlsWishes wishes) {
    wishes.server_name = "open";
    const Visit first = visit(server, wishes);
    REQUIRE(first.connected);
    CHECK(visit(server, wishes, &first).resumed);
    // OpenSSL clients send the session's name; SSL_set_tlsext_host_name replaces it.
    wishes.server_name = "strict";
    CHECK(!visit(server, wishes, &first).connected);
  });
}

TEST_CASE("tls resumption: none of the time before client certificates were asked for") {
  Certificates files;
  const Identity authority = files.make_authority("ca");
  const Identity member = files.make("member", &authority);
  const HostOptions open = host_of(files.make("a"));
  HostOptions strict = open;
  strict.verification = Verification::required;
  strict.ca_file = authority.certificate_file;
  for_versions([&](TlsWishes wishes) {
    TlsServer server(open);
    const Visit anonymous = visit(server, wishes);
    REQUIRE(anonymous.connected);
    server.set(tls_options({strict}));
    CHECK(!visit(server, wishes, &anonymous).connected);
    wishes.identity = &member;
    const Visit known = visit(server, wishes);
    CHECK(known.connected);
    server.set(tls_options({strict}));  // the same rules: the session is good
    CHECK(visit(server, wishes, &known).resumed);
  });
}

TEST_CASE("tls resumption: none of a member whose authority is trusted no more") {
  Certificates files;
  const Identity authority = files.make_authority("ca");
  const Identity next_authority = files.make_authority("next");
  const Identity member = files.make("member", &authority);
  HostOptions host = host_of(files.make("a"));
  host.verification = Verification::required;
  for_versions([&](TlsWishes wishes) {
    host.ca_file = files.write("ca.pem", Certificates::text_of(authority.certificate_file));
    TlsServer server(host);
    wishes.identity = &member;
    const Visit first = visit(server, wishes);
    REQUIRE(first.connected);
    files.write("ca.pem", Certificates::text_of(next_authority.certificate_file));
    server.set(tls_options({host}));
    CHECK(!visit(server, wishes, &first).connected);
  });
}
