// Server-sent events: one thread of the plugin's own feeds all open streams, and waits for none.
#include <margay/plugin.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

// One open stream. `ready` is set by its loop and taken by the ticker: between the two an event is
// on its way or the client is slow, and whatever comes up meanwhile is not sent at all.
struct Stream {
  margay::Async async;  // the ticker's
  std::atomic<bool> ready{true};
  Clock::time_point ends;
  Clock::time_point fed;  // the ticker's
};

struct Rhythm {
  explicit Rhythm(const margay::Config& config)
      : interval(config.duration("interval", milliseconds(1000), milliseconds(1))),
        heartbeat(config.duration("heartbeat", milliseconds(15'000), milliseconds(1))),
        lifetime(config.duration("lifetime", milliseconds(20'000), milliseconds(1))),
        text(config.get("text", "tick")) {
    if (text.find_first_of("\r\n") != std::string::npos)
      throw margay::ConfigError("text", "parameter 'text' must be a single line");
  }
  milliseconds interval;   // between two events
  milliseconds heartbeat;  // a comment after so long without an event: proxies close silent streams
  // Less than the server's gracefulStopAwait, so that no stop and no reload waits for long: a
  // browser comes back by itself.
  milliseconds lifetime;
  std::string text;
};

// The open streams, at most `most`, and the thread that feeds them.
class Ticker {
 public:
  Ticker(Rhythm rhythm, std::size_t most)
      : rhythm_(std::move(rhythm)), most_(most), thread_([this] { serve(); }) {}
  ~Ticker() {
    {
      const std::scoped_lock lock(mutex_);
      stopping_ = true;
    }
    wake_.notify_one();
    thread_.join();
  }

  // A number for `leave`, or 0 when there are `most` already. Any thread.
  std::uint64_t join(const std::shared_ptr<Stream>& stream) {
    const std::scoped_lock lock(mutex_);
    if (streams_.size() >= most_) return 0;
    stream->fed = Clock::now();
    stream->ends = stream->fed + rhythm_.lifetime;
    streams_.emplace(++last_, stream);
    wake_.notify_one();
    return last_;
  }
  void leave(std::uint64_t number) {
    const std::scoped_lock lock(mutex_);
    streams_.erase(number);
  }

 private:
  void serve() {
    const milliseconds step = std::min({rhythm_.interval, rhythm_.heartbeat, rhythm_.lifetime});
    Clock::time_point next = Clock::now() + rhythm_.interval;
    std::unique_lock lock(mutex_);
    while (!stopping_) {
      if (streams_.empty()) wake_.wait(lock, [&] { return stopping_ || !streams_.empty(); });
      const Clock::time_point now = Clock::now();
      std::string event;
      if (now >= next) {
        event = "id: " + std::to_string(++ticks_) + "\ndata: " + rhythm_.text + "\n\n";
        next = now + rhythm_.interval;
      }
      feed(now, event);
      wake_.wait_until(lock, std::min(next, now + step), [&] { return stopping_; });
    }
  }

  // With mutex_ held.
  void feed(Clock::time_point now, const std::string& event) {
    for (auto one = streams_.begin(); one != streams_.end();) {
      const std::shared_ptr<Stream>& stream = one->second;
      if (now >= stream->ends) {
        stream->async.finish();
        one = streams_.erase(one);
        continue;
      }
      const bool quiet = now - stream->fed >= rhythm_.heartbeat;
      if ((!event.empty() || quiet) && stream->ready.exchange(false)) {
        stream->fed = now;
        send(stream, event.empty() ? ":\n\n" : event);
      }
      ++one;
    }
  }

  static void send(const std::shared_ptr<Stream>& stream, std::string text) {
    stream->async.run([stream, text = std::move(text)](margay::Response& response) {
      if (response.write(text) == margay::Write::ok && response.flush() == margay::Write::ok)
        stream->ready = true;  // else on_writable says when
    });
  }

  const Rhythm rhythm_;
  const std::size_t most_;
  std::mutex mutex_;  // guards the four below
  std::condition_variable wake_;
  std::map<std::uint64_t, std::shared_ptr<Stream>> streams_;
  std::uint64_t last_ = 0;
  bool stopping_ = false;
  std::uint64_t ticks_ = 0;  // the thread's own
  std::thread thread_;
};

class Sse : public margay::Endpoint {
 public:
  static constexpr auto dispatch = margay::Dispatch::loop;

  explicit Sse(const margay::Config& config)
      : ticker_(std::make_unique<Ticker>(
            Rhythm(config), config.integer<std::size_t>("maxStreams", 1000, 1, 100'000))) {}

  void service(margay::Request& request, margay::Response& response) override {
    if (request.method() != "GET") {
      response.header("Allow", "GET").send_error(405);
      return;
    }
    auto stream = std::make_shared<Stream>();
    stream->async = response.suspend();
    const std::uint64_t number = ticker_->join(stream);
    if (number == 0) {
      response.header("Retry-After", "5").send_error(503, "Too many streams are open.");
      return;
    }
    response.on_writable([stream](margay::Response&) { stream->ready = true; });
    response.on_abort([ticker = ticker_.get(), number](margay::Response& its) {
      ticker->leave(number);
      its.finish();
    });
    response.type("text/event-stream").header("Cache-Control", "no-store").write("retry: 500\n\n");
  }

 private:
  std::unique_ptr<Ticker> ticker_;
};

MARGAY_PLUGIN("sse", "1.0", margay::endpoint<Sse>("sse"))
