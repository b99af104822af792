// A client of HTTP/2 that writes any frames, also such as no client may write, and reads frame by
// frame.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "server/http2/http2.h"
#include "tests/support/conversation.h"
#include "tests/support/h2_frames.h"

namespace tests::h2 {

// A conversation in HTTP/2 on one thread. The client has said its preface and SETTINGS.
class Client {
 public:
  explicit Client(server::Service& service, server::http2::Options options = {},
                  server::http1::Options http1 = {}, std::string_view hello = {},
                  server::Loop* loop = nullptr)
      : http1_(std::move(http1)),
        options_(std::move(options)),
        shared_{service, http1_, options_, memory_, &abuses},
        wire_(
            [this](server::Connection& connection) {
              return std::make_unique<server::http2::Http2>(connection, shared_);
            },
            loop) {
    wire_.say(hello.empty() ? std::string(kPreface) + settings() : std::string(hello));
  }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  std::atomic<std::uint64_t> abuses{0};
  bool say(std::string_view bytes) { return wire_.say(bytes); }
  Conversation& wire() { return wire_; }
  bool ended() const { return wire_.ended(); }

  // All frames heard since the last call.
  std::vector<Frame> take() { return reader_.take(wire_.take()); }

  // What came, one word or two each: "200:1 RST:3:PROTOCOL_ERROR PING GOAWAY:NO_ERROR". Without
  // SETTINGS, their acknowledgement and WINDOW_UPDATE; DATA only where it ends: "END:1".
  std::string summary() {
    std::string text;
    const auto add = [&](const std::string& word) { text += (text.empty() ? "" : " ") + word; };
    for (const Frame& one : take()) {
      const std::string stream = std::to_string(one.stream);
      if (one.type == kHeaders) add(one.status + ":" + stream);
      if (one.type == kRstStream) add("RST:" + stream + ":" + nghttp2_http2_strerror(one.word(0)));
      if (one.type == kGoaway) add(std::string("GOAWAY:") + nghttp2_http2_strerror(one.word(4)));
      if (one.type == kPing) add((one.flags & kAck) != 0 ? "PONG" : "PING");
    }
    return text;
  }

 private:
  const server::http1::Options http1_;
  const server::http2::Options options_;
  server::http2::Memory memory_;
  const server::http2::Shared shared_;
  FrameReader reader_;
  Conversation wire_;
};

}  // namespace tests::h2
