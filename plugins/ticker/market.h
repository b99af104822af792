// Makes quotes, ten thousand a second, as long as somebody looks.
#pragma once

#include <margay/plugin.h>
#include <margay/websocket.h>

#include <array>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <string_view>
#include <thread>
#include <vector>

namespace ticker {

// One for each configured endpoint, with a thread of its own.
class Market {
 public:
  explicit Market(const margay::Config& config);
  ~Market();
  Market(const Market&) = delete;
  Market& operator=(const Market&) = delete;

  bool knows(std::string_view symbol) const;
  // Somebody began, or ceased, to look. Any thread.
  void enter();
  void leave();

 private:
  struct Quote {
    std::string_view symbol;
    double price = 0;
    std::uint64_t number = 0;  // of this symbol: a reader sees by it how many were passed over
  };

  void serve();
  void open();
  void publish(Quote& quote);
  std::uint32_t random();

  const margay::Config config_;
  const int rate_;             // quotes a second
  std::vector<Quote> quotes_;  // the thread's, once it runs, but for the symbols
  std::size_t next_ = 0;
  std::uint32_t seed_ = 2463534242;

  std::mutex mutex_;  // guards the two below
  std::condition_variable change_;
  int watchers_ = 0;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace ticker
