// The control socket: where the `margay` command asks the running server to stop, to reload, or how
// it is.
#include "container/control.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <utility>

#include "container/unix_address.h"

namespace container {

namespace {

namespace fs = std::filesystem;

constexpr int kBacklog = 8;
constexpr mode_t kOwnerOnly = 0600;

[[noreturn]] void refuse(const fs::path& path, const std::string& reason) {
  throw std::runtime_error("control socket " + path.string() + ": " + reason);
}

// Makes room for a new socket: only what a dead server left behind may be removed.
void remove_stale(const fs::path& path, const UnixAddress& address) {
  struct stat found {};
  if (::lstat(path.c_str(), &found) != 0) return;
  if (!S_ISSOCK(found.st_mode))
    throw std::runtime_error("there is already a file that is not a socket");
  const int probe = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  const int result = ::connect(probe, address.get(), address.size()) == 0 ? 0 : errno;
  ::close(probe);
  if (result == 0 || result == EAGAIN)
    throw std::runtime_error(
        "another server is running there; stop it with `margay stop`, or set another path with "
        "'control' in <Server>");
  if (result == ECONNREFUSED) ::unlink(path.c_str());
}

}  // namespace

Control::Control(fs::path path) : path_(std::move(path)) {
  std::error_code trouble;
  if (path_.has_parent_path()) fs::create_directories(path_.parent_path(), trouble);
  if (trouble) refuse(path_, "cannot make its folder: " + trouble.message());
  try {
    listen();
  } catch (const std::exception& error) {
    if (socket_ >= 0) ::close(socket_);
    refuse(path_, error.what());
  }
}

void Control::listen() {
  const UnixAddress address(path_);
  remove_stale(path_, address);
  socket_ = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  // Linux gives the file the mode of the unbound socket, so there is no moment at which others may
  // connect, and the umask, which all threads share, stays as it is.
  if (socket_ < 0 || ::fchmod(socket_, kOwnerOnly) != 0 ||
      ::bind(socket_, address.get(), address.size()) != 0 || ::listen(socket_, kBacklog) != 0)
    throw std::runtime_error(std::string("cannot listen: ") + std::strerror(errno));
  struct stat made {};
  if (::lstat(path_.c_str(), &made) == 0) inode_ = made.st_ino;
}

Control::~Control() {
  for (const Client& client : clients_) ::close(client.socket);
  struct stat found {};
  if (::lstat(path_.c_str(), &found) == 0 && found.st_ino == inode_) ::unlink(path_.c_str());
  ::close(socket_);
}

void Control::serve(const Obey& obey, Clock::time_point now) {
  accept(now);
  std::erase_if(clients_, [&](Client& client) {
    const bool stays = (client.answered || read(client, obey, now)) && write(client, now) &&
                       now - client.last < max_idle;
    if (!stays) ::close(client.socket);
    return !stays;
  });
}

void Control::accept(Clock::time_point now) {
  while (clients_.size() < max_clients) {
    const int socket = ::accept4(socket_, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (socket < 0) return;
    clients_.push_back({.socket = socket, .last = now, .line = {}, .answer = {}});
  }
}

// False: the client is done with.
bool Control::read(Client& client, const Obey& obey, Clock::time_point now) {
  char bytes[max_line + 1];
  const ssize_t got = ::recv(client.socket, bytes, sizeof bytes, 0);
  if (got < 0) return errno == EAGAIN || errno == EINTR;
  if (got == 0) return false;
  client.last = now;
  client.line.append(bytes, static_cast<std::size_t>(got));
  const auto end = client.line.find('\n');
  if (end == std::string::npos && client.line.size() <= max_line) return true;
  const ControlReply reply =
      end <= max_line
          ? obey(std::string_view(client.line).substr(0, end))
          : ControlReply{false, "a command has at most " + std::to_string(max_line) + " bytes"};
  client.answer = (reply.good ? "ok\n" : "failed\n") + reply.text;
  if (client.answer.back() != '\n') client.answer += '\n';
  client.answered = true;
  client.last = Clock::now();  // a reload may have taken longer than a client may idle
  return true;
}

// False: everything is written, or nobody reads it.
bool Control::write(Client& client, Clock::time_point now) {
  if (!client.answered) return true;
  const ssize_t sent =
      ::send(client.socket, client.answer.data(), client.answer.size(), MSG_NOSIGNAL);
  if (sent < 0) return errno == EAGAIN || errno == EINTR;
  client.last = std::max(client.last, now);
  client.answer.erase(0, static_cast<std::size_t>(sent));
  return !client.answer.empty();
}

}  // namespace container
