// A client that opens WebSockets on streams of one HTTP/2 connection (RFC 8441), plain or in TLS.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "server/websocket/frame.h"
#include "tests/support/client.h"
#include "tests/support/frame_client.h"
#include "tests/support/h2_frames.h"
#include "tests/support/tls_client.h"

namespace tests {

// One thread. Answers SETTINGS and PING, and gives windows back as long as `reads` is set.
class H2Sockets {
 public:
  enum class Over : std::uint8_t { tcp, tls };
  using Stream = std::uint32_t;

  // `greeting`: said before anything else, also before TLS.
  explicit H2Sockets(std::uint16_t port, Over over = Over::tcp, int receive_buffer = 0,
                     std::string_view greeting = {}) {
    if (over == Over::tls) {
      TlsWishes wishes;
      wishes.server_name = "localhost";
      wishes.alpn = {"h2"};
      tls_ = std::make_unique<TlsClient>(port, wishes, 0, receive_buffer);
      tls_->socket.send(greeting);
      if (!tls_->shake_hands()) throw std::runtime_error("no TLS: " + tls_->engine.why());
    } else {
      plain_ = std::make_unique<Client>(port, receive_buffer);
      plain_->send(greeting);
    }
    say(std::string(h2::kPreface) + h2::settings());
  }

  bool gives_windows_back = true;

  // The handshake, and `early` in the same packet.
  Stream open(std::string_view path, h2::Fields more = {}, std::string_view early = {}) {
    const Stream stream = take_stream();
    std::string said = h2::headers(stream,
                                   h2::block({{":method", "CONNECT"},
                                              {":protocol", "websocket"},
                                              {":scheme", tls_ ? "https" : "http"},
                                              {":path", path},
                                              {":authority", "localhost"},
                                              {"sec-websocket-version", "13"}}) +
                                       h2::block(more),
                                   h2::kEndHeaders);
    if (!early.empty()) said += h2::data(stream, early, 0);
    say(said);
    return stream;
  }
  Stream ask(std::string_view path) {
    const Stream stream = take_stream();
    say(h2::headers(stream, h2::block({{":method", "GET"},
                                       {":scheme", tls_ ? "https" : "http"},
                                       {":path", path},
                                       {":authority", "localhost"}})));
    return stream;
  }
  bool say(std::string_view frames) { return tls_ ? tls_->say(frames) : plain_->send(frames); }
  // Frames of WebSocket, in one DATA frame.
  bool say(Stream stream, std::string_view bytes) { return say(h2::data(stream, bytes, 0)); }
  bool text(Stream stream, std::string payload) {
    return say(stream, text_frame(std::move(payload)));
  }
  bool close(Stream stream, unsigned code, std::string_view reason = {}) {
    return say(stream, close_frame(code, reason));
  }
  void reset(Stream stream) { say(h2::rst_stream(stream)); }
  void hang_up() { (tls_ ? tls_->socket : *plain_).close(); }

  // "200" once it has come.
  std::string status(Stream stream) {
    await([&] { return !streams_[stream].head.status.empty() || has_ended(stream); });
    return streams_[stream].head.status;
  }
  std::map<std::string, std::string> fields(Stream stream) {
    status(stream);
    return streams_[stream].head.fields;
  }
  // All of an ordinary answer.
  std::string body(Stream stream) {
    await([&] { return has_ended(stream); });
    return std::exchange(streams_[stream].bytes, {});
  }
  // The next of a WebSocket: "hello", "<ping x>", "<close 1000 bye>", and "<end>" or
  // "<reset CANCEL>" when nothing follows. Messages of several frames are put together.
  std::string next(Stream stream, std::chrono::milliseconds patience = std::chrono::seconds(20)) {
    State& its = streams_[stream];
    for (;;) {
      std::size_t size = 0;
      const bool came = await(
          [&] { return (size = whole_frame(its.bytes)) != 0 || has_ended(stream); }, patience);
      if (!came) return has_gone() ? "<gone>" : "<nothing>";
      if (size == 0) return its.end;
      const auto head = server::websocket::parse_frame_head(its.bytes.data());
      const std::size_t head_size = size - static_cast<std::size_t>(head.length);
      const std::string payload = its.bytes.substr(head_size, size - head_size);
      its.bytes.erase(0, size);
      switch (head.opcode) {
        case Opcode::close:
          return "<close" + reason(payload) + ">";
        case Opcode::ping:
          return "<ping " + payload + ">";
        case Opcode::pong:
          return "<pong " + payload + ">";
        default:
          its.message += payload;
          if (head.fin) return std::exchange(its.message, {});
      }
    }
  }
  // Bytes that have come and were not taken.
  std::string& bytes(Stream stream) { return streams_[stream].bytes; }
  const std::string& ending(Stream stream) { return streams_[stream].end; }  // as `next` says it
  // Until `happened`, or for `patience` without anything new.
  template <class Happened>
  bool await(Happened happened, std::chrono::milliseconds patience = std::chrono::seconds(20)) {
    while (!happened())
      if (!listen(patience)) return happened();
    return true;
  }
  bool has_gone() const { return gone_; }  // the connection
  bool heard_goaway() const { return goaway_; }

 private:
  struct State {
    h2::Frame head{};
    std::string bytes, message, end;
  };

  Stream take_stream() { return std::exchange(next_, next_ + 2); }
  bool has_ended(Stream stream) { return !streams_[stream].end.empty(); }

  static std::size_t whole_frame(const std::string& bytes) {
    if (bytes.size() < 2) return 0;
    const std::size_t head =
        server::websocket::frame_head_size(static_cast<unsigned char>(bytes[1]));
    if (bytes.size() < head) return 0;
    const auto size =
        head + static_cast<std::size_t>(server::websocket::parse_frame_head(bytes.data()).length);
    return bytes.size() < size ? 0 : size;
  }
  static std::string reason(std::string_view payload) {
    if (payload.size() < 2) return {};
    const unsigned code =
        static_cast<unsigned char>(payload[0]) * 256U + static_cast<unsigned char>(payload[1]);
    std::string text = " " + std::to_string(code);
    if (payload.size() > 2) text.append(" ").append(payload.substr(2));
    return text;
  }

  bool listen(std::chrono::milliseconds patience) {
    if (gone_) return false;
    std::string heard;
    if (tls_) {
      if (!tls_->hear()) gone_ = true;
      heard = std::exchange(tls_->heard, {});
    } else {
      if (!plain_->receive(patience)) {
        gone_ = plain_->closed();
        return false;
      }
      heard = std::exchange(plain_->buffer(), {});
    }
    std::string answers;
    for (h2::Frame& one : reader_.take(heard)) hear(one, answers);
    if (!answers.empty()) say(answers);
    return !gone_ || !heard.empty();
  }
  void hear(h2::Frame& one, std::string& answers) {
    State& its = streams_[one.stream];
    switch (one.type) {
      case h2::kHeaders:
        its.head = one;
        break;
      case h2::kData:
        its.bytes += one.payload;
        if (gives_windows_back && !one.payload.empty()) {
          const auto size = static_cast<std::uint32_t>(one.payload.size());
          answers += h2::window_update(0, size);
          if ((one.flags & h2::kEndStream) == 0) answers += h2::window_update(one.stream, size);
        }
        break;
      case h2::kSettings:
        if ((one.flags & h2::kAck) == 0) answers += h2::frame(h2::kSettings, h2::kAck, 0, "");
        break;
      case h2::kPing:
        if ((one.flags & h2::kAck) == 0) answers += h2::ping(one.payload, h2::kAck);
        break;
      case h2::kGoaway:
        goaway_ = true;
        break;
      case h2::kRstStream:
        if (its.end.empty())
          its.end = std::string("<reset ") + nghttp2_http2_strerror(one.word(0)) + ">";
        break;
      default:
        break;
    }
    const bool may_end = one.type == h2::kHeaders || one.type == h2::kData;
    if (may_end && (one.flags & h2::kEndStream) != 0) its.end = "<end>";
  }

  std::unique_ptr<Client> plain_;
  std::unique_ptr<TlsClient> tls_;
  h2::FrameReader reader_;
  std::map<Stream, State> streams_;
  Stream next_ = 1;
  bool gone_ = false;
  bool goaway_ = false;
};

}  // namespace tests
