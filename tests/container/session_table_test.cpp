// Sessions of a context: ids, expiry by the clock that is given, limits, turns.
#include "container/session_table.h"

#include <doctest/doctest.h>

#include <chrono>
#include <limits>
#include <set>
#include <string>
#include <thread>
#include <vector>

using container::AttributeChange;
using container::HttpSession;
using container::SessionMoment;
using container::SessionRules;
using container::SessionTable;
using container::Turn;
using container::TurnWaiter;
using namespace std::chrono_literals;

namespace {

const SessionMoment kStart{1000h};

std::size_t sweep_all(SessionTable& table, SessionMoment now) {
  std::size_t ended = 0;
  for (int i = 0; i < 64 * 8; ++i) ended += table.sweep(now).size();
  return ended;
}

}  // namespace

TEST_CASE("a session is found by its id until its time is over, measured from its last request") {
  SessionTable table;
  SessionRules rules;
  rules.timeout = 60s;
  const auto made = table.create(rules, kStart);
  REQUIRE(made != nullptr);
  made->leave(kStart + 100s);  // its request took long
  CHECK(table.find("nobody", kStart) == nullptr);
  CHECK(made->is_new());
  const auto found = table.find(made->id(), kStart + 159s);
  CHECK(found == made);
  CHECK(!made->is_new());
  found->leave(kStart + 160s);
  CHECK(table.find(made->id(), kStart + 220s) == nullptr);
  CHECK(sweep_all(table, kStart + 219s) == 0);
  CHECK(sweep_all(table, kStart + 220s) == 1);
  CHECK(!made->is_valid());
  CHECK(table.figures().live == 0);
  CHECK(table.figures().expired == 1);
}

TEST_CASE("a session that a request uses does not expire") {
  SessionTable table;
  SessionRules rules;
  rules.timeout = 60s;
  const auto made = table.create(rules, kStart);
  CHECK(sweep_all(table, kStart + 1h) == 0);
  made->leave(kStart + 1h);
  CHECK(sweep_all(table, kStart + 2h) == 1);
}

// UndefinedBehaviorSanitizer sees what would not fit into the clock.
TEST_CASE("a session from a file has the times that a clock can have") {
  SessionTable table;
  constexpr auto kMost = std::numeric_limits<std::int64_t>::max();
  constexpr auto kLeast = std::numeric_limits<std::int64_t>::min();
  const auto now = std::chrono::steady_clock::now();
  int number = 0;
  for (const std::int64_t accessed : {kLeast, std::int64_t{0}, kMost}) {
    for (const std::int64_t inactive : {kLeast, std::int64_t{1}, kMost}) {
      const std::string id = "id" + std::to_string(++number);
      table.restore(
          {.id = id, .last_accessed = accessed, .max_inactive = inactive, .attributes = {}}, {},
          now);
      const bool over = inactive == 1 && accessed != kMost;
      CHECK((table.find(id, now) != nullptr) == !over);
    }
  }
}

TEST_CASE("the limits of sessions hold for those from a file") {
  using Restored = SessionTable::Restored;
  SessionTable table;
  SessionRules rules;
  rules.max_active = 2;
  rules.limits = {.attributes = 2, .bytes = 10};
  const auto now = std::chrono::steady_clock::now();
  const auto restore = [&](const std::string& id, const container::SessionAttributes& attributes) {
    return table.restore({.id = id,
                          .last_accessed = container::milliseconds_since_1970(),
                          .max_inactive = 60,
                          .attributes = attributes},
                         rules, now);
  };
  const auto value = [](std::size_t size) {
    return std::make_shared<const std::string>(size, 'x');
  };
  CHECK(restore("a", {{"1", value(1)}, {"2", value(1)}, {"3", value(1)}}) == Restored::large);
  CHECK(restore("a", {{"1", value(10)}}) == Restored::large);
  CHECK(table.figures().live == 0);
  CHECK(restore("a", {{"1", value(9)}}) == Restored::yes);
  CHECK(restore("a", {}) == Restored::taken);
  CHECK(restore("b", {}) == Restored::yes);
  CHECK(restore("c", {}) == Restored::full);
  CHECK(table.figures().live == 2);
  CHECK(table.create(rules, now) == nullptr);
  table.find("a", now)->set_attribute("more", "");
  CHECK(table.find("a", now)->attributes().size() == 1);  // no room for four bytes
}

TEST_CASE("100,000 sessions are swept in slices, each once") {
  SessionTable table;
  SessionRules rules;
  rules.timeout = 60s;
  std::set<std::string> ids;
  for (int i = 0; i < 100'000; ++i) {
    const auto one = table.create(rules, kStart);
    one->leave(kStart);
    ids.insert(one->id());
  }
  CHECK(ids.size() == 100'000);
  std::size_t ended = 0, largest = 0;
  for (int calls = 0; calls < 64 * 8; ++calls) {
    const std::size_t slice = table.sweep(kStart + 2min).size();
    ended += slice;
    largest = std::max(largest, slice);
  }
  CHECK(ended == 100'000);
  CHECK(largest < 5'000);
}

TEST_CASE("an id that changes is never missed by who goes through all") {
  SessionTable table;
  const SessionRules rules;
  std::vector<SessionTable::Shared> made;
  for (int i = 0; i < 100; ++i) made.push_back(table.create(rules, kStart));
  std::atomic<bool> stop{false};
  std::thread changer([&] {
    std::string old;
    for (std::size_t i = 0; !stop; i = (i + 1) % made.size()) table.change_id(made[i], 16, old);
  });
  bool complete = true;
  for (int i = 0; i < 200; ++i) {
    const auto all = table.all();
    complete &= std::set<SessionTable::Shared>(all.begin(), all.end()).size() == 100;
    complete &= all.size() == 100;
  }
  stop = true;
  changer.join();
  CHECK(complete);
}

TEST_CASE("an ended session takes nothing more, and still shows what it had") {
  SessionTable table;
  const auto made = table.create({}, kStart);
  CHECK(made->set_attribute("a", "1").change == AttributeChange::added);
  CHECK(made->set_attribute("a", "2").change == AttributeChange::replaced);
  CHECK(made->end());
  CHECK(!made->end());
  table.forget(*made);
  CHECK(made->set_attribute("a", "3").change == AttributeChange::ended);
  CHECK(*made->attribute("a") == "2");
  CHECK(table.find(made->id(), kStart) == nullptr);
  CHECK(table.figures().live == 0);
  CHECK(made->bind_socket().empty());
}

TEST_CASE("turns go in order, to a bounded queue that who gave up has left") {
  HttpSession session("id", {}, 60s, kStart);
  TurnWaiter first, second, third;
  CHECK(session.try_turn());
  CHECK(!session.try_turn());
  CHECK(session.take_turn(first, 2) == Turn::waits);
  CHECK(session.take_turn(second, 2) == Turn::waits);
  CHECK(session.take_turn(third, 2) == Turn::full);
  CHECK(session.leave_queue(second));
  CHECK(!session.leave_queue(second));
  CHECK(session.take_turn(third, 2) == Turn::waits);
  CHECK(session.pass_turn() == &first);
  CHECK(session.pass_turn() == &third);
  CHECK(session.pass_turn() == nullptr);
  CHECK(session.take_turn(first, 2) == Turn::mine);
}
