// Whether an endpoint may be called at the moment.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <mutex>
#include <string>

namespace container {

// Of one endpoint (servlet: UnavailableException). Any thread; one load for each request.
class Availability {
 public:
  using Clock = std::chrono::steady_clock;
  static constexpr std::int64_t kForEver = -1;

  // 0: call it. Else the seconds to wait at least, or kForEver.
  std::int64_t wait(Clock::time_point (*now)() = Clock::now) {
    const std::int64_t until = until_.load(std::memory_order_acquire);
    return until == kNow ? 0 : wait_until(until, now());
  }
  // It cannot answer for so many seconds from `now` on, or kForEver.
  void leave(std::int64_t seconds, std::string reason, Clock::time_point now = Clock::now());
  // The same of one that could not be created; it stays so until `come`.
  void miss(std::int64_t seconds, std::string reason, Clock::time_point now = Clock::now());
  void come(void* self);

  void* self() const { return self_.load(std::memory_order_acquire); }  // null: it did not `come`
  // Empty: it is available.
  std::string reason();

 private:
  static constexpr std::int64_t kNow = 0, kNever = INT64_MAX;  // else milliseconds of the clock

  std::int64_t wait_until(std::int64_t until, Clock::time_point now);

  std::atomic<std::int64_t> until_{kNow};
  std::atomic<bool> is_missing_{false};
  std::atomic<void*> self_{nullptr};
  std::mutex mutex_;  // guards reason_
  std::string reason_;
};

}  // namespace container
