// WebSocket clients over TLS: whom they trust, what they show, and what they say when it fails.
#include <doctest/doctest.h>

#include <margay/plugin.h>

#include <chrono>
#include <cstddef>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <future>
#include <string>

#include "tests/support/certificates.h"
#include "tests/support/client_host.h"
#include "tests/support/running_server.h"
#include "tests/support/scripted_server.h"

using margay::ClientTls;
using tests::Certificates;
using tests::ClientHost;
using tests::free_port;
using tests::Identity;
using tests::kSoon;
using tests::OnLoop;
using tests::OnWorker;
using tests::RunningServer;
using tests::ScriptedPeer;
using tests::ScriptedServer;

namespace {

// An application that says again what it hears, behind as many secure connectors as there are
// identities to show.
class SecureEcho {
 public:
  Certificates certificates;
  const Identity authority = certificates.make_authority("the authority");
  RunningServer server;

  SecureEcho() {
    server.plugin("echo.so", "apps/echo/lib/echo.so");
    server.write("apps/echo/app.xml",
                 "<Application><Library name='echo' file='lib/echo.so'/>"
                 "<WebSocket name='echo' library='echo' path='/ws' compression='pooled' "
                 "subprotocols='v1' maxTextMessageBufferSize='16MiB' sendQueueSize='32MiB'/>"
                 "</Application>");
  }

  // The port of a connector that shows `identity`. Before `start`.
  std::uint16_t add(const Identity& identity, const std::string& attributes = "") {
    const std::uint16_t port = free_port();
    connectors_ += "<Connector address='127.0.0.1' SSLEnabled='true' port='" +
                   std::to_string(port) + "'><SSLHostConfig " + attributes +
                   "><Certificate certificateFile='" + identity.certificate_file +
                   "' certificateKeyFile='" + identity.key_file + "'/></SSLHostConfig></Connector>";
    return port;
  }
  std::uint16_t add_plain(std::uint16_t redirect_port) {
    const std::uint16_t port = free_port();
    connectors_ += "<Connector address='127.0.0.1' port='" + std::to_string(port) +
                   "' redirectPort='" + std::to_string(redirect_port) + "'/>";
    return port;
  }
  void start() {
    server.write("server.xml", "<Server><Service>" + connectors_ +
                                   "<Engine defaultHost='localhost'><Host name='localhost' "
                                   "appBase='apps'/></Engine></Service></Server>");
    server.start();
  }
  ClientTls trusting() const { return {.ca_file = authority.certificate_file}; }

 private:
  std::string connectors_;
};

std::string url(std::uint16_t port, const std::string& host = "localhost",
                const std::string& path = "/echo/ws") {
  return "wss://" + host + ":" + std::to_string(port) + path;
}

// What a client that cannot connect says.
std::string refusal(const std::string& to, margay::ClientOptions options) {
  ClientHost host;
  const auto client = host.connect(to, std::move(options));
  host.log.await("failed 0 " + to + ": ");
  CHECK(!client.is_connected());
  return host.log.all();
}

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

// Compares what comes with a long message.
template <margay::Dispatch where>
struct Talker {
  static constexpr auto dispatch = where;
  static std::string long_text() {
    std::string text(5'000'000, '\0');
    for (std::size_t i = 0; i < text.size(); ++i)
      text[i] = static_cast<char>('a' + i * 7 % 26 + i / 1000 % 2);
    return text;
  }
  const margay::Logger log;
  explicit Talker(const margay::Config& config) : log(config.logger()) {}
  void on_open(margay::Session session) {
    session.limit(MARGAY_MAX_TEXT, 16 * 1024 * 1024);
    session.limit(MARGAY_QUEUE_BYTES, 16 * 1024 * 1024);
    const auto tls = session.handshake().tls();
    log.info("talks by " + std::string(session.handshake().scheme()) + " with " +
             std::string(tls && tls->is_trusted() ? tls->peer()->subject() : "nobody"));
  }
  void on_message(std::string_view text) {
    log.info(text == long_text() ? "the same again" : "something else");
  }
  void on_close(margay::CloseReason why) { log.info("closed " + std::to_string(why.code)); }
};

}  // namespace

TEST_CASE_TEMPLATE("long messages both ways, and an end", T, Talker<margay::Dispatch::loop>,
                   Talker<margay::Dispatch::worker>) {
  SecureEcho echo;
  const Identity identity = echo.certificates.make("localhost", &echo.authority);
  std::string attributes;
  SUBCASE("TLS 1.3") { attributes = "protocols='TLSv1.3'"; }
  SUBCASE("TLS 1.2") { attributes = "protocols='TLSv1.2'"; }
  const std::uint16_t port = echo.add(identity, attributes);
  echo.start();
  ClientHost host;
  auto client = host.connect<T>(url(port), {.tls = echo.trusting()});
  host.log.await("talks by wss with CN=localhost");
  for (int i = 0; i < 3; ++i) CHECK(client.session().text(T::long_text()) == margay::Send::queued);
  for (int i = 0; i < 3; ++i) host.log.await("the same again");
  CHECK(client.is_connected());
  client.disconnect();
  CHECK(has(host.log.all(), "closed 1000"));
}

TEST_CASE("addresses, compression and subprotocols over TLS") {
  SecureEcho echo;
  const std::uint16_t port = echo.add(echo.certificates.make("127.0.0.1", &echo.authority));
  echo.start();
  ClientHost host;
  const auto client =
      host.connect(url(port, "127.0.0.1"), {.compress = true, .tls = echo.trusting()});
  host.log.await("open 'v1' 'permessage-deflate");
  host.log.await("heard hello 5");
  CHECK(client.session().text(std::string(60'000, 'x')) == margay::Send::queued);
  host.log.await(" 60000");
}

TEST_CASE("a certificate that will not do is refused, with the reason") {
  SecureEcho echo;
  Certificates& make = echo.certificates;
  auto expired = Certificates::wish("localhost", &echo.authority);
  expired.from_day = -20;
  expired.to_day = -10;
  auto early = Certificates::wish("localhost", &echo.authority);
  early.from_day = 10;
  const Identity stranger = make.make_authority("a stranger");
  const std::uint16_t other = echo.add(make.make("other.example", &echo.authority));
  const std::uint16_t old = echo.add(make.make(expired));
  const std::uint16_t young = echo.add(make.make(early));
  const std::uint16_t alone = echo.add(make.make("localhost"));
  const std::uint16_t strange = echo.add(make.make("localhost", &stranger));
  echo.start();
  const margay::ClientOptions options{.tls = echo.trusting()};

  CHECK(has(refusal(url(other), options),
            "the server's certificate is for other.example, not for 'localhost'"));
  CHECK(has(refusal(url(other, "127.0.0.1"), options),
            "the server's certificate is for other.example, not for '127.0.0.1'"));
  CHECK(has(refusal(url(old), options), "the server's certificate expired on "));
  CHECK(has(refusal(url(young), options), "the server's certificate is not valid before "));
  CHECK(has(refusal(url(alone), options),
            "the server's certificate is not trusted: it is self-signed, and not in '" +
                echo.authority.certificate_file + "'"));
  CHECK(has(refusal(url(strange), options),
            "the server's certificate is not trusted: its issuer, 'CN=a stranger', is not in '"));
  CHECK(has(refusal(url(strange), {}), "'CN=a stranger', is not in what this system trusts"));

  SUBCASE("unless nobody looks") {
    ClientHost host;
    for (const std::uint16_t port : {other, old, young, alone, strange}) {
      const auto client = host.connect(url(port), {.tls = {.verify = false}});
      host.log.await("heard hello 5");
    }
  }
  SUBCASE("unless it is the very one that is trusted") {
    ClientHost host;
    const Identity own = make.make("localhost");
    const std::uint16_t port = echo.add(own);
    echo.server.stop();
    echo.start();
    const auto client = host.connect(url(port), {.tls = {.ca_file = own.certificate_file}});
    host.log.await("heard hello 5");
  }
}

TEST_CASE("without a file of authorities those of the system count") {
  SecureEcho echo;
  const std::uint16_t port = echo.add(echo.certificates.make("localhost", &echo.authority));
  // OpenSSL's own way to say where they are; set while no other thread looks.
  ::setenv("SSL_CERT_FILE", echo.authority.certificate_file.c_str(), 1);
  {
    ClientHost host;
    echo.start();
    const auto client = host.connect(url(port));
    host.log.await("heard hello 5");
    echo.server.stop();
  }
  ::unsetenv("SSL_CERT_FILE");
}

TEST_CASE("a server may ask for a certificate of the client's") {
  SecureEcho echo;
  const Identity identity = echo.certificates.make("localhost", &echo.authority);
  std::string protocols;
  SUBCASE("TLS 1.3") { protocols = "protocols='TLSv1.3'"; }
  SUBCASE("TLS 1.2") { protocols = "protocols='TLSv1.2'"; }
  const std::uint16_t port =
      echo.add(identity, protocols + " certificateVerification='required' caCertificateFile='" +
                             echo.authority.certificate_file + "'");
  echo.start();
  const std::string none = refusal(url(port), {.tls = echo.trusting()});
  CHECK_MESSAGE(has(none, "it asked for a certificate of the client's, and there "), none);

  const Identity stranger = echo.certificates.make("someone");
  ClientTls tls = echo.trusting();
  tls.certificate_file = stranger.certificate_file;
  tls.key_file = stranger.key_file;
  const std::string strange = refusal(url(port), {.tls = tls});
  CHECK_MESSAGE(has(strange, "unknown ca"), strange);

  auto wish = Certificates::wish("someone", &echo.authority);
  wish.password = "open sesame";
  const Identity mine = echo.certificates.make(wish);
  tls.certificate_file = mine.certificate_file;
  tls.key_file = mine.key_file;
  tls.key_password = wish.password;
  ClientHost host;
  const auto client = host.connect(url(port), {.tls = tls});
  host.log.await("heard hello 5");
}

TEST_CASE("files that will not do are refused at once") {
  Certificates certificates;
  const Identity mine = certificates.make("me");
  const Identity other = certificates.make("other");
  auto wish = Certificates::wish("locked");
  wish.password = "secret";
  const Identity locked = certificates.make(wish);
  const std::string text = certificates.write("text", "no PEM");
  ClientHost host;
  const auto complains = [&](const ClientTls& tls, const std::string& what) {
    CHECK_THROWS_WITH(host.connect("wss://localhost/", {.tls = tls}),
                      doctest::Contains(what.c_str()));
  };
  complains({.ca_file = "/nowhere.pem"}, "cannot read '/nowhere.pem': No such file");
  complains({.ca_file = text}, "'" + text + "' holds no certificate in PEM");
  complains({.certificate_file = text}, "'" + text + "' holds no certificate in PEM");
  complains({.certificate_file = mine.certificate_file},
            "'" + mine.certificate_file + "' holds no key in PEM");
  complains({.key_file = mine.key_file}, "but no certificate");
  complains({.certificate_file = mine.certificate_file, .key_file = other.key_file},
            "is not that of the certificate in");
  complains({.certificate_file = locked.certificate_file, .key_file = locked.key_file},
            "is encrypted, and no password is given");
  complains({.certificate_file = locked.certificate_file,
             .key_file = locked.key_file,
             .key_password = "guess"},
            "the password does not open");
  // What is not needed is not read.
  CHECK_NOTHROW(host.connect("ws://127.0.0.1:1/", {.tls = {.ca_file = "/nowhere.pem"}}));
}

TEST_CASE("who does not shake hands is given up, with the reason") {
  const auto said_to = [](const std::function<void(ScriptedPeer&)>& script) {
    ScriptedServer server([&](ScriptedPeer& peer, int) { script(peer); });
    return refusal(url(server.port(), "127.0.0.1", "/"),
                   {.connect_timeout = std::chrono::milliseconds(500)});
  };
  CHECK(has(said_to([](ScriptedPeer& peer) { peer.hear_end(); }),
            "the server did not finish the TLS handshake within 500 ms"));
  CHECK(has(said_to([](ScriptedPeer& peer) {
              peer.send("\x16\x03\x03");
              peer.hear_end();
            }),
            "the server did not finish the TLS handshake within 500 ms"));
  CHECK(has(said_to([](ScriptedPeer& peer) {
              peer.send("HTTP/1.1 400 Bad Request\r\n\r\n");
              peer.hear_end();
            }),
            "the server does not speak TLS; if it means not to, write ws://"));
  CHECK(has(said_to([](ScriptedPeer&) {}), "closed the connection before it answered with TLS"));
  CHECK(has(said_to([](ScriptedPeer& peer) { peer.send("\x16\x03\x03"); }),
            "closed the connection during the TLS handshake"));
  CHECK(has(said_to([](ScriptedPeer& peer) {
              peer.send(std::string("\x15\x03\x03\x00\x02\x02\x46", 7));
              peer.hear_end();
            }),
            "the server refuses TLS: tlsv1 alert protocol version"));
}

TEST_CASE("a plain request to a secure port is refused, and not encrypted by mistake") {
  SecureEcho echo;
  const std::uint16_t port = echo.add(echo.certificates.make("localhost", &echo.authority));
  echo.start();
  ClientHost host;
  const auto client = host.connect("ws://localhost:" + std::to_string(port) + "/echo/ws");
  host.log.await("failed 400 ws://localhost:");
}

TEST_CASE("redirections lead to TLS, but not away from it") {
  SecureEcho echo;
  const std::uint16_t port = echo.add(echo.certificates.make("localhost", &echo.authority));
  const std::uint16_t plain = echo.add_plain(port);
  echo.server.write("apps/echo/app.xml",
                    "<Application><Library name='echo' file='lib/echo.so'/>"
                    "<Library name='caller' file='lib/caller.so'/>"
                    "<WebSocket name='echo' library='echo' path='/ws'/>"
                    "<Endpoint name='signpost' library='caller' path='/away'>"
                    "<Parameter name='to' value='http://localhost:" +
                        std::to_string(plain) +
                        "/echo/ws'/></Endpoint>"
                        "<SecurityConstraint path='/ws' transportGuarantee='CONFIDENTIAL'/>"
                        "</Application>");
  std::filesystem::copy_file(std::string(std::getenv("MARGAY_TEST_PLUGINS")) + "/caller.so",
                             echo.server.folder / "apps/echo/lib/caller.so");
  echo.start();
  ClientHost host;
  const auto client = host.connect("ws://localhost:" + std::to_string(plain) + "/echo/ws",
                                   {.max_redirections = 1, .tls = echo.trusting()});
  host.log.await("heard hello 5");
  const auto away = host.connect(url(port, "localhost", "/echo/away"),
                                 {.max_redirections = 9, .tls = echo.trusting()});
  host.log.await("failed 302 wss://localhost:");
  host.log.await("which is not encrypted");
}

TEST_CASE_TEMPLATE("a client comes back over TLS, and finds a new certificate", T, OnLoop,
                   OnWorker) {
  SecureEcho echo;
  const Identity first = echo.certificates.make("localhost", &echo.authority);
  const std::uint16_t port = echo.add(first);
  echo.start();
  ClientHost host;
  const auto client = host.connect<T>(url(port), {.reconnect = kSoon, .tls = echo.trusting()});
  host.log.await("heard hello 5");
  echo.server.stop();
  host.log.await("closed 1001");
  host.log.await("failed 0");
  const Identity second = echo.certificates.make("localhost", &echo.authority);
  for (const auto& [from, to] : {std::pair(second.key_file, first.key_file),
                                 std::pair(second.certificate_file, first.certificate_file)})
    std::filesystem::copy_file(from, to, std::filesystem::copy_options::overwrite_existing);
  echo.server.start();
  host.log.await("heard hello 5");
}

TEST_CASE("files are read again for who connects behind a change of them") {
  SecureEcho echo;
  const std::uint16_t port = echo.add(echo.certificates.make("localhost", &echo.authority));
  echo.start();
  ClientHost host;
  const std::string file = echo.certificates.write(
      "ca.pem", Certificates::text_of(echo.certificates.make("nobody").certificate_file));
  const auto before = host.connect(url(port), {.reconnect = kSoon, .tls = {.ca_file = file}});
  host.log.await("is not trusted");
  std::filesystem::copy_file(echo.authority.certificate_file, file,
                             std::filesystem::copy_options::overwrite_existing);
  const auto behind = host.connect(url(port), {.tls = {.ca_file = file}});
  host.log.await("heard hello 5");
}

TEST_CASE("options of an older contract end where it ended") {
  ScriptedServer server([](ScriptedPeer& peer, int) { peer.hear_end(); });
  ClientHost host;
  const margay::Config config = host.config();
  const auto* sockets = margay::detail::required_websockets(config);
  const std::string to = url(server.port(), "127.0.0.1", "/");
  margay_connector_options options{};
  options.size = offsetof(margay_connector_options, ca_file);
  options.url = {to.data(), to.size()};
  options.ca_file = {"/nowhere.pem", 12};  // what happens to lie behind them
  margay_failure failure{};
  failure.size = sizeof failure;
  margay::detail::ClientSite<OnLoop> site(config, nullptr);
  const auto& type = margay::detail::client_type<OnLoop>;
  const auto connect = [&] {
    return sockets->connect(sockets, &config.raw(), &options, &type, &site, &failure);
  };
  margay_client* const client = connect();
  REQUIRE_MESSAGE(client != nullptr, failure.message);
  sockets->disconnect(sockets, client);
  options.size = sizeof options;
  CHECK(connect() == nullptr);
  CHECK(std::string(failure.message) == "cannot read '/nowhere.pem': No such file or directory");
}

TEST_CASE("a client may be ended while it shakes hands") {
  std::promise<void> asked;
  ScriptedServer server([&](ScriptedPeer& peer, int) {
    peer.send("\x16");
    asked.set_value();
    peer.hear_end();
  });
  ClientHost host;
  auto client = host.connect<OnWorker>(url(server.port(), "127.0.0.1", "/"));
  asked.get_future().wait();
  client.disconnect();
  CHECK(host.log.all().empty());
}

TEST_CASE("an endpoint on a worker asks by wss, with files of its application") {
  SecureEcho echo;
  const std::uint16_t port = echo.add(echo.certificates.make("localhost", &echo.authority));
  const std::uint16_t plain = echo.add_plain(port);
  std::filesystem::create_directories(echo.server.folder / "apps/caller/lib");
  std::filesystem::copy_file(std::string(std::getenv("MARGAY_TEST_PLUGINS")) + "/caller.so",
                             echo.server.folder / "apps/caller/lib/caller.so");
  echo.server.write("apps/caller/ca.pem", Certificates::text_of(echo.authority.certificate_file));
  const auto endpoint = [&](const std::string& path, std::uint16_t to) {
    return "<Endpoint name='" + path + "' type='caller' library='caller' path='/" + path +
           "'><Parameter name='url' value='" + url(to) +
           "'/><Parameter name='ca' value='ca.pem'/></Endpoint>";
  };
  echo.server.write("apps/caller/app.xml",
                    "<Application><Library name='caller' file='lib/caller.so'/>" +
                        endpoint("good", port) + endpoint("bad", plain) + "</Application>");
  echo.start();
  CHECK(tests::body_of(RunningServer::get(plain, "/caller/good")) == "wss from a worker");
  CHECK(has(RunningServer::get(plain, "/caller/bad"), "does not speak TLS"));
}
