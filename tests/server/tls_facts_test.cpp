// What handlers are told of a connection: versions, ciphers, names, sessions, and certificates.
#include <doctest/doctest.h>

#include <memory>
#include <string>
#include <vector>

#include "server/tls/facts.h"
#include "tests/support/tls_server.h"

using server::tls::Facts;
using server::tls::HostOptions;
using server::tls::PeerCertificate;
using server::tls::pem_of;
using server::tls::Verification;
using tests::Certificates;
using tests::host_of;
using tests::Identity;
using tests::TlsClient;
using tests::TlsServer;
using tests::TlsWishes;

namespace {

// A server that keeps the facts of each request.
struct Scene {
  Certificates files;
  Identity authority = files.make_authority("ca");
  HostOptions host = host_of(files.make("server"));
  std::unique_ptr<TlsServer> server;
  std::vector<std::shared_ptr<const Facts>> kept;

  void start() {
    host.ca_file = authority.certificate_file;
    server = std::make_unique<TlsServer>(host);
    server->server.service.answer = [this](server::Exchange& exchange) {
      kept.push_back(exchange.tls()->facts());
    };
  }
  // After a request over a connection with these wishes; the session, for another one.
  tests::TlsSession ask(const TlsWishes& wishes, int requests = 1) {
    TlsClient client(server->port(), wishes);
    REQUIRE(client.shake_hands());
    while (requests-- > 0) REQUIRE_FALSE(client.ask(tests::kGet).empty());
    server->server.loop().call([] {});  // what the handler kept is there
    tests::TlsSession session = client.engine.session();
    client.say_goodbye();  // else OpenSSL would not resume it
    return session;
  }
};

std::string text_of(const Identity& identity) {
  return Certificates::text_of(identity.certificate_file);
}

std::int64_t seconds(const ASN1_TIME* time) {
  int days = 0, rest = 0;
  const tests::OpensslHandle<ASN1_TIME, &ASN1_TIME_free> start(ASN1_TIME_set(nullptr, 0));
  REQUIRE(ASN1_TIME_diff(&days, &rest, start.get(), time) == 1);
  return std::int64_t{86'400} * days + rest;
}

}  // namespace

TEST_CASE("tls facts: what was agreed, once for all requests of a connection") {
  Scene scene;
  scene.start();
  TlsWishes wishes;
  SUBCASE("1.3") {
    wishes.server_name = "Some.Example";
    scene.ask(wishes, 2);
    REQUIRE(scene.kept.size() == 2);
    CHECK(scene.kept[0] == scene.kept[1]);
    const Facts& facts = *scene.kept[0];
    CHECK(facts.protocol == "TLSv1.3");
    CHECK(facts.cipher_suite == "TLS_AES_128_GCM_SHA256");
    CHECK(facts.cipher == "TLS_AES_128_GCM_SHA256");
    CHECK(facts.key_size == 128);
    CHECK(facts.server_name == "some.example");
    CHECK(facts.certificates.empty());
    CHECK(facts.distrust.empty());
    CHECK_FALSE(facts.resumed);
  }
  SUBCASE("1.2") {
    wishes.most = TLS1_2_VERSION;
    wishes.ciphers = "ECDHE-ECDSA-AES128-GCM-SHA256";
    scene.ask(wishes);
    const Facts& facts = *scene.kept.at(0);
    CHECK(facts.protocol == "TLSv1.2");
    CHECK(facts.cipher_suite == "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256");
    CHECK(facts.cipher == "ECDHE-ECDSA-AES128-GCM-SHA256");
    CHECK(facts.key_size == 128);
    CHECK(facts.server_name.empty());
  }
}

TEST_CASE("tls facts: a client's certificate, and those behind it") {
  Scene scene;
  Certificates::Wish wish = Certificates::wish("between", &scene.authority);
  wish.authority = true;
  const Identity between = scene.files.make(wish);
  wish = Certificates::wish("Ada, née \"Zoë\"\n", &between);
  wish.to_day = 400 * 365;  // beyond what fits into nanoseconds
  const Identity member = scene.files.make(wish);
  scene.host.verification = Verification::required;
  scene.start();
  TlsWishes wishes;
  wishes.identity = &member;
  wishes.chain = {&between};
  const tests::TlsSession session = scene.ask(wishes);
  const Facts& facts = *scene.kept.at(0);
  REQUIRE(facts.certificates.size() == 2);
  const PeerCertificate& own = facts.certificates[0];
  CHECK(own.subject == R"(CN=Ada\, née \"Zoë\"\0A)");
  CHECK(own.issuer == "CN=between");
  CHECK(facts.certificates[1].subject == "CN=between");
  CHECK(facts.certificates[1].issuer == "CN=ca");
  CHECK(pem_of(own) == text_of(member));
  CHECK(pem_of(facts.certificates[1]) == text_of(between));
  CHECK(own.serial == "03EC");  // 1004
  CHECK(own.fingerprint.size() == 64);
  CHECK(own.not_before.time_since_epoch().count() ==
        seconds(X509_get0_notBefore(member.certificate.get())));
  CHECK(own.not_after.time_since_epoch().count() ==
        seconds(X509_get0_notAfter(member.certificate.get())));
  CHECK(facts.distrust.empty());

  // A resumed session has what its handshake had found.
  wishes.session = session.get();
  scene.ask(wishes);
  const Facts& later = *scene.kept.at(1);
  CHECK(later.resumed);
  REQUIRE_FALSE(later.certificates.empty());
  CHECK(later.certificates[0].subject == own.subject);
  CHECK(later.distrust.empty());
}

TEST_CASE("tls facts: why a certificate that was taken is not to be trusted") {
  Scene scene;
  const Identity member = scene.files.make("member", &scene.authority);
  const Identity stranger = scene.files.make("stranger");
  const Identity other = scene.files.make_authority("other");
  const Identity others = scene.files.make("others", &other);
  Certificates::Wish wish = Certificates::wish("late", &scene.authority);
  wish.from_day = -10;
  wish.to_day = -1;
  const Identity late = scene.files.make(wish);
  scene.host.verification = Verification::optional_no_ca;
  scene.start();
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    CAPTURE(version);
    TlsWishes wishes;
    wishes.least = wishes.most = version;
    const auto distrust = [&](const Identity& identity) {
      wishes.identity = &identity;
      wishes.session = nullptr;
      const tests::TlsSession session = scene.ask(wishes);
      const std::string why(scene.kept.back()->distrust);
      wishes.session = session.get();
      scene.ask(wishes);
      CHECK(scene.kept.back()->resumed);
      CHECK(scene.kept.back()->distrust == why);
      return why;
    };
    CHECK(distrust(member).empty());
    CHECK(distrust(stranger) == "self-signed certificate");
    CHECK(distrust(others) == "unable to verify the first certificate");
    CHECK(distrust(late) == "certificate has expired");
  }
}
