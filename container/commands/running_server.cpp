// The other end of the control socket, or of the pid file.
#include "container/commands/running_server.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <stdexcept>
#include <utility>

#include "container/unix_address.h"

namespace container::commands {

namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;
using Unexpected = tl::unexpected<std::string>;

constexpr std::size_t kMaxReply = 1u << 20;  // a server that says more is cut off

// The C library of Debian 12 declares these without extern "C".
int open_process(pid_t pid) { return static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)); }
bool send_signal(int process, int number) {
  return ::syscall(SYS_pidfd_send_signal, process, number, nullptr, 0) == 0;
}

// 0, or -1 and errno.
int connect(int socket, const fs::path& path) {
  try {
    const UnixAddress address(path);
    return ::connect(socket, address.get(), address.size());
  } catch (const std::runtime_error&) {
    errno = ENOENT;  // where no socket can be, no server is
    return -1;
  }
}

std::string reason() { return std::strerror(errno); }

// Whether something can be read, or the end has come, before `deadline`.
bool is_ready(int descriptor, Clock::time_point deadline) {
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now()).count();
    pollfd waiting{.fd = descriptor, .events = POLLIN, .revents = 0};
    const int ready = ::poll(&waiting, 1, static_cast<int>(std::clamp<long>(left, 0, 1'000'000)));
    if (ready > 0) return true;
    if (ready == 0 && left <= 0) return false;
    if (ready < 0 && errno != EINTR) return false;
  }
}

// The name of the program that runs as `pid`, as the kernel cuts it.
std::string program_of(pid_t pid) {
  std::string name;
  std::getline(std::ifstream("/proc/" + std::to_string(pid) + "/comm"), name);
  return name;
}

}  // namespace

tl::expected<RunningServer, std::string> RunningServer::at_control(const fs::path& path) {
  const int socket = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (connect(socket, path) != 0) {
    const std::string why = errno == ENOENT || errno == ECONNREFUSED
                                ? "no server is running at " + path.string()
                                : "cannot connect to " + path.string() + ": " + reason();
    ::close(socket);
    return Unexpected(why);
  }
  ucred peer{};
  socklen_t size = sizeof peer;
  ::getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &size);
  const int process = peer.pid > 0 ? open_process(peer.pid) : -1;
  if (process < 0) {
    ::close(socket);
    return Unexpected("the server at " + path.string() + " is not a process of this machine");
  }
  return RunningServer(peer.pid, process, socket);
}

tl::expected<RunningServer, std::string> RunningServer::by_pid_file(const fs::path& file) {
  pid_t pid = 0;
  std::ifstream(file) >> pid;
  const int process = pid > 0 ? open_process(pid) : -1;
  if (process < 0) return Unexpected("no server is running for the pid file " + file.string());
  // A server that was killed leaves its file behind, and the number to whoever comes next.
  if (program_of(pid) != program_of(::getpid())) {
    ::close(process);
    return Unexpected("no server is running: process " + std::to_string(pid) + " of " +
                      file.string() + " is another program");
  }
  return RunningServer(pid, process, -1);
}

RunningServer::RunningServer(RunningServer&& other) noexcept
    : pid_(other.pid_),
      process_(std::exchange(other.process_, -1)),
      socket_(std::exchange(other.socket_, -1)) {}

RunningServer::~RunningServer() {
  if (process_ >= 0) ::close(process_);
  if (socket_ >= 0) ::close(socket_);
}

tl::expected<ControlReply, std::string> RunningServer::ask(std::string_view command,
                                                           std::chrono::seconds wait) const {
  const auto deadline = Clock::now() + wait;
  const std::string line = std::string(command) + '\n';
  if (::send(socket_, line.data(), line.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(line.size()))
    return Unexpected("the server did not listen: " + reason());
  std::string all;
  char bytes[4096];
  for (;;) {
    if (!is_ready(socket_, deadline))
      return Unexpected("the server has not answered within " + std::to_string(wait.count()) +
                        " s; its log says what it is doing");
    const ssize_t got = ::recv(socket_, bytes, sizeof bytes, 0);
    if (got <= 0) break;
    all.append(bytes, static_cast<std::size_t>(got));
    if (all.size() > kMaxReply) break;
  }
  const auto end = all.find('\n');
  const std::string verdict = all.substr(0, end);
  if (end == std::string::npos || (verdict != "ok" && verdict != "failed"))
    return Unexpected("the server went away without an answer");
  return ControlReply{.good = verdict == "ok", .text = all.substr(end + 1)};
}

bool RunningServer::signal(int number) const { return send_signal(process_, number); }

bool RunningServer::ends_within(std::chrono::seconds wait) const {
  return is_ready(process_, Clock::now() + wait);
}

}  // namespace container::commands
