// HTTP/2 clients that ask and then let nobody answer: what they can hold, and for how long.
#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <string>
#include <vector>

#include "server/log.h"
#include "server/workers.h"
#include "tests/support/h2_peer.h"
#include "tests/support/small_server.h"

using tests::H2Options;
using tests::H2Peer;

namespace {

constexpr std::uint64_t kPatience = 100;  // ms, streamWriteTimeout here

// A client whose streams have no window at all, unless they are given some.
H2Options windowless() {
  H2Options options{.window = 0, .gives_window_back = false};
  options.http2.stream_write_timeout = kPatience;
  return options;
}

void answer_at_length(tests::SmallService& service, std::size_t bytes = 5'000) {
  service.answer = [bytes](server::Exchange& exchange) { exchange.body().append(bytes, 'x'); };
}

std::vector<std::int32_t> ask(H2Peer& peer, int count) {
  std::vector<std::int32_t> ids;
  for (int i = 0; i < count; ++i) ids.push_back(peer.ask("/"));
  peer.talk();
  return ids;
}

bool all_cancelled(H2Peer& peer, const std::vector<std::int32_t>& ids) {
  return std::all_of(ids.begin(), ids.end(),
                     [&](std::int32_t id) { return peer.answer(id).reset == NGHTTP2_CANCEL; });
}

}  // namespace

TEST_CASE("http2 window: streams without one end in time, and give back what they held") {
  tests::SmallService service;
  answer_at_length(service);
  H2Options options = windowless();
  server::CapturedLog lines;
  server::Logs logs(lines);
  logs.set_level("", server::LogLevel::debug);
  options.http1.log = logs.log("margay.server");
  options.http2.max_concurrent_streams = 20;
  H2Peer peer(service, options);
  const auto ids = ask(peer, 20);
  CHECK(service.finished_count == 0);
  CHECK(peer.await([&] { return all_cancelled(peer, ids); }));
  CHECK(peer.answer(ids[0]).status == 200);  // the head needs no window
  CHECK(peer.answer(ids[0]).body.empty());
  CHECK(service.finished_count == 20);
  CHECK(service.aborted_count == 20);
  const std::vector<std::string> said = lines.lines();
  REQUIRE(said.size() == 20);
  for (const std::string& line : said)
    CHECK(line.ends_with(" is reset: its client gave no window for streamWriteTimeout"));
  // The connection is as good as before.
  const auto next = ask(peer, 1)[0];
  peer.give_window(next, 10'000);
  peer.talk();
  CHECK(peer.answer(next).body.size() == 5'000);
  CHECK(peer.goodbyes().empty());
}

TEST_CASE("http2 window: without streams the connection has keepAliveTimeout, as any") {
  tests::SmallService service;
  answer_at_length(service);
  H2Options options = windowless();
  options.http2.keep_alive_timeout = 100;
  H2Peer peer(service, options);
  ask(peer, 3);
  CHECK(peer.await([&] { return peer.conversation().ended(); }));
  REQUIRE(peer.goodbyes().size() == 1);
  CHECK(peer.goodbyes()[0].second == NGHTTP2_NO_ERROR);
  CHECK(service.aborted_count == 3);
}

TEST_CASE("http2 window: that of the connection counts as that of a stream") {
  tests::SmallService service;
  answer_at_length(service, 100'000);
  H2Options options{.window = 10'000'000, .gives_window_back = false};
  options.http2.stream_write_timeout = kPatience;
  H2Peer peer(service, options);
  const auto ids = ask(peer, 2);
  CHECK(peer.await([&] { return all_cancelled(peer, ids); }));
  CHECK(peer.answer(ids[0]).body.size() + peer.answer(ids[1]).body.size() == 65'535);
  CHECK(service.aborted_count == 2);
}

TEST_CASE("http2 window: one that is granted in time keeps the stream") {
  tests::SmallService service;
  answer_at_length(service, 6'000);
  H2Options options = windowless();
  options.http2.stream_write_timeout = 2'000;
  H2Peer peer(service, options);
  const auto id = ask(peer, 1)[0];
  for (int i = 0; i < 3; ++i) {
    peer.give_window(id, 2'000);
    peer.talk();
  }
  CHECK(peer.answer(id).body.size() == 6'000);
  CHECK(service.aborted_count == 0);
}

TEST_CASE("http2 window: a worker that writes is not held longer than the stream") {
  tests::SmallService service;
  server::Workers workers({.name_prefix = "w", .max_threads = 1, .max_queue_size = 10});
  service.workers = &workers;
  std::atomic<bool> refused{false};
  service.answer = [&](server::Exchange& exchange) {
    for (int i = 0; i < 1'000 && !refused; ++i) {
      exchange.body().append(64 * 1024, 'x');
      refused = exchange.hand_over(false) == server::Write::closed;
    }
  };
  H2Options options = windowless();
  options.http1.exchange.write_timeout = std::chrono::hours(1);  // of a worker: not what ends it
  H2Peer peer(service, options);
  const auto ids = ask(peer, 1);
  CHECK(peer.await([&] { return service.finished_count == 1; }));
  CHECK(all_cancelled(peer, ids));
  CHECK(refused);
}

TEST_CASE("http2 window: who asks without a window again and again is abusive") {
  tests::SmallService service;
  answer_at_length(service);
  H2Options options = windowless();
  options.http2.max_concurrent_streams = 100;
  H2Peer peer(service, options);
  int rounds = 0;
  for (; rounds < 10 && peer.goodbyes().empty(); ++rounds) {
    const auto ids = ask(peer, 100);
    REQUIRE(peer.await([&] { return !peer.goodbyes().empty() || all_cancelled(peer, ids); }));
  }
  CHECK(rounds > 1);  // one page that is left is none of it
  REQUIRE(peer.goodbyes().size() == 1);
  CHECK(peer.goodbyes()[0].second == NGHTTP2_ENHANCE_YOUR_CALM);
  CHECK(peer.await([&] { return service.finished_count == service.aborted_count; }));
}
