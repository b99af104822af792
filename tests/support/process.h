// The real server as a child process: its log is read line by line, its end is awaited.
#pragma once

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <fstream>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

extern char** environ;

namespace tests {

// One thread. Killed at the end when it still runs.
class Process {
 public:
  explicit Process(std::vector<std::string> command) {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) throw std::runtime_error("no pipe");
    output_ = ends[0];
    posix_spawn_file_actions_t actions;
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
    ::posix_spawn_file_actions_adddup2(&actions, ends[1], STDERR_FILENO);
    std::vector<char*> arguments;
    for (std::string& one : command) arguments.push_back(one.data());
    arguments.push_back(nullptr);
    const int error =
        ::posix_spawn(&pid_, arguments[0], &actions, nullptr, arguments.data(), environ);
    ::posix_spawn_file_actions_destroy(&actions);
    ::close(ends[1]);
    if (error != 0) throw std::runtime_error("cannot start " + command[0]);
  }
  ~Process() {
    if (pid_ > 0) {
      ::kill(pid_, SIGKILL);
      ::waitpid(pid_, nullptr, 0);
    }
    ::close(output_);
  }
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  // The next line of output that contains `text`; empty at the end or when nothing came for
  // `patience`. Lines before it are passed over.
  std::string await(const std::string& text,
                    std::chrono::milliseconds patience = std::chrono::seconds(20)) {
    for (;;) {
      for (std::size_t end; (end = buffer_.find('\n')) != std::string::npos;) {
        const std::string line = buffer_.substr(0, end);
        buffer_.erase(0, end + 1);
        log_ += line + '\n';
        if (line.find(text) != std::string::npos) return line;
      }
      pollfd ready{output_, POLLIN, 0};
      if (::poll(&ready, 1, static_cast<int>(patience.count())) <= 0) return {};
      char piece[4096];
      const ssize_t got = ::read(output_, piece, sizeof piece);
      if (got <= 0) return {};
      buffer_.append(piece, static_cast<std::size_t>(got));
    }
  }

  void signal(int number) { ::kill(pid_, number); }
  // Its exit code, or 128 and the signal that ended it.
  int join() {
    while (!await("\n").empty()) {
    }
    int status = 0;
    ::waitpid(pid_, &status, 0);
    pid_ = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }

  pid_t pid() const { return pid_; }
  const std::string& log() const { return log_; }  // the lines read so far

  // Files mapped now whose path contains `text`.
  std::set<std::string> mapped(const std::string& text) const {
    std::set<std::string> files;
    for (const std::string& line : lines("maps"))
      if (const auto path = line.find('/'); path != line.npos && line.find(text) != line.npos)
        files.insert(line.substr(path));
    return files;
  }
  std::size_t mappings() const { return lines("maps").size(); }
  std::size_t resident() const {  // bytes
    std::ifstream figures("/proc/" + std::to_string(pid_) + "/statm");
    std::size_t size = 0, pages = 0;
    figures >> size >> pages;
    return pages * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  }

 private:
  std::vector<std::string> lines(const char* file) const {
    std::ifstream in("/proc/" + std::to_string(pid_) + "/" + file);
    std::vector<std::string> all;
    for (std::string line; std::getline(in, line);) all.push_back(line);
    return all;
  }

  pid_t pid_ = -1;
  int output_ = -1;
  std::string buffer_;
  std::string log_;
};

}  // namespace tests
