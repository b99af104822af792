// HTTP/2: how streams and connections end, by whom and when.
#include <doctest/doctest.h>

#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "server/http2/preface.h"
#include "tests/support/h2_peer.h"
#include "tests/support/handlers.h"

using tests::H2Options;
using tests::H2Peer;

TEST_CASE("http2 tells an exchange at once that its client reset the stream") {
  tests::SmallService service;
  server::Async* right = nullptr;
  int aborted = 0;
  service.answer = [&](server::Exchange& exchange) {
    right = &exchange.suspend();
    exchange.watch(true);
  };
  service.on_event = [&](server::Exchange&, server::Event event) {
    aborted += event == server::Event::aborted;
  };
  H2Peer peer(service);
  const auto id = peer.ask("/");
  peer.talk();
  peer.reset(id);
  peer.talk();
  CHECK(aborted == 1);
  CHECK(service.finished_count == 0);
  right->release();
  peer.talk();
  CHECK(service.finished_count == 1);
  CHECK(service.aborted_count == 1);
}

TEST_CASE("http2 refuses a stream beyond its limit, and no other") {
  tests::SmallService service;
  tests::Held held(service);
  H2Options options{.keeps_stream_limit = false};
  options.http2.max_concurrent_streams = 2;
  H2Peer peer(service, options);
  std::vector<std::int32_t> ids;
  for (int i = 0; i < 3; ++i) ids.push_back(peer.ask("/"));
  peer.talk();
  CHECK(peer.answer(ids[2]).reset == NGHTTP2_REFUSED_STREAM);
  held.answer(0, "first");
  held.answer(1, "second");
  peer.talk();
  CHECK(peer.answer(ids[0]).body == "first");
  CHECK(peer.answer(ids[1]).body == "second");
  CHECK(service.finished_count == 2);
  CHECK(peer.goodbyes().empty());
}

TEST_CASE("http2 lets one stream end another while it tells of room") {
  tests::SmallService service;
  server::Exchange* waiting = nullptr;
  std::vector<server::Async*> rights;
  service.answer = [&](server::Exchange& exchange) {
    rights.push_back(&exchange.suspend());
    if (waiting == nullptr) {
      waiting = &exchange;
      return;
    }
    exchange.watch(true);
    exchange.body().append(1'000, 'x');
    exchange.hand_over(false);
  };
  service.on_event = [&](server::Exchange& exchange, server::Event event) {
    if (event != server::Event::writable || waiting == nullptr) return;
    std::exchange(waiting, nullptr)->hand_over(true);
    rights[0]->release();
    exchange.body().append("more");
    exchange.hand_over(false);
    exchange.hand_over(true);
    rights[1]->release();
  };
  H2Peer peer(service);
  const auto first = peer.ask("/");
  const auto second = peer.ask("/");
  peer.talk();
  CHECK(peer.answer(first).ended);
  CHECK(peer.answer(second).body.size() == 1'004);
  CHECK(service.finished_count == 2);
}

TEST_CASE("http2 takes more streams when others have ended") {
  tests::SmallService service;
  tests::Held held(service);
  H2Options options;
  options.http2.max_concurrent_streams = 2;
  H2Peer peer(service, options);
  std::vector<std::int32_t> ids;
  // The client knows the limit by now and keeps to it: the third waits there.
  for (int i = 0; i < 3; ++i) ids.push_back(peer.ask("/"));
  peer.talk();
  CHECK(held.rights.size() == 2);
  held.answer(0, "first");
  peer.talk();
  CHECK(held.rights.size() == 3);
  held.answer(1, "second");
  held.answer(2, "third");
  peer.talk();
  CHECK(peer.answer(ids[2]).body == "third");
}

TEST_CASE("http2 outlives the loss of a connection with hundreds of exchanges on workers") {
  constexpr int kStreams = 300;
  tests::SmallService service;
  server::Workers workers({.name_prefix = "w", .max_threads = 4, .max_queue_size = 1000});
  std::mutex gate;
  gate.lock();
  service.workers = &workers;
  service.answer = [&](server::Exchange& exchange) {
    { const std::scoped_lock waits(gate); }
    exchange.body().append("late");
  };
  H2Options options;
  options.http2.max_concurrent_streams = 1000;
  H2Peer peer(service, options);
  for (int i = 0; i < kStreams; ++i) peer.ask("/");
  peer.talk();
  REQUIRE(service.methods.size() == kStreams);
  peer.conversation().lose();
  gate.unlock();
  CHECK(peer.conversation().await([&] { return service.finished_count == kStreams; }));
  CHECK(service.aborted_count == kStreams);
}

TEST_CASE("http2 drains in two steps, and answers what came in between") {
  tests::SmallService service;
  tests::Held held(service);
  H2Peer peer(service);
  const auto first = peer.ask("/");
  peer.talk();
  peer.conversation().drain();
  const auto second = peer.ask("/");  // on its way when the first GOAWAY comes
  peer.talk();
  REQUIRE(peer.goodbyes().size() == 2);
  CHECK(peer.goodbyes()[0].first == 0x7fffffff);
  CHECK(peer.goodbyes()[1].first == second);
  CHECK_FALSE(peer.conversation().ended());
  held.answer(0, "one");
  held.answer(1, "two");
  CHECK(peer.await([&] { return peer.conversation().ended(); }));
  CHECK(peer.answer(first).body == "one");
  CHECK(peer.answer(second).body == "two");
}

TEST_CASE("http2 says goodbye to a connection without streams") {
  tests::SmallService service;
  H2Options options;
  options.http2.keep_alive_timeout = 100;
  H2Peer peer(service, options);
  CHECK(peer.await([&] { return peer.conversation().ended(); }));
  REQUIRE(peer.goodbyes().size() == 1);
  CHECK(peer.goodbyes()[0].second == NGHTTP2_NO_ERROR);
}

TEST_CASE("http2 does not wait long for the rest of a frame") {
  tests::SmallService service;
  H2Options options;
  options.http2.read_timeout = 100;
  H2Peer peer(service, options);
  peer.conversation().say(std::string("\0\0\10\6\0", 5));  // of a PING
  CHECK(peer.await([&] { return peer.conversation().ended(); }));
  REQUIRE(peer.goodbyes().size() == 1);
  CHECK(peer.goodbyes()[0].second == NGHTTP2_PROTOCOL_ERROR);
}

TEST_CASE("http2 ends a stream whose client stops in the middle of a body") {
  tests::SmallService service;
  H2Options options;
  options.http2.stream_read_timeout = 100;
  SUBCASE("that is collected: 408") {
    service.answer = [](server::Exchange&) {};
    H2Peer peer(service, options);
    const auto id = peer.ask_with_body("/");
    peer.write(id, "some");
    CHECK(peer.await([&] { return peer.answer(id).status == 408; }));
    CHECK(peer.goodbyes().empty());
  }
  SUBCASE("that is read: the reader hears of it") {
    tests::Reader reader(service);
    H2Peer peer(service, options);
    const auto id = peer.ask_with_body("/");
    peer.write(id, "some");
    CHECK(peer.await([&] { return peer.answer(id).reset.has_value(); }));
    CHECK(reader.lost);
    CHECK(service.finished_count == 1);
  }
}

TEST_CASE("http2 ends a stream whose client gives no window") {
  tests::SmallService service;
  service.answer = [](server::Exchange& exchange) { exchange.body().append(5'000, 'x'); };
  H2Options options{.window = 1'000, .gives_window_back = false};
  options.http2.stream_write_timeout = 100;
  H2Peer peer(service, options);
  const auto id = peer.ask("/");
  CHECK(peer.await([&] { return peer.answer(id).reset.has_value(); }));
  CHECK(peer.answer(id).reset == NGHTTP2_CANCEL);
  CHECK(service.aborted_count == 1);
  CHECK(peer.goodbyes().empty());
}

TEST_CASE("http2 closes a connection whose client does not read") {
  tests::SmallService service;
  service.answer = [](server::Exchange& exchange) { exchange.body().append(5'000'000, 'x'); };
  H2Options options{.window = 10'000'000};
  options.http2.write_timeout = 100;
  H2Peer peer(service, options);
  peer.give_window(0, 10'000'000);
  peer.ask("/");
  peer.conversation().listen(false);
  CHECK(peer.await([&] { return peer.conversation().gone(); }));
  CHECK(service.aborted_count == 1);
}

TEST_CASE("http2 answers a client that has closed its side, then closes") {
  tests::SmallService service;
  tests::Held held(service);
  H2Peer peer(service);
  const auto id = peer.ask("/");
  peer.talk();
  peer.conversation().finish();
  held.answer(0, "late");
  CHECK(peer.await([&] { return peer.conversation().ended(); }));
  CHECK(peer.answer(id).body == "late");
  CHECK(service.finished_count == 1);
}

namespace {

// Says which protocol was chosen and what it was given.
class Spoken final : public server::Protocol {
 public:
  Spoken(std::string& log, std::string_view name) : log_(log) { log_ += std::string(name) + ":"; }
  void bytes(std::span<char> data) override { log_.append(data.data(), data.size()); }
  void end_of_input() override { log_ += "|end"; }
  void room() override {}
  void timeout() override {}
  void drain() override { log_ += "|drain"; }
  void lost() override {}

 private:
  std::string& log_;
};

class Choice final : public server::Speakers {
 public:
  std::unique_ptr<server::Protocol> speaker(server::Connection&, std::string_view alpn) override {
    return std::make_unique<Spoken>(log, alpn.empty() ? "http/1.1" : alpn);
  }
  std::string log;
};

}  // namespace

TEST_CASE("the preface decides between HTTP/2 and HTTP/1, and loses no byte") {
  const std::string preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
  Choice choice;
  tests::Conversation conversation([&](server::Connection& connection) {
    return std::make_unique<server::http2::Preface>(connection, choice, 1'000);
  });
  SUBCASE("in one piece") {
    conversation.say(preface + "more");
    CHECK(choice.log == "h2:" + preface + "more");
  }
  SUBCASE("in many") {
    conversation.say_byte_by_byte(preface);
    conversation.say("more");
    CHECK(choice.log == "h2:" + preface + "more");
  }
  SUBCASE("another first byte") {
    conversation.say("GET / HTTP/1.1\r\n");
    CHECK(choice.log == "http/1.1:GET / HTTP/1.1\r\n");
  }
  SUBCASE("another later byte") {
    conversation.say_byte_by_byte("PRINT");
    CHECK(choice.log == "http/1.1:PRINT");
  }
  SUBCASE("an end in the middle") {
    conversation.say("PRI");
    conversation.finish();
    CHECK(choice.log == "http/1.1:PRI|end");
  }
}
