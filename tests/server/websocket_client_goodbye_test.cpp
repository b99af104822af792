// Who is asked before an outgoing WebSocket says goodbye.
#include <doctest/doctest.h>

#include <cstdint>
#include <future>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "server/websocket/client.h"
#include "server/websocket/local_bus.h"
#include "tests/support/scripted_server.h"
#include "tests/support/socket_server.h"

using server::websocket::Client;
using server::websocket::ClientConnections;
using server::websocket::ClientOptions;
using server::websocket::Heard;
using server::websocket::Hub;
using server::websocket::Opcode;
using server::websocket::Session;

namespace {

struct Companion final : server::websocket::Counted {};

// A client whose owner has something to finish before the goodbye.
class Owner final : public server::websocket::ClientListener, public server::websocket::Peer {
 public:
  explicit Owner(const std::string& url) {
    loop_.start();
    ClientOptions options{.url = server::websocket::parse_url(url).value()};
    loop_.call([&] {
      client_ = std::make_unique<Client>(hub_, connections_, std::move(options), *this);
      client_->start();
    });
  }
  ~Owner() {
    loop_.call([&] { client_.reset(); });
  }

  void close(std::uint16_t code) { hub_.close(client_->session(), code, "nothing is owed"); }
  void stop() {
    loop_.call([&] { client_->stop(); });
  }

  tests::Diary diary;

 private:
  server::websocket::Opening connected(
      const server::websocket::AttemptListener::Connected&) override {
    return {.peer = this,
            .options = &options_,
            .limits = &limits_,
            .reader_limits = &reader_limits_,
            .group = this,
            .companion = new Companion};
  }
  void failed(int, std::string_view reason) override { diary.add("no " + std::string(reason)); }

  bool opened(Session, void*) override {
    diary.add("open");
    return true;
  }
  Heard message(Session session, void*, Opcode, std::string_view text, bool) override {
    if (text == "leave")
      loop_.post([this, session] {
        hub_.with(session, [](server::websocket::WebSocket& socket) {
          socket.leave_within(1001, "it stops", 0);
        });
      });
    return Heard::go_on;
  }
  Heard pong(Session, void*, std::string_view) override { return Heard::go_on; }
  void drained(Session, void*) override {}
  bool leaving(Session, void*, std::uint16_t code, std::string_view reason) override {
    diary.add("leaving " + std::to_string(code) + " " + std::string(reason));
    return false;
  }
  void failed(Session, void*, std::string_view what) override {
    diary.add("failed " + std::string(what));
  }
  void closed(Session, void*, std::uint16_t code, std::string_view) override {
    diary.add("closed " + std::to_string(code));
  }

  const server::websocket::Options options_;
  const server::websocket::Limits limits_{options_};
  const server::websocket::ReaderLimits reader_limits_{};
  server::websocket::LocalBus bus_;
  server::Loop loop_{0};
  Hub hub_{{&loop_}, bus_};
  ClientConnections connections_{loop_};
  std::unique_ptr<Client> client_;
};

unsigned close_code(const tests::Frame& frame) {
  if (frame.opcode != 8 || frame.payload.size() < 2) return 0;
  return static_cast<unsigned char>(frame.payload[0]) * 256U +
         static_cast<unsigned char>(frame.payload[1]);
}

}  // namespace

TEST_CASE("a client that leaves asks its owner, who closes behind what it owes") {
  std::promise<unsigned> code;
  tests::ScriptedServer server([&](tests::ScriptedPeer& peer, int) {
    peer.hear_request();
    peer.accept("", tests::Frame{.payload = "leave", .masked = false}.bytes());
    code.set_value(close_code(peer.hear_frame()));
  });
  Owner owner(server.url());
  REQUIRE(owner.diary.next() == "open");
  REQUIRE(owner.diary.next() == "leaving 1001 it stops");
  SUBCASE("the owner") {
    owner.close(1001);
    CHECK(owner.diary.next() == "closed 1001");
    CHECK(code.get_future().get() == 1001);
  }
  SUBCASE("but is not waited for by who ends the client") {
    owner.stop();
    CHECK(owner.diary.next() == "closed 1000");
    CHECK(code.get_future().get() == 1000);
  }
}
