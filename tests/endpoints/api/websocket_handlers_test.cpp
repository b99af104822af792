// WebSockets as plain structs: what handlers take and return, and what becomes of what they throw.
#include <doctest/doctest.h>

#include <optional>

#include "fake_websockets.h"

namespace {

using Messages = std::vector<fake::Message>;

struct Rooms {
  explicit Rooms(const margay::Config& config) : size(config.get("size", 10)) {}
  Rooms(const Rooms&) = delete;
  int size;
  std::vector<std::string> heard;
};

// A member of each kind, with parameters in no particular order.
struct Chat {
  using Shared = Rooms;
  Rooms& rooms;

  void on_open(margay::PathParam<"room"> room, const margay::EndpointConfig& config,
               margay::Session session, margay::PathParam<"seat", int> seat) {
    session.text(std::string(*room) + "/" + std::to_string(seat + 1) + "/" +
                 std::string(config.get("size")) + "/" +
                 std::string(config.handshake().principal()));
  }
  std::string on_text(std::string_view text) const { return "<" + std::string(text) + ">"; }
  margay::Binary on_binary(margay::Binary bytes, Rooms& its) noexcept {
    its.heard.push_back("binary");
    return bytes;
  }
  void on_pong(margay::Session session, margay::Pong pong) { session.text(pong.payload); }
  static void on_drain(Rooms& its) { its.heard.push_back("drain"); }
  void on_close(const margay::CloseReason& why, margay::PathParam<"room", std::string> room) {
    rooms.heard.push_back(room.value() + std::to_string(why.code) + std::string(why.reason));
  }
  void on_error(margay::Session, const std::exception& error) {
    rooms.heard.push_back(error.what());
  }
};

struct Parts {
  void on_message(std::span<const std::byte> bytes, bool last, margay::Session session) {
    session.text(std::to_string(bytes.size()) + (last ? "." : ","));
  }
};

struct OnlyPongs {
  static constexpr auto dispatch = margay::Dispatch::loop;
  static constexpr auto scope = margay::Scope::shared;
  int count = 0;
  void on_message(margay::Pong, margay::Session session) { session.text(std::to_string(++count)); }
};

// What a message says is what comes back.
struct Replies {
  std::optional<std::string> on_text(const std::string& text, margay::Session session) {
    if (text == "throw") throw std::runtime_error("thrown");
    if (text == "int") throw 42;
    if (text == "bad") return "\xff";
    if (text == "close") session.close();
    if (text == "nothing") return std::nullopt;
    return text;
  }
  std::vector<std::byte> on_binary(std::vector<std::byte> bytes) {
    bytes.push_back(std::byte{'!'});
    return bytes;
  }
};
struct Reporting : Replies {
  std::vector<std::string> errors;
  void on_error(const std::exception& error) {
    errors.emplace_back(error.what());
    throw std::runtime_error("and on");
  }
};
struct OnLoop : Replies {
  static constexpr auto dispatch = margay::Dispatch::loop;
};

struct Opens {
  void on_open(margay::Session session, margay::PathParam<"id", int> id) {
    if (id == 7) throw std::runtime_error("seven");
    session.text(std::to_string(*id));
  }
};
struct OpensAndTells : Opens {
  void on_error(const std::exception& error, margay::Session session) {
    session.text(error.what());
  }
};

struct Freezes {
  explicit Freezes(const margay::Config& config) : frozen(margay::Frozen::text(config, "frozen")) {}
  margay::Frozen frozen;
  const margay::Frozen& on_text(std::string_view, const margay::SessionHandshake& handshake) {
    if (handshake.id().empty()) throw std::runtime_error("no handshake");
    return frozen;
  }
};

struct Guest final {
  void on_close() {}
};

}  // namespace

TEST_CASE("a struct takes what it has handlers for") {
  constexpr auto chat = margay::websocket<Chat>("chat");
  CHECK(chat.flags == (std::uint32_t{MARGAY_TAKES_TEXT} | MARGAY_TAKES_BINARY | MARGAY_TAKES_PONG));
  CHECK(margay::websocket<Parts>("parts").flags ==
        (std::uint32_t{MARGAY_TAKES_BINARY} | MARGAY_BINARY_IN_PARTS));
  constexpr auto pongs = margay::websocket<OnlyPongs>("pongs");
  CHECK(pongs.flags == (std::uint32_t{MARGAY_ON_LOOP} | MARGAY_TAKES_PONG));
  CHECK((pongs.make_peer == nullptr));
  CHECK((pongs.open == nullptr));
  constexpr auto guest = margay::websocket<Guest>("guest");
  CHECK(guest.flags == 0);
  CHECK((guest.message == nullptr));
  CHECK((guest.close != nullptr));
}

TEST_CASE("handlers get what they take, in any order") {
  fake::Server server;
  fake::Endpoint endpoint(server, margay::websocket<Chat>("chat"), {{"size", "3"}});
  const auto& heard = static_cast<margay::detail::Site<Chat>*>(endpoint.self())->shared.heard;
  auto& handshake = *server.socket(1).handshake;
  handshake.parameters = {{"room", "red"}, {"seat", "41"}};
  handshake.texts[MARGAY_WS_PRINCIPAL] = "ann";
  REQUIRE(endpoint.open(1) == MARGAY_OK);
  CHECK(endpoint.text(1, "hi") == MARGAY_OK);
  CHECK(endpoint.message(1, MARGAY_BINARY, "bytes") == MARGAY_OK);
  CHECK(endpoint.message(1, MARGAY_PONG, "pong") == MARGAY_OK);
  CHECK(server.socket(1).sent == Messages{{MARGAY_TEXT, "red/42/3/ann"},
                                          {MARGAY_TEXT, "<hi>"},
                                          {MARGAY_BINARY, "bytes"},
                                          {MARGAY_TEXT, "pong"}});
  endpoint.drain(1);
  endpoint.error(1, "bad frame");
  CHECK(server.held() == 1);
  server.end(1);  // the handshake is still there in on_close
  endpoint.close(1, 1001, "bye");
  CHECK(heard == std::vector<std::string>{"binary", "drain", "bad frame", "red1001bye"});
  CHECK(server.held() == 0);
  CHECK(server.log.empty());
}

TEST_CASE("`bool last` takes a message in pieces") {
  fake::Server server;
  fake::Endpoint endpoint(server, margay::websocket<Parts>("parts"));
  REQUIRE(endpoint.open(1) == MARGAY_OK);
  endpoint.message(1, MARGAY_BINARY, "abc", false);
  endpoint.message(1, MARGAY_BINARY, "", true);
  CHECK(server.socket(1).sent == Messages{{MARGAY_TEXT, "3,"}, {MARGAY_TEXT, "0."}});
  endpoint.close(1, 1000);
}

TEST_CASE("one object for all sockets") {
  fake::Server server;
  fake::Endpoint endpoint(server, margay::websocket<OnlyPongs>("pongs"));
  for (const margay_session id : {1, 2}) {
    REQUIRE(endpoint.open(id) == MARGAY_OK);
    endpoint.message(id, MARGAY_PONG, "");
  }
  CHECK(server.socket(2).sent == Messages{{MARGAY_TEXT, "2"}});
}

TEST_CASE("what a message handler returns is sent back, or not") {
  fake::Server server;
  fake::Endpoint endpoint(server, margay::websocket<Replies>("replies"));
  REQUIRE(endpoint.open(1) == MARGAY_OK);
  endpoint.text(1, "yes");
  endpoint.text(1, "nothing");
  endpoint.message(1, MARGAY_BINARY, "b");
  CHECK(server.socket(1).sent == Messages{{MARGAY_TEXT, "yes"}, {MARGAY_BINARY, "b!"}});
  endpoint.text(1, "close");  // gone is nobody's fault
  CHECK(server.log.empty());
  endpoint.close(1, 1000);

  fake::Endpoint freezes(server, margay::websocket<Freezes>("freezes"));
  server.socket(2).handshake->texts[MARGAY_SESSION_ID] = "id";
  REQUIRE(freezes.open(2) == MARGAY_OK);
  freezes.text(2, "");
  CHECK(server.socket(2).sent == Messages{{MARGAY_TEXT, "frozen"}});
  freezes.close(2, 1000);
  CHECK(server.held() == 0);
}

TEST_CASE("what a message handler throws is told, and the socket stays open") {
  fake::Server server;
  fake::Endpoint plain(server, margay::websocket<Replies>("replies"));
  REQUIRE(plain.open(1) == MARGAY_OK);
  for (const char* text : {"throw", "int", "bad"}) CHECK(plain.text(1, text) == MARGAY_OK);
  plain.error(1, "no one listens");
  CHECK(server.log == std::vector<std::string>{"thrown", "an exception that is no std::exception",
                                               "the answer is text that is no UTF-8"});
  plain.close(1, 1000);

  server.log.clear();
  fake::Endpoint reporting(server, margay::websocket<Reporting>("reporting"));
  REQUIRE(reporting.open(2) == MARGAY_OK);
  CHECK(reporting.text(2, "throw") == MARGAY_OK);
  CHECK(server.log == std::vector<std::string>{"and on"});
  CHECK(server.socket(2).open);
  reporting.close(2, 1000);
}

TEST_CASE("an answer waits on a worker, and is an error on the loop, when the queue is full") {
  fake::Server server;
  fake::Endpoint worker(server, margay::websocket<Replies>("worker"));
  REQUIRE(worker.open(1) == MARGAY_OK);
  server.socket(1).full = true;
  worker.text(1, "late");
  CHECK(server.socket(1).sent == Messages{{MARGAY_TEXT, "late"}});
  CHECK(server.waits == 1);
  server.socket(1).full = true;
  server.drains = false;
  worker.text(1, "never");
  CHECK(server.log == std::vector<std::string>{"the queue is full: the answer was refused"});
  worker.close(1, 1000);

  server.log.clear();
  server.waits = 0;
  fake::Endpoint loop(server, margay::websocket<OnLoop>("loop"));
  REQUIRE(loop.open(2) == MARGAY_OK);
  server.socket(2).full = true;
  loop.text(2, "never");
  CHECK(server.waits == 0);
  CHECK(server.log == std::vector<std::string>{"the queue is full: the answer was refused"});
  loop.close(2, 1000);
}

TEST_CASE("path parameters: what cannot be converted, and what throws in on_open") {
  fake::Server server;
  fake::Endpoint endpoint(server, margay::websocket<OpensAndTells>("opens"));
  const auto open = [&](margay_session id, const char* value) {
    server.socket(id).handshake->parameters = {{"id", value}};
    return endpoint.open(id);
  };
  CHECK(open(1, "12") == MARGAY_OK);
  CHECK(server.socket(1).sent == Messages{{MARGAY_TEXT, "12"}});
  CHECK(open(2, "12x") == MARGAY_OK);
  const std::string why = "path parameter 'id': '12x' is not an integer in range";
  CHECK(server.socket(2).sent == Messages{{MARGAY_TEXT, why}});
  CHECK(server.socket(2).code == 1008);
  CHECK(server.socket(2).reason == why);
  CHECK(open(3, "7") == MARGAY_FAILED);
  CHECK(server.socket(3).sent == Messages{{MARGAY_TEXT, "seven"}});
  // No such variable in the configured path: the plugin's fault, not the client's.
  CHECK(endpoint.open(4) == MARGAY_FAILED);
  CHECK(server.socket(4).sent == Messages{{MARGAY_TEXT, "the path of this endpoint has no {id}"}});
  for (const margay_session id : {1, 2, 3, 4}) endpoint.close(id, 1000);
  CHECK(server.held() == 0);
}
