// A client for tests that speaks in frames: raw, right or wrong, over one blocking socket.
#pragma once

#include <chrono>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "server/websocket/frame.h"
#include "tests/support/client.h"
#include "tests/support/frames.h"

namespace tests {

inline std::string opening(std::string_view target = "/", std::string_view fields = {}) {
  return std::string("GET ")
      .append(target)
      .append(
          " HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
          "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n")
      .append(fields)
      .append("\r\n");
}

inline std::string text_frame(std::string payload) {
  return Frame{.opcode = 1, .payload = std::move(payload)}.bytes();
}
inline std::string close_frame(unsigned code, std::string_view reason = {}) {
  return Frame{.opcode = 8, .payload = close_payload(code, reason)}.bytes();
}

class FrameClient {
 public:
  // Sends `greeting`, the handshake and `more` in one packet, and hears the answer's head.
  explicit FrameClient(std::uint16_t port, std::string_view target = "/",
                       std::string_view fields = {}, std::string_view more = {},
                       int receive_buffer = 0, std::string_view greeting = {})
      : client_(port, receive_buffer) {
    client_.send(std::string(greeting).append(opening(target, fields)).append(more));
    head = client_.answer(true);
  }

  bool is_open() const { return head.starts_with("HTTP/1.1 101 "); }
  bool say(std::string_view bytes) { return client_.send(bytes); }
  bool text(std::string payload) { return say(text_frame(std::move(payload))); }
  bool close(unsigned code, std::string_view reason = {}) { return say(close_frame(code, reason)); }

  struct Heard {
    Opcode opcode = Opcode::text;
    bool fin = true;
    std::string payload;
  };
  // The next frame, also a control frame; none: the end, or nothing for `patience`.
  std::optional<Heard> frame(std::chrono::milliseconds patience = std::chrono::seconds(20)) {
    std::string& buffer = client_.buffer();
    const auto have = [&](std::size_t size) {
      while (buffer.size() < size)
        if (!client_.receive(patience)) return false;
      return true;
    };
    if (!have(2)) return {};
    const std::size_t head_size =
        server::websocket::frame_head_size(static_cast<unsigned char>(buffer[1]));
    if (!have(head_size)) return {};
    const auto its = server::websocket::parse_frame_head(buffer.data());
    const auto length = static_cast<std::size_t>(its.length);
    if (!have(head_size + length)) return {};
    Heard heard{its.opcode, its.fin, buffer.substr(head_size, length)};
    buffer.erase(0, head_size + length);
    return heard;
  }
  // "hello", "<ping x>", "<close 1000 bye>", "<end>"; messages of several frames are put together,
  // also around a control frame.
  std::string next(std::chrono::milliseconds patience = std::chrono::seconds(20)) {
    for (;;) {
      const auto heard = frame(patience);
      if (!heard) return client_.closed() ? "<end>" : "<nothing>";
      switch (heard->opcode) {
        case Opcode::close:
          return "<close" + reason(heard->payload) + ">";
        case Opcode::ping:
          return "<ping " + heard->payload + ">";
        case Opcode::pong:
          return "<pong " + heard->payload + ">";
        default:
          whole_ += heard->payload;
          if (heard->fin) return std::exchange(whole_, {});
      }
    }
  }
  // The same, but pings are answered in passing.
  std::string next_message() {
    for (;;) {
      const std::string one = next();
      if (!one.starts_with("<ping ")) return one;
      say(Frame{.opcode = 10, .payload = one.substr(6, one.size() - 7)}.bytes());
    }
  }
  Client& client() { return client_; }

  std::string head;

 private:
  static std::string reason(std::string_view payload) {
    if (payload.size() < 2) return {};
    const unsigned code =
        static_cast<unsigned char>(payload[0]) * 256U + static_cast<unsigned char>(payload[1]);
    std::string text = " " + std::to_string(code);
    if (payload.size() > 2) text.append(" ").append(payload.substr(2));
    return text;
  }

  Client client_;
  std::string whole_;  // of a message that has not ended
};

}  // namespace tests
