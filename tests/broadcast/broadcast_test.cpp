// Three threads broadcast to a thousand sockets of which fifty never read: the others get
// everything in order, and what the fifty hold is what their endpoint allows.
#include <doctest/doctest.h>
#include <sys/resource.h>

#include <algorithm>
#include <cstdint>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tests/broadcast/listener.h"
#include "tests/support/installation.h"

namespace {

using nlohmann::json;
using tests::Listener;

constexpr std::size_t kThreads = 3;
constexpr std::size_t kFillThread = 100;  // what "/fill" calls its own
constexpr std::size_t kRounds = 10;
constexpr std::size_t kMessages = 20;  // of each thread and round
constexpr std::size_t kSize = 1024;
constexpr std::size_t kFillSize = 32 * 1024;
constexpr std::size_t kQueue = 256 * 1024;  // sendQueueSize
constexpr std::size_t kNews = kRounds * kThreads * kMessages;

void raise_open_files() {
  rlimit files{};
  ::getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &files);
}

// The server, those who read and those who do not.
class Crowd {
 public:
  explicit Crowd(const std::string& attributes) {
    raise_open_files();
    server_.application("crowd",
                        "<Application><Library file=\"lib/crowd.so\"/>"
                        "<WebSocket type=\"listener\" path=\"/listen\" sendQueueSize=\"" +
                            std::to_string(kQueue) + "\" " + attributes +
                            "/><Endpoint type=\"publisher\" path=\"/publish\"/>"
                            "<Endpoint type=\"figures\" path=\"/figures\"/></Application>",
                        {tests::environment("MARGAY_PLUGINS") + "/crowd.so"});
    server_.start();
    for (std::size_t i = 0; i < healthy_count(); ++i)
      healthy.push_back(std::make_unique<Listener>(server_.port(), "/crowd/listen"));
    for (std::size_t i = 0; i < stalled_count(); ++i) {
      stalled.push_back(std::make_unique<Listener>(server_.port(), "/crowd/listen", 4096));
      stalled.back()->say("/fill");
      REQUIRE(stalled.back()->await("subscribed"));
    }
    REQUIRE(tests::eventually([&] { return figures()["open"] == count(); }));
  }
  ~Crowd() { CHECK(server_.stop() == 0); }

  static std::size_t healthy_count() { return tests::is_sanitized() ? 190 : 950; }
  static std::size_t stalled_count() { return healthy_count() / 19; }
  static std::size_t count() { return healthy_count() + stalled_count(); }

  json ask(const std::string& target) const {
    const std::string answer = server_.get("/crowd" + target);
    INFO(answer);
    REQUIRE(answer.starts_with("HTTP/1.1 200"));
    return json::parse(tests::body_of(answer));
  }
  json figures() const { return ask("/figures"); }
  json publish(const std::string& topic, std::size_t first, std::size_t threads,
               std::size_t messages, std::size_t size) const {
    json result = ask("/publish?topic=" + topic + "&first=" + std::to_string(first) +
                      "&threads=" + std::to_string(threads) +
                      "&messages=" + std::to_string(messages) + "&size=" + std::to_string(size));
    REQUIRE(result["failed"] == 0);
    return result;
  }

  // Publishes to those who do not read until all their buffers are full, the kernel's as well.
  // `full` says so by what one publication came to.
  void fill(const std::function<bool(const json&)>& full) const {
    for (int i = 0; i < 400; ++i)
      if (full(publish("/fill", kFillThread, 1, 1, kFillSize))) return;
    FAIL("those who do not read are never full");
  }

  struct Totals {
    std::uint64_t queued = 0, refused = 0;
  };
  // All threads publish news, round by round, and the healthy ones hear everything.
  Totals broadcast() const {
    Totals totals;
    for (std::size_t round = 1; round <= kRounds; ++round) {
      const json result = publish("/news", 0, kThreads, kMessages, kSize);
      totals.queued += result["queued"].get<std::uint64_t>();
      totals.refused += result["refused"].get<std::uint64_t>();
      hear(round * kThreads * kMessages);
    }
    return totals;
  }

  // The healthy ones read until each has heard `messages` in all, or something is wrong.
  void hear(std::uint64_t messages) const {
    await(healthy, [&](const Listener& one) { return one.count() >= messages; });
    for (const auto& one : healthy) {
      REQUIRE(one->trouble() == "");
      REQUIRE_FALSE(one->ended());
      REQUIRE(one->count() == messages);
      REQUIRE(one->heard().size() == kThreads);
      for (const auto& [thread, heard] : one->heard()) {
        REQUIRE(thread < kThreads);
        REQUIRE(heard.count == messages / kThreads);
        REQUIRE(heard.last + 1 == static_cast<std::int64_t>(heard.count));  // nothing lost
      }
    }
  }

  // Reads from all of them until `done` holds for each, it has ended, or it has trouble; or until
  // nothing came for a while, which the caller sees by what was heard.
  static void await(const std::vector<std::unique_ptr<Listener>>& listeners,
                    const std::function<bool(const Listener&)>& done) {
    const int poll = ::epoll_create1(EPOLL_CLOEXEC);
    std::size_t left = 0;
    for (const auto& one : listeners) {
      if (one->ended() || done(*one)) continue;
      epoll_event event{EPOLLIN, {.ptr = one.get()}};
      ::epoll_ctl(poll, EPOLL_CTL_ADD, one->socket(), &event);
      ++left;
    }
    std::vector<epoll_event> events(256);
    while (left > 0) {
      const int ready = ::epoll_wait(poll, events.data(), static_cast<int>(events.size()), 20'000);
      if (ready <= 0) break;
      for (int i = 0; i < ready; ++i) {
        auto& one = *static_cast<Listener*>(events[static_cast<std::size_t>(i)].data.ptr);
        if (one.hear() && !done(one)) continue;
        ::epoll_ctl(poll, EPOLL_CTL_DEL, one.socket(), nullptr);
        --left;
      }
    }
    ::close(poll);
  }

  // What the server holds for those who do not read is bounded by their queues.
  void check_memory(std::size_t resident_before) {
    CHECK(figures()["most_bytes"] <= kQueue);
    // What a connection has taken over from its queue already, and what the allocator makes of it
    // all.
    const std::size_t allowed = stalled_count() * 128 * 1024 + (std::size_t{16} << 20);
    if (!tests::is_sanitized()) CHECK(server_.server().resident() < resident_before + allowed);
  }
  std::size_t resident() { return server_.server().resident(); }

  std::vector<std::unique_ptr<Listener>> healthy, stalled;

 private:
  tests::Installation server_{"maxConnections=\"4000\""};
};

// How far one has come with what the first thread said.
tests::Heard news(const Listener& one) {
  const auto found = one.heard().find(0);
  return found == one.heard().end() ? tests::Heard{} : found->second;
}

TEST_CASE("overflow refuse: who does not read misses what comes while it is full") {
  Crowd crowd("overflow=\"refuse\" sendTimeout=\"0\"");
  crowd.fill([](const json& result) { return result["queued"] == 0; });
  const std::size_t resident = crowd.resident();
  const auto [queued, refused] = crowd.broadcast();
  CHECK(queued + refused == Crowd::count() * kNews);
  // A queue that has no room for a long message may have some for short ones.
  CHECK(refused >= Crowd::stalled_count() * (kNews - kFillSize / kSize));
  CHECK(refused <= Crowd::stalled_count() * kNews);
  crowd.check_memory(resident);
  const json figures = crowd.figures();
  CHECK(figures["open"] == Crowd::count());
  CHECK(figures["errors"] == 0);

  // They read again, and are served again as soon as there is room.
  std::int64_t last = kRounds * kMessages - 1;
  bool served = false;
  for (int i = 0; i < 1000 && !served; ++i) {
    for (const auto& one : crowd.stalled) one->hear();
    ++last;
    served = crowd.publish("/news", 0, 1, 1, kSize)["queued"] == Crowd::count();
  }
  CHECK(served);
  Crowd::await(crowd.stalled, [&](const Listener& one) { return news(one).last == last; });
  for (const auto& one : crowd.stalled) {
    CHECK(one->trouble() == "");
    CHECK_FALSE(one->ended());
    CHECK(news(*one).last == last);
    CHECK(news(*one).count < kRounds * kMessages);
  }
}

TEST_CASE("overflow dropOldest: who does not read gets the latest in the end") {
  Crowd crowd("overflow=\"dropOldest\" sendTimeout=\"0\"");
  crowd.fill([&](const json&) {
    return crowd.figures()["dropped"] >= Crowd::stalled_count() * (kQueue / kFillSize);
  });
  const std::size_t resident = crowd.resident();
  const auto [queued, refused] = crowd.broadcast();
  CHECK(queued == Crowd::count() * kNews);
  CHECK(refused == 0);
  crowd.check_memory(resident);
  CHECK(crowd.figures()["open"] == Crowd::count());
  CHECK(crowd.figures()["errors"] == 0);

  const std::int64_t last = kRounds * kMessages - 1;
  Crowd::await(crowd.stalled, [&](const Listener& one) { return news(one).last == last; });
  for (const auto& one : crowd.stalled) {
    CHECK(one->trouble() == "");
    CHECK_FALSE(one->ended());
    CHECK(news(*one).last == last);
    CHECK(news(*one).count < kRounds * kMessages);
  }
}

TEST_CASE("overflow close: who does not read is let go") {
  Crowd crowd("overflow=\"close\" sendTimeout=\"0\" sessionCloseTimeout=\"1s\"");
  crowd.fill([&](const json&) { return crowd.figures()["open"] == Crowd::healthy_count(); });
  const auto [queued, refused] = crowd.broadcast();
  CHECK(queued == Crowd::healthy_count() * kNews);
  CHECK(refused == 0);
  CHECK(crowd.figures()["open"] == Crowd::healthy_count());
  CHECK(crowd.figures()["closed"]["1013"] == Crowd::stalled_count());
  Crowd::await(crowd.stalled, [](const Listener&) { return false; });
  for (const auto& one : crowd.stalled) {
    CHECK(one->trouble() == "");
    CHECK(one->ended());
  }
}

TEST_CASE("sendTimeout: who takes nothing for so long is cut off") {
  Crowd crowd("overflow=\"refuse\" sendTimeout=\"1s\"");
  crowd.fill([&](const json& result) {
    return result["queued"] == 0 || crowd.figures()["open"] < Crowd::count();
  });
  crowd.broadcast();
  CHECK(tests::eventually([&] { return crowd.figures()["open"] == Crowd::healthy_count(); }));
  CHECK(crowd.figures()["closed"]["1006"] == Crowd::stalled_count());
  const json result = crowd.publish("/news", 0, 1, 1, kSize);
  CHECK(result["queued"] == Crowd::healthy_count());
  CHECK(result["refused"] == 0);
  Crowd::await(crowd.stalled, [](const Listener&) { return false; });
  for (const auto& one : crowd.stalled) {
    CHECK(one->trouble() == "");
    CHECK(one->ended());
  }
}

}  // namespace
