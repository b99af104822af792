// The address of a Unix domain socket, for the control socket and its clients.
#pragma once

#include <sys/socket.h>
#include <sys/un.h>

#include <filesystem>

namespace container {

// The kernel takes paths of at most 107 bytes. A longer one is reached through its folder, which is
// held open as long as this lives; only the name must fit.
class UnixAddress {
 public:
  // Throws std::runtime_error when the folder cannot be opened, or the name is too long.
  explicit UnixAddress(const std::filesystem::path& path);
  ~UnixAddress();
  UnixAddress(const UnixAddress&) = delete;
  UnixAddress& operator=(const UnixAddress&) = delete;

  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&address_); }
  socklen_t size() const { return sizeof address_; }

 private:
  sockaddr_un address_{};
  int folder_ = -1;
};

}  // namespace container
