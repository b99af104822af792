// Listening sockets made by hand: libuv 1.44 knows no SO_REUSEPORT.
#include "server/socket.h"

#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <stdexcept>

namespace server {

namespace {

[[noreturn]] void fail(const std::string& what, int error) {
  throw std::runtime_error(what + ": " + std::strerror(error));
}

enum class Sharing { none, port };

int bind_to(const sockaddr* address, socklen_t size, Sharing sharing, std::uint16_t& port) {
  const int fd = ::socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return -1;
  const int on = 1;
  const int off = 0;
  ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (sharing == Sharing::port) ::setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
  if (address->sa_family == AF_INET6) ::setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
  if (::bind(fd, address, size) != 0) {
    const int error = errno;
    ::close(fd);
    errno = error;
    return -1;
  }
  sockaddr_storage bound{};
  socklen_t room = sizeof bound;
  ::getsockname(fd, reinterpret_cast<sockaddr*>(&bound), &room);
  port = ntohs(bound.ss_family == AF_INET6 ? reinterpret_cast<sockaddr_in6&>(bound).sin6_port
                                           : reinterpret_cast<sockaddr_in&>(bound).sin_port);
  return fd;
}

mode_t mode_of(const std::string& text) {
  mode_t mode = 0;
  for (std::size_t i = 0; i < text.size() && i < 9; ++i)
    if (text[i] != '-') mode |= static_cast<mode_t>(0400u >> i);
  return mode;
}

int bind_tcp(const std::string& address, Sharing sharing, std::uint16_t& port) {
  const std::string service = std::to_string(port);
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  const std::string where = (address.empty() ? "*" : address) + ":" + service;
  const int error =
      ::getaddrinfo(address.empty() ? nullptr : address.c_str(), service.c_str(), &hints, &found);
  if (error != 0)
    throw std::runtime_error("cannot resolve " + where + ": " + ::gai_strerror(error));
  const std::unique_ptr<addrinfo, void (*)(addrinfo*)> list(found, ::freeaddrinfo);
  int last = EADDRNOTAVAIL;
  for (const int family : {AF_INET6, AF_INET}) {
    for (const addrinfo* one = found; one != nullptr; one = one->ai_next) {
      if (one->ai_family != family) continue;
      const int fd = bind_to(one->ai_addr, one->ai_addrlen, sharing, port);
      if (fd >= 0) return fd;
      last = errno;
      if (last == EADDRINUSE || last == EACCES) fail("cannot listen on " + where, last);
    }
  }
  fail("cannot listen on " + where, last);
}

}  // namespace

int bind_tcp(const std::string& address, std::uint16_t& port) {
  return bind_tcp(address, Sharing::port, port);
}

void refuse_shared_port(const std::string& address, std::uint16_t port) {
  if (port != 0) ::close(bind_tcp(address, Sharing::none, port));
}

int bind_unix(const std::string& path, const std::string& permissions) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path)
    throw std::runtime_error("the socket path is longer than 107 bytes: " + path);
  std::memcpy(address.sun_path, path.data(), path.size());
  struct stat old {};
  if (::lstat(path.c_str(), &old) == 0 && S_ISSOCK(old.st_mode)) {
    const int probe = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const bool alive = ::connect(probe, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
    ::close(probe);
    if (alive) fail("cannot listen on " + path, EADDRINUSE);
    ::unlink(path.c_str());  // left by a server that was killed
  }
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0 || ::bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
    const int error = errno;
    if (fd >= 0) ::close(fd);
    fail("cannot listen on " + path, error);
  }
  if (!permissions.empty()) ::chmod(path.c_str(), mode_of(permissions));
  return fd;
}

}  // namespace server
