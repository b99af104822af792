// A whole server for tests: a folder of its own with server.xml and applications, a Runtime on a
// thread, signals and log lines to talk with it.
#pragma once

#include <arpa/inet.h>
#include <doctest/doctest.h>
#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <future>
#include <memory>
#include <mutex>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "container/runtime.h"
#include "endpoints/builtin.h"
#include "filters/builtin.h"
#include "server/log.h"
#include "tests/support/client.h"
#include "tests/support/temporary_folder.h"

namespace tests {

// Log lines, and somebody who waits for one.
class AwaitedLog final : public server::LogSink {
 public:
  void write(const server::LogLine& line) override {
    {
      const std::scoped_lock lock(mutex_);
      lines_ += std::string(line.message) + "\n";
    }
    more_.notify_all();
  }
  // False when `text` does not come up behind everything that was awaited before.
  bool await(std::string_view text) {
    std::unique_lock lock(mutex_);
    const bool heard = more_.wait_for(lock, std::chrono::seconds(20), [&] {
      const auto at = lines_.find(text, heard_);
      if (at == std::string::npos) return false;
      heard_ = at + text.size();
      return true;
    });
    CHECK_MESSAGE(heard, "nobody said \"" << text << "\" behind\n" << lines_);
    return heard;
  }
  std::string all() const {
    const std::scoped_lock lock(mutex_);
    return lines_;
  }

 private:
  mutable std::mutex mutex_;  // guards lines_ and heard_
  std::condition_variable more_;
  std::string lines_;
  std::size_t heard_ = 0;
};

// A port that was free a moment ago, another one each time. None of those which the system gives to
// whoever asks for any (from 32768 on), and each process begins elsewhere.
inline std::uint16_t free_port() {
  constexpr unsigned kFirst = 10'000, kCount = 22'000;
  static std::atomic<unsigned> next{static_cast<unsigned>(::getpid()) * 199};
  for (unsigned tries = 0; tries < kCount; ++tries) {
    const auto port = static_cast<std::uint16_t>(kFirst + next++ % kCount);
    const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in name{};
    name.sin_family = AF_INET;
    name.sin_addr.s_addr = htonl(INADDR_ANY);
    name.sin_port = htons(port);
    const bool bound = ::bind(socket, reinterpret_cast<sockaddr*>(&name), sizeof name) == 0;
    ::close(socket);
    if (bound) return port;
  }
  REQUIRE_MESSAGE(false, "no port is free");
  return 0;
}

class RunningServer {
 public:
  RunningServer() { std::filesystem::create_directories(folder / "apps"); }
  ~RunningServer() { stop(); }
  RunningServer(const RunningServer&) = delete;
  RunningServer& operator=(const RunningServer&) = delete;

  // A file in the folder, replaced in one step.
  void write(const std::string& name, const std::string& text) const {
    const auto file = folder / name;
    std::filesystem::create_directories(file.parent_path());
    const auto fresh = file.parent_path() / ("." + file.filename().string() + ".new");
    std::ofstream(fresh, std::ios::binary) << text;
    std::filesystem::rename(fresh, file);
  }
  std::string read(const std::string& name) const {
    std::ostringstream text;
    text << std::ifstream(folder / name, std::ios::binary).rdbuf();
    return text.str();
  }
  void plugin(const std::string& name, const std::string& to) const {
    const auto file = folder / to;
    std::filesystem::create_directories(file.parent_path());
    const auto fresh = file.parent_path() / ("." + file.filename().string() + ".new");
    const char* plugins = std::getenv("MARGAY_PLUGINS");
    REQUIRE(plugins != nullptr);
    std::filesystem::copy_file(std::filesystem::path(plugins) / name, fresh);
    std::filesystem::rename(fresh, file);
  }

  // Of all components; before `start`.
  void log_level(server::LogLevel level) { logs_.set_level("", level); }

  // Serves by server.xml until the test's end.
  void start() {
    std::promise<std::string> up;  // why it did not come up
    thread_ = std::thread([&] {
      try {
        container::Runtime runtime({.config = folder / "server.xml",
                                    .substitutions = {},
                                    .built_in = {container::Plugin::built_in(*endpoints::builtin()),
                                                 container::Plugin::built_in(*filters::builtin())}},
                                   logs_);
        up.set_value({});
        runtime.run();
      } catch (const std::exception& error) {
        up.set_value(error.what());
      }
    });
    const std::string trouble = up.get_future().get();
    if (trouble.empty()) return;
    thread_.join();
    throw std::runtime_error(trouble);
  }
  void reload() { ::pthread_kill(thread_.native_handle(), SIGHUP); }
  void ask_to_stop() { ::pthread_kill(thread_.native_handle(), SIGTERM); }
  void stop() {
    if (!thread_.joinable()) return;
    ::pthread_kill(thread_.native_handle(), SIGTERM);
    thread_.join();
  }

  static std::string get(std::uint16_t port, const std::string& target,
                         const std::string& host = "localhost", const std::string& fields = "") {
    Client client(port);
    client.send("GET " + target + " HTTP/1.1\r\nHost: " + host + "\r\n" + fields +
                "Connection: close\r\n\r\n");
    return client.rest();
  }

 private:
  TemporaryFolder own_;

 public:
  const std::filesystem::path folder = own_.path();
  AwaitedLog log;

 private:
  server::Logs logs_{log};
  std::thread thread_;
};

}  // namespace tests
