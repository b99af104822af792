// What the types of an application share: limits, ends of objects, many threads.
#include <doctest/doctest.h>

#include <atomic>
#include <thread>

#include "container/application_state.h"

using container::ApplicationState;
using Attribute = ApplicationState::Attribute;

namespace {

ApplicationState::Held bytes(std::string text) {
  auto made = std::make_shared<Attribute>();
  made->bytes = std::move(text);
  return made;
}

std::atomic<int> ended{0};

ApplicationState::Held object(int& it) {
  auto made = std::make_shared<Attribute>();
  made->type = &ended;
  made->object = &it;
  made->destroy = [](void*) { ++ended; };
  return made;
}

ApplicationState state() { return {{{"a", "1"}, {"empty", ""}}, "", {}}; }

}  // namespace

TEST_CASE("attributes: parameters are those of the application") {
  const ApplicationState application = state();
  CHECK(*application.parameter("a") == "1");
  CHECK(*application.parameter("empty") == "");
  CHECK(application.parameter("b") == nullptr);
}

TEST_CASE("attributes: a number and a size are the most, and what is refused changes nothing") {
  ApplicationState application = state();
  CHECK(application.set("", bytes("x")) == MARGAY_FAILED);
  SUBCASE("number") {
    for (std::size_t i = 0; i < ApplicationState::kMaxAttributes; ++i)
      REQUIRE(application.set(std::to_string(i), bytes("x")) == MARGAY_OK);
    CHECK(application.set("more", bytes("")) == MARGAY_FULL);
    CHECK(application.set("7", bytes("y")) == MARGAY_OK);
    application.remove("8");
    CHECK(application.set("more", bytes("")) == MARGAY_OK);
    CHECK(application.names().size() == ApplicationState::kMaxAttributes);
  }
  SUBCASE("bytes") {
    const std::string big(ApplicationState::kMaxBytes - 1, 'b');
    CHECK(application.set("a", bytes(big)) == MARGAY_OK);
    CHECK(application.set("b", bytes("")) == MARGAY_FULL);
    CHECK(application.set("a", bytes(big + "b")) == MARGAY_FULL);
    CHECK(application.find("a")->bytes == big);
    CHECK(application.set("a", bytes("small")) == MARGAY_OK);
    CHECK(application.set("b", bytes("")) == MARGAY_OK);
  }
}

TEST_CASE("attributes: objects end when nobody has them, and all at the end") {
  ended = 0;
  int one = 1, two = 2;
  {
    ApplicationState application = state();
    REQUIRE(application.set("x", object(one)) == MARGAY_OK);
    const auto held = application.find("x");
    REQUIRE(application.set("x", object(two)) == MARGAY_OK);
    CHECK(ended == 0);
    CHECK(held->object == &one);
    application.remove("x");
    CHECK(ended == 1);
    REQUIRE(application.set("y", object(two)) == MARGAY_OK);
    application.end();
    CHECK(ended == 2);
    CHECK(application.find("y") == nullptr);
    CHECK(application.set("y", object(two)) == MARGAY_CLOSED);
    CHECK(ended == 3);
  }
  CHECK(ended == 4);
}

TEST_CASE("concurrency: attributes are set, read and removed by many threads") {
  ended = 0;
  int it = 0;
  std::atomic<int> made{0};
  {
    ApplicationState application = state();
    std::vector<std::thread> threads;
    for (int thread = 0; thread < 4; ++thread)
      threads.emplace_back([&] {
        for (int i = 0; i < 500; ++i) {
          ++made;
          application.set("x", object(it));
          if (const auto found = application.find("x")) CHECK(found->object == &it);
          if (i % 3 == 0) application.remove("x");
        }
      });
    for (std::thread& one : threads) one.join();
  }
  CHECK(ended == made);
}
