// Subscriptions: what the patterns take, each subscriber once, changes amid a visit, limits,
// memory.
#include "server/websocket/topics.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace {

using server::websocket::Subscriber;
using server::websocket::Topics;

// Some sockets and their index; everybody leaves at the end.
class Hall {
 public:
  explicit Hall(std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) all_.push_back(std::make_unique<Subscriber>());
  }
  ~Hall() {
    for (const auto& subscriber : all_)
      if (subscriber) topics.leave(*subscriber);
    CHECK(topics.empty());
    CHECK(topics.subscriptions() == 0);
  }

  Subscriber& operator[](std::size_t index) { return *all_[index]; }
  void end(std::size_t index) {
    topics.leave(*all_[index]);
    all_[index].reset();
  }
  std::size_t index_of(const Subscriber& subscriber) const {
    const auto same = [&](const auto& one) { return one.get() == &subscriber; };
    return static_cast<std::size_t>(std::find_if(all_.begin(), all_.end(), same) - all_.begin());
  }

  // Whom a publication visits, in ascending order; a name twice is a visit twice.
  std::vector<std::size_t> reached(std::string_view topic, std::string_view scope = "",
                                   const std::function<void(std::size_t)>& visit = nullptr) {
    std::vector<std::size_t> found;
    topics.each(scope, topic, [&](Subscriber& subscriber) {
      found.push_back(index_of(subscriber));
      if (visit) visit(found.back());
    });
    std::sort(found.begin(), found.end());
    return found;
  }

  Topics topics;

 private:
  std::vector<std::unique_ptr<Subscriber>> all_;
};

using Indices = std::vector<std::size_t>;

TEST_CASE("an exact topic reaches those who named it") {
  Hall hall(3);
  CHECK(hall.topics.subscribe(hall[0], "", "/room/42"));
  CHECK(hall.topics.subscribe(hall[1], "", "/room/42"));
  CHECK(hall.topics.subscribe(hall[2], "", "/room/43"));
  CHECK(hall.reached("/room/42") == Indices{0, 1});
  CHECK(hall.reached("/room/43") == Indices{2});
  CHECK(hall.reached("/room").empty());
  CHECK(hall.reached("/room/42/typing").empty());
  CHECK(hall.reached("/Room/42").empty());
}

TEST_CASE("an asterisk takes one segment, two at the end take the rest, or nothing") {
  Hall hall(6);
  const std::vector<std::string_view> patterns = {"/room/*",           "/room/**", "/*/42",
                                                  "/room/*/typing/**", "/**",      "/*"};
  for (std::size_t i = 0; i < patterns.size(); ++i)
    CHECK(hall.topics.subscribe(hall[i], "", patterns[i]));
  CHECK(hall.reached("/room/42") == Indices{0, 1, 2, 4});
  CHECK(hall.reached("/room/43") == Indices{0, 1, 4});
  CHECK(hall.reached("/room") == Indices{1, 4, 5});
  CHECK(hall.reached("/hall/42") == Indices{2, 4});
  CHECK(hall.reached("/room/42/typing") == Indices{1, 3, 4});
  CHECK(hall.reached("/room/42/typing/now/or/never") == Indices{1, 3, 4});
  CHECK(hall.reached("/room/42/reading") == Indices{1, 4});
  CHECK(hall.reached("/roommate/42") == Indices{2, 4});
}

TEST_CASE("a subscriber is visited once, whatever number of its patterns take the topic") {
  Hall hall(2);
  for (const std::string_view pattern : {"/room/42", "/room/*", "/*/*", "/room/**", "/**"})
    CHECK(hall.topics.subscribe(hall[0], "", pattern));
  CHECK(hall.topics.subscribe(hall[1], "", "/**"));
  CHECK(hall.reached("/room/42") == Indices{0, 1});
  CHECK(hall.reached("/room/43") == Indices{0, 1});
  CHECK(hall.reached("/room/43") == Indices{0, 1});
}

TEST_CASE("to subscribe twice is to subscribe once") {
  Hall hall(1);
  CHECK(hall.topics.subscribe(hall[0], "", "/a"));
  CHECK(hall.topics.subscribe(hall[0], "", "/a"));
  CHECK(hall[0].subscriptions() == 1);
  CHECK(hall.topics.subscriptions() == 1);
  CHECK(hall.reached("/a") == Indices{0});
  CHECK(hall.topics.unsubscribe(hall[0], "", "/a"));
  CHECK_FALSE(hall.topics.unsubscribe(hall[0], "", "/a"));
  CHECK(hall.reached("/a").empty());
}

TEST_CASE("only the very pattern is given up") {
  Hall hall(2);
  CHECK(hall.topics.subscribe(hall[0], "", "/room/*"));
  CHECK(hall.topics.subscribe(hall[1], "", "/room/42/**"));
  for (const std::string_view other :
       {"/room/42", "/room/**", "/*/*", "/room", "/room/*/**", "x", ""})
    CHECK_FALSE(hall.topics.unsubscribe(hall[0], "", other));
  CHECK_FALSE(hall.topics.unsubscribe(hall[0], "", "/room/42/**"));
  CHECK_FALSE(hall.topics.unsubscribe(hall[0], "/app", "/room/*"));
  CHECK(hall.reached("/room/42") == Indices{0, 1});
}

TEST_CASE("applications do not hear each other") {
  Hall hall(3);
  CHECK(hall.topics.subscribe(hall[0], "", "/news"));
  CHECK(hall.topics.subscribe(hall[1], "/shop", "/news"));
  CHECK(hall.topics.subscribe(hall[2], "/shop", "/**"));
  CHECK(hall.reached("/news", "") == Indices{0});
  CHECK(hall.reached("/news", "/shop") == Indices{1, 2});
  CHECK(hall.reached("/news", "/sho").empty());
  CHECK(hall.reached("/news", "/shop/news").empty());
}

TEST_CASE("malformed topics and patterns are refused and leave nothing behind") {
  Hall hall(1);
  const std::string long_one = "/" + std::string(Topics::kMaxLength, 'a');
  for (const std::string_view bad :
       {std::string_view(""), std::string_view("room"), std::string_view("/"),
        std::string_view("//"), std::string_view("/a//b"), std::string_view("/a/"),
        std::string_view("/a\n"), std::string_view("/a\0b", 4), std::string_view("/\x7f"),
        std::string_view("/a/**/b"), std::string_view("/a*"), std::string_view("/*a"),
        std::string_view("/***"), std::string_view("**"), std::string_view("*"),
        std::string_view(long_one)}) {
    CAPTURE(bad);
    CHECK_FALSE(Topics::well_formed_pattern(bad));
    CHECK_FALSE(Topics::well_formed_topic(bad));
    CHECK_FALSE(hall.topics.subscribe(hall[0], "", bad));
    CHECK_FALSE(hall.topics.unsubscribe(hall[0], "", bad));
  }
  CHECK(hall.topics.empty());
  for (const std::string_view pattern : {"/*", "/**", "/*/**", "/a/*/b"}) {
    CHECK(Topics::well_formed_pattern(pattern));
    CHECK_FALSE(Topics::well_formed_topic(pattern));
  }
  for (const std::string_view topic : {"/a", "/a b/c", "/Zürich", "/a.b/?c=%2F"})
    CHECK(Topics::well_formed_topic(topic));
  CHECK(Topics::well_formed_topic(std::string_view(long_one).substr(0, Topics::kMaxLength)));
}

TEST_CASE("one subscriber has at most 1024 subscriptions, and room again when it gives one up") {
  Hall hall(2);
  for (std::size_t i = 0; i < 1024; ++i)
    REQUIRE(hall.topics.subscribe(hall[0], "", (i % 2 == 0 ? "/a/" : "/b/*/") + std::to_string(i)));
  CHECK_FALSE(hall.topics.subscribe(hall[0], "", "/one/more"));
  CHECK_FALSE(hall.topics.subscribe(hall[0], "/other", "/one/*"));
  CHECK(hall.topics.subscribe(hall[0], "", "/a/0"));  // has it already
  CHECK(hall.topics.subscribe(hall[1], "", "/one/more"));
  CHECK(hall.topics.unsubscribe(hall[0], "", "/a/500"));
  CHECK(hall.topics.subscribe(hall[0], "", "/one/more"));
  CHECK(hall.reached("/one/more") == Indices{0, 1});
  CHECK(hall.reached("/a/500").empty());
  CHECK(hall.reached("/b/x/501") == Indices{0});
}

TEST_CASE("ten thousand subscribers with a topic of their own, in any order of leaving") {
  Hall hall(10'000);
  const auto topic = [](std::size_t i) { return "/user/" + std::to_string(i); };
  for (std::size_t i = 0; i < 10'000; ++i) REQUIRE(hall.topics.subscribe(hall[i], "", topic(i)));
  CHECK(hall.topics.subscriptions() == 10'000);
  for (std::size_t i = 0; i < 10'000; i += 997) CHECK(hall.reached(topic(i)) == Indices{i});
  for (std::size_t step = 0; step < 10'000; ++step) {
    const std::size_t i = step * 7919 % 10'000;
    hall.topics.leave(hall[i]);
    if (step % 1000 == 0) CHECK(hall.reached(topic(i)).empty());
  }
  CHECK(hall.topics.empty());
}

TEST_CASE("who leaves from amid a large audience leaves the others in it") {
  Hall hall(1000);
  for (std::size_t i = 0; i < 1000; ++i) {
    CHECK(hall.topics.subscribe(hall[i], "", "/all"));
    CHECK(hall.topics.subscribe(hall[i], "", "/part/" + std::to_string(i % 7)));
  }
  Indices left;
  for (std::size_t i = 0; i < 1000; ++i) {
    if (i % 3 == 0) {
      hall.end(i);
    } else {
      left.push_back(i);
    }
  }
  CHECK(hall.reached("/all") == left);
  Indices third;
  for (const std::size_t i : left)
    if (i % 7 == 3) third.push_back(i);
  CHECK(hall.reached("/part/3") == third);
}

// The two ways of a visit: over one audience, and over several.
const std::vector<std::vector<std::string_view>> kWays = {{"/a"}, {"/a", "/*", "/**"}};

TEST_CASE("a subscriber may end itself while it is visited") {
  for (const auto& patterns : kWays) {
    Hall hall(20);
    for (std::size_t i = 0; i < 20; ++i)
      for (const auto pattern : patterns) CHECK(hall.topics.subscribe(hall[i], "", pattern));
    const Indices first = hall.reached("/a", "", [&](std::size_t i) {
      if (i % 2 == 0) hall.end(i);
    });
    CHECK(first.size() == 20);
    CHECK(hall.reached("/a") == Indices{1, 3, 5, 7, 9, 11, 13, 15, 17, 19});
  }
}

TEST_CASE("who is ended by the visit of another is not visited any more") {
  for (const auto& patterns : kWays) {
    Hall hall(20);
    for (std::size_t i = 0; i < 20; ++i)
      for (const auto pattern : patterns) CHECK(hall.topics.subscribe(hall[i], "", pattern));
    bool ended = false;
    std::size_t survivor = 20;
    const Indices found = hall.reached("/a", "", [&](std::size_t i) {
      if (std::exchange(ended, true)) return;
      survivor = i;
      for (std::size_t other = 0; other < 20; ++other)
        if (other != i) hall.end(other);
    });
    CHECK(found == Indices{survivor});
    CHECK(hall.reached("/a") == Indices{survivor});
  }
}

TEST_CASE("the whole audience may end amid a visit, and come again") {
  for (const auto& patterns : kWays) {
    Hall hall(8);
    const auto enter = [&](std::size_t i) {
      for (const auto pattern : patterns) CHECK(hall.topics.subscribe(hall[i], "", pattern));
    };
    for (std::size_t i = 0; i < 8; ++i) enter(i);
    bool changed = false;
    const Indices found = hall.reached("/a", "", [&](std::size_t) {
      if (std::exchange(changed, true)) return;
      for (std::size_t i = 0; i < 8; ++i) hall.topics.leave(hall[i]);
      for (std::size_t i = 0; i < 4; ++i) enter(i);
    });
    CHECK(found.size() == 1);  // the others' new subscriptions are younger than the publication
    CHECK(hall.reached("/a") == Indices{0, 1, 2, 3});
  }
}

TEST_CASE("who subscribes amid a visit gets the next publication") {
  for (const auto& patterns : kWays) {
    Hall hall(600);
    for (const auto pattern : patterns) CHECK(hall.topics.subscribe(hall[0], "", pattern));
    const Indices found = hall.reached("/a", "", [&](std::size_t) {
      for (std::size_t i = 1; i < 600; ++i) CHECK(hall.topics.subscribe(hall[i], "", "/a"));
    });
    CHECK(found == Indices{0});
    CHECK(hall.reached("/a").size() == 600);
  }
}

TEST_CASE("a visit within a visit disturbs neither") {
  for (const auto& patterns : kWays) {
    Hall hall(10);
    for (std::size_t i = 0; i < 10; ++i)
      for (const auto pattern : patterns) CHECK(hall.topics.subscribe(hall[i], "", pattern));
    std::size_t inner = 0;
    const Indices outer = hall.reached("/a", "", [&](std::size_t i) {
      inner += hall.reached("/a").size();
      if (i == 3) hall.end(9);  // visited already, or never
    });
    CHECK(std::adjacent_find(outer.begin(), outer.end()) == outer.end());
    CHECK(outer.size() >= 9);
    CHECK(inner >= outer.size() * 9);
    CHECK(hall.reached("/a").size() == 9);
  }
}

TEST_CASE("a visit that throws leaves the index in order") {
  Hall hall(4);
  for (std::size_t i = 0; i < 4; ++i) CHECK(hall.topics.subscribe(hall[i], "", "/a"));
  CHECK_THROWS(hall.reached("/a", "", [&](std::size_t i) {
    hall.end(i);
    throw std::runtime_error("enough");
  }));
  CHECK(hall.topics.subscriptions() == 3);
  CHECK(hall.reached("/a").size() == 3);
}

}  // namespace
