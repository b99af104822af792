// When to try again what failed for a reason that may pass: soon at first, then ever more seldom.
#pragma once

#include <algorithm>
#include <chrono>
#include <optional>
#include <string>
#include <utility>

namespace container {

// One thread.
class Retry {
 public:
  using Time = std::chrono::steady_clock::time_point;
  static constexpr std::chrono::seconds kFirst{2}, kLongest{60};  // each wait is twice as long

  // It failed. False: for the same reason as before, which has been said.
  bool failed(Time now, std::string reason) {
    wait_ = next_ ? std::min(2 * wait_, kLongest) : kFirst;
    next_ = now + wait_;
    const bool is_news = reason != reason_;
    reason_ = std::move(reason);
    return is_news;
  }
  // There is nothing to try again any more.
  void over() {
    next_.reset();
    reason_.clear();
  }
  bool is_due(Time now) const { return next_ && now >= *next_; }

 private:
  std::optional<Time> next_;
  std::chrono::seconds wait_{0};
  std::string reason_;
};

}  // namespace container
