// A message made once for many sockets: its frame, what is refused, compression, counts of threads.
#include "server/websocket/frozen.h"

#include <doctest/doctest.h>

#include <atomic>
#include <latch>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace {

using namespace std::literals;
using server::websocket::Frozen;
using server::websocket::Opcode;

// "Compresses" to the first `size` bytes.
auto cut_to(std::size_t size, int& calls) {
  return [size, &calls](std::string_view payload, std::string& out) {
    ++calls;
    out += payload.substr(0, size);
    return true;
  };
}

TEST_CASE("the frame has the shortest head there is, and the payload behind it") {
  const std::pair<std::size_t, std::string_view> cases[] = {
      {0, "\x82\x00"sv},
      {1, "\x82\x01"sv},
      {125, "\x82\x7d"sv},
      {126, "\x82\x7e\x00\x7e"sv},
      {65535, "\x82\x7e\xff\xff"sv},
      {65536, "\x82\x7f\x00\x00\x00\x00\x00\x01\x00\x00"sv},
  };
  for (const auto& [size, head] : cases) {
    CAPTURE(size);
    const std::string payload(size, 'x');
    const Frozen::Held frozen = Frozen::make(Opcode::binary, payload);
    REQUIRE(frozen);
    CHECK(frozen->kind() == Opcode::binary);
    CHECK(frozen->payload() == payload);
    CHECK(frozen->frame() == std::string(head) + payload);
  }
  CHECK(Frozen::make(Opcode::text, "hi")->frame() == "\x81\x02hi"sv);
  CHECK(Frozen::make(Opcode::ping, "hi")->frame() == "\x89\x02hi"sv);
  CHECK(Frozen::make(Opcode::pong, {})->frame() == "\x8a\x00"sv);
}

TEST_CASE("what could never be sent is not frozen") {
  CHECK(Frozen::make(Opcode::text, "Grüße \U0001f408"));
  CHECK_FALSE(Frozen::make(Opcode::text, "\xff"));
  CHECK_FALSE(Frozen::make(Opcode::text, "half of a letter: \xc3"));
  CHECK_FALSE(Frozen::make(Opcode::text, "\xed\xa0\x80"));  // a surrogate
  CHECK(Frozen::make(Opcode::binary, "\xff"));
  CHECK(Frozen::make(Opcode::ping, std::string(125, '\xff')));
  CHECK_FALSE(Frozen::make(Opcode::ping, std::string(126, 'x')));
  CHECK_FALSE(Frozen::make(Opcode::pong, std::string(126, 'x')));
  CHECK_FALSE(Frozen::make(Opcode::close, "\x03\xe8"));
  CHECK_FALSE(Frozen::make(Opcode::continuation, "x"));
}

TEST_CASE("it is compressed at most once, and the frame says so") {
  const Frozen::Held frozen = Frozen::make(Opcode::text, std::string(1000, 'x'));
  int calls = 0;
  const std::string_view first = frozen->compressed_frame(15, cut_to(3, calls));
  CHECK(first == "\xc1\x03xxx"sv);
  const std::string_view again = frozen->compressed_frame(15, cut_to(4, calls));
  CHECK(again.data() == first.data());
  CHECK(again.size() == first.size());
  CHECK(calls == 1);
  CHECK(frozen->frame().starts_with("\x81\x7e\x03\xe8xx"sv));

  const Frozen::Held large = Frozen::make(Opcode::binary, std::string(100'000, 'x'));
  CHECK(large->compressed_frame(15, cut_to(70'000, calls)) ==
        "\xc2\x7f\x00\x00\x00\x00\x00\x01\x11\x70"s + std::string(70'000, 'x'));
}

TEST_CASE("what does not shrink, fails to compress or is a ping stays as it is") {
  int calls = 0;
  const Frozen::Held same = Frozen::make(Opcode::text, "xxxx");
  for (int i = 0; i < 2; ++i) CHECK(same->compressed_frame(15, cut_to(4, calls)).empty());
  CHECK(calls == 1);
  const Frozen::Held shorter = Frozen::make(Opcode::text, "xxxx");
  CHECK(shorter->compressed_frame(15, cut_to(3, calls)) == "\xc1\x03xxx"sv);
  const Frozen::Held failing = Frozen::make(Opcode::text, "xxxx");
  CHECK(failing
            ->compressed_frame(15,
                               [](auto, std::string& out) {
                                 out += "x";
                                 return false;
                               })
            .empty());
  calls = 0;
  CHECK(Frozen::make(Opcode::ping, "xxxx")->compressed_frame(15, cut_to(1, calls)).empty());
  CHECK(Frozen::make(Opcode::text, "")->compressed_frame(15, cut_to(1, calls)).empty());
  CHECK(calls == 1);
}

TEST_CASE("a peer with a smaller window gets the compressed frame only of what fits into it") {
  int calls = 0;
  const Frozen::Held large = Frozen::make(Opcode::text, std::string(1024, 'x'));
  CHECK_FALSE(large->compressed_frame(12, cut_to(3, calls)).empty());
  CHECK_FALSE(large->compressed_frame(15, cut_to(3, calls)).empty());
  CHECK_FALSE(large->compressed_frame(11, cut_to(3, calls)).empty());
  CHECK(large->compressed_frame(10, cut_to(3, calls)).empty());
  CHECK(large->compressed_frame(9, cut_to(3, calls)).empty());
  CHECK(calls == 1);
}

TEST_CASE("threads that need the compressed frame at once share one") {
  constexpr std::size_t kThreads = 8;
  for (int round = 0; round < 50; ++round) {
    Frozen::Held frozen = Frozen::make(Opcode::text, std::string(5000, 'x'));
    std::atomic<int> calls = 0;
    std::latch all(kThreads);
    std::vector<std::string_view> seen(kThreads);
    std::vector<std::thread> threads;
    for (std::size_t i = 0; i < kThreads; ++i) {
      frozen->hold();
      threads.emplace_back([&seen, &calls, &all, i, own = Frozen::Held(frozen.get())] {
        all.arrive_and_wait();
        seen[i] = own->compressed_frame(15, [&](std::string_view payload, std::string& out) {
          ++calls;
          out += payload.substr(0, 2000);
          return true;
        });
        CHECK(seen[i].size() == 2004);
      });
    }
    const Frozen* watched = frozen.get();
    if (round % 2 == 0) frozen.reset();  // one of the threads is the last then
    for (std::thread& thread : threads) thread.join();
    CHECK(calls == 1);
    for (const std::string_view one : seen) CHECK(one.data() == seen[0].data());
    if (round % 2 == 1)
      CHECK(watched->compressed_frame(15, [](auto, auto&) { return false; }) == seen[0]);
  }
}

}  // namespace
