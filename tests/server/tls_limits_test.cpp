// What clients cannot do to a server with TLS: take its time, its turns, its memory.
#include <doctest/doctest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "tests/support/record_forge.h"
#include "tests/support/tls_server.h"

using tests::Certificates;
using tests::kGet;
using tests::RecordForge;
using tests::tls_options;
using tests::TlsClient;
using tests::TlsServer;
using tests::TlsWishes;

namespace {

// Says the hello, or the first `size` bytes of it; the rest of it.
std::string begin(TlsClient& client, std::size_t size = std::string::npos) {
  client.engine.step();
  const std::string hello = client.engine.to_say();
  REQUIRE(client.say_records(hello.substr(0, size)));
  return hello.substr(std::min(size, hello.size()));
}

// The loop has read what was sent before: each call is a turn of its own at least.
void let_turn(TlsServer& server) {
  for (int i = 0; i < 3; ++i) server.server.loop().call([] {});
}

bool heard_nothing(TlsClient& client) {
  return !client.socket.receive(std::chrono::milliseconds(0)) && !client.socket.closed();
}

}  // namespace

TEST_CASE("tls limits: a handshake has its time as a whole") {
  Certificates files;
  auto options = tls_options({tests::host_of(files.make("a"))});
  options.handshake_timeout = 200;
  const TlsServer server(options);
  TlsClient client(server.port());
  SUBCASE("a client that says nothing") {}
  SUBCASE("one that begins") { begin(client, 20); }
  SUBCASE("one that does not end") { begin(client); }
  client.socket.rest(TlsClient::kPatience);
  CHECK(client.socket.closed());
  CHECK(server.handshakes().failed == 1);
}

TEST_CASE("tls limits: those under way are counted, until they end in any way") {
  Certificates files;
  TlsServer server(tests::host_of(files.make("a")));
  TlsClient silent(server.port()), gone(server.port()), done(server.port());
  begin(gone);
  begin(done);
  let_turn(server);
  CHECK(server.handshakes().under_way == 2);
  gone.socket.close();
  let_turn(server);
  CHECK(server.handshakes().under_way == 1);
  CHECK(done.shake_hands());
  let_turn(server);
  CHECK(server.handshakes().under_way == 0);
}

TEST_CASE("tls limits: bytes that drip do not prolong it") {
  Certificates files;
  auto options = tls_options({tests::host_of(files.make("a"))});
  options.handshake_timeout = 300;
  const TlsServer server(options);
  TlsClient client(server.port());
  client.engine.step();
  const std::string hello = client.engine.to_say();
  std::size_t at = 0;
  while (at < hello.size() && client.socket.send(hello.substr(at, 1)) && !client.socket.closed()) {
    ++at;
    client.socket.receive(std::chrono::milliseconds(20));
  }
  CHECK(client.socket.closed());
  CHECK(at < hello.size());
}

TEST_CASE("tls limits: the deadline of a handshake ends with it") {
  Certificates files;
  auto options = tls_options({tests::host_of(files.make("a"))});
  options.handshake_timeout = 200;
  TlsServer server(options);
  TlsClient client(server.port());
  REQUIRE(client.shake_hands());
  TlsClient other(server.port());  // which the server forgets after that time
  other.socket.rest(TlsClient::kPatience);
  REQUIRE(other.socket.closed());
  CHECK(client.ask(kGet).starts_with("HTTP/1.1 200 "));
}

TEST_CASE("tls limits: max_handshakes: the others wait for their turn") {
  Certificates files;
  auto options = tls_options({tests::host_of(files.make("a"))});
  options.max_handshakes = 1;
  TlsServer server(options);
  TlsClient first(server.port());
  const std::string more = begin(first, 20);
  let_turn(server);
  TlsClient second(server.port());
  begin(second);
  let_turn(server);
  CHECK(heard_nothing(second));
  SUBCASE("until the first is done") {
    REQUIRE(first.say_records(more));
    CHECK(first.shake_hands());
  }
  SUBCASE("until the first has failed") {
    REQUIRE(first.say_records(std::string(more.size(), 'x')));
  }
  SUBCASE("until the first has gone") { first.socket.close(); }
  CHECK(second.shake_hands());
  CHECK(second.ask(kGet).starts_with("HTTP/1.1 200 "));
}

TEST_CASE("tls limits: who waits for a turn can go") {
  Certificates files;
  auto options = tls_options({tests::host_of(files.make("a"))});
  options.max_handshakes = 1;
  TlsServer server(options);
  TlsClient first(server.port());
  begin(first, 20);
  let_turn(server);
  std::vector<std::unique_ptr<TlsClient>> waiting;
  for (int i = 0; i < 5; ++i) {
    waiting.push_back(std::make_unique<TlsClient>(server.port()));
    begin(*waiting.back());
  }
  let_turn(server);
  waiting[0]->socket.close();
  waiting[2]->socket.close();
  waiting[4]->socket.close();
  let_turn(server);
  first.socket.close();
  CHECK(waiting[1]->shake_hands());
  CHECK(waiting[3]->shake_hands());
}

TEST_CASE("tls limits: a burst of many is served, a few in each turn") {
  Certificates files;
  TlsServer server(tests::host_of(files.make("a")));
  std::vector<std::unique_ptr<TlsClient>> burst;
  for (int i = 0; i < 60; ++i) burst.push_back(std::make_unique<TlsClient>(server.port()));
  for (auto& client : burst) begin(*client);
  for (auto& client : burst) {
    REQUIRE(client->shake_hands());
    CHECK(client->ask(kGet).starts_with("HTTP/1.1 200 "));
  }
  CHECK(server.handshakes().done == 60);
}

TEST_CASE("tls limits: who asks to renegotiate again and again is closed, and nothing piles up") {
  Certificates files;
  const TlsServer server(tests::host_of(files.make("a")));
  TlsWishes wishes;
  wishes.most = TLS1_2_VERSION;
  wishes.ciphers = "ECDHE-ECDSA-AES128-GCM-SHA256";
  TlsClient client(server.port(), wishes);
  REQUIRE(client.shake_hands());
  RecordForge forge(client.engine.ssl());
  const std::string hello("\x01\0\0\0", 4);  // all that OpenSSL looks at before it refuses
  SUBCASE("a few are refused only") {
    for (int i = 0; i < 10; ++i)
      REQUIRE(client.say_records(forge.record(RecordForge::kHandshake, hello)));
    REQUIRE(client.say_records(forge.record(RecordForge::kData, kGet)));
    std::size_t size = 0;  // our client takes refusals of what it did not ask for as the end
    while (size < 10 * 31 + 100 && client.socket.receive(TlsClient::kPatience))
      size = client.socket.buffer().size();
    CHECK(size > 10 * 31 + 100);
    CHECK(server.server.service.finished_count == 1);
  }
  SUBCASE("many") {
    std::string flood;
    for (int i = 0; i < 20'000; ++i) flood += forge.record(RecordForge::kHandshake, hello);
    flood += forge.record(RecordForge::kData, kGet);
    client.say_records(flood);  // as much as the server takes
    while (client.socket.receive(TlsClient::kPatience)) client.socket.buffer().clear();
    CHECK(client.socket.closed());
    CHECK(server.server.service.finished_count == 0);
  }
}

TEST_CASE("tls limits: who wants new keys again and again is closed, and nothing piles up") {
  Certificates files;
  const TlsServer server(tests::host_of(files.make("a")));
  TlsClient client(server.port());
  REQUIRE(client.shake_hands());
  std::string updates;
  for (int i = 0; i < 5'000; ++i) {
    REQUIRE(SSL_key_update(client.engine.ssl(), SSL_KEY_UPDATE_REQUESTED) == 1);
    REQUIRE(client.engine.step());
    updates += client.engine.to_say();
  }
  client.say_records(updates + client.engine.records(kGet));
  while (client.socket.receive(TlsClient::kPatience)) client.socket.buffer().clear();
  CHECK(client.socket.closed());
  CHECK(server.server.service.finished_count == 0);
}
