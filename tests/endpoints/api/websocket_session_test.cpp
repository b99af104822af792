// Sessions as values: sending, waiting, streams, properties, the handshake, topics.
#include <doctest/doctest.h>

#include <unordered_set>

#include "fake_websockets.h"

using namespace std::chrono_literals;
using margay::Send;
using margay::Sent;

namespace {

std::vector<std::byte> bytes_of(std::string_view text) {
  const auto bytes = margay::Binary(text).bytes();
  return {bytes.begin(), bytes.end()};
}

struct Quiet : margay::WebSocket {};

}  // namespace

TEST_CASE("a session is sixteen bytes that are compared by their socket") {
  static_assert(sizeof(margay::Session) == 16);
  static_assert(std::is_trivially_copyable_v<margay::Session>);
  fake::Server server;
  const margay::Session one = server.session(1), two = server.session(2);
  CHECK(one == server.session(1));
  CHECK(one != two);
  CHECK(one < two);
  CHECK(std::unordered_set<margay::Session>{one, two, one}.size() == 2);
  CHECK(one);
  CHECK_FALSE(margay::Session());
}

TEST_CASE("a session that is none, or has ended, is gone in every way") {
  fake::Server server;
  const margay::Session ended = server.session(1);
  server.end(1);
  for (const margay::Session session : {ended, margay::Session()}) {
    CHECK(session.text("x") == Send::gone);
    CHECK(session.text("x", {.key = "k"}, [](Sent) { FAIL("was not queued"); }) == Send::gone);
    CHECK(session.binary(margay::Binary("x")) == Send::gone);
    CHECK(session.ping() == Send::gone);
    CHECK(session.text_wait("x", 1s) == Send::gone);
    CHECK(session.close() == Send::gone);
    CHECK_FALSE(session.is_open());
    CHECK(session.figures().sent_messages == 0);
    CHECK_FALSE(session.limit(MARGAY_MAX_TEXT));
    CHECK_FALSE(session.limit(MARGAY_MAX_TEXT, std::int64_t{1}));
    CHECK_FALSE(session.property("p"));
    CHECK_FALSE(session.property("p", "v"));
    CHECK_FALSE(session.handshake());
    CHECK(session.handshake().path().empty());
    CHECK(session.handshake().header("host").empty());
    CHECK_FALSE(session.subscribe("/x"));
    margay::MessageStream stream = session.stream(margay::Kind::text);
    CHECK_FALSE(stream);
    CHECK(stream.begun() == Send::gone);
    CHECK(stream.write("x") == Send::gone);
    CHECK(stream.write_wait("x", 1s) == Send::gone);
    CHECK(stream.finish() == Send::gone);
    session.suspend_reading();
    session.resume_reading();
  }
}

TEST_CASE("messages go out as they are, with their options") {
  fake::Server server;
  const margay::Session session = server.session(1);
  CHECK(session.text("one") == Send::queued);
  CHECK(session.binary(bytes_of("two")) == Send::queued);
  CHECK(session.ping("three") == Send::queued);
  CHECK(session.pong("four") == Send::queued);
  CHECK(session.text("five", {.time_to_live = 5s, .key = "price"}) == Send::queued);
  CHECK(session.text("\xff") == Send::invalid);
  CHECK(server.socket(1).sent == std::vector<fake::Message>{{MARGAY_TEXT, "one"},
                                                            {MARGAY_BINARY, "two"},
                                                            {MARGAY_PING, "three"},
                                                            {MARGAY_PONG, "four"},
                                                            {MARGAY_TEXT, "five", "price", 5000}});
}

TEST_CASE("times beyond what the contract holds are its longest, negative ones none") {
  fake::Server server;
  server.session(1).text("x", {.time_to_live = std::chrono::hours(24 * 365)});
  server.session(1).text("x", {.time_to_live = -1ms, .key = "k"});
  CHECK(server.socket(1).sent[0].time_to_live == 0xffffffff);
  CHECK(server.socket(1).sent[1].time_to_live == 0);
}

TEST_CASE("`done` is called once for what was queued, and destroyed in any case") {
  fake::Server server;
  const margay::Session session = server.session(1);
  const auto alive = std::make_shared<int>(0);
  std::vector<Sent> heard;
  session.text("a", {}, [&, alive](margay::Session its, Sent what) {
    CHECK(its == session);
    heard.push_back(what);
  });
  // A callable that cannot be copied.
  session.binary(margay::Binary("b"), {},
                 [&, alive, only = std::make_unique<int>(1)](Sent what) { heard.push_back(what); });
  CHECK(alive.use_count() == 3);
  server.settle(1, MARGAY_SENT);
  CHECK(heard == std::vector{Sent::sent, Sent::sent});

  server.socket(1).full = true;
  CHECK(session.text("c", {}, [&, alive](Sent what) { heard.push_back(what); }) == Send::full);
  server.socket(1).full = false;
  session.text("d", {}, [&, alive](Sent what) { heard.push_back(what); });
  server.end(1);
  CHECK(heard == std::vector{Sent::sent, Sent::sent, Sent::lost});
  CHECK(alive.use_count() == 1);
}

TEST_CASE("waiting sends: until there is room, until the time is over, never on a loop") {
  fake::Server server;
  const margay::Session session = server.session(1);
  server.socket(1).full = true;
  CHECK(session.text("x", {}) == Send::full);
  CHECK(session.text_wait("x", 1s) == Send::queued);
  CHECK(session.wait(10, 1s) == Send::queued);
  CHECK(session.binary_wait(margay::Binary("y"), 1s) == Send::queued);
  const margay::Frozen frozen(session.sockets(), MARGAY_TEXT, "shared");
  CHECK(session.send_wait(frozen, 1s) == Send::queued);
  CHECK(server.awaited == 6);
  server.socket(1).full = true;
  server.drains = false;
  CHECK(session.text_wait("x", 1ms) == Send::full);
  CHECK(server.socket(1).sent.size() == 3);
  server.on_loop = true;
  server.socket(1).full = false;
  CHECK_THROWS_AS(session.text_wait("x", 1s), std::logic_error);
}

TEST_CASE("a frozen message is counted over copies and moves") {
  fake::Server server;
  fake::Endpoint endpoint(server, margay::websocket<Quiet>("quiet"));
  const margay::Config config(server.host(), endpoint.config());
  {
    margay::Frozen one = margay::Frozen::text(config, "one");
    const margay::Frozen copy = one;
    margay::Frozen moved = std::move(one);
    CHECK_FALSE(one);
    one = moved;
    moved = margay::Frozen::binary(config, bytes_of("two"));
    CHECK(server.frozen == 2);
    CHECK(server.session(1).send(copy) == Send::queued);
    CHECK(server.session(1).send(moved, {.key = "k"}, [](Sent) {}) == Send::queued);
    CHECK(server.session(1).send_wait(copy, 1s) == Send::queued);
    server.settle(1, MARGAY_SENT);
    CHECK(server.session(1).send(margay::Frozen()) == Send::invalid);
    CHECK_FALSE(margay::Frozen::text(config, "\xff"));
    CHECK(margay::Session().send(copy) == Send::gone);
  }
  CHECK(server.frozen == 0);
  CHECK(server.socket(1).sent == std::vector<fake::Message>{{MARGAY_TEXT, "one"},
                                                            {MARGAY_BINARY, "two", "k"},
                                                            {MARGAY_TEXT, "one"}});
}

TEST_CASE("a stream is one message; unfinished it is abandoned, once") {
  fake::Server server;
  const margay::Session session = server.session(1);
  {
    margay::MessageStream stream = session.stream(margay::Kind::binary);
    CHECK(stream.begun() == Send::queued);
    CHECK(stream.write("ab") == Send::queued);
    margay::MessageStream moved = std::move(stream);
    CHECK_FALSE(stream);
    CHECK(stream.write("x") == Send::gone);
    server.socket(1).full = true;
    CHECK(moved.write(margay::Binary("cd")) == Send::full);
    const int waits = server.waits;
    CHECK(moved.write_wait("cd", 1s) == Send::queued);
    CHECK(server.waits == waits + 1);
    CHECK(moved.finish() == Send::queued);
    CHECK(moved.finish() == Send::gone);
  }
  CHECK(server.abandoned == 0);
  CHECK(server.socket(1).sent == std::vector<fake::Message>{{MARGAY_BINARY, "abcd"}});
  {
    margay::MessageStream stream = session.stream(margay::Kind::text);
    margay::MessageStream other = session.stream(margay::Kind::text);
    stream = std::move(other);
    CHECK(server.abandoned == 1);
  }
  CHECK(server.abandoned == 2);
  CHECK(server.streams == 0);
  server.socket(1).full = true;
  const margay::MessageStream refused = session.stream(margay::Kind::text);
  CHECK_FALSE(refused);
  CHECK(refused.begun() == Send::full);
}

TEST_CASE("closing, limits, reading, figures") {
  fake::Server server;
  const margay::Session session = server.session(1);
  CHECK(session.is_open());
  CHECK(session.limit(MARGAY_MAX_TEXT) == 65536);
  CHECK(session.limit(MARGAY_IDLE_TIMEOUT, 30s));
  CHECK(server.socket(1).limits[MARGAY_IDLE_TIMEOUT] == 30'000);
  CHECK_FALSE(session.limit(MARGAY_MAX_TEXT, std::int64_t{-5}));
  session.suspend_reading();
  CHECK_FALSE(server.socket(1).reads);
  session.resume_reading();
  CHECK(server.socket(1).reads);
  session.text("x");
  CHECK(session.figures().sent_messages == 1);
  CHECK(session.close(1006) == Send::invalid);
  CHECK(session.close({margay::CloseReason::policy, "enough"}) == Send::queued);
  CHECK(server.socket(1).code == 1008);
  CHECK(server.socket(1).reason == "enough");
  CHECK_FALSE(session.is_open());
  CHECK(session.close() == Send::gone);
}

TEST_CASE("properties are text that is read as what one likes") {
  fake::Server server;
  const margay::Session session = server.session(1);
  CHECK_FALSE(session.property("user"));
  CHECK(session.property("user", "ann"));
  CHECK(session.property("age", "42"));
  CHECK(session.property("empty", std::string_view()));
  CHECK(session.property("user") == "ann");
  CHECK(session.property("empty") == "");
  CHECK(session.property<int>("age") == 42);
  CHECK_FALSE(session.property<int>("user"));
  CHECK_FALSE(session.property<bool>("age"));
  session.remove_property("user");
  CHECK_FALSE(session.property("user"));
}

TEST_CASE("the handshake is counted and outlives its session") {
  fake::Server server;
  margay_handshake& its = *server.socket(1).handshake;
  its.texts = {{MARGAY_SESSION_ID, "0123"},
               {MARGAY_SUBPROTOCOL, "chat"},
               {MARGAY_WS_QUERY, "a=1&b=x%20y&a=2&c"},
               {MARGAY_WS_SCHEME, "wss"},
               {MARGAY_WS_REMOTE_PORT, "4711"},
               {MARGAY_WS_PATH, "/room/42"}};
  its.parameters = {{"room", "42"}, {"name", "ann"}, {"big", "300"}};
  its.fields = {{"host", "h"}, {"cookie", "a=1; b=\"2\""}, {"x-empty", ""}, {"x-empty", "second"}};
  margay::SessionHandshake kept;
  {
    const margay::SessionHandshake first = server.session(1).handshake();
    margay::SessionHandshake second = first;
    kept = second;
    second = margay::SessionHandshake();
    CHECK(server.held() == 2);
  }
  server.end(1);
  CHECK(server.held() == 1);
  CHECK(kept.id() == "0123");
  CHECK(kept.subprotocol() == "chat");
  CHECK(kept.extensions().empty());
  CHECK(kept.is_secure());
  CHECK(kept.remote_port() == 4711);
  CHECK(kept.header("HOST") == "h");
  CHECK(kept.header("x-empty").empty());
  CHECK(kept.cookie("b") == "2");
  CHECK_FALSE(kept.cookie("c"));
  CHECK(kept.parameter("b") == "x y");
  CHECK(kept.parameter("d", "none") == "none");
  CHECK(kept.has_parameter("c"));
  CHECK(kept.parameters("a") == std::vector<std::string>{"1", "2"});
  CHECK(kept.path_parameter("room") == "42");
  CHECK(kept.path_parameter<int>("room") == 42);
  CHECK_FALSE(kept.path_parameter<int>("name"));
  CHECK_FALSE(kept.path_parameter<std::uint8_t>("big"));
  CHECK_FALSE(kept.path_parameter("other"));
  kept = {};
  CHECK(server.held() == 0);
}

TEST_CASE("publishing reaches subscribers, and says how many") {
  fake::Server server;
  fake::Endpoint endpoint(server, margay::websocket<Quiet>("quiet"));
  const margay::Config config(server.host(), endpoint.config());
  for (const margay_session id : {1, 2, 3, 4}) CHECK(server.session(id).subscribe("/room"));
  CHECK_FALSE(server.session(1).subscribe("room"));
  CHECK(server.session(4).unsubscribe("/room"));
  server.socket(3).full = true;
  margay::Delivery heard;
  CHECK(margay::publish(config, "/room", "hello", {.key = "k", .except = server.session(1)},
                        [&](margay::Delivery delivery) { heard = delivery; }) == Send::queued);
  CHECK(heard.queued == 1);
  CHECK(heard.refused == 1);
  CHECK(server.socket(1).sent.empty());
  CHECK(server.socket(2).sent == std::vector<fake::Message>{{MARGAY_TEXT, "hello", "k"}});
  const auto delivery = margay::publish_wait(config, "/room", margay::Binary("all"), 5s);
  REQUIRE(delivery);
  CHECK(delivery->queued == 2);
  CHECK_FALSE(margay::publish_wait(config, "room", "x", 5s));
  CHECK(margay::publish(config, "room", "x") == Send::invalid);
  CHECK(margay::publish(config, "/room", "\xff") == Send::invalid);
  const auto alive = std::make_shared<int>(0);
  CHECK(margay::publish(config, "room", "x", {}, [alive](margay::Delivery) {}) == Send::invalid);
  CHECK(alive.use_count() == 1);
  CHECK(server.frozen == 0);
}

TEST_CASE("the sessions of an endpoint, and those bound to an HTTP session") {
  fake::Server server;
  fake::Endpoint endpoint(server, margay::websocket<Quiet>("quiet"));
  const margay::Config config(server.host(), endpoint.config());
  CHECK(margay::open_sessions(config).empty());
  server.socket(1).handshake->texts[MARGAY_WS_BINDING] = "s1";
  server.socket(2);
  CHECK(margay::open_sessions(config) == std::vector{server.session(1), server.session(2)});
  margay::close_bound(config, "s1");
  CHECK(server.socket(1).code == 1008);
  CHECK(server.socket(2).open);
}
