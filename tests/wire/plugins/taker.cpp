// A plugin that takes connections over and does with them what it is told, line by line.
#include <margay/plugin.h>
#include <margay/upgrade.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>

namespace {

std::atomic<int> protocols{0};  // alive now
std::atomic<int> works{0};      // alive now: what was posted, run or not

// Counts the closure it is a part of.
struct Counted {
  Counted() { ++works; }
  Counted(const Counted&) { ++works; }
  ~Counted() { --works; }
};

// One piece of work on a thread that is none of the server's. Joined before the next one.
class Outside {
 public:
  ~Outside() { join(); }
  void run(std::function<void()> work) {
    const std::scoped_lock lock(mutex_);
    join();
    thread_ = std::thread(std::move(work));
  }

 private:
  void join() {
    if (thread_.joinable()) thread_.join();
  }
  std::mutex mutex_;  // guards thread_
  std::thread thread_;
};

class Taken final : public margay::Protocol {
 public:
  Taken(std::string word, Outside& outside) : word_(std::move(word)), outside_(outside) {
    ++protocols;
  }
  ~Taken() override { --protocols; }

  void opened(margay::Connection peer) override { peer.write("opened\n"); }
  void bytes(margay::Connection peer, std::span<char> data) override {
    for (const char c : data) {
      if (c != '\n') {
        line_ += c;
        continue;
      }
      obey(peer, std::exchange(line_, {}));
    }
  }
  void ended(margay::Connection peer) override {
    peer.write("ended\n");
    peer.close();
  }
  void writable(margay::Connection peer) override {
    peer.write("room\n");
    peer.resume();
  }
  void timeout(margay::Connection peer) override { peer.write("late\n"); }
  void drain(margay::Connection peer) override {
    peer.write("drained\n");
    peer.close();
  }

 private:
  void obey(margay::Connection peer, const std::string& command) {
    if (command == "word") peer.write(word_ + "\n");
    if (command == "arm") peer.arm(std::chrono::milliseconds(1));
    if (command == "throw") throw std::runtime_error("told to throw");
    if (command == "cut") {
      peer.cut();
      if (peer.write("nobody")) throw std::logic_error("it was not cut");
    }
    if (command == "fill") {
      const std::string block(16 * 1024, 'x');
      while (peer.write(block)) {
      }
      peer.pause();
    }
    if (command == "thread") {
      outside_.run([async = std::make_shared<margay::AsyncConnection>(peer.async())] {
        async->write("from a thread\n");
      });
    }
    if (command == "posts") {
      margay::AsyncConnection async = peer.async();
      int taken = 0;
      while (async.run([counted = Counted()](margay::Connection) {})) ++taken;
      peer.write(std::to_string(taken) + " taken, " + std::to_string(works.load()) + " alive\n");
    }
    if (command == "hold") held_ = std::make_shared<margay::AsyncConnection>(peer.async());
    if (command == "gone") {
      // Posts behind the end: from a thread that waits for it.
      outside_.run([async = std::make_shared<margay::AsyncConnection>(peer.async())] {
        while (async->run([counted = Counted()](margay::Connection) {})) std::this_thread::yield();
      });
      peer.close();
    }
  }

  const std::string word_;
  Outside& outside_;
  std::string line_;
  std::shared_ptr<margay::AsyncConnection> held_;
};

// What both kinds of endpoint do. ?counts tells what is left over, ?later answers from a thread,
// ?late answers first and upgrades then.
class Taker : public margay::Endpoint {
 public:
  explicit Taker(const margay::Config& config)
      : upgrade_(config, "taken"), word_(config.get("word", "word")) {}

  void service(margay::Request& request, margay::Response& response) override {
    if (request.query() == "counts") {
      response.write(std::to_string(protocols.load()) + " protocols, " +
                     std::to_string(works.load()) + " works\n");
    } else if (request.query() == "later") {
      outside_->run([this, async = std::make_shared<margay::Async>(response.suspend())] {
        async->run([this](margay::Response& its) { take(its); });
        async->release();
      });
    } else if (request.query() == "late") {
      response.write("too ");
      response.flush();
      response.write(upgrade_.is_offered(response) || take(response) ? "soon" : "late");
    } else if (!upgrade_.is_offered(response)) {
      upgrade_.require(response);
    } else {
      response.header("X-Word", word_);
      response.write("is dropped");
      take(response);
    }
  }

 private:
  bool take(margay::Response& response) {
    return upgrade_.take(response, std::make_unique<Taken>(word_, *outside_));
  }

  margay::Upgrade upgrade_;
  std::string word_;
  std::unique_ptr<Outside> outside_ = std::make_unique<Outside>();
};

struct OnLoop : Taker {
  static constexpr auto dispatch = margay::Dispatch::loop;
  using Taker::Taker;
};

// Tries it from `before`, which is not its place.
class TakingFilter : public margay::Filter {
 public:
  explicit TakingFilter(const margay::Config& config) : upgrade_(config, "taken") {}
  bool before(margay::Request&, margay::Response& response) override {
    const bool taken = upgrade_.take(response, std::make_unique<Taken>("filter", outside_));
    response.header("X-Filter", taken ? "took" : "did not take");
    return true;
  }

 private:
  margay::Upgrade upgrade_;
  Outside outside_;
};

}  // namespace

MARGAY_PLUGIN("taker", "1.0", margay::endpoint<Taker>("on-worker"),
              margay::endpoint<OnLoop>("on-loop"), margay::filter<TakingFilter>("taking"))
