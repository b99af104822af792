// The bus within a process: every other node once, in order, and nothing after `detach`.
#include "server/websocket/local_bus.h"

#include <doctest/doctest.h>

#include <atomic>
#include <cstddef>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace {

using server::websocket::Frozen;
using server::websocket::LocalBus;
using server::websocket::Node;
using server::websocket::Opcode;
using server::websocket::Publication;
using server::websocket::Sink;

class Listener final : public Sink {
 public:
  explicit Listener(Node node) : node_(node) {}
  Node node() const override { return node_; }
  void deliver(const Publication& publication) override {
    CHECK_FALSE(detached);
    const std::scoped_lock lock(mutex_);
    heard.push_back(std::string(publication.topic) + "=" +
                    std::string(publication.message.payload()));
  }

  std::vector<std::string> heard;
  std::atomic<bool> detached = false;

 private:
  const Node node_;
  std::mutex mutex_;  // guards heard
};

bool publish(LocalBus& bus, Node from, std::string_view topic, std::string_view payload) {
  const Frozen::Held message = Frozen::make(Opcode::text, payload);
  return bus.publish({.scope = "", .topic = topic, .message = *message, .origin = from});
}

using Texts = std::vector<std::string>;

TEST_CASE("a publication goes to every node but its own") {
  LocalBus bus;
  Listener one(1), two(2), three(3);
  bus.attach(one);
  CHECK(publish(bus, 1, "/alone", "x"));
  bus.attach(two);
  bus.attach(three);
  CHECK(publish(bus, 1, "/a", "first"));
  CHECK(publish(bus, 2, "/a", "second"));
  CHECK(one.heard == Texts{"/a=second"});
  CHECK(two.heard == Texts{"/a=first"});
  CHECK(three.heard == Texts{"/a=first", "/a=second"});
  bus.detach(three);
  CHECK(publish(bus, 1, "/a", "third"));
  CHECK(two.heard == Texts{"/a=first", "/a=third"});
  CHECK(three.heard.size() == 2);
}

TEST_CASE("threads keep their order, and a sink hears nothing once it is detached") {
  constexpr int kThreads = 4, kEach = 500;
  LocalBus bus;
  Listener home(1), stays(2), goes(3);
  bus.attach(home);
  bus.attach(stays);
  bus.attach(goes);
  std::atomic<int> published = 0;
  std::vector<std::thread> threads;
  for (int thread = 0; thread < kThreads; ++thread)
    threads.emplace_back([&, topic = "/" + std::to_string(thread)] {
      for (int i = 0; i < kEach; ++i) {
        publish(bus, 1, topic, std::to_string(i));
        ++published;
        published.notify_one();
      }
    });
  published.wait(0);
  bus.detach(goes);
  goes.detached = true;
  for (std::thread& thread : threads) thread.join();
  CHECK(home.heard.empty());
  CHECK(stays.heard.size() == kThreads * kEach);
  for (int thread = 0; thread < kThreads; ++thread) {
    const std::string topic = "/" + std::to_string(thread) + "=";
    int next = 0;
    for (const std::string& text : stays.heard)
      if (text.starts_with(topic)) CHECK(text == topic + std::to_string(next++));
    CHECK(next == kEach);
  }
}

}  // namespace
