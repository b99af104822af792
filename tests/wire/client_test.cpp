// WebSocket clients over real sockets: against this server, and against scripted ones that err.
#include <doctest/doctest.h>

#include <margay/plugin.h>

#include <functional>
#include <future>
#include <stdexcept>
#include <string>
#include <vector>

#include "tests/support/client_host.h"
#include "tests/support/running_server.h"
#include "tests/support/scripted_server.h"

using margay::Dispatch;
using margay::Session;
using margay::WebSocketClient;
using tests::Frame;
using tests::kSoon;
using tests::OnLoop;
using tests::OnWorker;
using tests::ScriptedPeer;
using tests::ScriptedServer;

namespace {

using Host = tests::ClientHost;

// The same as a plain struct.
struct Plain {
  const margay::Logger log;
  explicit Plain(const margay::Config& config) : log(config.logger()) {}
  void on_open(Session session) { session.text("hello"); }
  std::string on_message(std::string_view text) {
    log.info("plain heard " + std::string(text));
    return "again " + std::string(text);
  }
  void on_close(margay::CloseReason why) { log.info("plain closed " + std::to_string(why.code)); }
};

// Ends its own client from within a callback.
template <Dispatch where>
struct Quitter {
  static constexpr auto dispatch = where;
  static inline std::function<void()> quit;
  const margay::Logger log;
  explicit Quitter(const margay::Config& config) : log(config.logger()) {}
  void on_message(std::string_view) {
    quit();
    log.info("still here");
  }
  void on_close(margay::CloseReason why) { log.info("quit " + std::to_string(why.code)); }
};

struct Thrower {
  Thrower() { throw std::runtime_error("not today"); }
  void on_open() {}
};

unsigned close_code(const Frame& frame) {
  if (frame.opcode != 8 || frame.payload.size() < 2) return 0;
  return static_cast<unsigned>(static_cast<unsigned char>(frame.payload[0])) << 8U |
         static_cast<unsigned char>(frame.payload[1]);
}

}  // namespace

TEST_CASE_TEMPLATE("a client talks, and hears the end", T, OnLoop, OnWorker) {
  std::promise<std::string> request;
  std::promise<Frame> hello, closing;
  ScriptedServer server([&](ScriptedPeer& peer, int) {
    request.set_value(peer.hear_request());
    peer.accept("Sec-WebSocket-Protocol: v1\r\n",
                Frame{.payload = "at once", .masked = false}.bytes());
    hello.set_value(peer.hear_frame());
    peer.send(Frame{.payload = "bye", .masked = false}.bytes());
    const Frame frame = peer.hear_frame();
    peer.send(Frame{.opcode = 8, .payload = frame.payload, .masked = false}.bytes());
    closing.set_value(frame);
  });
  Host host;
  auto client = host.connect<T>(server.url("/chat?a=b"),
                                {.fields = {{"Origin", "http://here"}, {"X-Mine", "1"}}});
  const std::string text = request.get_future().get();
  CHECK(text.starts_with("GET /chat?a=b HTTP/1.1\r\n"));
  for (const std::string& field :
       {"Host: 127.0.0.1:" + std::to_string(server.port()), std::string("Origin: http://here"),
        std::string("X-Mine: 1"), std::string("Sec-WebSocket-Protocol: v2, v1")})
    CHECK_MESSAGE(text.find("\r\n" + field + "\r\n") != std::string::npos, text);
  host.log.await("open 'v1' ''");
  host.log.await("heard at once 7");
  const Frame said = hello.get_future().get();
  CHECK(said.payload == "hello");
  CHECK(said.masked);
  host.log.await("heard bye 3");
  const Frame last = closing.get_future().get();
  CHECK(close_code(last) == 1000);
  CHECK(last.masked);
  host.log.await("closed 1000 enough");
  host.log.await("peer gone");
  CHECK(!client.is_connected());
}

TEST_CASE_TEMPLATE("disconnecting says goodbye and waits for the last callback", T, OnLoop,
                   OnWorker) {
  std::promise<Frame> closing;
  ScriptedServer server([&](ScriptedPeer& peer, int) {
    peer.hear_request();
    peer.accept();
    peer.hear_frame();
    closing.set_value(peer.hear_frame());
  });
  Host host;
  auto client = host.connect<T>(server.url(), {.reconnect = kSoon});
  host.log.await("open");
  CHECK(client.is_connected());
  client.disconnect();
  CHECK(host.log.all().find("peer gone") != std::string::npos);
  CHECK(!client.is_connected());
  CHECK(close_code(closing.get_future().get()) == 1000);
}

TEST_CASE("a server may go on sending behind the goodbye of a client that is gone") {
  std::promise<void> gone;
  std::promise<bool> answered;
  ScriptedServer server([&](ScriptedPeer& peer, int) {
    peer.hear_request();
    peer.accept();
    peer.hear_frame();
    peer.hear_frame();
    gone.get_future().wait();
    answered.set_value(peer.send(Frame{.payload = "late", .masked = false}.bytes() +
                                 Frame{.opcode = 8, .masked = false}.bytes()));
    peer.hear_end();
  });
  Host host;
  auto client = host.connect(server.url());
  host.log.await("open");
  client.disconnect();
  gone.set_value();
  CHECK(answered.get_future().get());
  CHECK(host.log.all().find("late") == std::string::npos);
}

TEST_CASE("bad answers are failures that say why") {
  struct Case {
    std::string answer, reason;
  };
  const std::string good =
      "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
      "Sec-WebSocket-Accept: ACCEPT\r\n";
  const std::vector<Case> cases = {
      {"HTTP/1.1 101 x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
       "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n",
       "failed 101 ws://"},
      {good + "Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n", "which was not offered"},
      {good + "Sec-WebSocket-Protocol: other\r\n\r\n",
       "subprotocol 'other', which was not offered"},
      {"HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n", "the server answered 403"},
      {"SSH-2.0-x\r\n\r\n", "not one of HTTP/1.1"},
      {"", "closed the connection before it answered"},
      {"HTTP/1.1 302 Found\r\n\r\n", "does not say where to"},
      {"HTTP/1.1 302 Found\r\nLocation: /x\r\n\r\n", "more than 0 redirections"}};
  for (const Case& one : cases) {
    ScriptedServer server([&](ScriptedPeer& peer, int) {
      peer.hear_request();
      std::string answer = one.answer;
      if (const auto at = answer.find("ACCEPT"); at != std::string::npos)
        answer.replace(at, 6, server::websocket::accept_key(peer.field("Sec-WebSocket-Key")));
      peer.send(answer);
    });
    Host host;
    auto client = host.connect(server.url());
    host.log.await("failed ");
    CHECK_MESSAGE(host.log.all().find(one.reason) != std::string::npos, host.log.all());
    CHECK(!client.is_connected());
  }
}

TEST_CASE("an endless head ends at 8 KiB") {
  ScriptedServer server([](ScriptedPeer& peer, int) {
    peer.hear_request();
    peer.send("HTTP/1.1 101 Switching Protocols\r\n");
    while (peer.send("X-More: and more\r\n")) {
    }
  });
  Host host;
  auto client = host.connect(server.url());
  host.log.await("longer than 8 KiB");
}

TEST_CASE("a masked frame of the server is an error of the protocol") {
  std::promise<unsigned> code;
  ScriptedServer server([&](ScriptedPeer& peer, int) {
    peer.hear_request();
    peer.accept();
    peer.hear_frame();
    peer.send(Frame{.payload = "no", .masked = true}.bytes());
    code.set_value(close_code(peer.hear_frame()));
  });
  Host host;
  auto client = host.connect(server.url());
  CHECK(code.get_future().get() == 1002);
  host.log.await("error ");
  host.log.await("closed 1002");
}

TEST_CASE("redirections are followed, but not in circles") {
  std::promise<std::string> second;
  ScriptedServer server([&](ScriptedPeer& peer, int number) {
    const std::string& request = peer.hear_request();
    if (number == 0) {
      peer.send("HTTP/1.1 307 Over there\r\nLocation: b?c\r\n\r\n");
    } else if (number == 1) {
      second.set_value(request);
      peer.accept();
      peer.hear_frame();
      peer.hear_frame();  // the close
    } else {
      peer.send("HTTP/1.1 301 x\r\nLocation: " +
                std::string(request.starts_with("GET /one") ? "/two" : "/one") + "\r\n\r\n");
    }
  });
  Host host;
  auto client = host.connect(server.url("/a/a"), {.max_redirections = 1});
  CHECK(second.get_future().get().starts_with("GET /a/b?c HTTP/1.1\r\n"));
  host.log.await("open");
  client.disconnect();
  client = host.connect(server.url("/one"), {.max_redirections = 20});
  host.log.await("/one, which was asked before");
}

TEST_CASE("credentials stay with the host they are for") {
  std::promise<std::string> here, there;
  ScriptedServer other([&](ScriptedPeer& peer, int) {
    there.set_value(peer.hear_request());
    peer.accept();
    peer.hear_end();
  });
  ScriptedServer server([&](ScriptedPeer& peer, int) {
    here.set_value(peer.hear_request());
    peer.send("HTTP/1.1 308 x\r\nLocation: http://127.0.0.1:" + std::to_string(other.port()) +
              "/\r\n\r\n");
  });
  Host host;
  auto client = host.connect(
      server.url(),
      {.fields = {{"Authorization", "Basic x"}, {"X-Mine", "1"}}, .max_redirections = 1});
  CHECK(here.get_future().get().find("Authorization: Basic x") != std::string::npos);
  const std::string request = there.get_future().get();
  CHECK(request.find("Authorization") == std::string::npos);
  CHECK(request.find("X-Mine: 1") != std::string::npos);
  host.log.await("open");
}

TEST_CASE("a server that does not answer is given up in time") {
  std::promise<void> heard;
  ScriptedServer server([&](ScriptedPeer& peer, int) {
    peer.hear_request();
    peer.send("HTTP/1.1 101 ");
    heard.set_value();
    peer.hear_end();
  });
  Host host;
  auto client = host.connect(server.url(), {.connect_timeout = std::chrono::milliseconds(200)});
  host.log.await("did not answer within 200 ms");
  heard.get_future().wait();
}

TEST_CASE("a connection that is refused, and a host that is not there") {
  Host host;
  const std::uint16_t port = tests::free_port();
  auto client = host.connect("ws://127.0.0.1:" + std::to_string(port) + "/");
  host.log.await("failed 0 ws://127.0.0.1:" + std::to_string(port) + "/: cannot connect to");
  auto other = host.connect("ws://[::1]:" + std::to_string(port) + "/");
  host.log.await("failed 0 ws://[::1]:");
  auto nowhere =
      host.connect("ws://nowhere.invalid/", {.connect_timeout = std::chrono::seconds(19)});
  host.log.await("failed 0 ws://nowhere.invalid/:");
  auto by_name = host.connect("ws://localhost:" + std::to_string(port) + "/");
  host.log.await("failed 0 ws://localhost:");
}

TEST_CASE("what can never work is refused at once") {
  Host host;
  CHECK_THROWS_WITH(host.connect("https://h/"), doctest::Contains("or wss"));
  CHECK_THROWS_WITH(host.connect("ws://h/", {.fields = {{"A", "b\r\nC: d"}}}),
                    doctest::Contains("line break"));
  CHECK_THROWS_WITH(
      host.connect("ws://h/", {.reconnect = {{std::chrono::seconds(5), std::chrono::seconds(1)}}}),
      doctest::Contains("shorter"));
}

TEST_CASE("a client comes back when the server does") {
  std::promise<void> again;
  ScriptedServer server([&](ScriptedPeer& peer, int number) {
    peer.hear_request();
    if (number == 0) return;  // before the 101
    peer.accept();
    peer.hear_frame();
    if (number == 1) return;  // without a close frame
    if (number == 2) {        // with one, 1000 of the server's
      peer.send(Frame{.opcode = 8, .payload = std::string("\x03\xe8", 2), .masked = false}.bytes());
      peer.hear_frame();
      return;
    }
    again.set_value();
    peer.hear_end();
  });
  Host host;
  auto client = host.connect(server.url(), {.reconnect = kSoon});
  host.log.await("failed 0");
  host.log.await("closed 1006");
  host.log.await("closed 1000");
  host.log.await("open");
  again.get_future().wait();
  CHECK(client.is_connected());
}

TEST_CASE("a policy, and a close of our own, are the end") {
  std::atomic<int> connections{0};
  ScriptedServer policy([&](ScriptedPeer& peer, int) {
    ++connections;
    peer.hear_request();
    peer.accept();
    peer.send(Frame{.opcode = 8, .payload = std::string("\x03\xf0", 2), .masked = false}.bytes());
    peer.hear_end();
  });
  ScriptedServer ours([&](ScriptedPeer& peer, int) {
    ++connections;
    peer.hear_request();
    peer.accept("", Frame{.payload = "bye", .masked = false}.bytes());
    peer.hear_frame();
    peer.hear_frame();
  });
  // Others come and go on the same loops: those two would have been back by then.
  ScriptedServer clock([](ScriptedPeer& peer, int) { peer.hear_request(); });
  Host host;
  auto one = host.connect(policy.url(), {.reconnect = kSoon});
  host.log.await("closed 1008");
  auto two = host.connect(ours.url(), {.reconnect = kSoon});
  host.log.await("closed 1000 enough");
  auto three = host.connect(clock.url(), {.reconnect = kSoon});
  for (int i = 0; i < 5; ++i) host.log.await("failed 0");
  CHECK(connections == 2);
}

TEST_CASE("a client may be ended while it connects, and on a loop") {
  std::promise<void> asked;
  ScriptedServer server([&](ScriptedPeer& peer, int) {
    const std::string& request = peer.hear_request();
    if (request.starts_with("GET /silent")) asked.set_value();
    if (request.starts_with("GET /talk")) peer.accept();
    peer.hear_end();
  });
  Host host;
  auto early = host.connect(server.url("/early"));
  early.disconnect();  // maybe before anything was done
  auto greeting = host.connect<OnWorker>(server.url("/silent"));
  asked.get_future().wait();
  greeting.disconnect();
  CHECK(host.log.all().empty());
  auto on_loop = host.connect<OnWorker>(server.url("/talk"));
  host.log.await("open");
  host.on_each_loop([&] { on_loop.disconnect(); });
  host.log.await("closed 1000");
  host.log.await("peer gone");
}

TEST_CASE_TEMPLATE("a client may end itself in its own callback", T, Quitter<Dispatch::loop>,
                   Quitter<Dispatch::worker>) {
  std::promise<void> ready;
  std::promise<unsigned> code;
  ScriptedServer server([&](ScriptedPeer& peer, int) {
    peer.hear_request();
    peer.accept();
    ready.get_future().wait();
    peer.send(Frame{.payload = "now", .masked = false}.bytes());
    code.set_value(close_code(peer.hear_frame()));
  });
  Host host;
  auto client = host.connect<T>(server.url(), {.reconnect = kSoon});
  T::quit = [&] { client.disconnect(); };
  ready.set_value();
  host.log.await("still here");
  host.log.await("quit 1000");
  CHECK(code.get_future().get() == 1000);
}

TEST_CASE("a type whose object cannot be made closes with 1011") {
  std::promise<unsigned> code;
  ScriptedServer server([&](ScriptedPeer& peer, int) {
    peer.hear_request();
    peer.accept();
    code.set_value(close_code(peer.hear_frame()));
  });
  Host host;
  auto client = host.connect<Thrower>(server.url());
  CHECK(code.get_future().get() == 1011);
  host.log.await("not today");
}

TEST_CASE("a client that was forgotten is ended with its instance") {
  ScriptedServer server([](ScriptedPeer& peer, int) {
    peer.hear_request();
    peer.accept();
    peer.hear_end();
  });
  Host host;
  auto* forgotten = new WebSocketClient(host.connect(server.url()));
  host.log.await("open");
  container::end_clients_of(reinterpret_cast<const container::BridgedConfig&>(host.config().raw()));
  CHECK(host.log.all().find("disconnect it before") != std::string::npos);
  CHECK(host.log.all().find("peer gone") != std::string::npos);
  ::operator delete(forgotten);  // without its destructor: the client is the server's
}

TEST_CASE("clients and this server understand each other") {
  tests::RunningServer server;
  const std::uint16_t port = tests::free_port();
  server.plugin("echo.so", "apps/echo/lib/echo.so");
  server.write("apps/echo/app.xml",
               "<Application><Library name='echo' file='lib/echo.so'/><WebSocket name='echo' "
               "library='echo' path='/ws' "
               "compression='pooled' compressionMinSize='1B' subprotocols='v1' "
               "maxTextMessageBufferSize='1MiB'/></Application>");
  server.write("server.xml", "<Server><Service><Connector address='127.0.0.1' port='" +
                                 std::to_string(port) +
                                 "'/><Engine defaultHost='localhost'><Host name='localhost' "
                                 "appBase='apps'/></Engine></Service></Server>");
  server.start();
  Host host;
  const std::string url = "ws://localhost:" + std::to_string(port) + "/echo/ws";
  SUBCASE("deflated, with a subprotocol") {
    auto client = host.connect(url, {.compress = true});
    host.log.await("open 'v1' 'permessage-deflate");
    host.log.await("heard hello 5");
    const std::string big(60'000, 'x');
    CHECK(client.session().text(big) == margay::Send::queued);
    host.log.await(" 60000");
  }
  SUBCASE("as a struct on workers") {
    auto client = host.connect<Plain>(url);
    host.log.await("plain heard hello");
    host.log.await("plain heard again hello");
    client.disconnect();
    CHECK(host.log.all().find("plain closed 1000") != std::string::npos);
  }
  SUBCASE("back after a restart") {
    auto client = host.connect(url, {.reconnect = kSoon});
    host.log.await("heard hello 5");
    server.stop();
    host.log.await("closed 1001");
    host.log.await("failed 0");
    server.start();
    host.log.await("heard hello 5");
  }
  SUBCASE("refused by its origin rules") {
    auto client = host.connect(url, {.fields = {{"Origin", "http://elsewhere"}}});
    host.log.await("failed 403");
  }
}
