// A WebSocket client that checks what a publisher says to it: nothing out of order, nothing twice.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tests {

// What one thread of the publisher said, as one listener heard it.
struct Heard {
  std::int64_t last = -1;   // its number
  std::uint64_t count = 0;  // up to last + 1: more would be twice
};

class Listener {
 public:
  // `receive_buffer` 0: the system's own.
  Listener(std::uint16_t port, const std::string& path, int receive_buffer = 0)
      : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    if (receive_buffer > 0)
      ::setsockopt(socket_, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(port);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(socket_, reinterpret_cast<sockaddr*>(&to), sizeof to) != 0)
      throw std::runtime_error("cannot connect");
    send("GET " + path +
         " HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
         "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n");
    while (bytes_.find("\r\n\r\n") == std::string::npos)
      if (!receive()) throw std::runtime_error("no handshake: " + bytes_);
    if (!bytes_.starts_with("HTTP/1.1 101")) throw std::runtime_error("refused: " + bytes_);
    bytes_.erase(0, bytes_.find("\r\n\r\n") + 4);
  }
  ~Listener() { ::close(socket_); }
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  int socket() const { return socket_; }

  // A text of at most 125 bytes; the mask is 0.
  void say(std::string_view text) {
    std::string frame{'\x81', static_cast<char>(0x80 | text.size()), 0, 0, 0, 0};
    send(frame.append(text));
  }
  // Waits for that text, which is none of the publisher's.
  bool await(std::string_view text) {
    while (other_ != text)
      if (!receive() || !parse()) return false;
    return true;
  }

  // Takes what is there; false at the end of the connection, or after `trouble`.
  bool hear() {
    const ssize_t got = ::recv(socket_, piece().data(), piece().size(), MSG_DONTWAIT);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return true;
    if (got <= 0) {
      ended_ = true;
      return false;
    }
    bytes_.append(piece().data(), static_cast<std::size_t>(got));
    return parse();
  }

  bool ended() const { return ended_; }
  int close_code() const { return close_code_; }  // 0: there was no close frame
  const std::string& trouble() const { return trouble_; }
  const std::map<std::size_t, Heard>& heard() const { return heard_; }  // by thread
  std::uint64_t count() const { return count_; }                        // of all threads

 private:
  static std::vector<char>& piece() {
    static std::vector<char> all(256 * 1024);
    return all;
  }
  void send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t done = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (done <= 0) throw std::runtime_error("cannot send");
      bytes.remove_prefix(static_cast<std::size_t>(done));
    }
  }
  bool receive() {
    pollfd ready{socket_, POLLIN, 0};
    if (::poll(&ready, 1, 20'000) <= 0) return false;
    const ssize_t got = ::recv(socket_, piece().data(), piece().size(), 0);
    if (got > 0) bytes_.append(piece().data(), static_cast<std::size_t>(got));
    return got > 0;
  }

  bool parse() {
    std::size_t at = 0;
    while (trouble_.empty()) {
      const std::string_view rest = std::string_view(bytes_).substr(at);
      if (rest.size() < 2) break;
      std::size_t head = 2, size = static_cast<unsigned char>(rest[1]);
      const std::size_t extra = size < 126 ? 0 : size == 126 ? 2 : 8;
      if (rest.size() < head + extra) break;
      if (extra > 0) size = 0;
      for (; head < 2 + extra; ++head) size = size << 8 | static_cast<unsigned char>(rest[head]);
      if (rest.size() - head < size) break;
      frame(static_cast<unsigned char>(rest[0]), rest.substr(head, size));
      at += head + size;
    }
    bytes_.erase(0, at);
    return trouble_.empty();
  }

  void frame(unsigned first, std::string_view payload) {
    if (first == 0x88) {
      if (payload.size() >= 2)
        close_code_ =
            static_cast<unsigned char>(payload[0]) << 8 | static_cast<unsigned char>(payload[1]);
    } else if (first == 0x81 && payload.starts_with("subscribed")) {
      other_ = payload;
    } else if (first == 0x81) {
      message(payload);
    } else if (first != 0x89) {  // a ping: not worth an answer here
      trouble_ = "a frame that begins with " + std::to_string(first);
    }
  }

  void message(std::string_view text) {
    const std::string numbers(text.substr(0, 40));
    char* end = nullptr;
    const std::size_t thread = std::strtoul(numbers.c_str(), &end, 10);
    const auto sequence = static_cast<std::int64_t>(std::strtoull(end, nullptr, 10));
    Heard& heard = heard_[thread];
    if (sequence <= heard.last)
      trouble_ = "thread " + std::to_string(thread) + ": " + std::to_string(sequence) + " after " +
                 std::to_string(heard.last);
    if (text.find_first_not_of('x', text.rfind(' ') + 1) != text.npos)
      trouble_ = "mixed up: " + numbers;
    heard.last = sequence;
    ++heard.count;
    ++count_;
  }

  int socket_;
  std::string bytes_;
  std::string other_;
  std::map<std::size_t, Heard> heard_;
  std::uint64_t count_ = 0;
  int close_code_ = 0;
  bool ended_ = false;
  std::string trouble_;
};

}  // namespace tests
