// Plugins come, go and break while WebSockets of theirs and of others are in use.
#include <doctest/doctest.h>

#include <atomic>
#include <condition_variable>
#include <filesystem>
#include <iterator>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "tests/reload/build_mark.h"
#include "tests/support/frame_client.h"
#include "tests/support/installation.h"

namespace {

namespace fs = std::filesystem;
using tests::environment;
using tests::eventually;
using tests::FrameClient;
using tests::mark;
using tests::put;

constexpr const char* kReplaced = "<close 1012 the application was replaced>";

std::string manifest(const std::string& library) {
  return "<Application><Library name=\"" + library + "\" file=\"lib/" + library +
         ".so\"/>\n"
         "  <WebSocket name=\"loop\" path=\"/loop\" drainTimeout=\"500ms\"/>\n"
         "  <WebSocket name=\"worker\" path=\"/worker\" drainTimeout=\"500ms\"/>\n"
         "</Application>";
}

// "build 0007" of "build 0007 NAME NUMBER".
std::string build_of(const std::string& answer) { return answer.substr(0, mark(0).size()); }

std::string echo(FrameClient& socket, const std::string& text) {
  socket.text(text);
  return socket.next_message();
}

// Clients that never let a socket rest: several messages are always on their way, each answer is
// looked at, and who is told to come again does so.
class Crowd {
 public:
  Crowd(std::uint16_t port, int of_each) : port_(port) {
    for (int i = 0; i < of_each; ++i)
      for (const char* path : {"/talker/loop", "/talker/worker"})
        clients_.emplace_back([this, path, i] { talk(path, path[8] + std::to_string(i)); });
  }
  ~Crowd() { stop(); }
  void stop() {
    stopping_ = true;
    for (auto& one : clients_) one.join();
    clients_.clear();
  }

  // Waits until every client has answers of `build` in an open socket. What went wrong first, or
  // empty.
  std::string await(const std::string& build) {
    std::unique_lock lock(mutex_);
    const auto all_there = [&] {
      std::size_t there = 0;
      for (const auto& [client, heard] : current_) there += heard == build;
      return there == clients_.size() || !failure_.empty();
    };
    if (!more_.wait_for(lock, std::chrono::seconds(30), all_there)) return "nobody has " + build;
    return failure_;
  }
  // By the socket's name: how many answers came.
  std::map<std::string, int> answered() const {
    const std::scoped_lock lock(mutex_);
    return answered_;
  }
  std::string failure() const {
    const std::scoped_lock lock(mutex_);
    return failure_;
  }

 private:
  static constexpr int kOnTheWay = 8;

  void talk(const std::string& path, const std::string& client) {
    std::string earlier;
    for (int number = 0; !stopping_; ++number) {
      FrameClient socket(port_, path);
      if (!socket.is_open()) {
        fail(path, socket.head);
        return;
      }
      const std::string name = client + "-" + std::to_string(number);
      if (!use(socket, name, earlier)) return;
    }
  }
  // Until its end. `earlier`: the build of the socket before, then of this one. False: it went
  // wrong.
  bool use(FrameClient& socket, const std::string& name, std::string& earlier) {
    std::string build;
    int sent = 0;
    int answers = 0;
    for (bool closing = false;;) {
      for (; !stopping_ && sent < answers + kOnTheWay; ++sent)
        socket.text(name + " " + std::to_string(sent));
      if (!closing && stopping_ && sent == answers) closing = socket.close(1000);
      const std::string heard = socket.next_message();
      if (heard == kReplaced || (closing && heard == "<close 1000>")) {
        if (heard == kReplaced) socket.close(1012);
        if (const std::string end = socket.next(); end != "<end>") return fail(name, end);
        count(name, answers);
        if (!build.empty()) earlier = build;
        return true;
      }
      if (build.empty()) build = build_of(heard);
      // The mapping has changed on every loop before anybody is told to come again.
      if (build <= earlier || heard != build + " " + name + " " + std::to_string(answers))
        return fail(name, "answer " + std::to_string(answers) + " of '" + build + "' behind '" +
                              earlier + "': '" + heard + "'");
      ++answers;
      tell(name.substr(0, name.find('-')), build);
    }
  }
  void tell(const std::string& client, const std::string& build) {
    const std::scoped_lock lock(mutex_);
    current_[client] = build;
    more_.notify_one();
  }
  void count(const std::string& name, int answers) {
    const std::scoped_lock lock(mutex_);
    answered_[name] = answers;
  }
  bool fail(const std::string& what, const std::string& how) {
    const std::scoped_lock lock(mutex_);
    if (failure_.empty()) failure_ = what + ": " + how;
    more_.notify_one();
    return false;
  }

  std::uint16_t port_;
  std::atomic<bool> stopping_{false};
  mutable std::mutex mutex_;  // guards the four below
  std::condition_variable more_;
  std::string failure_;
  std::map<std::string, std::string> current_;
  std::map<std::string, int> answered_;
  std::vector<std::thread> clients_;
};

// By the socket's name: how many messages its plugin took, as the plugin itself has told.
std::map<std::string, int> heard_by_plugins(const std::string& log) {
  constexpr std::string_view kSocket = "socket ";
  constexpr std::string_view kHeard = " heard ";
  std::map<std::string, int> heard;
  for (std::size_t at = 0; (at = log.find(kHeard, at)) != std::string::npos; at += kHeard.size()) {
    const std::size_t name = log.rfind(kSocket, at) + kSocket.size();
    heard[log.substr(name, at - name)] = std::stoi(log.substr(at + kHeard.size()));
  }
  return heard;
}

// The server with two applications of the same code, of which one is replaced.
class Stage {
 public:
  Stage() : talker_(fs::path(environment("MARGAY_PLUGINS")) / "talker.so") {
    library_ = installation_.application("talker", manifest("talker")) / "lib" / "talker.so";
    put(library_, talker_.build(0));
    put(installation_.application("steady", manifest("steady")) / "lib" / "steady.so",
        talker_.build(9999));
    installation_.start();
  }

  void deploy(int number) {
    put(library_, talker_.build(number));
    server().signal(SIGHUP);
    REQUIRE_MESSAGE(!server().await("application /talker deployed").empty(), server().log());
    REQUIRE_MESSAGE(!server().await("is in use").empty(), server().log());
  }
  // What the log says of it.
  std::string deploy_broken() {
    put(library_, tests::content(fs::path(environment("MARGAY_PLUGINS")) / "talker_unresolved.so"));
    server().signal(SIGHUP);
    const std::string line = server().await("was not replaced");
    REQUIRE_MESSAGE(!server().await("is in use").empty(), server().log());
    return line;
  }
  // Of libraries the server has open.
  std::size_t copies() const {
    return static_cast<std::size_t>(
        std::distance(fs::directory_iterator(installation_.base() / "work" / "plugins"), {}));
  }
  const tests::MarkedLibrary& talker() const { return talker_; }
  tests::Installation& installation() { return installation_; }
  tests::Process& server() { return installation_.server(); }
  std::uint16_t port() const { return installation_.port(); }

 private:
  tests::Installation installation_;
  const tests::MarkedLibrary talker_;
  fs::path library_;
};

}  // namespace

TEST_CASE("concurrency: sockets in use lose nothing while their plugin is replaced") {
  const int rounds = tests::is_sanitized() ? 10 : 20;
  Stage stage;
  FrameClient loop(stage.port(), "/steady/loop");
  FrameClient worker(stage.port(), "/steady/worker");
  Crowd crowd(stage.port(), 4);
  REQUIRE(crowd.await(mark(0)) == "");
  for (int round = 1; round <= rounds; ++round) {
    CAPTURE(round);
    stage.deploy(round);
    FrameClient fresh(stage.port(), "/talker/loop");
    CHECK(echo(fresh, "fresh 0") == mark(round) + " fresh 0");
    REQUIRE(crowd.await(mark(round)) == "");
    const std::string said = "steady " + std::to_string(round);
    CHECK(echo(loop, said) == mark(9999) + " " + said);
    CHECK(echo(worker, said) == mark(9999) + " " + said);
  }
  CHECK(eventually([&] { return stage.copies() == 2; }));
  if (!tests::is_sanitized()) {
    CHECK(stage.server().mapped("/talker.").size() == 1);
    CHECK(stage.server().mapped("/steady.").size() == 1);
  }
  crowd.stop();
  CHECK(crowd.failure() == "");
  loop.close(1000);
  worker.close(1000);
  CHECK(loop.next() == "<close 1000>");
  CHECK(worker.next() == "<close 1000>");
  CHECK(stage.installation().stop() == 0);

  auto heard = heard_by_plugins(stage.server().log());
  int all = 0;
  for (const auto& [name, answers] : crowd.answered()) {
    CAPTURE(name);
    CHECK(heard[name] == answers);
    all += answers;
  }
  CHECK(crowd.answered().size() >= 8 * static_cast<std::size_t>(rounds));
  MESSAGE(all, " answers over ", crowd.answered().size(), " sockets");
}

TEST_CASE("a broken library is named and leaves every socket as it was") {
  Stage stage;
  FrameClient mine(stage.port(), "/talker/loop");
  FrameClient other(stage.port(), "/steady/worker");
  CHECK(echo(mine, "a 0") == mark(0) + " a 0");
  CHECK(echo(other, "b 0") == mark(9999) + " b 0");
  const std::string line = stage.deploy_broken();
  CAPTURE(line);
  CHECK(line.find("application /talker was not replaced") != std::string::npos);
  CHECK(line.find("talker.so cannot be loaded: undefined symbol: nobody_has_this_function") !=
        std::string::npos);
  CHECK(echo(mine, "a 1") == mark(0) + " a 1");
  CHECK(echo(other, "b 1") == mark(9999) + " b 1");
  FrameClient late(stage.port(), "/talker/loop");
  CHECK(echo(late, "c 0") == mark(0) + " c 0");

  stage.deploy(1);  // what was broken is whole again
  CHECK(mine.next() == kReplaced);
  CHECK(late.next() == kReplaced);
  CHECK(echo(other, "b 2") == mark(9999) + " b 2");
}

TEST_CASE("an application that is dropped into the folder is reachable without a restart") {
  Stage stage;
  FrameClient earlier(stage.port(), "/steady/loop");
  CHECK(FrameClient(stage.port(), "/dropped/loop").head.starts_with("HTTP/1.1 404 "));
  const fs::path apart = stage.installation().base() / "dropped";
  fs::create_directories(apart / "lib");
  std::ofstream(apart / "app.xml") << manifest("talker");
  put(apart / "lib" / "talker.so", stage.talker().build(7));
  fs::rename(apart, stage.installation().base() / "apps" / "dropped");
  REQUIRE(!stage.server().await("application /dropped deployed").empty());
  REQUIRE(!stage.server().await("is in use").empty());
  FrameClient dropped(stage.port(), "/dropped/worker");
  CHECK(echo(dropped, "d 0") == mark(7) + " d 0");
  CHECK(echo(earlier, "e 0") == mark(9999) + " e 0");
}

TEST_CASE("a server that stops says 1001 to sockets and 503 to those who want one") {
  Stage stage;
  FrameClient loop(stage.port(), "/talker/loop");
  FrameClient worker(stage.port(), "/talker/worker");
  CHECK(echo(loop, "l 0") == mark(0) + " l 0");
  CHECK(echo(worker, "w 0") == mark(0) + " w 0");
  // Nobody is let in any more, so the handshake that is refused has begun before.
  const std::string handshake = tests::opening("/talker/loop");
  tests::Client late(stage.port());
  late.send(tests::opening("/talker/nothing") + handshake.substr(0, handshake.size() / 2));
  REQUIRE(late.answer().starts_with("HTTP/1.1 404 "));
  stage.server().signal(SIGTERM);
  CHECK(loop.next() == "<close 1001 the server stops>");
  CHECK(worker.next() == "<close 1001 the server stops>");
  late.send(handshake.substr(handshake.size() / 2));
  const std::string refused = late.rest();
  CAPTURE(refused);
  CHECK(refused.starts_with("HTTP/1.1 503 "));
  CHECK(refused.find("\r\nRetry-After: 5\r\n") != std::string::npos);
  CHECK(refused.find("The server is stopping.") != std::string::npos);
  loop.close(1001);
  worker.close(1001);
  CHECK(loop.next() == "<end>");
  CHECK(worker.next() == "<end>");
  CHECK(stage.server().join() == 0);
  const auto heard = heard_by_plugins(stage.server().log());
  CHECK(heard == std::map<std::string, int>{{"l", 1}, {"w", 1}});
}
