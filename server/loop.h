// One libuv loop on one thread: posting work to it, its clock, its timers, its shared buffers.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>
#include <thread>
#include <vector>

#include "server/cork.h"
#include "server/timer_wheel.h"

struct uv_loop_s;

namespace server {

class Connection;
class Exchange;

// Something to be done on a loop; embedded in its owner, posted at most once at a time.
class Task {
 public:
  virtual void run() = 0;

 protected:
  ~Task() = default;

 private:
  friend class Loop;
  Task* next_ = nullptr;
};

class Loop {
 public:
  explicit Loop(std::size_t index);
  ~Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  void start();  // the thread; once
  // Any thread. Ends the thread when the work posted before has been done; join by the destructor.
  void stop();

  // Any thread. The order of one poster's tasks is kept; wakes the loop once for a burst. Not
  // bounded here: each poster has a limit of its own (one per exchange half, async or control
  // step).
  void post(Task& task);
  void post(std::function<void()> work);  // for control work; allocates
  // Any other thread. Posts the work and waits until it is done.
  void call(const std::function<void()>& work);

  // --- on the loop's thread ---
  bool is_current() const { return std::this_thread::get_id() == thread_id_; }
  std::uint64_t now() const;  // ms, monotonic, of this turn
  void arm(Timer& timer, std::uint64_t after);
  void disarm(Timer& timer) { TimerWheel::disarm(timer); }
  void forget(Timer& timer) { timers_.remove(timer); }
  std::string_view date();  // RFC 9110 section 5.6.7, of this second

  Exchange& take_exchange();
  void give_back(Exchange& exchange);

  Cork& cork() { return cork_; }
  char* read_buffer() { return read_buffer_.get(); }
  static constexpr std::size_t kReadBuffer = 512 * 1024;

  // Called about every 100 ms while anything is timed, and on until it answers false.
  void on_tick(std::function<bool()> tick) { ticks_.push_back(std::move(tick)); }

  uv_loop_s* uv() { return uv_.get(); }
  std::size_t index() const { return index_; }

  // Which handler the loop runs, for the watchdog, who samples it. Written by the loop only.
  struct Busy {
    std::atomic<const char*> with{nullptr};
    std::atomic<std::uint64_t> calls{0};
  };
  Busy& busy() { return busy_; }

 private:
  struct Handles;
  void run();
  void drain();
  void advance();

  std::size_t index_;
  std::unique_ptr<uv_loop_s> uv_;
  std::unique_ptr<Handles> handles_;
  std::atomic<Task*> posted_{nullptr};
  std::thread thread_;
  std::thread::id thread_id_;
  TimerWheel timers_;
  bool ticking_ = false;
  std::vector<std::function<bool()>> ticks_;
  Cork cork_;
  std::unique_ptr<char[]> read_buffer_ = std::make_unique_for_overwrite<char[]>(kReadBuffer);
  std::vector<std::unique_ptr<Exchange>> spare_;  // at most kSpare, the rest is freed
  static constexpr std::size_t kSpare = 256;
  std::int64_t date_second_ = 0;
  char date_[32];
  Busy busy_;
};

}  // namespace server
