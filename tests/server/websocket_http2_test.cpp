// WebSockets on streams of HTTP/2 (RFC 8441), over real sockets: messages, ends, slow readers.
#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "server/tls/context.h"
#include "tests/support/eventually.h"
#include "tests/support/h2_sockets.h"
#include "tests/support/socket_server.h"
#include "tests/support/tls_server.h"

using server::websocket::Overflow;
using server::websocket::Send;
using tests::close_frame;
using tests::eventually;
using tests::fill;
using tests::Frame;
using tests::H2Sockets;
using tests::Opcode;
using tests::Options;
using tests::quiet;
using tests::Session;
using tests::SocketServer;
using tests::text_frame;

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

server::ConnectorOptions with_http2() {
  server::ConnectorOptions options;
  options.http2.emplace();
  return options;
}

struct Server : SocketServer {
  explicit Server(const Options& its = {}, std::size_t loops = 1,
                  server::ConnectorOptions connector = with_http2())
      : SocketServer(its, loops, std::move(connector)) {
    service.answer = [this](server::Exchange& exchange) {
      if (exchange.upgradable()) return agree(exchange);
      exchange.body().append("ordinary");
    };
  }
  std::size_t over_http2() { return hub().tunneled_sockets(); }
};

}  // namespace

TEST_CASE("websocket over http2: messages, however DATA frames cut them") {
  Server server;
  server.listen();
  H2Sockets client(server.port());
  const auto one = client.open("/", {}, text_frame("early") + text_frame("bird"));
  CHECK(client.status(one) == "200");
  CHECK(client.next(one) == "early");
  CHECK(client.next(one) == "bird");
  for (const char byte : text_frame("byte by byte")) client.say(one, {&byte, 1});
  CHECK(client.next(one) == "byte by byte");
  client.say(one, text_frame("a") + text_frame("b") +
                      Frame{.opcode = 1, .payload = "c", .fin = false}.bytes());
  CHECK(client.next(one) == "a");
  CHECK(client.next(one) == "b");
  client.say(one, Frame{.opcode = 9, .payload = "between"}.bytes());
  CHECK(client.next(one) == "<pong between>");
  client.say(one, Frame{.opcode = 0, .payload = "d"}.bytes());
  CHECK(client.next(one) == "cd");
  const std::string much(60'000, 'm');
  const std::string frame = text_frame(much);
  for (std::size_t at = 0; at < frame.size(); at += 10'000)
    client.say(one, std::string_view(frame).substr(at, 10'000));
  CHECK(client.next(one) == much);
  CHECK(server.over_http2() == 1);
  CHECK(server.hub().open_sockets() == 1);
}

TEST_CASE("websocket over http2: how one ends, and leaves the others alone") {
  Server server(quiet());
  std::atomic<std::uint64_t> first{0};
  server.on_open = [&](Session session) {
    std::uint64_t none = 0;
    first.compare_exchange_strong(none, session.value());
  };
  server.listen();
  H2Sockets client(server.port());
  const auto one = client.open("/");
  CHECK(client.status(one) == "200");
  CHECK(server.diary.next() == "open");
  const auto other = client.open("/");
  CHECK(client.status(other) == "200");
  CHECK(server.diary.next() == "open");
  SUBCASE("the client closes") {
    client.text(one, "last");
    client.close(one, 4001, "enough");
    CHECK(client.next(one) == "last");
    CHECK(client.next(one) == "<close 4001>");
    CHECK(client.next(one) == "<end>");
    CHECK(server.diary.next() == "closed 4001 enough");
  }
  SUBCASE("the server closes") {
    CHECK(server.hub().close(Session(first.load()), 4002, "off"));
    CHECK(client.next(one) == "<close 4002 off>");
    client.close(one, 4002);
    CHECK(client.next(one) == "<end>");
    CHECK(server.diary.next() == "closed 4002 off");
  }
  SUBCASE("the client breaks the rules") {
    client.say(one, Frame{.opcode = 1, .payload = "x", .masked = false}.bytes());
    CHECK(client.next(one).starts_with("<close 1002"));
    CHECK(client.next(one) == "<end>");
    CHECK(server.diary.next().starts_with("failed"));
    CHECK(server.diary.next().starts_with("closed 1002"));
  }
  SUBCASE("the client breaks off in the middle of a message") {
    client.say(one, text_frame("half a message").substr(0, 9));
    client.reset(one);
    CHECK(server.diary.next() == "closed 1006 the connection was lost");
  }
  SUBCASE("the client ends its side without a close frame") {
    client.say(tests::h2::data(one, ""));
    CHECK(client.next(one) == "<reset CANCEL>");
    CHECK(server.diary.next().starts_with("closed 1006"));
  }
  client.text(other, "still here");
  CHECK(client.next(other) == "still here");
  CHECK(eventually([&] { return server.over_http2() == 1; }));
  const auto third = client.ask("/");
  CHECK(client.body(third) == "ordinary");
}

TEST_CASE("websocket over http2: all of a connection that is cut end with 1006") {
  Server server(quiet());
  server.listen();
  {
    H2Sockets client(server.port());
    for (int i = 0; i < 10; ++i) CHECK(client.status(client.open("/")) == "200");
    CHECK(server.over_http2() == 10);
    client.hang_up();
    CHECK(server.diary.await(20));
  }
  for (int i = 0; i < 10; ++i) CHECK(server.diary.next() == "open");
  for (int i = 0; i < 10; ++i) CHECK(server.diary.next().starts_with("closed 1006"));
  CHECK(eventually([&] { return server.connector().connections() == 0; }));
  CHECK(server.over_http2() == 0);
}

TEST_CASE("websocket over http2: a connector that drains says 1001 to each") {
  Server server(quiet());
  server.listen();
  H2Sockets client(server.port());
  const auto one = client.open("/");
  const auto two = client.open("/");
  CHECK(client.status(one) == "200");
  CHECK(client.status(two) == "200");
  server.connector().drain();
  for (const auto stream : {one, two}) {
    CHECK(client.next(stream) == "<close 1001 the server stops>");
    client.close(stream, 1001);
    CHECK(client.next(stream) == "<end>");
  }
  CHECK(client.heard_goaway());
  CHECK(client.await([&] { return client.has_gone(); }));
}

namespace {

std::string past_drained(Server& server) {
  std::string line = "drained";
  while (line == "drained") line = server.diary.next();
  return line;
}
std::string past_messages(H2Sockets& client, H2Sockets::Stream stream) {
  std::string heard = "a message";
  while (!heard.starts_with("<")) heard = client.next(stream);
  return heard;
}

}  // namespace

TEST_CASE("websocket over http2: a client that gives no window is a slow reader") {
  Options options = quiet();
  options.queue_bytes = 100'000;
  options.close_timeout = 200;
  std::atomic<std::uint64_t> first{0};
  const auto remember = [&](Session session) { first.store(session.value()); };
  SUBCASE("refused until it reads on") {
    Server server(options);
    server.on_open = remember;
    server.listen();
    H2Sockets client(server.port());
    client.gives_windows_back = false;
    const auto one = client.open("/");
    CHECK(client.status(one) == "200");
    const auto other = client.open("/");
    CHECK(client.status(other) == "200");
    CHECK(server.diary.await(2));
    const int count = fill(server, Session(first.load()), 10'000);
    CHECK(count > 10);
    CHECK(count < 40);  // window and queue
    client.say(tests::h2::window_update(0, 10'000'000));
    client.text(one, "the first goes on");
    CHECK(client.next(one) == "the first goes on");
    client.say(tests::h2::window_update(other, 10'000'000));
    for (int i = 0; i < count; ++i) REQUIRE(client.next(other).size() == 10'000);
    for (int i = 0; i < 2; ++i) server.diary.next();
    CHECK(server.diary.next() == "drained");
    CHECK(server.hub().send(Session(first.load()), Opcode::text, "again") == Send::queued);
    CHECK(client.next(other) == "again");
  }
  SUBCASE("closed when the queue is full, if it shall be") {
    options.overflow = Overflow::close;
    Server server(options);
    server.on_open = remember;
    server.listen();
    H2Sockets client(server.port());
    client.gives_windows_back = false;
    const auto one = client.open("/");
    CHECK(client.status(one) == "200");
    CHECK(server.diary.await(1));
    CHECK(fill(server, Session(first.load())) > 0);
    CHECK(server.diary.next() == "open");
    CHECK(past_drained(server).starts_with("closed 1013"));
    client.say(tests::h2::window_update(0, 10'000'000) + tests::h2::window_update(one, 10'000'000));
    const std::string end = past_messages(client, one);
    CHECK((end.starts_with("<close 1013") || end == "<reset CANCEL>"));
  }
  SUBCASE("cut after the send timeout") {
    options.send_timeout = 300;
    Server server(options);
    server.on_open = remember;
    server.listen();
    H2Sockets client(server.port());
    client.gives_windows_back = false;
    const auto one = client.open("/");
    CHECK(client.status(one) == "200");
    CHECK(server.diary.await(1));
    fill(server, Session(first.load()));
    CHECK(server.diary.next() == "open");
    CHECK(past_drained(server) == "closed 1006 the peer took nothing for sendTimeout");
    CHECK(past_messages(client, one) == "<reset CANCEL>");
    const auto later = client.ask("/");
    CHECK(client.status(later) == "200");
    CHECK(client.bytes(later).empty());  // the connection's window is used up
    client.say(tests::h2::window_update(0, 10'000'000));
    CHECK(client.body(later) == "ordinary");
  }
}

TEST_CASE("websocket over http2: an endpoint that takes nothing holds back its own stream only") {
  Server server(quiet());
  std::atomic<std::uint64_t> held{0};
  server.on_message = [&](Session session, Opcode kind, std::string_view bytes) {
    if (bytes == "hold") {
      held = session.value();
      return false;
    }
    server.hub().send(session, kind, bytes);
    return true;
  };
  server.listen();
  H2Sockets client(server.port());
  const auto one = client.open("/");
  const auto other = client.open("/");
  client.status(one);
  client.text(one, "hold");
  const std::string much(1'000, 'm');
  for (int i = 0; i < 50; ++i) client.text(one, much);  // within the window
  client.text(other, "on");
  CHECK(client.next(other) == "on");
  CHECK(client.bytes(one).empty());
  server.hub().with(Session(held.load()), [](auto& socket) { socket.go_on(); });
  for (int i = 0; i < 50; ++i) CHECK(client.next(one) == much);
}

TEST_CASE("websocket over http2: pings, and a client that does not answer them") {
  Options options;
  options.ping_interval = 100;
  options.pong_timeout = 300;
  Server server(options);
  server.listen();
  H2Sockets client(server.port());
  const auto one = client.open("/");
  const std::string ping = client.next(one);
  REQUIRE(ping.starts_with("<ping "));
  CHECK(server.diary.next() == "open");
  CHECK(server.diary.next() == "closed 1006 no pong within pongTimeout");
  CHECK(client.await([&] { return client.next(one) == "<reset CANCEL>"; }));
  CHECK(client.body(client.ask("/")) == "ordinary");
}

TEST_CASE("websocket over http2: in TLS") {
  tests::Certificates certificates;
  const tests::Identity identity = certificates.make("localhost");
  server::tls::Options tls = tests::tls_options({tests::host_of(identity)});
  tls.http2 = true;
  server::ConnectorOptions connector = with_http2();
  connector.tls = server::tls::Context::load(tls);
  Server server(quiet(), 1, std::move(connector));
  server.listen();
  H2Sockets client(server.port(), H2Sockets::Over::tls);
  const auto one = client.open("/", {}, text_frame("early"));
  CHECK(client.next(one) == "early");
  const std::string much(60'000, 'm');
  client.text(one, "hello");
  CHECK(client.next(one) == "hello");
  const std::string frame = text_frame(much);
  for (std::size_t at = 0; at < frame.size(); at += 10'000)
    client.say(one, std::string_view(frame).substr(at, 10'000));
  CHECK(client.next(one) == much);
  CHECK(client.body(client.ask("/")) == "ordinary");
  client.close(one, 1000);
  CHECK(client.next(one) == "<close 1000>");
  CHECK(client.next(one) == "<end>");
}

TEST_CASE("websocket over http2: many sockets of a few connections, and many senders") {
  constexpr int kConnections = 3, kSockets = 20, kMessages = 200, kThreads = 3;
  Server server(quiet(), 2);
  std::mutex mutex;  // guards sessions
  std::vector<Session> sessions;
  server.on_open = [&](Session session) {
    const std::scoped_lock lock(mutex);
    sessions.push_back(session);
  };
  server.listen();
  std::vector<std::unique_ptr<H2Sockets>> clients;
  std::vector<std::vector<H2Sockets::Stream>> streams(kConnections);
  for (int i = 0; i < kConnections; ++i) {
    clients.push_back(std::make_unique<H2Sockets>(server.port()));
    for (int one = 0; one < kSockets; ++one) streams[i].push_back(clients[i]->open("/"));
    for (const auto stream : streams[i]) REQUIRE(clients[i]->status(stream) == "200");
  }
  REQUIRE(server.diary.await(kConnections * kSockets));
  std::atomic<int> sent{0};
  std::vector<std::thread> senders;
  for (int thread = 0; thread < kThreads; ++thread)
    senders.emplace_back([&, thread] {
      for (int i = 0; i < kMessages; ++i)
        for (std::size_t at = static_cast<std::size_t>(thread); at < sessions.size();
             at += kThreads)
          if (server.hub().send(sessions[at], Opcode::text, std::to_string(i)) == Send::queued)
            ++sent;
    });
  // The last of each connection goes on the way, and with it a request is answered.
  std::vector<std::thread> readers;
  std::atomic<int> wrong{0};
  for (int i = 0; i < kConnections; ++i)
    readers.emplace_back([&, i] {
      H2Sockets& client = *clients[i];
      client.reset(streams[i].back());
      for (int one = 0; one + 1 < kSockets; ++one)
        for (int message = 0; message < kMessages; ++message)
          if (client.next(streams[i][one]) != std::to_string(message)) ++wrong;
      if (client.body(client.ask("/")) != "ordinary") ++wrong;
    });
  for (std::thread& one : senders) one.join();
  for (std::thread& one : readers) one.join();
  CHECK(wrong == 0);
  CHECK(sent >= kConnections * (kSockets - 1) * kMessages);
}
