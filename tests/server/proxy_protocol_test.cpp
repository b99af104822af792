// Connections that begin with a PROXY header: who the client is then, and what closes them.
#include "server/proxy_protocol.h"

#include <doctest/doctest.h>

#include <string>

#include "server/http2/preface.h"
#include "tests/support/conversation.h"
#include "tests/support/h2_frames.h"
#include "tests/support/proxy_headers.h"
#include "tests/support/small_server.h"
#include "tests/support/tls_server.h"

using server::ProxyProtocol;
using server::ProxyProtocolOptions;
using tests::Conversation;
using tests::kBinary4;
using tests::kBinary6;
using tests::kGet;
using tests::kProxyLine;
using tests::proxy_header;
using tests::SmallService;

namespace {

constexpr std::uint64_t kNever = 3'600'000;  // ms

std::string text(const server::Address& address) {
  char room[46];
  return std::string(address.text(room)) + " " + std::to_string(address.port);
}

void answer_client(SmallService& service) {
  service.answer = [](server::Exchange& exchange) {
    exchange.body().append(text(exchange.remote()) + " -> " + text(exchange.local_address()));
  };
}

// A trusted peer's connection, with HTTP/1 behind the header.
class Scene final : private server::FirstSpeakers {
 public:
  explicit Scene(bool may_be_absent = false, std::uint64_t patience = kNever)
      : options_{.may_be_absent = may_be_absent, .trusted = {}}, logs_(log) {
    answer_client(service_);
    http1_.connection_timeout = kNever;
    client = std::make_unique<Conversation>([&, patience](server::SocketConnection& connection) {
      server::FirstSpeakers& speakers = *this;
      return ProxyProtocol::begin(connection, true, options_, speakers, patience, log_);
    });
  }

  server::CapturedLog log;

 private:
  std::unique_ptr<server::Protocol> first_speaker(server::SocketConnection& connection) override {
    return std::make_unique<server::http1::Http1>(connection, service_, http1_);
  }

  SmallService service_;
  server::http1::Options http1_;
  ProxyProtocolOptions options_;
  server::Logs logs_;
  server::Log log_ = logs_.log("margay.server");

 public:
  std::unique_ptr<Conversation> client;  // the last: it uses the others
};

// What the answer to a request behind `header` says, or the log.
std::string served(const std::string& header) {
  Scene scene;
  scene.client->say(header + kGet);
  if (!scene.client->ended()) return tests::body_of(scene.client->take());
  CHECK(scene.client->heard().empty());
  REQUIRE(scene.log.lines().size() == 1);
  return scene.log.lines().front();
}

constexpr const char* kToldFour = "203.0.113.7 40000 -> 198.51.100.1 443";

}  // namespace

TEST_CASE("proxy protocol: the client is who the header names") {
  CHECK(served(kProxyLine) == kToldFour);
  CHECK(served(proxy_header(0x21, 0x11, kBinary4)) == kToldFour);
  CHECK(served(proxy_header(0x21, 0x21, kBinary6)) == "2001:db8::7 40000 -> 2001:db8::1 443");
  SUBCASE("and the proxy itself where it names nobody") {
    const std::string itself = " 0 ->  0";  // of a Unix domain socket
    CHECK(served("PROXY UNKNOWN\r\n") == itself);
    CHECK(served(proxy_header(0x20, 0, "")) == itself);
    CHECK(served(proxy_header(0x21, 0x31, std::string(216, 'x'))) == itself);
  }
}

TEST_CASE("proxy protocol: a header in pieces") {
  const std::string headers[] = {kProxyLine, proxy_header(0x21, 0x11, kBinary4)};
  for (const std::string& header : headers) {
    const std::string all = header + kGet;
    for (std::size_t at = 1; at < header.size() + 4; ++at) {
      CAPTURE(at);
      Scene scene;
      scene.client->say(all.substr(0, at));
      scene.client->say(all.substr(at));
      CHECK(tests::body_of(scene.client->take()) == kToldFour);
    }
    Scene scene;
    scene.client->say_byte_by_byte(all);
    CHECK(tests::body_of(scene.client->take()) == kToldFour);
    CHECK(scene.log.lines().empty());
  }
}

TEST_CASE("proxy protocol: it holds for all requests of a connection") {
  Scene scene;
  scene.client->say(kProxyLine);
  for (int i = 0; i < 3; ++i) {
    scene.client->say(kGet);
    CHECK(tests::body_of(scene.client->take()) == kToldFour);
  }
}

TEST_CASE("proxy protocol: a malformed header closes the connection, and the log says why") {
  const auto closed = [](const std::string& why) {
    return "WARN margay.server: connection 1 from  closed: its PROXY header " + why;
  };
  CHECK(served("PROXY TCP4 a b 1 2\r\n") == closed("has a bad address"));
  CHECK(served(proxy_header(0x21, 0x11, "short")) == closed("is too short for its addresses"));
  CHECK(served("") == closed("is missing"));
}

TEST_CASE("proxy protocol: there is one header, and then HTTP") {
  Scene scene;
  scene.client->say(kProxyLine + kProxyLine + kGet);
  CHECK(scene.client->heard().starts_with("HTTP/1.1 400 "));
}

TEST_CASE("proxy protocol: the end before the header") {
  Scene scene;
  SUBCASE("of who looked whether somebody listens: nothing is said") {
    scene.client->finish();
    CHECK(scene.client->ended());
    CHECK(scene.log.lines().empty());
  }
  SUBCASE("in the middle") {
    scene.client->say(kProxyLine.substr(0, 20));
    scene.client->finish();
    CHECK(scene.client->ended());
    REQUIRE(scene.log.lines().size() == 1);
    CHECK(scene.log.lines()[0].ends_with("its PROXY header is incomplete"));
  }
  SUBCASE("in the middle, with a reset") {
    scene.client->say(kProxyLine.substr(0, 20));
    scene.client->lose();
    CHECK(scene.client->gone());
  }
}

TEST_CASE("proxy protocol: the header has its time as a whole") {
  Scene scene(false, 200);
  SUBCASE("when it does not come") {
    CHECK(scene.client->await([&] { return scene.client->ended(); }));
  }
  SUBCASE("when it drips") {
    const std::string header = proxy_header(0x20, 0, std::string(4000, 'x'));
    std::size_t said = 0;
    CHECK(scene.client->await([&] {
      if (said < header.size()) scene.client->say(header.substr(said++, 1));
      return scene.client->ended();
    }));
    CHECK(said < header.size());
  }
  REQUIRE(scene.log.lines().size() == 1);
  CHECK(scene.log.lines()[0].ends_with("its PROXY header did not come in time"));
}

TEST_CASE("proxy protocol: a header that may be absent") {
  Scene scene(true);
  SUBCASE("and is there") {
    scene.client->say_byte_by_byte(kProxyLine + kGet);
    CHECK(tests::body_of(scene.client->take()) == kToldFour);
  }
  SUBCASE("and is absent") {
    scene.client->say(kGet);
    CHECK(tests::body_of(scene.client->take()) == " 0 ->  0");
  }
  SUBCASE("and begins alike") {
    scene.client->say_byte_by_byte("PROPFIND / HTTP/1.1\r\nHost: h\r\n\r\n");
    CHECK(tests::body_of(scene.client->take()) == " 0 ->  0");
  }
  SUBCASE("and is malformed") {
    scene.client->say("PROXY TCP4 a b 1 2\r\n");
    CHECK(scene.client->ended());
    CHECK(scene.log.lines().size() == 1);
  }
  SUBCASE("and ends in the middle: HTTP says what it thinks of that") {
    scene.client->say("PRO");
    scene.client->finish();
    CHECK(scene.client->ended());
    CHECK(scene.log.lines().empty());
  }
}

TEST_CASE("proxy protocol: a stop while the header is awaited") {
  Scene scene;
  SUBCASE("who has connected may still ask") {
    scene.client->drain();
    scene.client->say(kProxyLine + kGet);
    const std::string answer = scene.client->take();
    CHECK(tests::body_of(answer) == kToldFour);
    CHECK(answer.find("Connection: close") != std::string::npos);
    CHECK(scene.client->ended());
  }
  SUBCASE("who does not ask is not waited for long") {
    scene.client->drain();
    CHECK(scene.client->await([&] { return scene.client->ended(); }));
    CHECK(scene.log.lines().empty());
  }
}

TEST_CASE("proxy protocol: who is not trusted") {
  server::CapturedLog log;
  server::Logs logs(log);
  server::http1::Options http1;
  http1.log = logs.log("margay.server");
  server::ConnectorOptions options;
  options.proxy_protocol.emplace();
  options.proxy_protocol->trusted = {server::AddressBlock::parse("10.0.0.0/8").value()};
  SUBCASE("is refused") {
    tests::SmallServer server(http1, options);
    answer_client(server.service);
    server.listen();
    tests::Client client(server.port());
    client.send(kProxyLine + kGet);
    CHECK(client.rest().empty());
    CHECK(client.closed());
    REQUIRE(log.lines().size() == 1);
    CHECK(log.lines()[0] ==
          "WARN margay.server: connection from 127.0.0.1 closed: 'proxyProtocolTrusted' has no "
          "such proxy");
  }
  SUBCASE("is served as it is where a header may be absent") {
    options.proxy_protocol->may_be_absent = true;
    tests::SmallServer server(http1, options);
    answer_client(server.service);
    server.listen();
    tests::Client honest(server.port());
    honest.send(kGet);
    CHECK(tests::body_of(honest.answer()).starts_with("127.0.0.1 "));
    tests::Client forger(server.port());
    forger.send(kProxyLine + kGet);
    CHECK(forger.rest().starts_with("HTTP/1.1 400 "));
    CHECK(log.lines().empty());
  }
}

TEST_CASE("proxy protocol: before HTTP/2 that both sides know of, and before HTTP/1 there") {
  server::ConnectorOptions options;
  options.proxy_protocol.emplace();
  options.proxy_protocol->trusted = {server::AddressBlock::parse("127.0.0.0/8").value()};
  options.http2.emplace();
  tests::SmallServer server({}, options);
  answer_client(server.service);
  server.listen();
  tests::Client client(server.port());
  SUBCASE("HTTP/2") {
    using namespace tests::h2;
    client.send(
        kProxyLine + std::string(kPreface) + settings() +
        headers(
            1,
            block({{":method", "GET"}, {":scheme", "http"}, {":path", "/"}, {":authority", "h"}}),
            kEndHeaders | kEndStream));
    while (client.buffer().find(kToldFour) == std::string::npos)
      if (!client.receive(std::chrono::seconds(20))) break;
    CHECK(client.buffer().find(kToldFour) != std::string::npos);
  }
  SUBCASE("HTTP/1") {
    client.send(kProxyLine + kGet);
    CHECK(tests::body_of(client.answer()) == kToldFour);
  }
}

TEST_CASE("proxy protocol: before TLS") {
  tests::Certificates files;
  auto tls = tests::tls_options({tests::host_of(files.make("a"))});
  server::ConnectorOptions options;
  options.tls = server::tls::Context::load(tls);
  options.proxy_protocol.emplace();
  options.proxy_protocol->trusted = {server::AddressBlock::parse("127.0.0.0/8").value()};
  tests::SmallServer server({}, options);
  answer_client(server.service);
  server.listen();
  tests::TlsClient client(server.port());
  SUBCASE("with the hello behind it in one piece") {
    client.engine.step();
    client.say_records(proxy_header(0x21, 0x11, kBinary4) + client.engine.to_say());
  }
  SUBCASE("with the hello later") { client.say_records(kProxyLine); }
  SUBCASE("byte by byte") {
    for (const char byte : kProxyLine) client.say_records(std::string(1, byte));
  }
  REQUIRE(client.shake_hands());
  CHECK(tests::body_of(client.ask(kGet)) == kToldFour);
}
