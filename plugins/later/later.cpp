// Answers later, from a thread of its own, while no loop and no worker is held.
#include <margay/plugin.h>

#include <charconv>
#include <chrono>
#include <condition_variable>
#include <map>
#include <mutex>
#include <thread>

using Clock = std::chrono::steady_clock;

// Finishes exchanges when their time has come. At most kMost wait; more are refused.
class Timer {
 public:
  Timer() : thread_([this] { serve(); }) {}
  ~Timer() {
    {
      const std::scoped_lock lock(mutex_);
      stopping_ = true;
    }
    wake_.notify_one();
    thread_.join();
  }

  bool add(Clock::time_point when, margay::Async& async) {
    const std::scoped_lock lock(mutex_);
    if (waiting_.size() >= kMost) return false;
    waiting_.emplace(when, std::move(async));
    wake_.notify_one();
    return true;
  }

 private:
  static constexpr std::size_t kMost = 10'000;

  void serve() {
    std::unique_lock lock(mutex_);
    while (!stopping_) {
      if (waiting_.empty()) {
        wake_.wait(lock);
      } else if (const auto first = waiting_.begin()->first; Clock::now() < first) {
        wake_.wait_until(lock, first);
      } else {
        margay::Async async = std::move(waiting_.begin()->second);
        waiting_.erase(waiting_.begin());
        lock.unlock();
        async.run([](margay::Response& response) {
          response.type("text/plain").write("later\n");
          response.finish();
        });
        lock.lock();
      }
    }
    waiting_.clear();  // those still waiting are answered 500
  }

  std::mutex mutex_;  // guards waiting_ and stopping_
  std::condition_variable wake_;
  std::multimap<Clock::time_point, margay::Async> waiting_;
  bool stopping_ = false;
  std::thread thread_;
};

class Later : public margay::Endpoint {
 public:
  static constexpr auto dispatch = margay::Dispatch::loop;

  void service(margay::Request& request, margay::Response& response) override {
    const std::string text = request.parameter("ms", "500");
    int millis = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), millis);
    if (error != std::errc{} || end != text.data() + text.size() || millis < 0 || millis > 20'000) {
      response.send_error(400, "ms must be a number from 0 to 20000");
      return;
    }
    margay::Async async = response.suspend();
    if (!timer_->add(Clock::now() + std::chrono::milliseconds(millis), async))
      response.send_error(503, "too many requests are waiting");
  }

 private:
  std::unique_ptr<Timer> timer_ = std::make_unique<Timer>();
};

MARGAY_PLUGIN("later", "1.0", margay::endpoint<Later>("later"))
