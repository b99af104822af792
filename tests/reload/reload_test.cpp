// A plugin is replaced under load: nothing is lost, nothing is answered wrong, nothing stays.
#include <doctest/doctest.h>

#include <atomic>
#include <condition_variable>
#include <filesystem>
#include <iterator>
#include <mutex>
#include <set>
#include <thread>

#include "tests/reload/build_mark.h"
#include "tests/support/installation.h"

namespace {

namespace fs = std::filesystem;
using tests::Client;
using tests::content;
using tests::environment;
using tests::mark;
using tests::put;

constexpr const char* kManifest = R"(<Application>
  <Library name="numbered" file="lib/numbered.so"/>
  <Endpoint name="number" path="/now"/>
  <Endpoint name="slow" path="/slow"/>
</Application>)";

// The builds that may answer. The loads ask while the test goes on deploying.
class Deployed {
 public:
  void allow(int build) {
    const std::scoped_lock lock(mutex_);
    allowed_.insert(mark(build));
  }
  bool has(const std::string& body) const {
    const std::scoped_lock lock(mutex_);
    return allowed_.contains(body);
  }

 private:
  mutable std::mutex mutex_;  // guards allowed_
  std::set<std::string> allowed_;
};

// Keep-alive connections that ask without pause and look at every answer.
class Load {
 public:
  Load(std::uint16_t port, const Deployed& deployed) : port_(port), deployed_(deployed) {
    for (const char* path : {"/numbered/now", "/numbered/now", "/numbered/slow", "/numbered/slow"})
      clients_.emplace_back([this, path] { ask(path); });
  }
  ~Load() { stop(); }
  void stop() {
    stopping_ = true;
    for (auto& one : clients_) one.join();
    clients_.clear();
  }

  // Waits for this many answers more to connections that hold their generation for a while. What
  // went wrong first, or empty.
  std::string await_slow(std::uint64_t answers) {
    std::unique_lock lock(mutex_);
    const std::uint64_t enough = slow_ + answers;
    if (!more_.wait_for(lock, std::chrono::seconds(30),
                        [&] { return slow_ >= enough || !failure_.empty(); }))
      return "no answers";
    return failure_;
  }
  std::uint64_t answered() const {
    const std::scoped_lock lock(mutex_);
    return answered_;
  }

 private:
  void ask(const std::string& path) {
    Client client(port_);
    std::string earlier;  // one connection lives on one loop, whose mapping only goes forward
    while (!stopping_) {
      client.send("GET " + path + " HTTP/1.1\r\nHost: localhost\r\n\r\n");
      const std::string answer = client.answer(false, std::chrono::seconds(20));
      const std::string body =
          answer.size() < 10 ? std::string() : answer.substr(answer.size() - 10);
      if (!answer.starts_with("HTTP/1.1 200 ") || !deployed_.has(body) || body < earlier)
        return fail(path + " after '" + earlier + "': '" + answer + "'");
      earlier = body;
      const std::scoped_lock lock(mutex_);
      ++answered_;
      slow_ += path == "/numbered/slow";
      more_.notify_one();
    }
  }
  void fail(const std::string& what) {
    const std::scoped_lock lock(mutex_);
    if (failure_.empty()) failure_ = what;
    more_.notify_one();
  }

  std::uint16_t port_;
  const Deployed& deployed_;
  std::atomic<bool> stopping_{false};
  mutable std::mutex mutex_;  // guards the four below
  std::condition_variable more_;
  std::string failure_;
  std::uint64_t answered_ = 0;
  std::uint64_t slow_ = 0;
  std::vector<std::thread> clients_;
};

enum class Trigger { signal, watcher };

struct Broken {
  std::string library;
  const char* reported;
};

// The server, its folder and the builds of the plugin.
class Trial {
 public:
  Trial()
      : numbered_(fs::path(environment("MARGAY_PLUGINS")) / "numbered.so"),
        library_(installation_.application("numbered", kManifest) / "lib" / "numbered.so") {
    deployed_.allow(0);
    put(library_, numbered_.build(0));
    installation_.start();
  }

  // Replaces the library by build `number` and waits until the server has taken it over.
  void deploy(int number, Trigger trigger) {
    deployed_.allow(number);
    put(library_, numbered_.build(number));
    if (trigger == Trigger::signal) server().signal(SIGHUP);
    REQUIRE_MESSAGE(!server().await("application /numbered deployed").empty(), server().log());
    REQUIRE_MESSAGE(!server().await("is in use").empty(), server().log());
    current_ = number;
    CHECK(ask() == mark(number));
  }
  void deploy(const Broken& broken) {
    put(library_, broken.library);
    server().signal(SIGHUP);
    const std::string line = server().await(broken.reported);
    CHECK_MESSAGE(line.find("was not replaced") != std::string::npos, server().log());
    REQUIRE(!server().await("is in use").empty());
    CHECK(ask() == mark(current_));
  }
  std::string ask() const { return tests::body_of(installation_.get("/numbered/now")); }

  tests::Process& server() { return installation_.server(); }
  int stop() { return installation_.stop(); }
  const Deployed& deployed() const { return deployed_; }
  std::uint16_t port() const { return installation_.port(); }
  // Of libraries the server has open.
  std::size_t copies() const {
    return static_cast<std::size_t>(
        std::distance(fs::directory_iterator(installation_.base() / "work" / "plugins"), {}));
  }

 private:
  tests::Installation installation_;
  const tests::MarkedLibrary numbered_;
  const fs::path library_;
  Deployed deployed_;
  int current_ = 0;
};

}  // namespace

TEST_CASE("concurrency: fifty replacements under load, three of them broken") {
  const int rounds = tests::is_sanitized() ? 12 : 50;
  const int step = rounds / 4;  // a broken one at each quarter
  const fs::path plugins = environment("MARGAY_PLUGINS");
  const std::vector<Broken> broken{
      {"not a library, but long enough to hold the header of one: ......................",
       "is not a shared library"},
      {content(plugins / "other_abi.so"), "was built for plugin ABI"},
      {content(plugins / "numbered_broken.so"), "build 0000 gives up"}};
  Trial trial;
  Load load(trial.port(), trial.deployed());
  std::size_t resident_early = 0;
  std::size_t mappings_early = 0;
  for (int round = 1; round <= rounds; ++round) {
    if (round % step == 0 && round / step <= 3) {
      trial.deploy(broken[static_cast<std::size_t>(round / step - 1)]);
    } else {
      trial.deploy(round, round % 10 == 5 ? Trigger::watcher : Trigger::signal);
    }
    REQUIRE(load.await_slow(4) == "");
    if (round == step) {
      resident_early = trial.server().resident();
      mappings_early = trial.server().mappings();
    }
  }
  CHECK(load.await_slow(4) == "");
  load.stop();
  CHECK(trial.ask() == mark(rounds));

  CHECK(tests::eventually([&] { return trial.copies() == 1; }));
  if (!tests::is_sanitized()) {
    constexpr std::size_t kFewMappings = 40;  // threads and heaps come and go
    constexpr std::size_t kLittleMemory = 4 * 1024 * 1024;
    CHECK(trial.server().mapped("/numbered.").size() == 1);
    CHECK(trial.server().mappings() < mappings_early + kFewMappings);
    CHECK(trial.server().resident() < resident_early + kLittleMemory);
  }
  MESSAGE(load.answered(), " answers, resident ", resident_early, " then ",
          trial.server().resident());
  CHECK(trial.stop() == 0);
  CHECK(trial.server().log().find("still mapped") == std::string::npos);
}
