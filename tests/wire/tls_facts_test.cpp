// What plugins are told of TLS and of a client's certificate: by HTTP/1.1 and HTTP/2, on loops and
// on workers, at a WebSocket, and in the access log.
#include <doctest/doctest.h>

#include <cstdlib>
#include <string>
#include <string_view>

#include "tests/support/certificates.h"
#include "tests/support/frames.h"
#include "tests/support/h2_client.h"
#include "tests/support/running_server.h"
#include "tests/support/tls_client.h"

using tests::body_of;
using tests::Identity;
using tests::RunningServer;
using tests::TlsClient;
using tests::TlsWishes;

namespace {

const std::string kTls13 = "TLSv1.3 TLS_AES_128_GCM_SHA256 128 full sni=";

// A server with the test plugin "encrypted" behind TLS, whose clients have certificates.
struct Scene {
  tests::Certificates files;
  Identity authority = files.make_authority("ca");
  Identity own = files.make("localhost");
  Identity member = files.make("Ada", &authority);
  Identity stranger = files.make("stranger");
  RunningServer server;
  const std::uint16_t port = tests::free_port();
  const std::uint16_t plain_port = tests::free_port();

  explicit Scene(const std::string& verification) {
    const char* plugins = std::getenv("MARGAY_TEST_PLUGINS");
    REQUIRE(plugins != nullptr);
    std::filesystem::create_directories(server.folder / "apps/e/lib");
    std::filesystem::copy_file(std::filesystem::path(plugins) / "encrypted.so",
                               server.folder / "apps/e/lib/encrypted.so");
    server.write("apps/e/app.xml",
                 "<Application><Library name='encrypted' file='lib/encrypted.so'/>"
                 "<Endpoint name='l' type='on-loop' path='/loop'/>"
                 "<Endpoint name='w' type='on-worker' path='/worker'/>"
                 "<Endpoint name='m' type='on-loop' path='/members'/>"
                 "<Endpoint name='g' type='lasting' path='/lasting'/>"
                 "<WebSocket name='s' type='session' path='/session'/>"
                 "<Filter name='members' type='members' path='/members'/></Application>");
    const std::string trust = verification == "none" || verification == "optionalNoCA"
                                  ? ""
                                  : " caCertificateFile='" + authority.certificate_file + "'";
    server.write(
        "server.xml",
        "<Server><Service><Connector address='127.0.0.1' port='" + std::to_string(plain_port) +
            "'/><Connector address='127.0.0.1' SSLEnabled='true' port='" + std::to_string(port) +
            "'><UpgradeProtocol className='http2'/><SSLHostConfig certificateVerification='" +
            verification + "'" + trust + "><Certificate certificateFile='" + own.certificate_file +
            "' certificateKeyFile='" + own.key_file +
            "'/></SSLHostConfig></Connector><Engine><AccessLog buffered='false' prefix='access' "
            "suffix='.log' rotatable='false' pattern='%{SSL_PROTOCOL}x %{SSL_CIPHER}x "
            "%{SSL_CLIENT_VERIFY}x %{SSL_CLIENT_S_DN}x %{SSL_NONSENSE}x "
            "%{org.apache.tomcat.util.net.secure_protocol_version}r %H %s'/>"
            "<Host name='localhost' appBase='apps'/></Engine></Service></Server>");
    server.start();
  }

  TlsWishes wishes(const Identity* identity) const {
    TlsWishes its;
    its.identity = identity;
    its.server_name = "localhost";
    return its;
  }
  // "failed" without an answer.
  std::string get(const std::string& target, const Identity* identity = nullptr) const {
    TlsClient client(port, wishes(identity));
    if (!client.shake_hands()) return "failed";
    const std::string answer = client.ask("GET " + target + " HTTP/1.1\r\nHost: localhost\r\n\r\n");
    return answer.empty() ? "failed" : body_of(answer);
  }
  // The same over HTTP/2.
  std::string get_by_http2(const std::string& target, const Identity* identity) const {
    TlsWishes its = wishes(identity);
    its.alpn = {"h2"};
    TlsClient client(port, its);
    if (!client.shake_hands() || client.engine.alpn() != "h2") return "failed";
    namespace h2 = tests::h2;
    const std::string head = h2::block(
        {{":method", "GET"}, {":scheme", "https"}, {":path", target}, {":authority", "localhost"}});
    client.say(std::string(h2::kPreface) + h2::settings() + h2::headers(1, head));
    std::string body;
    while (read_frame(client, body)) {
    }
    return body;
  }
  // What a WebSocket is told, over HTTP/2 (RFC 8441).
  std::string ask_by_http2(const Identity* identity) const {
    TlsWishes its = wishes(identity);
    its.alpn = {"h2"};
    TlsClient client(port, its);
    REQUIRE(client.shake_hands());
    namespace h2 = tests::h2;
    const std::string head = h2::block({{":method", "CONNECT"},
                                        {":protocol", "websocket"},
                                        {":scheme", "https"},
                                        {":path", "/e/session"},
                                        {":authority", "localhost"},
                                        {"sec-websocket-version", "13"}});
    tests::Frame question;
    question.payload = "?";
    client.say(std::string(h2::kPreface) + h2::settings() + h2::headers(1, head, h2::kEndHeaders) +
               h2::data(1, question.bytes(), 0));
    std::string heard;
    while (heard.size() < 2 || heard.size() < 2u + static_cast<unsigned char>(heard[1]))
      REQUIRE(read_frame(client, heard));
    return heard.substr(2);
  }

 private:
  // Adds what the next frame has of the stream's data; false behind the last, or without one.
  static bool read_frame(TlsClient& client, std::string& body) {
    namespace h2 = tests::h2;
    std::size_t length = 0;
    while (client.heard.size() < 9 || client.heard.size() < 9 + (length = length_of(client.heard)))
      if (!client.hear()) return false;
    const auto type = static_cast<std::uint8_t>(client.heard[3]);
    const bool last = (static_cast<std::uint8_t>(client.heard[4]) & h2::kEndStream) != 0;
    if (type == h2::kData) body += client.heard.substr(9, length);
    client.heard.erase(0, 9 + length);
    return !last || (type != h2::kData && type != h2::kHeaders);
  }
  static std::size_t length_of(const std::string& frame) {
    std::size_t length = 0;
    for (std::size_t i = 0; i < 3; ++i) length = length << 8 | static_cast<unsigned char>(frame[i]);
    return length;
  }
};

// Each way to ask has to be told the same.
void check_all(const Scene& scene, const Identity* identity, const std::string& expected) {
  for (const std::string target : {"/e/loop", "/e/worker"}) {
    CAPTURE(target);
    CHECK(scene.get(target, identity) == expected);
    CHECK(scene.get_by_http2(target, identity) == expected);
  }
}

}  // namespace

TEST_CASE("plugins: a client whose certificate is required") {
  const Scene scene("required");
  check_all(scene, &scene.member, kTls13 + "localhost trusted CN=Ada<CN=ca");
  CHECK(scene.get("/e/loop") == "failed");
  CHECK(scene.get("/e/loop", &scene.stranger) == "failed");
  CHECK(scene.get("/e/worker?pem=1", &scene.member) ==
        tests::Certificates::text_of(scene.member.certificate_file));
}

TEST_CASE("plugins: clients with and without a certificate") {
  const Scene scene("optional");
  check_all(scene, &scene.member, kTls13 + "localhost trusted CN=Ada<CN=ca");
  check_all(scene, nullptr, kTls13 + "localhost not trusted");
  CHECK(scene.get("/e/members").find("members only") != std::string::npos);
  CHECK(scene.get("/e/members", &scene.member) == kTls13 + "localhost trusted CN=Ada<CN=ca");
}

TEST_CASE("plugins: clients with a certificate of anybody's") {
  const Scene scene("optionalNoCA");
  check_all(scene, &scene.stranger,
            kTls13 + "localhost not trusted (self-signed certificate) CN=stranger<CN=stranger");
  CHECK(scene.get("/e/members", &scene.stranger).find("members only") != std::string::npos);
}

TEST_CASE("plugins: nobody is asked for a certificate, and a connection without TLS") {
  const Scene scene("none");
  check_all(scene, &scene.member, kTls13 + "localhost not trusted");
  CHECK(scene.get("/e/loop?pem=1", &scene.member) == "none");
  for (const std::string target : {"/e/loop", "/e/worker"}) {
    const std::string answer = RunningServer::get(scene.plain_port, target);
    CHECK(body_of(answer) == "plain");
    CHECK(answer.find("X-Scheme: http\r\n") != std::string::npos);
  }
}

TEST_CASE("plugins: Tomcat's request attributes") {
  const Scene scene("optional");
  const auto attribute = [&](const std::string& name) {
    return scene.get("/e/loop?attribute=" + name, &scene.member);
  };
  CHECK(attribute("jakarta.servlet.request.cipher_suite") == "TLS_AES_128_GCM_SHA256");
  CHECK(attribute("jakarta.servlet.request.key_size") == "128");
  CHECK(attribute("jakarta.servlet.request.secure_protocol") == "TLSv1.3");
  CHECK(attribute("org.apache.tomcat.util.net.secure_protocol_version") == "TLSv1.3");
  CHECK(attribute("jakarta.servlet.request.ssl_session_id").size() == 64);
  CHECK(attribute("jakarta.servlet.request.X509Certificate") ==
        tests::Certificates::text_of(scene.member.certificate_file));
  CHECK(attribute("jakarta.servlet.request.other") == "none");
  // What a filter has set is what counts.
  CHECK(scene.get("/e/members?attribute=jakarta.servlet.request.key_size", &scene.member) == "7");
  // Nothing is known of who has none, nor of a plain connection.
  CHECK(scene.get("/e/loop?attribute=jakarta.servlet.request.X509Certificate") == "none");
  CHECK(body_of(RunningServer::get(
            scene.plain_port, "/e/loop?attribute=jakarta.servlet.request.key_size")) == "none");
}

TEST_CASE("plugins: the facts outlive the connection") {
  Scene scene("required");
  {
    TlsClient client(scene.port, scene.wishes(&scene.member));
    REQUIRE(client.shake_hands());
    REQUIRE(client.say("GET /e/lasting HTTP/1.1\r\nHost: localhost\r\n\r\n"));
    REQUIRE(client.hear());
  }
  CHECK(scene.server.log.await("gone: https " + kTls13 + "localhost trusted CN=Ada<CN=ca"));
}

TEST_CASE("plugins: a WebSocket's handshake keeps what was agreed") {
  const Scene scene("optional");
  const auto ask = [&](const Identity* identity) {
    TlsClient client(scene.port, scene.wishes(identity));
    REQUIRE(client.shake_hands());
    client.say(
        "GET /e/session HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: "
        "websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: "
        "dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n");
    while (client.heard.find("\r\n\r\n") == std::string::npos) REQUIRE(client.hear());
    client.heard.erase(0, client.heard.find("\r\n\r\n") + 4);
    tests::Frame question;
    question.payload = "?";
    client.say(question.bytes());
    while (client.heard.size() < 2 ||
           client.heard.size() < 2u + static_cast<unsigned char>(client.heard[1]))
      REQUIRE(client.hear());
    return client.heard.substr(2);
  };
  CHECK(ask(&scene.member) == "wss " + kTls13 + "localhost trusted CN=Ada<CN=ca");
  CHECK(ask(nullptr) == "wss " + kTls13 + "localhost not trusted");
  CHECK(scene.ask_by_http2(&scene.member) == "wss " + kTls13 + "localhost trusted CN=Ada<CN=ca");
  CHECK(scene.ask_by_http2(nullptr) == "wss " + kTls13 + "localhost not trusted");
}

TEST_CASE("access log: TLS and the client's certificate") {
  Scene scene("optional");
  scene.get("/e/loop", &scene.member);
  scene.get_by_http2("/e/worker", nullptr);
  RunningServer::get(scene.plain_port, "/e/loop");
  scene.server.stop();
  CHECK(scene.server.read("logs/access.log") ==
        "TLSv1.3 TLS_AES_128_GCM_SHA256 SUCCESS CN=Ada ???x??? TLSv1.3 HTTP/1.1 200\n"
        "TLSv1.3 TLS_AES_128_GCM_SHA256 NONE - ???x??? TLSv1.3 HTTP/2.0 200\n"
        "- - - - ???x??? - HTTP/1.1 200\n");
}
