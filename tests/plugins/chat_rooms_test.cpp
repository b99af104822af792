// The rooms of the sample "chat": people, history, and their limits.
#include <doctest/doctest.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "plugins/chat/rooms.h"

using Room = chat::Room<int>;
using Rooms = chat::Rooms<int>;
using Names = std::vector<std::string>;

namespace {

chat::Said message(std::string from, std::string id, std::string to = "") {
  return {0, std::move(id), std::move(from), std::move(to), "text", 1};
}

}  // namespace

TEST_CASE("people come and go") {
  const chat::Limits limits;
  Room room(limits, 1);
  CHECK(room.is_empty());
  CHECK_FALSE(room.enter("bob", 1));
  CHECK_FALSE(room.enter("ann", 2));
  CHECK(room.names() == Names{"ann", "bob"});
  REQUIRE(room.find("bob") != nullptr);
  CHECK(*room.find("bob") == 1);
  CHECK(room.find("eve") == nullptr);
  CHECK(room.leave("bob", 1));
  CHECK_FALSE(room.leave("bob", 1));
  CHECK(room.names() == Names{"ann"});
}

TEST_CASE("the second one of a name takes the place of the first, who cannot take it along") {
  const chat::Limits limits;
  Room room(limits, 1);
  room.enter("ann", 1);
  CHECK(room.enter("ann", 2) == 1);
  CHECK_FALSE(room.leave("ann", 1));
  CHECK(*room.find("ann") == 2);
  CHECK(room.leave("ann", 2));
  CHECK(room.is_empty());
}

TEST_CASE("a full room lets in only whom it knows") {
  const chat::Limits limits{.people = 2};
  Room room(limits, 1);
  room.enter("ann", 1);
  CHECK(room.has_place_for("bob"));
  room.enter("bob", 2);
  CHECK_FALSE(room.has_place_for("eve"));
  CHECK(room.has_place_for("ann"));
}

TEST_CASE("the history holds the last ones, by number and by what pages call them") {
  const chat::Limits limits{.history = 3};
  Room room(limits, 1);
  for (unsigned i = 1; i <= 5; ++i)
    CHECK(room.say(message("ann", "a" + std::to_string(i))).number == i);
  REQUIRE(room.history().size() == 3);
  CHECK(room.history().front().number == 3);
  CHECK(room.history().back().id == "a5");
  REQUIRE(room.find_said("ann", "a4") != nullptr);
  CHECK(room.find_said("ann", "a4")->number == 4);
  CHECK(room.find_said("bob", "a4") == nullptr);
  CHECK(room.find_said("ann", "a2") == nullptr);
}

TEST_CASE("what is said to one is nobody else's business") {
  CHECK(message("ann", "1").concerns("eve"));
  const chat::Said whispered = message("ann", "1", "bob");
  CHECK(whispered.concerns("ann"));
  CHECK(whispered.concerns("bob"));
  CHECK_FALSE(whispered.concerns("eve"));
}

TEST_CASE("rooms remember, until others need the place") {
  Rooms rooms({.rooms = 2});
  const auto enter = [&](const char* name) {
    return rooms.visit(name, [](Room& room) { room.enter("ann", 1); });
  };
  const auto leave = [&](const char* name) {
    rooms.visit(name, [](Room& room) { CHECK(room.leave("ann", 1)); });
  };
  const auto say = [&](const char* name) {
    rooms.visit(name, [](Room& room) { room.say(message("ann", "1")); });
  };
  const auto is_remembered = [&](const char* name) {
    bool is = false;
    rooms.visit(name, [&](Room& room) { is = !room.history().empty(); });
    return is;
  };
  CHECK(enter("one"));
  CHECK(enter("two"));
  CHECK_FALSE(enter("three"));
  say("one");
  say("two");
  leave("two");
  leave("one");
  CHECK(enter("three"));  // instead of two, which was left first
  CHECK(is_remembered("one"));
  CHECK(enter("two"));
  CHECK_FALSE(is_remembered("two"));
}

TEST_CASE("concurrency: numbers stay unique and history whole whoever speaks") {
  Rooms rooms({});
  std::atomic<int> refused = 0;
  std::vector<std::thread> speakers;
  for (int i = 0; i < 4; ++i)
    speakers.emplace_back([&, name = "user" + std::to_string(i), i] {
      for (int n = 0; n < 500; ++n)
        if (!rooms.visit(n % 2 == 0 ? "even" : "odd", [&](Room& room) {
              room.enter(name, i);
              room.say(message(name, std::to_string(n)));
              room.leave(name, i);
            }))
          ++refused;
    });
  for (std::thread& one : speakers) one.join();
  CHECK(refused == 0);
  for (const char* name : {"even", "odd"})
    rooms.visit(name, [](Room& room) {
      CHECK(room.is_empty());
      CHECK(room.history().back().number == 1000);
      CHECK(room.history().size() == 50);
    });
}
