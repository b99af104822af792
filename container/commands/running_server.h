// The other end of the control socket, or of the pid file: the server process that a command asks.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <filesystem>
#include <string>
#include <string_view>

#include <tl/expected.hpp>

#include "container/control.h"

namespace container::commands {

// Holds the process by a pidfd, so that a number used again never means another process.
class RunningServer {
 public:
  // Both return a sentence when no server is there.
  static tl::expected<RunningServer, std::string> at_control(const std::filesystem::path& socket);
  static tl::expected<RunningServer, std::string> by_pid_file(const std::filesystem::path& file);

  RunningServer(RunningServer&& other) noexcept;
  RunningServer& operator=(RunningServer&&) = delete;
  ~RunningServer();

  pid_t pid() const { return pid_; }
  bool has_control() const { return socket_ >= 0; }

  // One command for one server: at_control() connects for a single answer. The error is a sentence.
  tl::expected<ControlReply, std::string> ask(std::string_view command,
                                              std::chrono::seconds wait) const;
  bool signal(int number) const;
  // False: it still runs after `wait`.
  bool ends_within(std::chrono::seconds wait) const;

 private:
  RunningServer(pid_t pid, int process, int socket)
      : pid_(pid), process_(process), socket_(socket) {}

  pid_t pid_;
  int process_;  // pidfd
  int socket_;   // -1: found by its pid file
};

}  // namespace container::commands
