// Connections that change their protocol: when, with which bytes, and who hears of the end.
#include <doctest/doctest.h>

#include <atomic>
#include <functional>
#include <string>
#include <string_view>
#include <thread>

#include "tests/support/client.h"
#include "tests/support/conversation.h"
#include "tests/support/handlers.h"
#include "tests/support/small_server.h"

using tests::Conversation;
using tests::Held;
using tests::SmallService;
using tests::summary;

namespace {

// What became of the tokens and the protocols of one test. Written on the loop.
struct Story {
  int installed = 0;
  int tokens = 0;     // destroyed
  int protocols = 0;  // destroyed
  int timeouts = 0;
  int lost = 0;
  std::thread::id token_freed_on;
  server::Connection* connection = nullptr;
  std::function<void(server::Connection&)> on_install;
};

// Answers with capitals, which it makes in place, and says what else it hears.
class Loud final : public server::Protocol {
 public:
  Loud(server::Connection& connection, Story& story) : connection_(connection), story_(story) {}
  ~Loud() override { ++story_.protocols; }
  void bytes(std::span<char> data) override {
    for (char& c : data)
      if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 0x20);
    connection_.write({data.data(), data.size()});
  }
  void end_of_input() override {
    connection_.write("<end>");
    connection_.close_when_flushed();
  }
  void room() override {}
  void timeout() override { ++story_.timeouts; }
  void drain() override {
    connection_.write("<drain>");
    connection_.close_when_flushed();
  }
  void lost() override { ++story_.lost; }

 private:
  server::Connection& connection_;
  Story& story_;
};

class LoudToken final : public server::UpgradeToken {
 public:
  explicit LoudToken(Story& story) : story_(story) {}
  ~LoudToken() override {
    ++story_.tokens;
    story_.token_freed_on = std::this_thread::get_id();
  }
  std::unique_ptr<server::Protocol> install(server::Connection& connection) override {
    ++story_.installed;
    story_.connection = &connection;
    if (story_.on_install) story_.on_install(connection);
    return std::make_unique<Loud>(connection, story_);
  }
  const char* protocol_name() const override { return "loud"; }

 private:
  Story& story_;
};

server::Write agree(server::Exchange& exchange, Story& story) {
  exchange.response().status = 101;
  exchange.response().set(exchange.arena(), "Upgrade", "loud");
  exchange.response().set(exchange.arena(), "Connection", "Upgrade");
  return exchange.upgrade(std::make_unique<LoudToken>(story));
}

SmallService::Answer agreeing(Story& story) {
  return [&story](server::Exchange& exchange) {
    if (exchange.upgradable()) {
      agree(exchange, story);
    } else {
      exchange.body().append("no");
    }
  };
}

// Lets a suspended exchange agree.
void agree_later(Held& held, std::size_t which, Story& story) {
  held.rights[which]->resume(
      reinterpret_cast<void (*)()>(+[](void* to, server::Exchange* exchange) {
        if (exchange == nullptr) return;
        agree(*exchange, *static_cast<Story*>(to));
        CHECK(static_cast<Story*>(to)->installed == 0);  // not while whoever answers is still here
      }),
      &story);
  held.rights[which]->release();
}

// Reads a streamed body to its end first.
void read_then_agree(SmallService& service, Story& story) {
  service.body = server::Body::streamed;
  service.answer = [](server::Exchange& exchange) {
    CHECK_FALSE(exchange.upgradable());
    exchange.local = &exchange.suspend();
    exchange.watch(true);
  };
  service.on_event = [&story](server::Exchange& exchange, server::Event) {
    char piece[64];
    while (exchange.read(piece) > 0) {
    }
    if (!exchange.upgradable()) return;
    agree(exchange, story);
    static_cast<server::Async*>(exchange.local)->release();
  };
}

std::string offer(std::string_view fields = {}, std::string_view version = "HTTP/1.1") {
  return std::string("GET / ")
      .append(version)
      .append("\r\nHost: h\r\nUpgrade: loud\r\nConnection: keep-alive, Upgrade\r\n")
      .append(fields)
      .append("\r\n");
}

const std::string kGet = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";

// What came behind the 101, which must be the only head.
std::string behind_switch(const std::string& heard) {
  const auto end = heard.find("\r\n\r\n");
  if (!heard.starts_with("HTTP/1.1 101 Switching Protocols\r\n") || end == heard.npos)
    return "not switched: " + heard;
  return heard.substr(end + 4);
}

void check_body_first(const std::string& request) {
  Story story;
  SmallService service;
  Conversation client(service, {});
  service.answer = agreeing(story);
  SUBCASE("collected") {
    client.say(request + "abc");
    CHECK(behind_switch(client.take()) == "ABC");
  }
  SUBCASE("collected, byte by byte") {
    client.say_byte_by_byte(request + "abc");
    CHECK(behind_switch(client.take()) == "ABC");
  }
  SUBCASE("nobody reads it") {
    service.body = server::Body::ignored;
    client.say(request + kGet);
    CHECK(summary(client.take(), service.methods) == "200 no|200 no|");
  }
  SUBCASE("read piecewise") {
    read_then_agree(service, story);
    client.say(request + "abc");
    CHECK(behind_switch(client.take()) == "ABC");
  }
}

}  // namespace

TEST_CASE("upgrade: the answer is a head that says so") {
  Story story;
  SmallService service;
  service.answer = agreeing(story);
  Conversation client(service, {});
  client.say(offer());
  const std::string heard = client.take();
  CAPTURE(heard);
  CHECK(behind_switch(heard).empty());
  CHECK(heard.find("\r\nUpgrade: loud\r\n") != heard.npos);
  CHECK(heard.find("\r\nConnection: Upgrade\r\n") != heard.npos);
  CHECK(heard.find("keep-alive") == heard.npos);
  CHECK(heard.find("Content-Length") == heard.npos);
  CHECK(heard.find("Transfer-Encoding") == heard.npos);
  CHECK(service.finished_count == 1);
  CHECK(service.aborted_count == 0);
  CHECK(story.installed == 1);
  CHECK(story.tokens == 1);
  client.say("once");
  client.say("more");
  CHECK(client.take() == "ONCEMORE");
  client.finish();
  CHECK(client.take() == "<end>");
  CHECK(client.gone());
  CHECK(story.lost == 1);
  CHECK(story.protocols == 1);
  CHECK(service.methods.size() == 1);
}

TEST_CASE("upgrade: bytes behind the handshake, split anywhere") {
  Story story;
  SmallService service;
  const std::string all = offer() + "abc\r\n" + kGet;
  const std::string expected = "ABC\r\nGET / HTTP/1.1\r\nHOST: H\r\n\r\n";
  SUBCASE("on the loop") { service.answer = agreeing(story); }
  server::Workers workers({.max_threads = 1, .min_spare_threads = 1});
  SUBCASE("on a worker") {
    service.workers = &workers;
    service.answer = agreeing(story);
  }
  for (std::size_t size = 0; size <= all.size(); ++size) {
    CAPTURE(size);
    Conversation client(service, {});
    client.say(std::string_view(all).substr(0, size));
    client.say(std::string_view(all).substr(size));
    CHECK(client.await([&] { return client.heard().ends_with("H\r\n\r\n"); }));
    CHECK(behind_switch(client.take()) == expected);
  }
  Conversation client(service, {});
  client.say_byte_by_byte(all);
  CHECK(client.await([&] { return client.heard().ends_with("H\r\n\r\n"); }));
  CHECK(behind_switch(client.take()) == expected);
}

TEST_CASE("upgrade: bytes wait for an answer that comes later") {
  Story story;
  SmallService service;
  Held held(service);
  Conversation client(service, {});
  client.say(offer() + kGet);
  client.say(kGet);
  CHECK(client.take().empty());
  CHECK(service.methods.size() == 1);
  const bool much = client.say(std::string(2 * 1024 * 1024, 'x'));
  CHECK_FALSE(much);  // and are not read without a limit
  agree_later(held, 0, story);
  CHECK(client.await([&] { return client.heard().ends_with("XX"); }));
  CHECK(behind_switch(client.heard()).starts_with("GET / HTTP/1.1\r\nHOST: H\r\n\r\nGET / "));
  CHECK(service.methods.size() == 1);
}

TEST_CASE("upgrade: bytes behind a refused offer are HTTP") {
  SmallService service;
  server::Workers workers({.max_threads = 1, .min_spare_threads = 1});
  const auto refuse = [](server::Exchange& exchange) { exchange.body().append("no"); };
  SUBCASE("on the loop") { service.answer = refuse; }
  SUBCASE("on a worker") {
    service.workers = &workers;
    service.answer = refuse;
  }
  const std::string all = offer() + kGet + offer() + kGet;
  for (std::size_t size = 0; size <= all.size(); size += service.workers == nullptr ? 1 : 7) {
    CAPTURE(size);
    service.methods.clear();
    Conversation client(service, {});
    client.say(std::string_view(all).substr(0, size));
    client.say(std::string_view(all).substr(size));
    CHECK(client.await([&] {
      return summary(client.heard(), service.methods) == "200 no|200 no|200 no|200 no|";
    }));
  }
}

TEST_CASE("upgrade: bytes behind an offer refused later are HTTP, but not behind close") {
  SmallService service;
  Held held(service);
  Conversation client(service, {});
  std::string fields;
  SUBCASE("keep-alive") {}
  SUBCASE("close") { fields = "Connection: close\r\n"; }
  client.say(offer(fields) + kGet);
  CHECK(held.rights.size() == 1);
  held.answer(0, "no");
  client.settle();
  if (fields.empty()) {
    REQUIRE(held.rights.size() == 2);
    held.answer(1, "yes");
    client.settle();
    CHECK(summary(client.take(), service.methods) == "200 no|200 yes|");
    CHECK_FALSE(client.ended());
  } else {
    CHECK(held.rights.size() == 1);
    CHECK(summary(client.take(), service.methods) == "200 no|");
    CHECK(client.ended());
  }
}

TEST_CASE("upgrade: what is no offer cannot be taken") {
  Story story;
  SmallService service;
  service.answer = agreeing(story);
  Conversation client(service, {});
  SUBCASE("HTTP/1.0") { client.say(offer("", "HTTP/1.0")); }
  SUBCASE("no Upgrade") { client.say("GET / HTTP/1.1\r\nHost: h\r\nConnection: upgrade\r\n\r\n"); }
  SUBCASE("no Connection") { client.say("GET / HTTP/1.1\r\nHost: h\r\nUpgrade: loud\r\n\r\n"); }
  SUBCASE("Connection says something else") {
    client.say("GET / HTTP/1.1\r\nHost: h\r\nUpgrade: loud\r\nConnection: keep-alive\r\n\r\n");
  }
  CHECK(summary(client.take(), service.methods) == "200 no|");
  CHECK(story.installed == 0);
}

TEST_CASE("upgrade: an answer that asks for one says so") {
  SmallService service;
  service.answer = [](server::Exchange& exchange) {
    exchange.response().status = 426;
    exchange.response().set(exchange.arena(), "Upgrade", "loud");
  };
  Conversation client(service, {});
  SUBCASE("and the connection stays") {
    client.say(kGet);
    CHECK(client.heard().find("\r\nUpgrade: loud\r\n") != std::string::npos);
    CHECK(client.heard().find("\r\nConnection: Upgrade\r\n") != std::string::npos);
    CHECK_FALSE(client.ended());
  }
  SUBCASE("or closes") {
    client.say("GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
    CHECK(client.heard().find("\r\nConnection: close, Upgrade\r\n") != std::string::npos);
    CHECK(client.ended());
  }
  CHECK(summary(client.take(), service.methods) == "426|");
}

TEST_CASE("upgrade: an answer that has begun cannot become one") {
  SmallService service;
  bool before = false;
  bool after = true;
  service.answer = [&](server::Exchange& exchange) {
    before = exchange.upgradable();
    exchange.body().append("some");
    exchange.hand_over(false);
    after = exchange.upgradable();
  };
  Conversation client(service, {});
  client.say(offer());
  CHECK(before);
  CHECK_FALSE(after);
}

TEST_CASE("upgrade: the request's body comes first") {
  SUBCASE("of a length") { check_body_first(offer("Content-Length: 4\r\n") + "body"); }
  SUBCASE("in chunks") {
    check_body_first(offer("Transfer-Encoding: chunked\r\n") + "4\r\nbody\r\n0\r\n\r\n");
  }
}

TEST_CASE("upgrade: in its turn behind earlier answers") {
  Story story;
  SmallService service;
  Held held(service);
  Conversation client(service, {});
  client.say(kGet + offer() + "abc");
  REQUIRE(held.rights.size() == 2);
  agree_later(held, 1, story);
  client.settle();
  CHECK(client.heard().empty());
  SUBCASE("which come") {
    held.answer(0, "first");
    client.settle();
    CHECK(client.heard().find("\r\n\r\nfirstHTTP/1.1 101 ") != std::string::npos);
    CHECK(client.heard().ends_with("\r\n\r\nABC"));
  }
  SUBCASE("which the client does not wait for") {
    client.lose();
    held.answer(0, "first");
    CHECK(client.await([&] { return client.gone() && service.finished_count == 2; }));
    CHECK(story.installed == 0);
    CHECK(story.tokens == 1);
  }
}

TEST_CASE("upgrade: an offer among the bytes that were kept") {
  Story story;
  SmallService service;
  Held held(service);
  Conversation client(service, {});
  client.say("PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n" + offer() + "abc");
  REQUIRE(held.rights.size() == 1);
  service.answer = agreeing(story);
  held.answer(0, "put");
  client.settle();
  CHECK(client.heard().find("\r\n\r\nputHTTP/1.1 101 ") != std::string::npos);
  CHECK(client.heard().ends_with("\r\n\r\nABC"));
}

TEST_CASE("upgrade: a client that goes before the answer") {
  Story story;
  SmallService service;
  SUBCASE("of a suspended exchange") {
    Held held(service);
    Conversation client(service, {});
    client.say(offer() + "abc");
    client.hang_up();
    agree_later(held, 0, story);
    CHECK(client.await([&] { return client.gone() && service.finished_count == 1; }));
    CHECK(story.installed == story.tokens);
  }
  SUBCASE("of a worker") {
    server::Workers workers({.max_threads = 1, .min_spare_threads = 1});
    service.workers = &workers;
    std::atomic<bool> hung_up{false};
    service.answer = [&](server::Exchange& exchange) {
      while (!hung_up) std::this_thread::yield();
      agree(exchange, story);
    };
    Conversation client(service, {});
    client.say(offer() + "abc");
    client.hang_up();
    hung_up = true;
    CHECK(client.await([&] { return client.gone() && service.finished_count == 1; }));
    CHECK(story.tokens == 1);
    CHECK(story.token_freed_on == std::this_thread::get_id());
    CHECK(story.installed == story.protocols);
    CHECK(story.installed == story.lost);
  }
}

TEST_CASE("upgrade: behind a connection that is lost a worker's token is freed on the loop") {
  Story story;
  SmallService service;
  server::Workers workers({.max_threads = 1, .min_spare_threads = 1});
  service.workers = &workers;
  server::Write said = server::Write::ok;
  service.answer = [&](server::Exchange& exchange) {
    while (!exchange.aborted()) std::this_thread::yield();
    said = agree(exchange, story);
  };
  Conversation client(service, {});
  client.say(offer() + "abc");
  client.lose();
  CHECK(client.await([&] { return client.gone() && service.finished_count == 1; }));
  CHECK(said == server::Write::closed);
  CHECK(story.installed == 0);
  CHECK(story.tokens == 1);
  CHECK(story.token_freed_on == std::this_thread::get_id());
}

TEST_CASE("upgrade: a client that half-closes before the answer") {
  Story story;
  SmallService service;
  Held held(service);
  Conversation client(service, {});
  client.say(offer());
  client.finish();
  agree_later(held, 0, story);
  client.settle();
  CHECK(behind_switch(client.take()) == "<end>");
  CHECK(client.gone());
}

TEST_CASE("upgrade: a client that goes behind the switch") {
  Story story;
  SmallService service;
  service.answer = agreeing(story);
  Conversation client(service, {});
  client.listen(false);
  client.say(offer() + "abc");
  client.hang_up();
  CHECK(client.await([&] { return client.gone(); }));
  CHECK(story.installed == 1);
  CHECK(story.lost == 1);
  CHECK(story.protocols == 1);
}

TEST_CASE("upgrade: an install that does not want the connection") {
  Story story;
  SmallService service;
  service.answer = agreeing(story);
  Conversation client(service, {});
  SUBCASE("closes") {
    story.on_install = [](server::Connection& connection) { connection.close(); };
    client.say(offer() + "abc");
    CHECK(client.take().empty());
    CHECK(story.lost == 1);
  }
  SUBCASE("says a last word") {
    story.on_install = [](server::Connection& connection) {
      connection.write("bye");
      connection.close_when_flushed();
    };
    client.say(offer() + "abc");
    CHECK(behind_switch(client.take()) == "bye");
  }
  SUBCASE("makes nothing") {
    struct Nothing final : server::UpgradeToken {
      std::unique_ptr<server::Protocol> install(server::Connection&) override { return nullptr; }
      const char* protocol_name() const override { return "nothing"; }
    };
    const auto nothing = [](server::Exchange& exchange) {
      exchange.response().status = 101;
      exchange.upgrade(std::make_unique<Nothing>());
    };
    SUBCASE("at once") {
      service.answer = nothing;
      client.say(offer());
    }
    SUBCASE("for an answer that comes later") {
      Held held(service);
      client.say(offer());
      held.rights[0]->resume(
          reinterpret_cast<void (*)()>(+[](void* answer, server::Exchange* exchange) {
            (*static_cast<decltype(nothing)*>(answer))(*exchange);
          }),
          const_cast<void*>(static_cast<const void*>(&nothing)));
      held.rights[0]->release();
      client.settle();
    }
    CHECK(behind_switch(client.take()).empty());
  }
  CHECK(client.gone());
}

TEST_CASE("upgrade: a pause in install holds back what is not read yet") {
  Story story;
  SmallService service;
  service.answer = agreeing(story);
  story.on_install = [](server::Connection& connection) { connection.pause(); };
  Conversation client(service, {});
  client.say(offer() + "abc");
  CHECK(behind_switch(client.take()) == "ABC");
  client.say("def");
  CHECK(client.take().empty());
  story.connection->resume();
  client.settle();
  CHECK(client.take() == "DEF");
}

TEST_CASE("upgrade: none of HTTP's deadlines is left") {
  Story story;
  SmallService service;
  server::Loop loop(0);
  const server::http1::Options options{.connection_timeout = 100, .keep_alive_timeout = 300};
  service.answer = agreeing(story);
  Conversation upgraded(service, options, loop);
  upgraded.say(offer());
  Conversation witness(service, options, loop);
  witness.say(kGet);
  CHECK(witness.await([&] { return witness.gone(); }));  // its deadlines came later
  upgraded.settle();
  CHECK_FALSE(upgraded.gone());
  CHECK(story.timeouts == 0);
  story.connection->arm(100);
  CHECK(upgraded.await([&] { return story.timeouts == 1; }));
}

TEST_CASE("upgrade: draining") {
  Story story;
  tests::SmallServer server;
  Held held(server.service);
  server.listen();
  tests::Client client(server.port());
  client.send(offer());
  for (bool there = false; !there;) server.loop().call([&] { there = !held.rights.empty(); });
  SUBCASE("before the switch") {
    server.connector().drain();
    agree_later(held, 0, story);
  }
  SUBCASE("behind the switch") {
    agree_later(held, 0, story);
    server.loop().call([] {});
    server.connector().drain();
  }
  CHECK(behind_switch(client.rest()) == "<drain>");
  CHECK(client.closed());
}
