// The bounded pool of threads that run handlers which may block (Tomcat's Executor).
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace server {

struct WorkersOptions {
  std::string name_prefix = "margay-exec-";
  std::size_t max_threads = 200;
  std::size_t min_spare_threads = 10;               // kept alive when idle
  std::chrono::milliseconds max_idle_time{60'000};  // an idle thread above the minimum ends
  std::size_t max_queue_size = 10'000;  // more waiting work is refused: the caller answers 503
};

// One piece of work; embedded in its owner, queued at most once at a time.
class Work {
 public:
  virtual void run() = 0;                 // on a worker thread
  virtual const char* title() const = 0;  // for the watchdog; lives as long as the work runs

 protected:
  ~Work() = default;

 private:
  friend class Workers;
  Work* next_ = nullptr;
};

class Workers {
 public:
  explicit Workers(WorkersOptions options);
  ~Workers();  // finishes what is queued, then joins
  Workers(const Workers&) = delete;
  Workers& operator=(const Workers&) = delete;

  // Any thread. False when the queue is full. `always` is for exchanges that were let in already:
  // their number is bounded by the connections.
  bool submit(Work& work, bool always = false);

  struct Figures {
    std::size_t threads, busy, queued;
    std::uint64_t refused;
  };
  Figures figures() const;  // any thread
  const WorkersOptions& options() const { return options_; }

  struct Stuck {
    std::string title;
    std::chrono::nanoseconds elapsed;
    bool over;
  };
  // One thread: who begins to run longer than `limit`, and who has and is over, once each since the
  // last call. A limit of 0: nobody begins to.
  std::vector<Stuck> watch(std::chrono::nanoseconds limit);
  // Of whom `watch` said so and not yet that they are over. Any thread.
  std::vector<Stuck> stuck() const;

 private:
  struct Slot {
    std::thread thread;
    std::atomic<std::int64_t> since{0};  // steady clock, ns; 0 = idle
    std::atomic<const char*> title{nullptr};
    // Guarded by mutex_.
    std::int64_t told = 0;   // `since` of the work that watch() has told of
    std::string told_title;  // of the same
    bool ended = true;
  };

  void serve(Slot& slot);
  void wake_another(std::unique_lock<std::mutex>& lock);  // and unlocks
  bool spawn();                                           // with mutex_ held

  const WorkersOptions options_;
  mutable std::mutex mutex_;  // guards everything below
  std::condition_variable wake_;
  Work* first_ = nullptr;
  Work* last_ = nullptr;
  std::size_t queued_ = 0;
  std::size_t idle_ = 0;
  std::size_t threads_ = 0;
  std::uint64_t refused_ = 0;
  std::uint64_t named_ = 0;
  bool waking_ = false;  // a thread was woken or started and has not looked for work yet
  bool stopping_ = false;
  std::vector<std::unique_ptr<Slot>> slots_;
};

}  // namespace server
