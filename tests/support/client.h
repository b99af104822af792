// A client for tests: one blocking TCP socket that says and hears raw bytes.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace tests {

class Client {
 public:
  // `receive_buffer`: bytes the kernel keeps for a client that does not read; 0: as it likes.
  explicit Client(std::uint16_t port, int receive_buffer = 0)
      : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    if (receive_buffer != 0)
      ::setsockopt(socket_, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(port);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(socket_, reinterpret_cast<sockaddr*>(&to), sizeof to) != 0)
      throw std::runtime_error("cannot connect");
  }
  ~Client() { close(); }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  // False when the peer has closed before all was sent.
  bool send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t done = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (done <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(done));
    }
    return true;
  }
  void finish() { ::shutdown(socket_, SHUT_WR); }
  // Whoever waits for it on another thread goes on.
  void shut_down() { ::shutdown(socket_, SHUT_RDWR); }
  // Goes at once (RST): the peer sees that nobody hears it any more.
  void abort() {
    const linger at_once{1, 0};
    ::setsockopt(socket_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    close();
  }
  void close() {
    if (socket_ >= 0) ::close(socket_);
    socket_ = -1;
  }

  // Everything until the peer closes, or nothing came for `patience`.
  std::string rest(std::chrono::milliseconds patience = std::chrono::seconds(20)) {
    while (receive(patience)) {
    }
    return std::exchange(buffer_, {});
  }
  bool closed() const { return closed_; }

  // One whole answer: head and a body of Content-Length or chunks (as they came). Empty at the end.
  std::string answer(bool head_only = false,
                     std::chrono::milliseconds patience = std::chrono::seconds(20)) {
    std::size_t end = 0;
    while ((end = buffer_.find("\r\n\r\n")) == std::string::npos)
      if (!receive(patience)) return std::exchange(buffer_, {});
    std::size_t size = end + 4;
    const std::string head = buffer_.substr(0, size);
    const auto length = head.find("Content-Length: ");
    if (!head_only && length != std::string::npos) {
      size += std::strtoul(head.c_str() + length + 16, nullptr, 10);
      while (buffer_.size() < size)
        if (!receive(patience)) break;
    } else if (!head_only && head.find("Transfer-Encoding: chunked") != std::string::npos) {
      while ((end = buffer_.find("0\r\n\r\n", size)) == std::string::npos)
        if (!receive(patience)) break;
      size = end == std::string::npos ? buffer_.size() : end + 5;
    }
    std::string one = buffer_.substr(0, size);
    buffer_.erase(0, size);
    return one;
  }

  // Hears at most `room` bytes more; false at the end or after `patience`.
  bool receive(std::chrono::milliseconds patience, std::size_t room = 64 * 1024) {
    pollfd ready{socket_, POLLIN, 0};
    if (::poll(&ready, 1, static_cast<int>(patience.count())) <= 0) return false;
    std::string piece(room, '\0');
    const ssize_t got = ::recv(socket_, piece.data(), piece.size(), 0);
    if (got <= 0) {
      closed_ = true;
      return false;
    }
    buffer_.append(piece, 0, static_cast<std::size_t>(got));
    return true;
  }
  std::string& buffer() { return buffer_; }

 private:
  int socket_;
  bool closed_ = false;
  std::string buffer_;
};

// The body of an answer, with its chunks put together.
inline std::string body_of(const std::string& answer) {
  const auto end = answer.find("\r\n\r\n");
  if (end == std::string::npos) return {};
  std::string body = answer.substr(end + 4);
  if (answer.substr(0, end).find("Transfer-Encoding: chunked") == std::string::npos) return body;
  std::string whole;
  for (std::size_t at = 0; at < body.size();) {
    const std::size_t line = body.find("\r\n", at);
    const std::size_t size = std::strtoul(body.c_str() + at, nullptr, 16);
    if (line == std::string::npos || size == 0) break;
    whole += body.substr(line + 2, size);
    at = line + 2 + size + 2;
  }
  return whole;
}

}  // namespace tests
