// What must come with TLS: redirects of plain requests, and HSTS. A connector with secure="true"
// stands for one behind a proxy that has TLS.
#include <doctest/doctest.h>

#include "tests/support/answer_text.h"
#include "tests/support/certificates.h"
#include "tests/support/running_server.h"
#include "tests/support/tls_client.h"

using tests::Client;
using tests::field;
using tests::free_port;
using tests::RunningServer;
using tests::status;

namespace {

std::string connector(std::uint16_t port, const std::string& attributes = "") {
  return "<Connector address='127.0.0.1' port='" + std::to_string(port) + "' " + attributes + "/>";
}

std::string server_xml(const std::string& connectors, const std::string& context,
                       const std::string& host = "") {
  return "<Server><Service>" + connectors + "<Engine><Host name='localhost'>" + host +
         "<Context path='/a'>" + context + "</Context></Host></Engine></Service></Server>";
}

constexpr const char* kEndpoint = "<Endpoint type='status' path='/*'/>";

std::string constraint(const std::string& path, const std::string& more = "") {
  return "<SecurityConstraint path='" + path + "' transportGuarantee='CONFIDENTIAL' " + more + "/>";
}

// Value of a field in a head, or nothing.
std::string ask(std::uint16_t port, const std::string& line, const std::string& fields = "") {
  Client client(port);
  client.send(line + " HTTP/1.1\r\nHost: localhost:80\r\nConnection: close\r\n" + fields + "\r\n");
  return client.rest();
}

}  // namespace

TEST_CASE("Constraints: CONFIDENTIAL redirects to https, with path and query as they came") {
  RunningServer server;
  const std::uint16_t plain = free_port();
  const std::uint16_t odd = free_port();
  const std::uint16_t nowhere = free_port();
  const std::uint16_t secure = free_port();
  server.write(
      "server.xml",
      server_xml(connector(plain) + connector(odd, "redirectPort='8443'") +
                     connector(nowhere, "redirectPort='0'") + connector(secure, "secure='true'"),
                 constraint("/secret/*, *.pay") + "<SecurityConstraint path='/secret/open/*'/>" +
                     constraint("/for-ever", "transportGuaranteeRedirectStatus='301'") +
                     kEndpoint));
  server.start();

  SUBCASE("only where a pattern says so") {
    CHECK(status(ask(plain, "GET /a/other")) == 200);
    CHECK(status(ask(plain, "GET /a/secretive")) == 200);
    CHECK(status(ask(plain, "GET /a/secret")) == 302);
    CHECK(status(ask(plain, "GET /a/secret/x")) == 302);
    CHECK(status(ask(plain, "GET /a/x.pay")) == 302);
  }
  SUBCASE("the best match counts") {
    CHECK(status(ask(plain, "GET /a/secret/open/x")) == 200);
    CHECK(status(ask(plain, "GET /a/secret/x.html")) == 302);
  }
  SUBCASE("patterns are matched on the path that endpoints see") {
    for (const char* path : {"/a/./secret/x", "/a/b/../secret/x", "/a/%73ecret/x", "/a//secret/x",
                             "/a/secret;v=1/x"}) {
      CAPTURE(path);
      CHECK(status(ask(plain, std::string("GET ") + path)) == 302);
    }
  }
  SUBCASE("path and query are kept") {
    CHECK(field(ask(plain, "GET /a/secret/%C3%A9?x=%20&y=1"), "Location") ==
          "https://localhost/a/secret/%C3%A9?x=%20&y=1");
    CHECK(field(ask(odd, "GET /a/secret/x?y"), "Location") ==
          "https://localhost:8443/a/secret/x?y");
    CHECK(field(ask(odd, "GET http://localhost:80/a/secret?x"), "Location") ==
          "https://localhost:8443/a/secret?x");
  }
  SUBCASE("methods stay what they are") {
    CHECK(status(ask(plain, "HEAD /a/secret/x")) == 302);
    CHECK(status(ask(plain, "POST /a/secret/x", "Content-Length: 0\r\n")) == 307);
    CHECK(status(ask(plain, "GET /a/for-ever")) == 301);
    CHECK(status(ask(plain, "PUT /a/for-ever", "Content-Length: 0\r\n")) == 308);
  }
  SUBCASE("without a port of TLS it is refused") {
    CHECK(status(ask(nowhere, "GET /a/secret/x")) == 403);
    CHECK(status(ask(nowhere, "GET /a/other")) == 200);
  }
  SUBCASE("who is secure is served") { CHECK(status(ask(secure, "GET /a/secret/x")) == 200); }
}

TEST_CASE("Constraints: CONFIDENTIAL redirects handshakes for ws, too") {
  RunningServer server;
  const std::uint16_t plain = free_port();
  server.write("server.xml", "<Server><Service>" + connector(plain, "redirectPort='8443'") +
                                 "<Engine><Host name='localhost'/></Engine></Service></Server>");
  server.plugin("echo.so", "apps/s/lib/echo.so");
  server.write("apps/s/app.xml",
               "<Application><Library file='lib/echo.so'/><WebSocket type='echo' path='/socket'/>" +
                   constraint("/*") + "</Application>");
  server.start();
  const std::string answer =
      ask(plain, "GET /s/socket",
          "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
          "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n");
  CHECK(status(answer) == 302);
  CHECK(field(answer, "Location") == "https://localhost:8443/s/socket");
}

TEST_CASE("Constraints: a <Context> may add some to the app.xml in its docBase, and its own win") {
  RunningServer server;
  const std::uint16_t plain = free_port();
  server.write("apps/b/app.xml", std::string("<Application>") + constraint("/x") +
                                     constraint("/y") + kEndpoint + "</Application>");
  server.write("server.xml", "<Server><Service>" + connector(plain) +
                                 "<Engine><Host name='localhost'><Context path='/b' docBase='b'>" +
                                 constraint("/z") + "<SecurityConstraint path='/y'/>" +
                                 "</Context></Host></Engine></Service></Server>");
  server.start();
  CHECK(status(ask(plain, "GET /b/x")) == 302);
  CHECK(status(ask(plain, "GET /b/y")) == 200);
  CHECK(status(ask(plain, "GET /b/z")) == 302);
}

TEST_CASE("CLIENT-CERT: the user is the subject of a certificate that is trusted") {
  tests::Certificates files;
  const tests::Identity authority = files.make_authority("ca");
  const tests::Identity own = files.make("localhost");
  const tests::Identity ada = files.make("Ada", &authority);
  const tests::Identity bob = files.make("Bob", &authority);
  const tests::Identity eve = files.make("Eve", &authority);
  const tests::Identity forged = files.make("Ada");
  const char* const plugins = std::getenv("MARGAY_TEST_PLUGINS");
  REQUIRE(plugins != nullptr);
  for (const bool anybody : {false, true}) {
    CAPTURE(anybody);
    RunningServer server;
    const std::uint16_t plain = free_port(), port = free_port();
    std::filesystem::create_directories(server.folder / "apps/a/lib");
    std::filesystem::copy_file(std::filesystem::path(plugins) / "guarded.so",
                               server.folder / "apps/a/lib/guarded.so");
    server.write("users.xml",
                 "<tomcat-users><user username='CN=Ada' password='' roles='admin'/>"
                 "<user username='CN=Bob' password='' roles=''/></tomcat-users>");
    server.write("apps/a/app.xml",
                 "<Application><Library file='lib/guarded.so'/><Endpoint type='me' path='/*'/>"
                 "<LoginConfig authMethod='CLIENT-CERT'/><SecurityRole name='admin'/>"
                 "<SecurityConstraint path='/admin/*' roles='admin'/></Application>");
    const std::string trust =
        anybody ? "optionalNoCA'"
                : "optional' caCertificateFile='" + authority.certificate_file + "'";
    server.write(
        "server.xml",
        "<Server><Service>" + connector(plain) +
            "<Connector address='127.0.0.1' SSLEnabled='true' port='" + std::to_string(port) +
            "'><SSLHostConfig certificateVerification='" + trust +
            "><Certificate certificateFile='" + own.certificate_file + "' certificateKeyFile='" +
            own.key_file +
            "'/></SSLHostConfig></Connector><Engine><Host name='localhost'>"
            "<Realm type='memory' pathname='users.xml'/></Host></Engine></Service></Server>");
    server.start();
    const auto asked = [&](const tests::Identity* identity) {
      tests::TlsWishes wishes;
      wishes.identity = identity;
      wishes.server_name = "localhost";
      tests::TlsClient client(port, wishes);
      if (!client.shake_hands()) return std::string();
      return client.ask("GET /a/admin/x HTTP/1.1\r\nHost: localhost\r\n\r\n");
    };
    CHECK(status(asked(nullptr)) == 401);
    CHECK(status(ask(plain, "GET /a/admin/x")) == 401);
    if (anybody) {  // let in by the connector, but nobody vouches for them
      CHECK(status(asked(&forged)) == 401);
      CHECK(status(asked(&ada)) == 401);
      continue;
    }
    CHECK(asked(&ada).find("user=CN=Ada type=CLIENT_CERT role=admin ") != std::string::npos);
    CHECK(status(asked(&bob)) == 403);
    CHECK(status(asked(&eve)) == 401);  // is no user
    CHECK(asked(&forged).empty());      // the handshake fails
  }
}

TEST_CASE("HSTS is told to those who came with TLS") {
  RunningServer server;
  const std::uint16_t plain = free_port();
  const std::uint16_t secure = free_port();
  server.write("server.xml",
               server_xml(connector(plain) + connector(secure, "secure='true'"), kEndpoint,
                          "<Filter type='headers'>"
                          "<Parameter name='hstsMaxAgeSeconds' value='31536000'/>"
                          "<Parameter name='hstsIncludeSubDomains' value='true'/>"
                          "<Parameter name='hstsPreload' value='true'/></Filter>"));
  server.start();
  const std::string name = "Strict-Transport-Security";
  CHECK(field(ask(secure, "GET /a/"), name) == "max-age=31536000;includeSubDomains;preload");
  CHECK(field(ask(secure, "GET /none"), name) == "max-age=31536000;includeSubDomains;preload");
  CHECK(field(ask(plain, "GET /a/"), name).empty());
}

TEST_CASE("HSTS needs an age, which is never taken for 0 by itself") {
  const auto failure = [](const std::string& parameters) -> std::string {
    RunningServer server;
    server.write("server.xml", server_xml(connector(free_port()), kEndpoint,
                                          "<Filter type='headers'>" + parameters + "</Filter>"));
    try {
      server.start();
    } catch (const std::exception& error) {
      return error.what();
    }
    return {};
  };
  CHECK(failure("<Parameter name='hstsEnabled' value='true'/>")
            .find("'hstsMaxAgeSeconds' is missing") != std::string::npos);
  CHECK(failure("<Parameter name='hstsPreload' value='true'/>")
            .find("'hstsMaxAgeSeconds' is missing") != std::string::npos);
  CHECK(failure("<Parameter name='hstsMaxAge' value='1'/>").find("such as hstsMaxAgeSeconds") !=
        std::string::npos);
  CHECK(failure("<Parameter name='hstsEnabled' value='false'/>").empty());
}
