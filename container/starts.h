// Runs what plugins do to start, which may hang, without hanging with it.
#pragma once

#include <chrono>
#include <condition_variable>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "server/log.h"

namespace container {

// What is being done, for those who wait. Any thread.
class StartStep {
 public:
  void now(std::string what);
  std::string what() const;

 private:
  mutable std::mutex mutex_;  // guards what_
  std::string what_;
};

// A start has taken longer than it may, or nobody waits for it any more.
class StartTimeout : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// Each start has a thread of its own, and everything it uses must be owned by its work: code cannot
// be killed, so a start that hangs goes on for as long as the process. Control thread.
class Starts {
 public:
  using Work = std::function<void(StartStep&)>;
  using Then = std::function<void(std::exception_ptr)>;

  static constexpr std::size_t kMost = 8;  // that hang at once; no more are begun

  struct Options {
    server::Log log;
    // Whether waiting has lost its sense, as the server is told to stop.
    std::function<bool()> gives_up = [] { return false; };
    std::chrono::milliseconds first_notice{5000};  // each further one after twice the time
    std::function<void()> last_words = [] {};      // before the process ends: writes the log out
  };

  explicit Starts(Options options);
  // Ends the process when a start still hangs: its code may use whatever is torn down next.
  ~Starts();

  // Waits until `work` is done, for at most `limit` (no_timeout: for ever), and throws what it
  // throws. StartTimeout: it goes on, and `late` is called by `tick` when it is done after all.
  // Another std::runtime_error: too many hang.
  // `title` begins sentences, as in "application /shop".
  void run(const std::string& title, std::chrono::milliseconds limit, Work work, Then late);
  // Waits for nothing; `then` is called by `tick`.
  void launch(const std::string& title, Work work, Then then);
  // Calls what waits for starts that are done.
  void tick();
  bool is_full() const { return pending_.size() >= kMost; }

 private:
  struct Start;

  std::unique_ptr<Start> begin(const std::string& title, Work work) const;

  Options options_;
  std::vector<std::unique_ptr<Start>> pending_;
};

}  // namespace container
