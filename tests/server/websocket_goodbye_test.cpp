// WebSockets that are told to go: when each one hears it, and what may still go ahead of it.
#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "server/websocket/websocket.h"
#include "tests/support/frame_client.h"
#include "tests/support/handlers.h"
#include "tests/support/socket_server.h"
#include "tests/support/tls_server.h"

using server::websocket::LoopSockets;
using server::websocket::Outcome;
using server::websocket::Send;
using server::websocket::SendOptions;
using server::websocket::Session;
using server::websocket::WebSocket;
using tests::Client;
using tests::Frame;
using tests::FrameClient;
using tests::Held;
using tests::Opcode;
using tests::Options;
using tests::quiet;
using tests::SocketServer;

namespace {

constexpr int kTiny = 4096;                 // receive buffer of a client that is to be slow
constexpr std::uint64_t kHour = 3'600'000;  // ms
constexpr std::chrono::seconds kPatience{20};
constexpr const char* kStops = "<close 1001 the server stops>";

// Within one turn of the loop, so that nothing happens in between.
void with_each(SocketServer& server, const std::function<void(WebSocket&)>& work) {
  server.loop(0).call([&] { server.hub().on(server.loop(0)).each_socket(work); });
}

std::size_t count_open(SocketServer& server) {
  std::size_t count = 0;
  with_each(server, [&](WebSocket& socket) { count += socket.is_open() ? 1 : 0; });
  return count;
}

// Whose sockets are open.
std::vector<std::unique_ptr<FrameClient>> connect(SocketServer& server, std::size_t count) {
  std::vector<std::unique_ptr<FrameClient>> clients;
  while (clients.size() < count) {
    clients.push_back(std::make_unique<FrameClient>(server.port()));
    REQUIRE(server.diary.next() == "open");
  }
  return clients;
}

void check_goodbye(FrameClient& client, const std::string& expected) {
  CHECK(client.next() == expected);
  client.close(1001);
  CHECK(client.next() == "<end>");
}

}  // namespace

TEST_CASE("websocket goodbye: behind more than the peer takes at once") {
  SocketServer server(quiet());
  server.listen();
  FrameClient client(server.port(), "/", "", "", kTiny);
  REQUIRE(server.diary.next() == "open");
  const std::string large(4 * 1024 * 1024, 'l');
  SendOptions options;
  SUBCASE("that has left the queue") {}
  SUBCASE("that leaves the queue only now") {
    options.done = {[](void*, std::uint64_t, Outcome) {}, nullptr};
  }
  with_each(server, [&](WebSocket& socket) {
    CHECK(server.hub().send(socket.session(), Opcode::text, large, options) == Send::queued);
    socket.leave_within(1001, "it stops", 0);
  });
  CHECK(server.diary.next() == "closed 1001 it stops");
  CHECK(client.next() == large);
  check_goodbye(client, "<close 1001 it stops>");
}

TEST_CASE(
    "websocket goodbye: spread by the number of sockets, and never over more than the limit") {
  SocketServer server(quiet());
  server.listen();
  const auto clients = connect(server, 20);
  LoopSockets& sockets = server.hub().on(server.loop(0));
  server.loop(0).call([&] {
    CHECK(sockets.spread(10'000) == 20);
    CHECK(sockets.spread(5) == 5);
    CHECK(sockets.moment_within(0) == 0);
    std::set<std::uint64_t> moments;
    for (int i = 0; i < 10'000; ++i) moments.insert(sockets.moment_within(99));
    CHECK(moments.size() == 100);  // each of them is missed with a chance of one in 10^43
    CHECK(*moments.rbegin() == 99);
  });
}

TEST_CASE("websocket goodbye: many sockets do not hear it in the same moment") {
  constexpr std::size_t kCount = 100;
  Options options = quiet();
  SUBCASE("spread") {}
  SUBCASE("unless they are to") { options.drain_timeout = 0; }
  SocketServer server(options);
  server.listen();
  const auto clients = connect(server, kCount);
  std::size_t left = 0;
  with_each(server, [&](WebSocket& socket) {
    CHECK(server.hub().send(socket.session(), Opcode::text, "last") == Send::queued);
    socket.drain();
    left += socket.is_open() ? 0 : 1;
  });
  if (options.drain_timeout == 0) {
    CHECK(left == kCount);
  } else {
    CHECK(left < kCount / 2);  // the chance of each is one in a hundred
  }
  for (const auto& client : clients) {
    CHECK(client->next() == "last");
    check_goodbye(*client, kStops);
  }
  for (std::size_t i = 0; i < kCount; ++i)
    CHECK(server.diary.next() == "closed 1001 the server stops");
  CHECK(server.diary.size() == 2 * kCount);
}

TEST_CASE("websocket goodbye: until it is said the socket is used as before") {
  SocketServer server(quiet());
  server.listen();
  const auto clients = connect(server, 3);
  with_each(server, [&](WebSocket& socket) { socket.leave_within(1012, "replaced", kHour); });
  REQUIRE(count_open(server) == 3);  // each leaves at once with a chance of one in 3,600,000
  for (const auto& client : clients) {
    client->text("still here");
    CHECK(client->next() == "still here");
  }
  SUBCASE("and closes as it likes") {
    for (const auto& client : clients) {
      client->close(1000);
      CHECK(client->next() == "<close 1000>");
      CHECK(client->next() == "<end>");
      CHECK(server.diary.next() == "closed 1000");
    }
  }
  SUBCASE("and another one may be due before it") {
    with_each(server, [&](WebSocket& socket) { socket.leave_within(1001, "stops", 0); });
    for (const auto& client : clients) check_goodbye(*client, "<close 1001 stops>");
  }
  CHECK(server.diary.size() == 6);
}

TEST_CASE("websocket goodbye: behind all that is sent by the callback in which it is due") {
  SocketServer server(quiet());
  server.on_message = [&](Session session, Opcode, std::string_view text) {
    server.hub().with(session, [](WebSocket& socket) { socket.leave_within(1001, "it stops", 0); });
    const SendOptions queued{.done = {[](void*, std::uint64_t, Outcome) {}, nullptr}};
    CHECK(server.hub().send(session, Opcode::text, text, queued) == Send::queued);
    return true;
  };
  server.listen();
  FrameClient client(server.port());
  client.text("last");
  CHECK(client.next() == "last");
  check_goodbye(client, "<close 1001 it stops>");
}

// --- who asks for a WebSocket while the server stops ---------------------------------------------

namespace {

// Lets a suspended exchange have its WebSocket.
void agree_later(Held& held, SocketServer& server) {
  server::Async& right = *held.rights.front();
  right.resume(reinterpret_cast<void (*)()>(+[](void* to, server::Exchange* exchange) {
                 if (exchange != nullptr) static_cast<SocketServer*>(to)->agree(*exchange);
               }),
               &server);
  right.release();
}

void await_connections(SocketServer& server, std::size_t count) {
  while (server.connector().connections() != count) std::this_thread::yield();
}

// What a client hears that has said its handshake and "early" behind it: 101, the echo, the
// goodbye, the end.
void check_served(Client& client) {
  REQUIRE(client.answer(true).starts_with("HTTP/1.1 101 "));
  // Two frames, which are all there is.
  const std::string expected =
      Frame{.opcode = 1, .payload = "early", .masked = false}.bytes() +
      Frame{.opcode = 8, .payload = tests::close_payload(1001, "the server stops"), .masked = false}
          .bytes();
  while (client.buffer().size() < expected.size() && client.receive(kPatience)) {
  }
  CHECK(client.buffer() == expected);
  client.buffer().clear();
  client.send(tests::close_frame(1001));
  CHECK(client.rest(kPatience).empty());
  CHECK(client.closed());
}

const std::string kAsk = tests::opening() + tests::text_frame("early");

}  // namespace

TEST_CASE("websocket goodbye: a handshake that is under way when the server stops") {
  SocketServer server(quiet());
  Held held(server.service);
  server.listen();
  Client client(server.port());
  client.send(kAsk);
  for (bool there = false; !there;) server.loop(0).call([&] { there = !held.rights.empty(); });
  SUBCASE("is answered later") {
    server.connector().drain();
    agree_later(held, server);
    check_served(client);
  }
  SUBCASE("is answered about then") {
    server.loop(0).post([&] {
      while (!server.connector().draining()) std::this_thread::yield();
    });
    agree_later(held, server);
    server.connector().drain();
    check_served(client);
  }
  SUBCASE("is refused later") {
    server.connector().drain();
    held.answer(0, "no");
    const std::string heard = client.rest(kPatience);
    CHECK(heard.find("\r\nConnection: close\r\n") != std::string::npos);
    CHECK(heard.ends_with("\r\n\r\nno"));  // and what came behind the offer is nobody's
    CHECK(client.closed());
  }
  SUBCASE("is given up by the client") {
    server.connector().drain();
    client.close();
    agree_later(held, server);
  }
  await_connections(server, 0);
  CHECK(server.service.finished_count == 1);
}

TEST_CASE("websocket goodbye: a handshake on a worker when the server stops") {
  SocketServer server(quiet());
  server::Workers workers({.max_threads = 1, .min_spare_threads = 1});
  server.service.workers = &workers;
  std::atomic<bool> asked{false};
  server.service.answer = [&](server::Exchange& exchange) {
    asked = true;
    while (!server.connector().draining()) std::this_thread::yield();
    server.agree(exchange);
  };
  server.listen();
  Client client(server.port());
  client.send(kAsk);
  while (!asked) std::this_thread::yield();
  server.connector().drain();
  check_served(client);
  await_connections(server, 0);
}

TEST_CASE("websocket goodbye: a handshake that comes when the server stops already") {
  SocketServer server(quiet());
  server.listen();
  Client client(server.port());
  await_connections(server, 1);
  std::size_t before = 0;
  SUBCASE("on a new connection") {}
  SUBCASE("of which a part was there") { before = kAsk.size() / 3; }
  SUBCASE("of which all but the last byte was there") { before = tests::opening().size() - 1; }
  client.send(kAsk.substr(0, before));
  // The server has read it when it has answered somebody who came later.
  CHECK(FrameClient(server.port()).is_open());
  server.connector().drain();
  CHECK_THROWS(Client(server.port()));  // nobody is let in any more
  client.send(kAsk.substr(before));
  check_served(client);
  await_connections(server, 0);
}

TEST_CASE("websocket goodbye: behind an answer that says close, an offer is not taken") {
  SocketServer server(quiet());
  Held held(server.service);
  server.listen();
  Client client(server.port());
  client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n" + kAsk);
  for (bool there = false; !there;) server.loop(0).call([&] { there = held.rights.size() == 2; });
  std::swap(held.rights.front(), held.rights.back());
  server.connector().drain();
  agree_later(held, server);
  held.answer(1, "first");
  const std::string heard = client.rest(kPatience);
  CHECK(heard.find("\r\nConnection: close\r\n") != std::string::npos);
  CHECK(heard.ends_with("\r\n\r\nfirst"));
  CHECK(client.closed());
  await_connections(server, 0);
  CHECK(server.diary.size() == 0);  // it was never open
  CHECK(server.service.finished_count == 2);
}

TEST_CASE("websocket goodbye: over TLS, whenever the server stops") {
  tests::Certificates certificates;
  const tests::Identity identity = certificates.make("localhost");
  server::ConnectorOptions connector;
  connector.tls = server::tls::Context::load(tests::tls_options({tests::host_of(identity)}));
  SocketServer server(quiet(), 1, connector);
  server.listen();
  tests::TlsClient client(server.port());
  await_connections(server, 1);
  bool shaken = false;
  SUBCASE("before the handshake of TLS") {}
  SUBCASE("within it") {
    CHECK_FALSE(client.engine.step());
    client.say_records(client.engine.to_say());
    REQUIRE(client.socket.receive(kPatience));  // the server waits for Finished
  }
  SUBCASE("behind it") {
    REQUIRE(client.shake_hands());
    while (server.connector().handshakes().done == 0) std::this_thread::yield();
    shaken = true;
  }
  server.connector().drain();
  client.engine.heard(std::exchange(client.socket.buffer(), {}));
  if (!shaken) REQUIRE(client.shake_hands());
  REQUIRE(client.say(kAsk));
  while (client.heard.find("the server stops") == std::string::npos) REQUIRE(client.hear());
  CHECK(client.heard.starts_with("HTTP/1.1 101 "));
  CHECK(client.heard.find("\x81\x05"
                          "early") != std::string::npos);
  client.heard.clear();
  client.say(tests::close_frame(1001));
  CHECK(client.rest().empty());
  CHECK(client.engine.said_goodbye());
  await_connections(server, 0);
  CHECK(server.diary.next() == "open");
  CHECK(server.diary.next() == "closed 1001 the server stops");
}
