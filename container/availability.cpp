// Whether an endpoint may be called at the moment.
#include "container/availability.h"

#include <algorithm>
#include <utility>

namespace container {

namespace {

std::int64_t milliseconds(Availability::Clock::time_point time) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(time.time_since_epoch()).count();
}

constexpr std::int64_t kLongest = std::int64_t{366} * 24 * 3600;  // seconds

}  // namespace

std::int64_t Availability::wait_until(std::int64_t until, Clock::time_point now) {
  if (until == kNever) return kForEver;
  const std::int64_t left = until - milliseconds(now);
  if (left > 0) return (left + 999) / 1000;
  if (is_missing_.load(std::memory_order_acquire)) return 1;  // it is tried again any moment
  until_.compare_exchange_strong(until, kNow);
  return 0;
}

void Availability::leave(std::int64_t seconds, std::string reason, Clock::time_point now) {
  {
    const std::scoped_lock lock(mutex_);
    reason_ = std::move(reason);
  }
  const std::int64_t until =
      seconds == kForEver
          ? kNever
          : milliseconds(now) + 1000 * std::clamp<std::int64_t>(seconds, 1, kLongest);
  until_.store(until, std::memory_order_release);
}

void Availability::miss(std::int64_t seconds, std::string reason, Clock::time_point now) {
  is_missing_.store(true, std::memory_order_relaxed);
  leave(seconds, std::move(reason), now);
}

void Availability::come(void* self) {
  self_.store(self, std::memory_order_release);
  is_missing_.store(false, std::memory_order_release);  // behind self_
  until_.store(kNow, std::memory_order_release);
}

std::string Availability::reason() {
  if (wait() == 0) return {};
  const std::scoped_lock lock(mutex_);
  return reason_;
}

}  // namespace container
