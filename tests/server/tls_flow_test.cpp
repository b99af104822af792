// Bytes through TLS: in pieces and in bulk, files, slow readers, ends with and without a goodbye.
#include <doctest/doctest.h>
#include <fcntl.h>

#include <atomic>
#include <string>
#include <thread>

#include "tests/support/tls_server.h"

using tests::body_of;
using tests::Certificates;
using tests::Identity;
using tests::kGet;
using tests::tls_options;
using tests::TlsClient;
using tests::TlsServer;
using tests::TlsWishes;

namespace {

// Bytes in which a piece that is lost, doubled or moved shows.
std::string pattern(std::size_t size) {
  std::string text(size, '\0');
  std::uint32_t seed = 1;
  for (char& c : text) {
    seed = seed * 1664525U + 1013904223U;
    c = static_cast<char>('a' + (seed >> 24U) % 26);
  }
  return text;
}

std::string echo(const std::string& body) {
  return "POST /echo/ HTTP/1.1\r\nHost: h\r\nContent-Length: " + std::to_string(body.size()) +
         "\r\n\r\n" + body;
}

void give(TlsServer& server, const std::string& body) {
  server.server.service.answer = [body](server::Exchange& exchange) {
    exchange.body().append(body);
  };
}

TlsWishes of_version(int version) {
  TlsWishes wishes;
  wishes.least = wishes.most = version;
  return wishes;
}

}  // namespace

TEST_CASE("tls flow: in pieces of any size") {
  Certificates files;
  const TlsServer server(tests::host_of(files.make("a")));
  const std::string body = pattern(5'000);
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION})
    for (const std::size_t piece : {1U, 2U, 5U, 7U, 333U, 1'000U}) {
      CAPTURE(piece);
      TlsClient client(server.port(), of_version(version), piece);
      REQUIRE(client.shake_hands());
      CHECK(body_of(client.ask(echo(body))) == body);
    }
}

TEST_CASE("tls flow: requests that come with the end of the handshake") {
  Certificates files;
  const TlsServer server(tests::host_of(files.make("a")));
  TlsClient client(server.port(), of_version(TLS1_3_VERSION));
  while (!client.engine.step()) {
    REQUIRE(client.say_records(client.engine.to_say()));
    REQUIRE(client.socket.receive(TlsClient::kPatience));
    client.engine.heard(std::exchange(client.socket.buffer(), {}));
  }
  const std::string finished = client.engine.to_say();
  REQUIRE(!finished.empty());
  CHECK(client.say_records(finished + client.engine.records(kGet + kGet)));
  CHECK(client.answer().starts_with("HTTP/1.1 200 "));
  CHECK(client.answer().starts_with("HTTP/1.1 200 "));
}

TEST_CASE("tls flow: large bodies both ways") {
  Certificates files;
  const TlsServer server(tests::host_of(files.make("a")));
  const std::string body = pattern(8 * 1024 * 1024 + 123);
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    TlsClient client(server.port(), of_version(version));
    REQUIRE(client.shake_hands());
    CHECK(body_of(client.ask(echo(body))) == body);
    CHECK(body_of(client.ask(echo("short"))) == "short");
  }
}

TEST_CASE("tls flow: a reader that is slow") {
  Certificates files;
  TlsServer server(tests::host_of(files.make("a")));
  const std::string body = pattern(4 * 1024 * 1024);
  give(server, body);
  TlsClient client(server.port(), {}, 0, 4'096);
  REQUIRE(client.shake_hands());
  REQUIRE(client.say(kGet));
  while (client.heard.size() < body.size() && client.hear(1'500)) {
  }
  CHECK(body_of(client.answer()) == body);
  CHECK(client.ask(kGet).starts_with("HTTP/1.1 200 "));
}

TEST_CASE("tls flow: files") {
  Certificates files;
  TlsServer server(tests::host_of(files.make("a")));
  const std::string body = pattern(6 * 1024 * 1024 + 1);
  const std::string file = files.write("body", body);
  constexpr std::uint64_t kFrom = 17;
  server.server.service.answer = [&](server::Exchange& exchange) {
    const int descriptor = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
    exchange.response().set(exchange.arena(), "content-length",
                            exchange.arena().copy(std::to_string(body.size() - kFrom)));
    exchange.hand_over(server::FileRange{descriptor, kFrom, body.size() - kFrom});
  };
  TlsClient client(server.port(), {}, 0, 8'192);
  REQUIRE(client.shake_hands());
  CHECK(body_of(client.ask(kGet)) == body.substr(kFrom));
  CHECK(body_of(client.ask(kGet)) == body.substr(kFrom));
}

TEST_CASE("tls flow: records begin short, so that a reader can begin soon") {
  Certificates files;
  TlsServer server(tests::host_of(files.make("a")));
  give(server, pattern(200'000));
  TlsClient client(server.port());
  std::size_t longest_early = 0, longest = 0, total = 0;
  struct Lengths {
    std::size_t* early;
    std::size_t* all;
    std::size_t* total;
  } lengths{&longest_early, &longest, &total};
  REQUIRE(client.shake_hands());
  SSL_set_msg_callback(client.engine.ssl(), [](int writes, int, int type, const void* head,
                                               std::size_t, SSL*, void* its) {
    if (writes != 0 || type != SSL3_RT_HEADER) return;
    const auto* bytes = static_cast<const unsigned char*>(head);
    if (bytes[0] != SSL3_RT_APPLICATION_DATA) return;
    const auto size = static_cast<std::size_t>(bytes[3]) << 8U | bytes[4];
    auto& to = *static_cast<Lengths*>(its);
    if (*to.total < 40'000) *to.early = std::max(*to.early, size);
    *to.all = std::max(*to.all, size);
    *to.total += size;
  });
  SSL_set_msg_callback_arg(client.engine.ssl(), &lengths);
  CHECK(client.ask(kGet).size() > 200'000);
  CHECK(longest_early <= 1'400);
  CHECK(longest > 16'000);
}

TEST_CASE("tls flow: both ends say goodbye") {
  Certificates files;
  const TlsServer server(tests::host_of(files.make("a")));
  std::string request;
  bool client_first = true;
  SUBCASE("the server first") {
    request = "GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";
    client_first = false;
  }
  SUBCASE("the client first, behind its request, and hears the answer") { request = kGet; }
  SUBCASE("the client first, while nothing is asked") {}
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    TlsClient client(server.port(), of_version(version));
    REQUIRE(client.shake_hands());
    REQUIRE(client.say(request));
    if (client_first) client.say_goodbye();
    CHECK(client.rest().starts_with("HTTP/1.1 200 ") == !request.empty());
    CHECK(client.engine.said_goodbye());
    client.socket.rest();
    CHECK(client.socket.closed());
  }
}

TEST_CASE("tls flow: a stream that is cut is no request") {
  Certificates files;
  TlsServer server(tests::host_of(files.make("a")));
  TlsClient client(server.port());
  REQUIRE(client.shake_hands());
  const std::string body = pattern(1'000);
  const std::string records = client.engine.records(echo(body));
  SUBCASE("within a record") {
    REQUIRE(client.say_records(records.substr(0, records.size() - 1)));
    client.socket.finish();
  }
  SUBCASE("within a body, between records") {
    const std::string request = echo(body);
    REQUIRE(client.say(request.substr(0, request.size() - 1)));
    client.socket.finish();
  }
  client.rest();
  client.socket.rest();
  CHECK(client.socket.closed());
  CHECK(client.heard.find(" 200 ") == std::string::npos);
}

TEST_CASE("tls flow: a record that was changed on its way ends the connection with an alert") {
  Certificates files;
  TlsServer server(tests::host_of(files.make("a")));
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    TlsClient client(server.port(), of_version(version));
    REQUIRE(client.shake_hands());
    REQUIRE(client.ask(kGet).starts_with("HTTP/1.1 200 "));
    std::string records = client.engine.records(kGet);
    records.back() = static_cast<char>(records.back() ^ 1);
    REQUIRE(client.say_records(records));
    client.rest();
    CHECK(client.engine.why().find("bad record mac") != std::string::npos);
    client.socket.rest();
    CHECK(client.socket.closed());
  }
  CHECK(server.server.service.methods.size() == 2);
}

TEST_CASE("tls flow: plain HTTP on a secure port is told what to write instead") {
  Certificates files;
  const TlsServer server(tests::host_of(files.make("a")));
  tests::Client client(server.port());
  REQUIRE(client.send(kGet));
  const std::string heard = client.rest();
  CHECK(client.closed());
  CHECK(heard.starts_with("HTTP/1.1 400 "));
  CHECK(tests::body_of(heard) == "This port speaks TLS: write https:// instead of http://.\n");
  CHECK(server.handshakes().failed == 1);
}

TEST_CASE("tls flow: keys are changed when the client wants it") {
  Certificates files;
  const TlsServer server(tests::host_of(files.make("a")));
  TlsClient client(server.port(), of_version(TLS1_3_VERSION));
  REQUIRE(client.shake_hands());
  for (int i = 0; i < 20; ++i) {
    REQUIRE(SSL_key_update(client.engine.ssl(), SSL_KEY_UPDATE_REQUESTED) == 1);
    CHECK(body_of(client.ask(echo("after"))) == "after");
  }
}

TEST_CASE("tls flow: nobody renegotiates") {
  Certificates files;
  const TlsServer server(tests::host_of(files.make("a")));
  TlsClient client(server.port(), of_version(TLS1_2_VERSION));
  REQUIRE(client.shake_hands());
  REQUIRE(SSL_renegotiate(client.engine.ssl()) == 1);
  client.engine.step();  // says hello again
  REQUIRE(client.say_records(client.engine.to_say()));
  while (!client.engine.failed() && client.hear()) {
  }
  CHECK(client.engine.why().find("no renegotiation") != std::string::npos);
  CHECK(server.handshakes().done == 1);
}

TEST_CASE("tls flow: certificates change under load, and open connections go on") {
  Certificates files;
  const Identity identities[] = {files.make("even"), files.make("odd")};
  TlsServer server(tests::host_of(identities[0]));
  TlsClient old(server.port());
  REQUIRE(old.shake_hands());
  std::atomic<int> bad{0}, good{0};
  std::jthread visitors([&](const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      TlsClient client(server.port());
      const bool known = client.shake_hands() &&
                         (client.engine.is(identities[0]) || client.engine.is(identities[1]));
      if (known && client.ask(kGet).starts_with("HTTP/1.1 200 "))
        ++good;
      else
        ++bad;
    }
  });
  for (int i = 1; i <= 30; ++i) {
    const Identity& next = identities[i % 2];
    server.set(tls_options({tests::host_of(next)}));
    TlsClient fresh(server.port());
    REQUIRE(fresh.shake_hands());
    CHECK(fresh.engine.is(next));
    CHECK(old.ask(kGet).starts_with("HTTP/1.1 200 "));
  }
  visitors.request_stop();
  visitors.join();
  CHECK(good > 0);
  CHECK(bad == 0);
}
