// A plugin that uses what the API offers for later and for streaming, and counts what is left over.
#include <margay/plugin.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <condition_variable>
#include <deque>
#include <filesystem>
#include <functional>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace {

std::atomic<int> closures{0};  // alive now
std::atomic<int> states{0};    // alive now
std::atomic<int> recorded{0};
std::atomic<int> aborted{0};

// Counts the closure it is a part of.
struct Counted {
  Counted() { ++closures; }
  Counted(Counted&&) noexcept { ++closures; }
  ~Counted() { --closures; }
};

// A thread that is none of the server's.
class Outside {
 public:
  Outside() : thread_([this] { serve(); }) {}
  ~Outside() {
    post({});
    thread_.join();
  }
  void post(std::function<void()> work) {
    const std::scoped_lock lock(mutex_);
    waiting_.push_back(std::move(work));
    wake_.notify_one();
  }

 private:
  void serve() {
    for (;;) {
      std::unique_lock lock(mutex_);
      wake_.wait(lock, [&] { return !waiting_.empty(); });
      const std::function<void()> work = std::move(waiting_.front());
      waiting_.pop_front();
      lock.unlock();
      if (!work) return;
      work();
    }
  }

  std::mutex mutex_;  // guards waiting_
  std::condition_variable wake_;
  std::deque<std::function<void()>> waiting_;
  std::thread thread_;
};

// Streams `size` letters as fast as the client takes them, in constant memory.
class Pump : public margay::Endpoint {
 public:
  static constexpr auto dispatch = margay::Dispatch::loop;
  void service(margay::Request& request, margay::Response& response) override {
    Stream stream{std::stoul(request.parameter("size", "0")), 0, response.suspend(), {}};
    if (!stream.go_on(response)) response.on_writable(std::move(stream));
  }

 private:
  struct Stream {
    std::size_t size, sent;
    margay::Async async;  // of the exchange that owns this
    Counted counted;

    // True when nothing is left to do.
    bool go_on(margay::Response& response) {
      std::array<char, 10'000> piece;
      while (sent < size) {
        const std::size_t length = std::min(piece.size(), size - sent);
        for (std::size_t i = 0; i < length; ++i)
          piece[i] = static_cast<char>('a' + (sent + i) % 26);
        const margay::Write write = response.write({piece.data(), length});
        if (write == margay::Write::closed) return true;
        sent += length;
        if (write == margay::Write::full) return false;
      }
      response.finish();
      return true;
    }
    // Hands over to a new watcher every time: this one lives until its call has returned.
    void operator()(margay::Response& response) {
      if (go_on(response)) return;
      response.on_writable(std::move(*this));
      sent = size;
    }
  };
};

// Counts a body that arrives piece by piece, on the loop.
class Count : public margay::Endpoint {
 public:
  static constexpr auto dispatch = margay::Dispatch::loop;
  static constexpr auto body = margay::Body::streamed;
  void service(margay::Request& request, margay::Response& response) override {
    Tally tally{0, {}, response.suspend(), {}};
    tally(request, response);
    if (tally.async) request.on_readable(std::move(tally));
  }

 private:
  struct Tally {
    std::size_t size = 0;
    std::string lost;
    margay::Async async;
    Counted counted;

    void operator()(margay::Request& request, margay::Response& response) {
      std::array<char, 4096> piece;
      std::ptrdiff_t got = 0;
      while ((got = request.read(piece)) > 0) size += static_cast<std::size_t>(got);
      if (got == -1) return;
      response.write(std::to_string(size) + (got == 0 ? " bytes" : " bytes, then lost"));
      async.finish();
    }
  };
};

// Answers only when the client goes, or stops sending.
class Held : public margay::Endpoint {
 public:
  static constexpr auto dispatch = margay::Dispatch::loop;
  void service(margay::Request&, margay::Response& response) override {
    response.on_abort([](margay::Response&) { throw std::logic_error("was replaced"); });
    response.on_abort([async = response.suspend(), counted = Counted()](margay::Response& its) {
      ++aborted;
      its.write("goodbye");
      its.finish();
    });
  }
};

// Fails in what it posts from outside, before or behind the commit.
class Thrower : public margay::Endpoint {
 public:
  void service(margay::Request& request, margay::Response& response) override {
    const bool late = request.has_parameter("late");
    outside_.post([async = std::make_shared<margay::Async>(response.suspend()), late] {
      async->run([late](margay::Response& its) {
        its.write("some text");
        if (late) its.flush();
        throw std::runtime_error(late ? "thrown late" : "thrown early");
      });
    });
  }

 private:
  Outside outside_;
};

// Suspends in `before`; another thread decides.
class Gate : public margay::Filter {
 public:
  bool before(margay::Request& request, margay::Response& response) override {
    const std::string word = request.parameter("gate", "open");
    request.attribute("gates", std::string(request.attribute("gates").value_or("")) + "|");
    outside_.post([word, async = std::make_shared<margay::Async>(response.suspend())] {
      if (word == "open") async->proceed();
      if (word == "refuse")
        async->run([](margay::Response& its) { its.send_error(401, "not today"); });
    });
    return false;
  }

 private:
  Outside outside_;
};

struct Passage {
  Passage() { ++states; }
  ~Passage() { --states; }
  std::string path;
  std::size_t bytes = 0;
};

// Carries something from moment to moment.
class Recorder : public margay::StatefulFilter<Passage> {
 public:
  bool before(margay::Request& request, margay::Response&, Passage& passage) override {
    passage.path = request.path();
    return true;
  }
  void head(const margay::Request&, margay::Head& head, Passage& passage) override {
    head.set("X-Path", passage.path);
  }
  void body(std::string_view bytes, bool last, margay::Emit& emit, Passage& passage) override {
    passage.bytes += bytes.size();
    emit(bytes);
    if (last) emit("[" + std::to_string(passage.bytes) + "]");
  }
  void done(const margay_request&, const margay_outcome&, Passage& passage) override {
    recorded += passage.bytes > 0;
  }
};

class Values : public margay::Endpoint {
 public:
  void service(margay::Request& request, margay::Response& response) override {
    std::string text;
    const auto line = [&](std::string_view name, std::string_view value) {
      text.append(name).append("=").append(value).append("\n");
    };
    for (const std::string& one : request.parameters("a")) line("a", one);
    request.each_cookie(line);
    line("remote",
         std::string(request.remote_address()) + (request.remote_port() > 1023 ? ":high" : ":low"));
    line("local",
         std::string(request.local_address()) + ":" + std::to_string(request.local_port()));
    line("server",
         std::string(request.server_name()) + ":" + std::to_string(request.server_port()));
    line("gates", request.attribute("gates").value_or("none"));
    line("id", request.id().empty() ? "none" : "some");
    response.cookie({.name = "one", .value = "1", .path = "/", .http_only = true})
        .cookie(margay::Cookie::removal("two"))
        .write(text);
  }
};

class Figures : public margay::Endpoint {
 public:
  void service(margay::Request&, margay::Response& response) override {
    response.write("closures=" + std::to_string(closures) + " states=" + std::to_string(states) +
                   " recorded=" + std::to_string(recorded) + " aborted=" + std::to_string(aborted));
  }
};

// Takes the folder of its application away while that is being deployed.
class Leaving : public margay::Endpoint {
 public:
  explicit Leaving(const margay::Config& config) {
    std::filesystem::rename(std::string(config.get("from")), std::string(config.get("to")));
  }
  void service(margay::Request&, margay::Response& response) override { response.write("here"); }
};

}  // namespace

MARGAY_PLUGIN("probe", "1.0", margay::endpoint<Pump>("pump"), margay::endpoint<Count>("count"),
              margay::endpoint<Held>("held"), margay::endpoint<Thrower>("thrower"),
              margay::endpoint<Values>("values"), margay::endpoint<Figures>("figures"),
              margay::endpoint<Leaving>("leaving"), margay::filter<Gate>("gate"),
              margay::filter<Recorder>("recorder"))
