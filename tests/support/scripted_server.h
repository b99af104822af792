// A server of WebSockets that does as it is told, wrong things too, on a plain socket.
#pragma once

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

#include "server/websocket/accept_key.h"
#include "tests/support/frames.h"

namespace tests {

// One connection of the server's: blocking, each wait with a limit.
class ScriptedPeer {
 public:
  explicit ScriptedPeer(int socket) : socket_(socket) {
    const timeval patience{.tv_sec = 20, .tv_usec = 0};
    ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  }
  ~ScriptedPeer() { ::close(socket_); }
  ScriptedPeer(const ScriptedPeer&) = delete;
  ScriptedPeer& operator=(const ScriptedPeer&) = delete;

  // The request's head; also kept in `request`.
  const std::string& hear_request() {
    while (bytes_.find("\r\n\r\n") == std::string::npos && receive()) {
    }
    const auto end = std::min(bytes_.find("\r\n\r\n"), bytes_.size() - 4) + 4;
    request = bytes_.substr(0, end);
    bytes_.erase(0, end);
    return request;
  }
  std::string field(const std::string& name) const {
    const auto at = request.find("\r\n" + name + ": ");
    if (at == std::string::npos) return {};
    const auto begin = at + name.size() + 4;
    return request.substr(begin, request.find("\r\n", begin) - begin);
  }
  // The right 101, with more fields, and what comes behind it in the same write.
  void accept(const std::string& fields = "", const std::string& behind = "") {
    send(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Accept: " +
        server::websocket::accept_key(field("Sec-WebSocket-Key")) + "\r\n" + fields + "\r\n" +
        behind);
  }
  bool send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }
  // A frame of the client, unmasked; opcode 0 when there is none any more. Short ones only.
  Frame hear_frame() {
    while (bytes_.size() < 2 && receive()) {
    }
    if (bytes_.size() < 2) return {.opcode = 0};
    const auto second = static_cast<unsigned char>(bytes_[1]);
    const std::size_t length = second & 0x7fU;
    if (length > 125) throw std::runtime_error("a long frame");
    const bool masked = (second & 0x80U) != 0;
    const std::size_t head = masked ? 6 : 2;
    while (bytes_.size() < head + length && receive()) {
    }
    Frame frame{.opcode = static_cast<unsigned char>(bytes_[0]) & 0x0fU,
                .payload = bytes_.substr(head, length),
                .masked = masked};
    if (masked) {
      std::uint32_t mask = 0;
      std::memcpy(&mask, bytes_.data() + 2, sizeof mask);
      server::websocket::unmask(frame.payload.data(), frame.payload.size(), mask, 0);
    }
    bytes_.erase(0, head + length);
    return frame;
  }
  void hear_end() {
    while (receive()) {
    }
  }

  std::string request;

 private:
  bool receive() {
    char piece[16 * 1024];
    const ssize_t got = ::recv(socket_, piece, sizeof piece, 0);
    if (got <= 0) return false;
    bytes_.append(piece, static_cast<std::size_t>(got));
    return true;
  }

  const int socket_;
  std::string bytes_;
};

// Serves one connection after the other, on its own thread, until it is destroyed.
class ScriptedServer {
 public:
  // `number` counts the connections from 0.
  using Script = std::function<void(ScriptedPeer&, int number)>;

  explicit ScriptedServer(Script script)
      : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)), script_(std::move(script)) {
    sockaddr_in name{};
    name.sin_family = AF_INET;
    name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof name;
    if (::bind(socket_, reinterpret_cast<sockaddr*>(&name), size) != 0 ||
        ::listen(socket_, 16) != 0 ||
        ::getsockname(socket_, reinterpret_cast<sockaddr*>(&name), &size) != 0)
      throw std::runtime_error("cannot listen");
    port_ = ntohs(name.sin_port);
    thread_ = std::thread([this] { serve(); });
  }
  ~ScriptedServer() {
    ::shutdown(socket_, SHUT_RDWR);
    thread_.join();
    ::close(socket_);
  }
  ScriptedServer(const ScriptedServer&) = delete;
  ScriptedServer& operator=(const ScriptedServer&) = delete;

  std::uint16_t port() const { return port_; }
  std::string url(const std::string& target = "/") const {
    return "ws://127.0.0.1:" + std::to_string(port_) + target;
  }

 private:
  void serve() {
    for (int number = 0;; ++number) {
      const int socket = ::accept(socket_, nullptr, nullptr);
      if (socket < 0) return;
      ScriptedPeer peer(socket);
      script_(peer, number);
    }
  }

  const int socket_;
  const Script script_;
  std::uint16_t port_ = 0;
  std::thread thread_;
};

}  // namespace tests
