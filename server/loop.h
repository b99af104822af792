// One libuv loop on one thread: posting work to it, its clock, its timers, its shared buffers.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "server/cork.h"
#include "server/timer_wheel.h"

struct uv_loop_s;

namespace server {

class Connection;
class Exchange;
class Protocol;

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
  ~Loop();  // as stop(), and waits for it
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  void start();  // the thread; once
  // Any thread. Ends the thread when the work posted before has been done and every exchange has
  // been given back, which a worker may still be about; join by the destructor. That wait has no
  // limit of its own: whoever ends the server looks first whether exchanges are held, and gives up.
  void stop();

  // Any thread. The order of one poster's tasks is kept; wakes the loop once for a burst, and not
  // at all when the poster is the loop itself, which runs them before its next wait. Not bounded
  // here: each poster has a limit of its own (one per exchange half, async or control step).
  void post(Task& task);
  void post(std::function<void()> work);  // for control work; allocates
  // Any other thread. Posts the work and waits until it is done.
  void call(const std::function<void()>& work);

  // --- on the loop's thread: until `start` its maker's, who may drive it by `uv` ---
  bool is_current() const { return std::this_thread::get_id() == thread_id_; }
  std::uint64_t now() const;  // ms, monotonic, of this turn
  void arm(Timer& timer, std::uint64_t after);
  void disarm(Timer& timer) { TimerWheel::disarm(timer); }
  void forget(Timer& timer) { timers_.remove(timer); }
  std::string_view date();  // RFC 9110 section 5.6.7, of this second

  Exchange& take_exchange();
  void give_back(Exchange& exchange);
  // Runs it when whatever is on the stack now is not any more; each task once at a time.
  void at_turn_end(Task& task) { task.next_ = std::exchange(turn_end_, &task); }
  void close_at_turn_end(Connection& connection) { doomed_.push_back(&connection); }
  // Frees it at the end of this turn, when none of its functions runs any more.
  void retire(std::unique_ptr<Protocol> protocol);
  void retire(std::unique_ptr<Connection> connection);

  Cork& cork() { return cork_; }
  char* read_buffer() { return read_buffer_.get(); }
  static constexpr std::size_t kReadBuffer = 512 * 1024;

  // Called about every 100 ms while anything is timed, and on until it answers false. There is one;
  // an empty one ends it. Never from within itself.
  void on_tick(std::function<bool()> tick) { tick_ = std::move(tick); }

  uv_loop_s* uv() { return uv_.get(); }
  std::size_t index() const { return index_; }

  // Which handler the loop runs, for the watchdog, who samples it. Written by the loop only.
  struct Busy {
    std::atomic<const char*> with{nullptr};
    std::atomic<std::uint64_t> calls{0};
  };
  Busy& busy() { return busy_; }
  // While it lives, the loop runs somebody's code; `title` lives as long as that.
  class Call {
   public:
    Call(Loop& loop, const char* title)
        : busy_(loop.busy_), before_(busy_.with.load(std::memory_order_relaxed)) {
      busy_.calls.store(busy_.calls.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
      busy_.with.store(title, std::memory_order_relaxed);
    }
    ~Call() { busy_.with.store(before_, std::memory_order_relaxed); }
    Call(const Call&) = delete;
    Call& operator=(const Call&) = delete;

   private:
    Busy& busy_;
    const char* const before_;
  };

 private:
  struct Handles;
  void run();
  void close_handles();
  void drain();
  void advance();
  void before_wait();
  void end_turn();
  void run_own();

  std::size_t index_;
  std::unique_ptr<uv_loop_s> uv_;
  std::unique_ptr<Handles> handles_;
  std::atomic<Task*> posted_{nullptr};  // by other threads, newest first
  Task* own_first_ = nullptr;           // by the loop itself, in order
  Task* own_last_ = nullptr;            // while there is a first
  std::thread thread_;
  std::thread::id thread_id_;
  TimerWheel timers_;
  bool ticking_ = false;
  std::function<bool()> tick_;
  Cork cork_;
  std::unique_ptr<char[]> read_buffer_ = std::make_unique_for_overwrite<char[]>(kReadBuffer);
  std::vector<std::unique_ptr<Exchange>> spare_;  // at most kSpare, the rest is freed
  static constexpr std::size_t kSpare = 256;
  std::size_t lent_ = 0;  // exchanges that are not given back
  bool stopping_ = false;
  // Of this turn.
  Task* turn_end_ = nullptr;
  std::vector<Connection*> doomed_;
  std::vector<std::unique_ptr<Protocol>> retired_;
  std::vector<std::unique_ptr<Connection>> retired_connections_;
  std::int64_t date_second_ = 0;
  char date_[32];
  Busy busy_;
};

}  // namespace server
