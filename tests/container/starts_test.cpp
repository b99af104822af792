// Starts that hang: who waits, for how long, and what is said.
#include <doctest/doctest.h>

#include <atomic>
#include <future>

#include "container/config/config_element.h"
#include "container/starts.h"
#include "tests/support/eventually.h"

using namespace std::chrono_literals;
using container::no_timeout;
using container::Starts;
using container::StartStep;
using container::StartTimeout;

namespace {

struct Scene {
  explicit Scene(std::function<bool()> gives_up = [] { return false; })
      : starts({.log = logs.log("starts"), .gives_up = std::move(gives_up), .first_notice = 5ms}) {}
  // One that hangs until `go`.
  Starts::Work hanging(std::function<void()> at_last = [] {}) {
    return [gate = gate, at_last](StartStep& step) {
      step.now("creating 'cart'");
      gate.wait();
      at_last();
    };
  }
  std::string complaint(std::chrono::milliseconds limit, Starts::Work work,
                        Starts::Then late = {}) {
    try {
      starts.run("application /shop", limit, std::move(work), std::move(late));
    } catch (const std::exception& error) {
      return error.what();
    }
    return {};
  }
  bool said(const std::string& text) const {
    for (const std::string& line : log.lines())
      if (line.find(text) != std::string::npos) return true;
    return false;
  }

  server::CapturedLog log;
  server::Logs logs{log};
  std::promise<void> go;
  std::shared_future<void> gate = go.get_future().share();
  Starts starts;
};

}  // namespace

TEST_CASE("startTimeout: what ends in time, well or not, has had a thread of its own") {
  Scene scene;
  std::thread::id where;
  CHECK(scene.complaint(no_timeout, [&](StartStep&) { where = std::this_thread::get_id(); }) == "");
  CHECK(where != std::this_thread::get_id());
  CHECK(scene.complaint(1min, [](StartStep&) { throw std::runtime_error("no way"); }) == "no way");
}

TEST_CASE("startTimeout: what hangs is named, and told when it is over") {
  Scene scene;
  std::exception_ptr error;
  int told = 0;
  const auto late = [&](std::exception_ptr its) {
    error = std::move(its);
    ++told;
  };
  CHECK(scene.complaint(50ms, scene.hanging([] { throw std::runtime_error("at last"); }), late) ==
        "it has not started within 50ms ('startTimeout'): creating 'cart'");
  CHECK(scene.said("application /shop has been starting for 5ms: creating 'cart'"));
  scene.starts.tick();
  CHECK(told == 0);
  scene.go.set_value();
  CHECK(tests::eventually([&] {
    scene.starts.tick();
    return told == 1;
  }));
  CHECK_THROWS_WITH(std::rethrow_exception(error), "at last");
  scene.starts.tick();
  CHECK(told == 1);
}

TEST_CASE("startTimeout: a server that is told to stop waits no longer") {
  std::atomic<bool> stops{false};
  Scene scene([&] { return stops.load(); });
  int over = 0;
  const auto work = scene.hanging();
  const auto late = [&](const std::exception_ptr&) { ++over; };
  const auto hang_and_stop = [&](StartStep& step) {
    stops = true;
    work(step);
  };
  CHECK(scene.complaint(no_timeout, hang_and_stop, late)
            .starts_with("nobody waits for its start, as the server stops"));
  scene.go.set_value();
  scene.starts.launch(
      "another", [](StartStep&) {}, [&](std::exception_ptr) { ++over; });
  CHECK(tests::eventually([&] {
    scene.starts.tick();
    return over == 2;
  }));
}

TEST_CASE("startTimeout: so many may hang and no more") {
  Scene scene;
  std::size_t over = 0;
  for (std::size_t i = 0; i < Starts::kMost; ++i)
    scene.starts.launch("one", scene.hanging(), [&](std::exception_ptr) { ++over; });
  CHECK(scene.starts.is_full());
  CHECK(scene.complaint(1min, [](StartStep&) {}) ==
        "it is not started: 8 earlier starts have not come to an end");
  scene.go.set_value();
  CHECK(tests::eventually([&] {
    scene.starts.tick();
    return over == Starts::kMost;
  }));
  CHECK(scene.complaint(1min, [](StartStep&) {}) == "");
}
