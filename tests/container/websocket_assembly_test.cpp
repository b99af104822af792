// From <WebSocket> to what the engine maps.
#include <doctest/doctest.h>

#include "container/assembly.h"
#include "container/config/read_config.h"
#include "tests/support/websocket_tables.h"

using namespace container;

namespace {

class Assembled {
 public:
  explicit Assembled(const std::string& children) {
    std::vector<Diagnostic> warnings;
    const ApplicationConfig config =
        parse_application_config("<Application>" + children + "</Application>", "a", {}, warnings);
    const Types::BuiltIn built_in{Plugin::built_in(tests::websocket_tables().plugin)};
    auto start = std::make_shared<Application>();
    start->context_path = "/shop";
    StartStep step;
    try {
      assemble(config, *start, {.built_in = built_in}, step);
      application = start;
    } catch (const ConfigError& error) {
      for (const Diagnostic& one : error.diagnostics())
        complaint += std::to_string(one.position.line) + ": " + one.message;
    }
  }
  const MappedWebSocket* find(const std::string& path) const {
    RouteMatch match;
    return application->sockets.lookup(path, match) ? &application->websockets[match.index]
                                                    : nullptr;
  }

  std::shared_ptr<const Application> application;
  std::string complaint;
};

}  // namespace

TEST_CASE("a WebSocket is mapped by its paths, apart from endpoints") {
  const Assembled assembled(R"(
    <WebSocket name="root" type="echo" path="/"/>
    <WebSocket name="room" type="echo" path="/rooms/{id}"/>
    <WebSocket name="lobby" type="echo" path="/rooms/lobby"/>
    <WebSocket name="rest" type="echo" path="/files/{path...}, /all/*"/>)");
  REQUIRE(assembled.complaint == "");
  CHECK(assembled.find("/")->name == "root");
  CHECK(assembled.find("/rooms/lobby")->name == "lobby");
  CHECK(assembled.find("/rooms/7")->name == "room");
  CHECK(assembled.find("/files/a/b")->name == "rest");
  CHECK(assembled.find("/all")->name == "rest");
  CHECK(assembled.find("/rooms/7/") == nullptr);
  CHECK(assembled.find("/nothing") == nullptr);
  CHECK(assembled.find("/rooms/7")->title == "/shop: room");
  CHECK(assembled.find("/all")->paths == std::vector<std::string>{"/files/{path...}", "/all/*"});
}

TEST_CASE("what is configured becomes what the server understands") {
  const Assembled assembled(R"(
    <WebSocket name="a" type="echo" path="/a"/>
    <WebSocket name="b" type="echo" path="/b" subprotocols="x" dispatch="worker" maxSessions="1"
        maxTextMessageBufferSize="1KiB" maxBinaryMessageBufferSize="2KiB" pingInterval="1min"
        overflow="close" compression="pooled" compressionLevel="9" sendQueueMessages="5"/>
    <WebSocket name="c" type="echo" path="/c">
      <Interceptor type="guard"/><Interceptor name="second" type="slow"/>
    </WebSocket>)");
  REQUIRE(assembled.complaint == "");
  const MappedWebSocket& plain = *assembled.find("/a");
  CHECK(plain.on_loop);
  CHECK(plain.greets_on_loop);
  CHECK(plain.subprotocols == std::vector<std::string>{"v2", "v1"});
  CHECK(plain.options.max_frame == 65536);
  const MappedWebSocket& much = *assembled.find("/b");
  CHECK_FALSE(much.on_loop);
  CHECK(much.subprotocols == std::vector<std::string>{"x"});
  CHECK(much.options.max_frame == 2048);
  CHECK(much.options.ping_interval == 60'000);
  CHECK(much.options.overflow == server::websocket::Overflow::close);
  CHECK(much.options.deflate.mode == server::websocket::DeflatePolicy::Mode::pooled);
  CHECK(much.options.deflate.level == 9);
  CHECK(much.options.queue_messages == 5);
  const MappedWebSocket& guarded = *assembled.find("/c");
  CHECK(guarded.on_loop);
  CHECK_FALSE(guarded.greets_on_loop);
  REQUIRE(guarded.interceptors.size() == 2);
  CHECK(guarded.interceptors[0].name == "guard");
  CHECK(guarded.interceptors[1].name == "second");
}

TEST_CASE("the number of sessions is bounded, and places come back") {
  SessionCount count(1);
  {
    SessionPlace first = SessionPlace::take(count);
    CHECK(first);
    CHECK_FALSE(SessionPlace::take(count));
    SessionPlace moved = std::move(first);
    CHECK(count.open() == 1);
    moved = SessionPlace();
    CHECK(count.open() == 0);
  }
  CHECK(count.open() == 0);
  CHECK(SessionPlace::take(count));
  SessionCount endless(SessionCount::unlimited);
  CHECK(SessionPlace::take(endless));
}

TEST_CASE("WebSockets that cannot be mapped are refused with both places") {
  CHECK(Assembled("<WebSocket name='a' type='echo' path='/r/{x}'/>\n"
                  "<WebSocket name='b' type='echo' path='/r/{y}'/>")
            .complaint ==
        "2: the patterns '/r/{x}' and '/r/{y}' match the same paths; the other is on line 1");
  CHECK(Assembled("<WebSocket type='echo' path='/r/{x}y'/>").complaint ==
        "1: URL pattern '/r/{x}y': a variable is a whole segment, as in '/{name}/'");
  CHECK(Assembled("<WebSocket type='ecko' path='/r'/>").complaint ==
        "1: no library has the WebSocket type 'ecko'; `margay abi LIBRARY` prints what a library "
        "has");
  CHECK(Assembled("<WebSocket type='echo' path='/r'><Interceptor type='x'/></WebSocket>")
            .complaint.find("no library has the interceptor type 'x'") != std::string::npos);
  CHECK(Assembled("<WebSocket type='silent' path='/r' requireSubprotocol='true'/>")
            .complaint.find("the type 'silent' speaks no subprotocols") != std::string::npos);
  CHECK(Assembled("<WebSocket type='echo' path='/r'><Parameter name='fail' value='1'/></WebSocket>")
            .complaint == "1: 'echo' could not be created: asked to");
}
