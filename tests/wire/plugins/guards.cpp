// Endpoints for built-in filters to stand before.
#include <margay/plugin.h>

#include <array>
#include <atomic>
#include <condition_variable>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <utility>

namespace {

// A page with a form, and where that is sent. `?plain` does not ask for the token, `?late` does so
// behind the first bytes, and `?login` gives the session another id.
class Form : public margay::Endpoint {
 public:
  static constexpr auto dispatch = margay::Dispatch::loop;

  void service(margay::Request& request, margay::Response& response) override {
    response.type("text/plain");
    if (request.has_parameter("login")) request.session().change_id();
    if (request.method() != "GET") {
      response.write("changed " + request.parameter("what", "nothing"));
      return;
    }
    if (request.has_parameter("plain")) {
      response.write("plain");
      return;
    }
    if (request.has_parameter("late")) {
      response.write("page ");
      response.flush();
    }
    response.write(request.attribute("margay.csrf.token").value_or("none"));
  }
};

// Which of the slow requests are there, by the name in their query, and which may go on.
class Doors {
 public:
  void arrive(const std::string& name) {
    const std::scoped_lock lock(mutex_);
    states_.try_emplace(name, State::waits);
    arrivals_.insert(name);
    change_.notify_all();
  }
  void await_opening(const std::string& name) {
    std::unique_lock lock(mutex_);
    change_.wait(lock, [&] { return states_[name] == State::open; });
  }
  void await_arrival(const std::string& name) {
    std::unique_lock lock(mutex_);
    change_.wait(lock, [&] { return arrivals_.count(name) != 0; });
  }
  // Answers when its door is open.
  void keep(const std::string& name, margay::Async async) {
    {
      const std::scoped_lock lock(mutex_);
      if (states_[name] != State::open) {
        kept_.insert_or_assign(name, std::move(async));
        return;
      }
    }
    answer(name, std::move(async));
  }
  void open(const std::string& name) {
    margay::Async async;
    {
      const std::scoped_lock lock(mutex_);
      states_[name] = State::open;
      if (const auto found = kept_.find(name); found != kept_.end()) {
        async = std::move(found->second);
        kept_.erase(found);
      }
    }
    change_.notify_all();
    if (async) answer(name, std::move(async));
  }
  void tell(const std::string& what) {
    const std::scoped_lock lock(mutex_);
    told_ += what + "\n";
    change_.notify_all();
  }
  // What was told, once there is something.
  std::string await_told() {
    std::unique_lock lock(mutex_);
    change_.wait(lock, [&] { return !told_.empty(); });
    return std::exchange(told_, {});
  }
  std::size_t arrived() {
    const std::scoped_lock lock(mutex_);
    return arrivals_.size();
  }

 private:
  enum class State { waits, open };

  static void answer(const std::string& name, margay::Async async) {
    async.run([name](margay::Response& response) {
      response.write("late " + name);
      response.finish();
    });
  }

  std::mutex mutex_;  // guards all of it
  std::condition_variable change_;
  std::map<std::string, State> states_;
  std::map<std::string, margay::Async> kept_;
  std::string told_;
  std::set<std::string> arrivals_;
};

Doors doors;

const char* word(margay::Write write) {
  return write == margay::Write::closed ? "closed" : "taken";
}

// Answers when its door is open. Its worker is held for so long, or with `?later` nothing. With
// `?early` something is written first.
class Slow : public margay::Endpoint {
 public:
  void service(margay::Request& request, margay::Response& response) override {
    const std::string name = request.parameter("name");
    if (request.has_parameter("early")) {
      response.write("early ");
      response.flush();
    }
    if (request.has_parameter("later")) {
      doors.keep(name, response.suspend());
      return doors.arrive(name);
    }
    if (request.has_parameter("watched"))
      response.on_abort([name, async = response.suspend()](margay::Response& its) mutable {
        doors.tell(std::string(name) + " over, " + word(its.write("x")));
      });
    doors.arrive(name);
    doors.await_opening(name);
    if (request.has_parameter("watched")) return;
    if (!request.has_parameter("early")) response.header("X-Late", "yes").status(201);
    const margay::Write written = response.write("late " + name);
    const margay::Write flushed = response.flush();
    if (request.has_parameter("told")) doors.tell(name + " " + word(written) + " " + word(flushed));
  }
};

// The same on the loop, which is never held.
class Later : public margay::Endpoint {
 public:
  static constexpr auto dispatch = margay::Dispatch::loop;
  void service(margay::Request& request, margay::Response& response) override {
    const std::string name = request.parameter("name");
    doors.keep(name, response.suspend());
    doors.arrive(name);
  }
};

// How many are here at once, at most so far.
class Crowd : public margay::Endpoint {
 public:
  void service(margay::Request&, margay::Response& response) override {
    const int here = ++here_;
    for (int most = most_; most < here && !most_.compare_exchange_weak(most, here);) {
    }
    for (int i = 0; i < 20; ++i) std::this_thread::yield();
    --here_;
    response.write(std::to_string(most_));
  }

 private:
  std::atomic<int> here_{0}, most_{0};
};

// Reads a body that does not come to its end.
class Reader : public margay::Endpoint {
 public:
  static constexpr auto body = margay::Body::streamed;
  void service(margay::Request& request, margay::Response& response) override {
    std::array<char, 1024> piece;
    std::ptrdiff_t got = 0;
    std::ptrdiff_t size = 0;
    while ((got = request.read(piece)) > 0) size += got;
    if (request.has_parameter("told")) doors.tell("read ended " + std::to_string(got));
    response.write(std::to_string(size));
  }
};

// ?open=NAME, ?await=NAME, ?told, ?arrived.
class Keeper : public margay::Endpoint {
 public:
  void service(margay::Request& request, margay::Response& response) override {
    if (request.has_parameter("open")) doors.open(request.parameter("open"));
    if (request.has_parameter("await")) doors.await_arrival(request.parameter("await"));
    if (request.has_parameter("told")) response.write(doors.await_told());
    if (request.has_parameter("arrived")) response.write(std::to_string(doors.arrived()));
  }
};

}  // namespace

MARGAY_PLUGIN("guards", "1.0", margay::endpoint<Form>("form"), margay::endpoint<Slow>("slow"),
              margay::endpoint<Later>("later"), margay::endpoint<Reader>("reader"),
              margay::endpoint<Crowd>("crowd"), margay::endpoint<Keeper>("keeper"))
