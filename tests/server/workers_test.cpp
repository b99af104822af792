// The worker pool: a thread for each piece that blocks, few for a burst, limits, the end.
#include "server/workers.h"

#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <latch>
#include <memory>
#include <thread>
#include <vector>

namespace {

using server::Workers;
using server::WorkersOptions;

class Piece final : public server::Work {
 public:
  explicit Piece(std::function<void()> what) : what_(std::move(what)) {}
  void run() override { what_(); }
  const char* title() const override { return "piece"; }

 private:
  std::function<void()> what_;
};

std::vector<std::unique_ptr<Piece>> pieces(std::size_t count, const std::function<void()>& what) {
  std::vector<std::unique_ptr<Piece>> made;
  for (std::size_t i = 0; i < count; ++i) made.push_back(std::make_unique<Piece>(what));
  return made;
}

TEST_CASE("pieces that wait for each other all get a thread") {
  constexpr std::size_t kCount = 24;
  for (const std::size_t spare : {0U, 1U, 10U, 24U}) {
    CAPTURE(spare);
    std::latch all(kCount);
    const auto work = pieces(kCount, [&] { all.arrive_and_wait(); });
    Workers workers({.max_threads = kCount, .min_spare_threads = spare});
    for (const auto& piece : work) CHECK(workers.submit(*piece));
    all.wait();
    CHECK(workers.figures().threads == kCount);
  }
}

TEST_CASE("a pool at its maximum goes on with what is queued") {
  std::atomic<int> done = 0;
  const auto work = pieces(1000, [&] { ++done; });
  {
    Workers workers({.max_threads = 2, .min_spare_threads = 1});
    for (const auto& piece : work) CHECK(workers.submit(*piece));
  }
  CHECK(done == 1000);
}

TEST_CASE("a full queue refuses, except what was let in before") {
  std::latch started(1);
  std::latch go_on(1);
  std::atomic<int> done = 0;
  Piece blocking([&] {
    started.count_down();
    go_on.wait();
  });
  const auto work = pieces(3, [&] { ++done; });
  {
    Workers workers({.max_threads = 1, .min_spare_threads = 1, .max_queue_size = 1});
    CHECK(workers.submit(blocking));
    started.wait();
    CHECK(workers.submit(*work[0]));
    CHECK_FALSE(workers.submit(*work[1]));
    CHECK(workers.submit(*work[2], true));
    const auto figures = workers.figures();
    CHECK(figures.busy == 1);
    CHECK(figures.queued == 2);
    CHECK(figures.refused == 1);
    go_on.count_down();
  }
  CHECK(done == 2);
}

TEST_CASE("threads beyond the minimum end when idle, and nothing is forgotten while they do") {
  std::atomic<int> done = 0;
  const auto work = pieces(400, [&] { ++done; });
  Workers workers(
      {.max_threads = 8, .min_spare_threads = 0, .max_idle_time = std::chrono::milliseconds(1)});
  for (std::size_t i = 0; i < work.size(); ++i) {
    CHECK(workers.submit(*work[i]));
    while (static_cast<std::size_t>(done) != i + 1) std::this_thread::yield();
    if (i % 8 == 0) std::this_thread::sleep_for(std::chrono::milliseconds(1));  // about to end
  }
}

TEST_CASE("work from many threads is all done") {
  constexpr std::size_t kThreads = 4;
  constexpr std::size_t kEach = 500;
  std::atomic<std::size_t> done = 0;
  const auto work = pieces(kThreads * kEach, [&] { ++done; });
  {
    Workers workers({.max_threads = 6, .min_spare_threads = 2});
    std::vector<std::jthread> posters;
    for (std::size_t t = 0; t < kThreads; ++t)
      posters.emplace_back([&, t] {
        for (std::size_t i = 0; i < kEach; ++i) workers.submit(*work[t * kEach + i]);
      });
  }
  CHECK(done == kThreads * kEach);
}

TEST_CASE("work that is stuck is told of once, and once more when it is over") {
  using std::chrono::nanoseconds;
  std::latch started(1), go_on(1);
  Piece blocking([&] {
    started.count_down();
    go_on.wait();
  });
  Workers workers({.max_threads = 1, .min_spare_threads = 1});
  CHECK(workers.submit(blocking));
  started.wait();
  CHECK(workers.watch(nanoseconds(0)).empty());
  CHECK(workers.watch(std::chrono::hours(1)).empty());
  CHECK(workers.stuck().empty());
  const auto begun = workers.watch(nanoseconds(1));
  REQUIRE(begun.size() == 1);
  CHECK(begun[0].title == "piece");
  CHECK_FALSE(begun[0].over);
  CHECK(begun[0].elapsed > nanoseconds(0));
  CHECK(workers.watch(nanoseconds(1)).empty());
  REQUIRE(workers.stuck().size() == 1);
  CHECK(workers.stuck()[0].title == "piece");
  go_on.count_down();
  std::vector<Workers::Stuck> over;
  while (over.empty()) over = workers.watch(std::chrono::hours(1));
  REQUIRE(over.size() == 1);
  CHECK(over[0].title == "piece");
  CHECK(over[0].over);
  CHECK(over[0].elapsed >= begun[0].elapsed);
  CHECK(workers.watch(nanoseconds(1)).empty());
  CHECK(workers.stuck().empty());
}

}  // namespace
