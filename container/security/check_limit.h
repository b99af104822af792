// How many slow checks of passwords run at once: they are slow because they take memory and time.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <mutex>

namespace container::security {

// Workers only. `running` at once, `waiting` more wait for them; all others hear no.
class CheckLimit {
 public:
  CheckLimit(std::size_t running, std::size_t waiting) : running_(running), waiting_(waiting) {}

  class Permit {
   public:
    explicit Permit(CheckLimit& limit) : limit_(limit), given_(limit.enter()) {}
    ~Permit() {
      if (given_) limit_.leave();
    }
    Permit(const Permit&) = delete;
    Permit& operator=(const Permit&) = delete;
    explicit operator bool() const { return given_; }

   private:
    CheckLimit& limit_;
    const bool given_;
  };

 private:
  bool enter() {
    std::unique_lock lock(mutex_);
    if (busy_ >= running_) {
      if (queued_ == waiting_) return false;
      ++queued_;
      freed_.wait(lock, [&] { return busy_ < running_; });
      --queued_;
    }
    ++busy_;
    return true;
  }
  void leave() {
    {
      const std::scoped_lock lock(mutex_);
      --busy_;
    }
    freed_.notify_one();
  }

  const std::size_t running_, waiting_;
  std::mutex mutex_;  // guards what follows
  std::condition_variable freed_;
  std::size_t busy_ = 0, queued_ = 0;
};

// Of the process: one for each core, at least 2; 64 wait.
CheckLimit& process_check_limit();

}  // namespace container::security
