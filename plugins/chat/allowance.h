// How often somebody may do something: a few times at once, and then at a steady pace.
#pragma once

#include <chrono>

namespace chat {

struct Pace {
  int burst = 20;                         // at once
  std::chrono::milliseconds refill{500};  // one more after each such time
};

// Not synchronised: one for each socket, whose callbacks come one after the other.
class Allowance {
 public:
  using Clock = std::chrono::steady_clock;

  explicit Allowance(Pace pace) : pace_(pace), left_(pace.burst) {}

  // Zero: granted. Else how long to wait until it would be.
  std::chrono::milliseconds take(Clock::time_point now) {
    const auto gained = (now - since_) / pace_.refill;
    const bool is_full = left_ + gained >= pace_.burst;
    left_ = is_full ? pace_.burst : left_ + static_cast<int>(gained);
    since_ = is_full ? now : since_ + gained * pace_.refill;
    if (left_ > 0) {
      --left_;
      return std::chrono::milliseconds{0};
    }
    return std::chrono::ceil<std::chrono::milliseconds>(since_ + pace_.refill - now);
  }

 private:
  Pace pace_;
  int left_;
  Clock::time_point since_{};  // when the last one was gained
};

}  // namespace chat
