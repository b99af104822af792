// WebSockets as classes: what they take, what reaches them, what they throw.
#include <doctest/doctest.h>

#include <optional>

#include "fake_websockets.h"

using margay::Scope;

namespace {

struct Echo : margay::WebSocket {
  void message(margay::Session session, std::string_view text) override { session.text(text); }
  void binary(margay::Session session, margay::Binary bytes) override { session.binary(bytes); }
};

struct Parts : margay::WebSocket {
  static constexpr auto dispatch = margay::Dispatch::loop;
  void message_part(margay::Session session, std::string_view text, bool last) override {
    session.text(std::string(text) + (last ? "." : ","));
  }
  void binary_part(margay::Session session, margay::Binary bytes, bool last) override {
    session.text(std::string(bytes.chars()) + (last ? "!" : ";"));
  }
};

// Whose objects there are, and what they heard.
struct Counts {
  explicit Counts(const margay::Config& config) : greeting(config.get("greeting", "hello")) {}
  Counts(const Counts&) = delete;
  std::string greeting;
  int alive = 0;
  std::vector<std::string> heard;
};

struct Listener : margay::WebSocket {
  using Shared = Counts;
  static constexpr std::string_view subprotocols = "v2, v1";
  Listener(Counts& counts, const margay::Config& config) : counts_(counts), name_(config.name()) {
    ++counts_.alive;
  }
  Listener(const Listener&) = delete;
  ~Listener() override { --counts_.alive; }
  void open(margay::Session session) override {
    session.text(counts_.greeting + " " + std::string(name_));
  }
  void pong(margay::Session, std::string_view payload) override { note("pong", payload); }
  void drain(margay::Session) override { note("drain", ""); }
  void error(margay::Session, const std::exception& error) override {
    const bool by_peer = dynamic_cast<const margay::ConnectionError*>(&error) != nullptr;
    note(by_peer ? "broken" : "error", error.what());
  }
  void close(margay::Session session, margay::CloseReason why) override {
    note(session.is_open() ? "closing" : "closed",
         std::to_string(why.code) + std::string(why.reason));
  }

 private:
  void note(std::string_view what, std::string_view more) {
    counts_.heard.push_back(std::string(what) + ":" + std::string(more));
  }
  Counts& counts_;
  std::string_view name_;
};

struct One : margay::WebSocket {
  static constexpr auto scope = Scope::shared;
  void message(margay::Session session, std::string_view) override {
    session.text(std::to_string(++calls_));
  }

 private:
  int calls_ = 0;
};

template <bool with_error>
struct Thrower : margay::WebSocket {
  void open(margay::Session session) override {
    if (session.property("fails")) throw std::runtime_error("no open");
  }
  void message(margay::Session, std::string_view text) override {
    if (text == "int") throw 42;
    if (!text.empty()) throw std::runtime_error(std::string(text));
  }
  void drain(margay::Session) override { throw std::runtime_error("no drain"); }
  void close(margay::Session, margay::CloseReason) override { throw 1; }
};
struct Reporter : Thrower<true> {
  void error(margay::Session session, const std::exception& error) override {
    session.text(error.what());
    throw std::runtime_error("no error");
  }
};

struct Refusing : margay::WebSocket {
  explicit Refusing(const margay::Config& config) { config.require("missing"); }
};
struct RefusingShared : margay::WebSocket {
  using Shared = Refusing;
};

}  // namespace

TEST_CASE("a type takes what its class overrides, and nothing else is called") {
  constexpr auto echo = margay::websocket<Echo>("echo");
  CHECK(std::string_view(echo.name) == "echo");
  CHECK(echo.flags == (MARGAY_TAKES_TEXT | MARGAY_TAKES_BINARY));
  CHECK(echo.size == sizeof(margay_websocket_type));
  CHECK(std::string_view(echo.subprotocols).empty());
  CHECK((echo.open == nullptr));
  CHECK((echo.close == nullptr));
  CHECK((echo.drain == nullptr));
  CHECK((echo.error == nullptr));
  CHECK((echo.check_origin == nullptr));
  CHECK((echo.select_subprotocol == nullptr));
  CHECK((echo.select_extensions == nullptr));
  CHECK((echo.modify_handshake == nullptr));
  CHECK((echo.message != nullptr));
  CHECK((echo.make_peer != nullptr));

  CHECK(margay::websocket<Parts>("parts").flags ==
        (std::uint32_t{MARGAY_ON_LOOP} | MARGAY_TAKES_TEXT | MARGAY_TAKES_BINARY |
         MARGAY_TEXT_IN_PARTS | MARGAY_BINARY_IN_PARTS));
  constexpr auto listener = margay::websocket<Listener>("listener");
  CHECK(listener.flags == MARGAY_TAKES_PONG);
  CHECK(std::string_view(listener.subprotocols) == "v2, v1");
  // One object for all needs none for each.
  constexpr auto one = margay::websocket<One>("one");
  CHECK((one.make_peer == nullptr));
  CHECK((one.end_peer == nullptr));
}

TEST_CASE("messages reach the function of their kind, whole or in parts") {
  fake::Server server;
  fake::Endpoint echo(server, margay::websocket<Echo>("echo"));
  REQUIRE(echo.open(1) == MARGAY_OK);
  CHECK(echo.text(1, "hello") == MARGAY_OK);
  CHECK(echo.message(1, MARGAY_BINARY, "bytes") == MARGAY_OK);
  CHECK(server.socket(1).sent ==
        std::vector<fake::Message>{{MARGAY_TEXT, "hello"}, {MARGAY_BINARY, "bytes"}});
  echo.close(1, 1000);

  fake::Endpoint parts(server, margay::websocket<Parts>("parts"));
  REQUIRE(parts.open(2) == MARGAY_OK);
  parts.message(2, MARGAY_TEXT, "a", false);
  parts.message(2, MARGAY_TEXT, "b", true);
  parts.message(2, MARGAY_BINARY, "c", false);
  parts.message(2, MARGAY_BINARY, "d", true);
  CHECK(server.socket(2).sent ==
        std::vector<fake::Message>{
            {MARGAY_TEXT, "a,"}, {MARGAY_TEXT, "b."}, {MARGAY_TEXT, "c;"}, {MARGAY_TEXT, "d!"}});
  parts.close(2, 1000);
}

TEST_CASE("one Shared for the endpoint, one object for each socket, which ends with it") {
  fake::Server server;
  fake::Endpoint endpoint(server, margay::websocket<Listener>("listener"), {{"greeting", "hi"}});
  auto& counts = static_cast<margay::detail::Site<Listener>*>(endpoint.self())->shared;
  REQUIRE(endpoint.open(1) == MARGAY_OK);
  REQUIRE(endpoint.open(2) == MARGAY_OK);
  CHECK(counts.alive == 2);
  CHECK(server.socket(1).sent == std::vector<fake::Message>{{MARGAY_TEXT, "hi tested"}});
  endpoint.message(1, MARGAY_PONG, "p");
  endpoint.drain(1);
  endpoint.error(1, "bad frame");
  server.end(1);
  endpoint.close(1, 1006, "gone");
  CHECK(counts.heard ==
        std::vector<std::string>{"pong:p", "drain:", "broken:bad frame", "closed:1006gone"});
  CHECK(counts.alive == 1);
  endpoint.close(2, 1000);
  CHECK(counts.alive == 0);
}

TEST_CASE("a shared object hears all sockets") {
  fake::Server server;
  fake::Endpoint endpoint(server, margay::websocket<One>("one"));
  REQUIRE(endpoint.open(1) == MARGAY_OK);
  REQUIRE(endpoint.open(2) == MARGAY_OK);
  endpoint.text(1, "x");
  endpoint.text(2, "x");
  CHECK(server.socket(1).sent[0].bytes == "1");
  CHECK(server.socket(2).sent[0].bytes == "2");
}

TEST_CASE("what is thrown is logged when there is no `error`") {
  fake::Server server;
  fake::Endpoint endpoint(server, margay::websocket<Thrower<false>>("thrower"));
  REQUIRE(endpoint.open(1) == MARGAY_OK);
  CHECK(endpoint.text(1, "") == MARGAY_OK);
  CHECK(endpoint.text(1, "oops") == MARGAY_FAILED);
  CHECK(endpoint.text(1, "int") == MARGAY_FAILED);
  endpoint.drain(1);
  endpoint.close(1, 1011);
  server.session(2).property("fails", "");
  CHECK(endpoint.open(2) == MARGAY_FAILED);
  endpoint.close(2, 1011);
  const char* const unknown = "an exception that is no std::exception";
  CHECK(server.log ==
        std::vector<std::string>{"oops", unknown, "no drain", unknown, "no open", unknown});
}

TEST_CASE("what is thrown reaches `error`; what that throws is logged, once") {
  fake::Server server;
  fake::Endpoint endpoint(server, margay::websocket<Reporter>("reporter"));
  REQUIRE(endpoint.open(1) == MARGAY_OK);
  CHECK(endpoint.text(1, "oops") == MARGAY_FAILED);
  CHECK(endpoint.text(1, "int") == MARGAY_FAILED);
  endpoint.error(1, "broken");
  CHECK(server.socket(1).sent ==
        std::vector<fake::Message>{{MARGAY_TEXT, "oops"},
                                   {MARGAY_TEXT, "an exception that is no std::exception"},
                                   {MARGAY_TEXT, "broken"}});
  CHECK(server.log == std::vector<std::string>(3, "no error"));
  endpoint.close(1, 1011);
}

TEST_CASE("a constructor that throws refuses the handshake; a Shared that throws the deployment") {
  fake::Server server;
  {
    fake::Endpoint endpoint(server, margay::websocket<Refusing>("refusing"));
    CHECK(endpoint.open(1) == MARGAY_FAILED);
    CHECK(server.log == std::vector<std::string>{"parameter 'missing' is missing"});
  }
  CHECK_THROWS_WITH(fake::Endpoint(server, margay::websocket<RefusingShared>("refusing")),
                    "parameter 'missing' is missing");
}
