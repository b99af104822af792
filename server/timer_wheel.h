// Deadlines of one loop: a coarse wheel, so that arming a timeout is one store in the usual case.
#pragma once

#include <array>
#include <cstdint>

namespace server {

class TimerWheel;

// Embedded in what waits; never moves. Fires at most one tick late, never early.
class Timer {
 public:
  Timer() = default;
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;

 protected:
  ~Timer() = default;
  virtual void expired() = 0;

 private:
  friend class TimerWheel;
  void unlink() {
    if (next_ == nullptr) return;
    next_->previous_ = previous_;
    previous_->next_ = next_;
    next_ = previous_ = nullptr;
  }
  Timer* next_ = nullptr;
  Timer* previous_ = nullptr;
  std::uint64_t deadline_ = 0;  // ms of the loop's clock; 0 = disarmed
  std::uint32_t visit_ = 0;     // tick at which the wheel looks at it; 13 years of them
};

// Owner: one loop. A later deadline only overwrites the old one; the visit re-files the timer.
class TimerWheel {
 public:
  static constexpr std::uint64_t kTick = 100;  // ms
  static constexpr std::size_t kSlots = 512;   // one turn: 51 s; longer waits take several turns

  TimerWheel() {
    for (Timer& head : slots_) head.next_ = head.previous_ = &head;
  }
  ~TimerWheel() {
    for (Timer& head : slots_) {
      while (head.next_ != &head) head.next_->unlink();
      head.next_ = head.previous_ = nullptr;
    }
  }

  void arm(Timer& timer, std::uint64_t deadline) {
    timer.deadline_ = deadline;
    const std::uint64_t tick = deadline / kTick + 1;
    if (timer.next_ != nullptr && timer.visit_ <= tick) return;
    file(timer, tick);
  }

  // The timer stays filed until its slot is visited.
  static void disarm(Timer& timer) { timer.deadline_ = 0; }

  // Before the timer's memory goes.
  void remove(Timer& timer) {
    if (timer.next_ != nullptr) --filed_;
    timer.unlink();
  }

  // Fires what is due at `now` (ms).
  void advance(std::uint64_t now) {
    const std::uint64_t until = now / kTick;
    if (until > tick_ + kSlots) tick_ = until - kSlots;
    while (tick_ < until) visit(++tick_, now);
  }

  bool empty() const { return filed_ == 0; }

 private:
  struct Head final : Timer {
    void expired() override {}
  };

  void file(Timer& timer, std::uint64_t tick) {
    if (timer.next_ == nullptr) ++filed_;
    timer.unlink();
    if (tick <= tick_) tick = tick_ + 1;
    if (tick > tick_ + kSlots - 1) tick = tick_ + kSlots - 1;
    timer.visit_ = static_cast<std::uint32_t>(tick);
    Timer& head = slots_[tick % kSlots];
    timer.next_ = &head;
    timer.previous_ = head.previous_;
    head.previous_->next_ = &timer;
    head.previous_ = &timer;
  }

  void visit(std::uint64_t tick, std::uint64_t now) {
    Timer& head = slots_[tick % kSlots];  // nothing is ever filed into the slot being visited
    while (head.next_ != &head) {
      Timer* timer = head.next_;
      timer->unlink();
      --filed_;
      if (timer->deadline_ != 0 && timer->deadline_ > now) {
        file(*timer, timer->deadline_ / kTick + 1);
      } else if (timer->deadline_ != 0) {
        timer->deadline_ = 0;
        timer->expired();
      }
    }
  }

  std::array<Head, kSlots> slots_;
  std::uint64_t tick_ = 0;
  std::size_t filed_ = 0;
};

}  // namespace server
