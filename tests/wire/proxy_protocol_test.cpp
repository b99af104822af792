// The PROXY protocol in front of a whole server: everything that looks at the client's address sees
// the one that the proxy tells.
#include <doctest/doctest.h>

#include <string>

#include "tests/support/certificates.h"
#include "tests/support/frame_client.h"
#include "tests/support/h2_sockets.h"
#include "tests/support/proxy_headers.h"
#include "tests/support/running_server.h"
#include "tests/support/tls_client.h"

using tests::body_of;
using tests::Client;
using tests::FrameClient;
using tests::H2Sockets;
using tests::kBinary6;
using tests::kProxyLine;
using tests::proxy_header;
using tests::RunningServer;

namespace {

// What the test plugin "probe" says of the client, and rules that go by its address.
struct Scene {
  RunningServer server;
  tests::Certificates files;
  const tests::Identity own = files.make("localhost");
  const std::uint16_t plain = tests::free_port(), tls = tests::free_port();

  explicit Scene(const std::string& attributes = "proxyProtocol='required'") {
    const char* plugins = std::getenv("MARGAY_TEST_PLUGINS");
    REQUIRE(plugins != nullptr);
    std::filesystem::create_directories(server.folder / "apps/p/lib");
    std::filesystem::copy_file(std::filesystem::path(plugins) / "probe.so",
                               server.folder / "apps/p/lib/probe.so");
    server.plugin("echo.so", "apps/p/lib/echo.so");
    server.write("apps/p/app.xml",
                 "<Application><Library file='lib/probe.so'/><Library file='lib/echo.so'/>"
                 "<Endpoint type='values' path='/*'/><WebSocket type='echo' path='/socket'/>"
                 "<Filter type='remote-cidr' path='/socket'>"
                 "<Parameter name='allow' value='203.0.113.0/24, 2001:db8::/32'/></Filter>"
                 "<Filter type='rate-limit' path='/limited'>"
                 "<Parameter name='bucketRequests' value='1'/>"
                 "<Parameter name='bucketDuration' value='3600'/></Filter></Application>");
    const std::string both = "<Connector address='127.0.0.1' loops='1' " + attributes + " ";
    server.write("server.xml",
                 "<Server><Service>" + both + "port='" + std::to_string(plain) +
                     "'><UpgradeProtocol className='http2'/></Connector>" + both + "port='" +
                     std::to_string(tls) +
                     "' SSLEnabled='true'><SSLHostConfig><Certificate "
                     "certificateFile='" +
                     own.certificate_file + "' certificateKeyFile='" + own.key_file +
                     "'/></SSLHostConfig><UpgradeProtocol className='http2'/>"
                     "</Connector><Engine><Host name='localhost'><AccessLog pattern='%a %U %s' "
                     "directory='logs' prefix='access' rotatable='false' buffered='false'/>"
                     "</Host></Engine></Service></Server>");
    server.start();
  }
  std::string ask(const std::string& greeting, const std::string& path = "") const {
    Client client(plain);
    client.send(greeting + request(path));
    return client.rest();
  }
  static std::string request(const std::string& path) {
    return "GET /p/" + path + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
  }
};

std::string line(const std::string& address) {
  return "PROXY TCP4 " + address + " 198.51.100.1 40000 443\r\n";
}

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

constexpr const char* kTold = "remote=203.0.113.7:high\nlocal=198.51.100.1:443\n";

}  // namespace

TEST_CASE("proxyProtocol: applications, limits and logs see the client of the proxy") {
  Scene scene;
  CHECK(has(scene.ask(kProxyLine), kTold));
  CHECK(has(scene.ask(proxy_header(0x21, 0x21, kBinary6)), "remote=2001:db8::7:high\n"));
  CHECK(has(scene.ask(proxy_header(0x20, 0, "")), "remote=127.0.0.1:high\n"));
  CHECK(scene.ask(line("203.0.113.1"), "limited").starts_with("HTTP/1.1 200 "));
  CHECK(scene.ask(line("203.0.113.1"), "limited").starts_with("HTTP/1.1 429 "));
  CHECK(scene.ask(line("203.0.113.2"), "limited").starts_with("HTTP/1.1 200 "));
  scene.server.stop();
  CHECK(scene.server.read("logs/access") ==
        "203.0.113.7 /p/ 200\n2001:db8::7 /p/ 200\n127.0.0.1 /p/ 200\n203.0.113.1 /p/limited 200\n"
        "203.0.113.1 /p/limited 429\n203.0.113.2 /p/limited 200\n");
}

TEST_CASE("proxyProtocol: before TLS, HTTP/2 and WebSockets") {
  Scene scene;
  SUBCASE("TLS") {
    tests::TlsClient client(scene.tls);
    client.socket.send(kProxyLine);
    REQUIRE(client.shake_hands());
    CHECK(has(client.ask(Scene::request("")), kTold));
  }
  SUBCASE("HTTP/2") {
    H2Sockets client(scene.plain, H2Sockets::Over::tcp, 0, kProxyLine);
    CHECK(has(client.body(client.ask("/p/")), kTold));
  }
  SUBCASE("HTTP/2 in TLS") {
    H2Sockets client(scene.tls, H2Sockets::Over::tls, 0, kProxyLine);
    CHECK(has(client.body(client.ask("/p/")), kTold));
    const auto socket = client.open("/p/socket");
    CHECK(client.status(socket) == "200");
  }
  SUBCASE("a WebSocket, whose handshake filters judge") {
    FrameClient client(scene.plain, "/p/socket", {}, tests::text_frame("early"), 0, kProxyLine);
    REQUIRE(client.is_open());
    CHECK(client.next() == "early");
    FrameClient other(scene.plain, "/p/socket", {}, {}, 0, line("198.51.100.7"));
    CHECK(other.head.starts_with("HTTP/1.1 403 "));
  }
}

TEST_CASE("proxyProtocol: who sends no header, or a bad one, is closed, with a line in the log") {
  Scene scene("proxyProtocol='required' connectionTimeout='500ms'");
  const auto closed = [&](const std::string& greeting, const std::string& why) {
    CHECK(scene.ask(greeting).empty());
    CHECK(scene.server.log.await("from 127.0.0.1 closed: its PROXY header " + why));
  };
  closed("", "is missing");
  closed("PROXY TCP4 203.0.113.7\r\n", "has a bad address");
  closed(proxy_header(0x21, 0x11, "short"), "is too short for its addresses");
  Client slow(scene.plain);
  slow.send("PROXY TC");
  CHECK(slow.rest().empty());
  CHECK(scene.server.log.await("its PROXY header did not come in time"));
}

TEST_CASE("proxyProtocol: foreign clients cannot forge their address") {
  SUBCASE("required: they are closed") {
    Scene scene("proxyProtocol='required' proxyProtocolTrusted='10.0.0.0/8, ::1'");
    CHECK(scene.ask(kProxyLine).empty());
    CHECK(scene.server.log.await("'proxyProtocolTrusted' has no such proxy"));
  }
  SUBCASE("optional: they are served as who they are, and their header is a bad request") {
    Scene scene("proxyProtocol='optional' proxyProtocolTrusted='10.0.0.0/8, ::1'");
    CHECK(scene.ask(kProxyLine).starts_with("HTTP/1.1 400 "));
    CHECK(has(scene.ask(""), "remote=127.0.0.1:high\n"));
  }
  SUBCASE("off: the header is a bad request") {
    Scene scene("proxyProtocol='off'");
    CHECK(scene.ask(kProxyLine).starts_with("HTTP/1.1 400 "));
  }
}

TEST_CASE("proxyProtocol: optional, trusted clients may come with a header or without") {
  Scene scene("proxyProtocol='optional'");
  CHECK(has(scene.ask(kProxyLine), kTold));
  CHECK(has(scene.ask(""), "remote=127.0.0.1:high\n"));
  tests::TlsClient client(scene.tls);
  REQUIRE(client.shake_hands());
  CHECK(has(client.ask(Scene::request("")), "remote=127.0.0.1:high\n"));
}
