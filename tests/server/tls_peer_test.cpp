// Certificates of clients: who must show one, which are taken, and what handlers see of them.
#include <doctest/doctest.h>

#include <string>

#include "tests/support/tls_server.h"

using server::tls::HostOptions;
using server::tls::Verification;
using tests::agreed;
using tests::Certificates;
using tests::host_of;
using tests::Identity;
using tests::TlsServer;
using tests::TlsWishes;

namespace {

// A server with an authority of its own, whose certificates it trusts, and some clients.
struct Scene {
  Certificates files;
  Identity authority = files.make_authority("ca");
  Identity member = files.make("member", &authority);
  Identity stranger = files.make("stranger");
  HostOptions host = host_of(files.make("server"));

  Scene() { host.ca_file = authority.certificate_file; }
  Identity late() {
    Certificates::Wish wish = Certificates::wish("late", &authority);
    wish.from_day = -10;
    wish.to_day = -1;
    return files.make(wish);
  }
};

TlsWishes with(const Identity& identity, int version) {
  TlsWishes wishes;
  wishes.identity = &identity;
  wishes.least = wishes.most = version;
  return wishes;
}

TlsWishes without(int version) {
  TlsWishes wishes;
  wishes.least = wishes.most = version;
  return wishes;
}

bool failed(const std::string& result) { return result.starts_with("failed: "); }

// Each test says it of both versions, which ask for certificates in different ways.
template <class Test>
void for_versions(Test test) {
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    CAPTURE(version);
    test(version, std::string(version == TLS1_2_VERSION ? "TLSv1.2  " : "TLSv1.3  "));
  }
}

}  // namespace

TEST_CASE("tls peer: none: nobody is asked") {
  Scene scene;
  const TlsServer server(scene.host);
  for_versions([&](int version, const std::string& plain) {
    CHECK(agreed(server, with(scene.member, version)) == plain);
  });
}

TEST_CASE("tls peer: required") {
  Scene scene;
  scene.host.verification = Verification::required;
  const TlsServer server(scene.host);
  for_versions([&](int version, const std::string& plain) {
    CHECK(agreed(server, with(scene.member, version)) == plain + " CN=member");
    CHECK(failed(agreed(server, without(version))));
    CHECK(failed(agreed(server, with(scene.stranger, version))));
    CHECK(failed(agreed(server, with(scene.late(), version))));
  });
}

TEST_CASE("tls peer: optional: none is fine, a wrong one is not") {
  Scene scene;
  scene.host.verification = Verification::optional;
  const TlsServer server(scene.host);
  for_versions([&](int version, const std::string& plain) {
    CHECK(agreed(server, with(scene.member, version)) == plain + " CN=member");
    CHECK(agreed(server, without(version)) == plain);
    CHECK(failed(agreed(server, with(scene.stranger, version))));
  });
}

TEST_CASE("tls peer: optional_no_ca: any is taken") {
  Scene scene;
  scene.host.verification = Verification::optional_no_ca;
  scene.host.ca_file.clear();
  const TlsServer server(scene.host);
  for_versions([&](int version, const std::string& plain) {
    CHECK(agreed(server, with(scene.stranger, version)) == plain + " CN=stranger");
    CHECK(agreed(server, without(version)) == plain);
  });
}

TEST_CASE("tls peer: those of the revocation list are not taken") {
  Scene scene;
  const Identity former = scene.files.make("former", &scene.authority);
  scene.host.verification = Verification::required;
  scene.host.crl_file = scene.files.revoke(scene.authority, {&former});
  const TlsServer server(scene.host);
  for_versions([&](int version, const std::string& plain) {
    CHECK(agreed(server, with(scene.member, version)) == plain + " CN=member");
    CHECK(failed(agreed(server, with(former, version))));
  });
}

TEST_CASE("tls peer: the chain is at most as long as verificationDepth") {
  Scene scene;
  Certificates::Wish wish = Certificates::wish("between", &scene.authority);
  wish.authority = true;
  const Identity between = scene.files.make(wish);
  const Identity leaf = scene.files.make("leaf", &between);
  scene.host.verification = Verification::required;
  // The server has what is between, so that the client need not send it.
  scene.host.ca_file =
      scene.files.write("both.pem", Certificates::text_of(scene.authority.certificate_file) +
                                        Certificates::text_of(between.certificate_file));
  SUBCASE("enough") {
    scene.host.verification_depth = 1;  // certificates between both ends
    const TlsServer server(scene.host);
    CHECK(agreed(server, with(leaf, TLS1_3_VERSION)) == "TLSv1.3   CN=leaf");
  }
  SUBCASE("too small") {
    scene.host.verification_depth = 0;
    const TlsServer server(scene.host);
    CHECK(failed(agreed(server, with(leaf, TLS1_3_VERSION))));
    CHECK(agreed(server, with(scene.member, TLS1_3_VERSION)) == "TLSv1.3   CN=member");
  }
}
