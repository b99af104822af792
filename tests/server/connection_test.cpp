// Connections by themselves: when a protocol hears of the end.
#include <doctest/doctest.h>

#include <string>

#include "tests/support/conversation.h"
#include "tests/support/small_server.h"

using tests::Conversation;
using tests::SmallService;

namespace {

// Writes when it is told to, and notes what it hears while it does.
class Writer final : public server::Protocol {
 public:
  explicit Writer(server::Connection& its) : connection(its) {}
  void bytes(std::span<char>) override { ++reads; }
  void end_of_input() override {}
  void room() override {}
  void timeout() override {}
  void drain() override {}
  void lost() override {
    is_lost = true;
    lost_in_write = writing;
  }
  void write(std::string_view text) {
    writing = true;
    connection.write(text);
    writing = false;
  }

  server::Connection& connection;
  int reads = 0;
  bool writing = false;
  bool is_lost = false;
  bool lost_in_write = false;
};

struct Seat final : server::UpgradeToken {
  explicit Seat(Writer*& its) : writer(its) {}
  std::unique_ptr<server::Protocol> install(server::Connection& connection) override {
    auto made = std::make_unique<Writer>(connection);
    writer = made.get();
    return made;
  }
  const char* protocol_name() const override { return "writer"; }
  Writer*& writer;
};

// Turns the conversations' connections over to writers.
struct Writers {
  explicit Writers(SmallService& service) {
    service.answer = [this](server::Exchange& exchange) {
      exchange.response().status = 101;
      exchange.upgrade(std::make_unique<Seat>(writer));
    };
  }
  Writer& of(Conversation& client) {
    client.say("GET / HTTP/1.1\r\nHost: h\r\nUpgrade: w\r\nConnection: upgrade\r\n\r\n");
    client.take();
    return *writer;
  }
  Writer* writer = nullptr;
};

}  // namespace

TEST_CASE("connection: a broken socket is not told of inside a write") {
  server::Loop loop(0);
  SmallService service;
  Writers writers(service);
  Conversation first(service, {}, loop);
  Conversation second(service, {}, loop);
  Writer& gone = writers.of(first);
  Writer& there = writers.of(second);
  gone.connection.pause();
  first.hang_up();
  REQUIRE_FALSE(gone.is_lost);
  gone.write("1");
  SUBCASE("the other's write sends ours") {
    for (std::size_t i = 0; i <= server::Cork::kRoom / 8192; ++i)
      there.write(std::string(8192, 'x'));
  }
  SUBCASE("our own second write sends the first") {
    there.write("2");
    gone.write("3");
  }
  SUBCASE("past the cork") { gone.write(std::string(100'000, 'x')); }
  SUBCASE("by hand") { gone.connection.flush(); }
  CHECK_FALSE(gone.is_lost);
  CHECK(gone.connection.closing());
  gone.write("nobody hears this");
  second.settle();
  CHECK(first.gone());
  second.hang_up();
}

TEST_CASE("connection: one that was told to close hears nothing more") {
  SmallService service;
  Writers writers(service);
  Conversation client(service, {});
  Writer& writer = writers.of(client);
  writer.write("bye");
  writer.connection.close_when_flushed();
  CHECK_FALSE(writer.is_lost);
  client.say("anybody there?");
  CHECK(client.take() == "bye");
  CHECK(client.gone());
}

TEST_CASE("connection: what is still to be sent outlives the end of what the peer says") {
  SmallService service;
  Writers writers(service);
  Conversation client(service, {});
  Writer& writer = writers.of(client);
  const std::string much(300'000, 'x');
  client.listen(false);
  writer.write(much);
  bool ended_before = false;
  SUBCASE("where the connection closes") { writer.connection.close_when_flushed(); }
  SUBCASE("where it lingers") { writer.connection.linger(); }
  SUBCASE("where it lingers only then") {
    ended_before = true;
    client.finish();
    writer.connection.linger();
  }
  if (!ended_before) client.finish();
  CHECK_FALSE(client.gone());
  client.listen(true);
  client.settle();
  CHECK((client.take() == much));
  CHECK(client.gone());
}
