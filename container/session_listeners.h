// Who of an application hears of its sessions.
#pragma once

#include <atomic>
#include <mutex>
#include <utility>

#include <margay/abi_session.h>

namespace container {

// Filled while the application's instances are made; each generation hears of what happens in its
// own exchanges, the current one of what expires. Any thread tells, also while one that was late
// joins.
class SessionListeners {
 public:
  using Event = void (*)(void*, const margay_session_change*);

  SessionListeners() = default;
  ~SessionListeners() {
    for (One* one = first_; one != nullptr;) {
      if (one->gone != nullptr) one->gone(one->argument);
      delete std::exchange(one, one->next.load(std::memory_order_relaxed));
    }
  }
  SessionListeners(const SessionListeners&) = delete;
  SessionListeners& operator=(const SessionListeners&) = delete;

  void add(Event event, void* argument, void (*gone)(void*)) {
    append(new One{event, argument, gone});
  }
  // Those that somebody has added there, who is good for them only now.
  void take(SessionListeners& others) {
    append(others.first_.exchange(nullptr, std::memory_order_relaxed));
  }
  bool empty() const { return first_.load(std::memory_order_acquire) == nullptr; }
  void tell(margay_session_change change) const {
    change.size = sizeof change;
    for (const One* one = first_.load(std::memory_order_acquire); one != nullptr;
         one = one->next.load(std::memory_order_acquire))
      one->event(one->argument, &change);
  }

 private:
  struct One {
    Event event;
    void* argument;
    void (*gone)(void*);
    std::atomic<One*> next{nullptr};
  };

  void append(One* one) {
    const std::scoped_lock lock(mutex_);
    std::atomic<One*>* end = &first_;
    while (One* const at = end->load(std::memory_order_relaxed)) end = &at->next;
    end->store(one, std::memory_order_release);
  }

  std::mutex mutex_;  // of those who append
  std::atomic<One*> first_{nullptr};
};

}  // namespace container
