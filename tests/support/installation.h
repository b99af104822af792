// A base folder with server.xml and applications, and the real server running on it.
#pragma once

#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "tests/support/client.h"
#include "tests/support/eventually.h"
#include "tests/support/process.h"

namespace tests {

inline std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

// Whether this build has sanitizers, whose runtimes keep libraries and memory.
inline bool is_sanitized() { return !environment("MARGAY_SANITIZED").empty(); }

// The environment variable MARGAY names the server. One thread, but for `port`.
class Installation {
 public:
  explicit Installation(const std::string& connector_attributes = "") {
    static int number = 0;
    base_ = std::filesystem::temp_directory_path() /
            ("margay-test-" + std::to_string(::getpid()) + "-" + std::to_string(++number));
    std::filesystem::create_directories(base_ / "conf");
    std::filesystem::create_directories(base_ / "apps");
    std::ofstream(config())
        << "<Server><Service>\n"
           "  <Executor name=\"pool\" maxThreads=\"8\" minSpareThreads=\"4\"/>\n"
           "  <Connector address=\"127.0.0.1\" port=\"0\" loops=\"2\" "
           "executor=\"pool\" maxKeepAliveRequests=\"-1\" "
        << connector_attributes
        << "/>\n  <Engine defaultHost=\"localhost\">"
           "<Host name=\"localhost\" appBase=\"apps\"/></Engine>\n"
           "</Service></Server>\n";
  }
  ~Installation() {
    server_.reset();
    std::filesystem::remove_all(base_);
  }
  Installation(const Installation&) = delete;
  Installation& operator=(const Installation&) = delete;

  // The folder of an application with this manifest.
  std::filesystem::path application(const std::string& name, const std::string& manifest,
                                    const std::vector<std::filesystem::path>& libraries = {}) {
    const std::filesystem::path folder = base_ / "apps" / name;
    std::filesystem::create_directories(folder / "lib");
    std::ofstream(folder / "app.xml") << manifest;
    for (const auto& library : libraries)
      std::filesystem::copy(library, folder / "lib" / library.filename());
    return folder;
  }

  // Waits until it listens.
  void start() {
    server_.emplace(
        std::vector<std::string>{environment("MARGAY"), "run", "--config", config().string()});
    const std::string line = server_->await("listening on http://127.0.0.1:");
    if (line.empty()) throw std::runtime_error("the server did not start:\n" + server_->log());
    port_ = static_cast<std::uint16_t>(std::stoi(line.substr(line.rfind(':') + 1)));
  }
  // Its exit code.
  int stop() {
    server_->signal(SIGTERM);
    return server_->join();
  }

  Process& server() { return *server_; }
  std::uint16_t port() const { return port_; }
  const std::filesystem::path& base() const { return base_; }
  std::filesystem::path config() const { return base_ / "conf" / "server.xml"; }

  // The whole answer, on a connection of its own.
  std::string get(const std::string& target, const std::string& fields = "") const {
    Client client(port_);
    client.send("GET " + target + " HTTP/1.1\r\nHost: localhost\r\n" + fields +
                "Connection: close\r\n\r\n");
    return client.rest();
  }

 private:
  std::filesystem::path base_;
  std::optional<Process> server_;
  std::uint16_t port_ = 0;
};

}  // namespace tests
