// Frames of HTTP/2 as a client may write them, right or wrong, and those that a server has written.
#pragma once

#include <nghttp2/nghttp2.h>

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tests::h2 {

constexpr std::string_view kPreface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

enum Type : std::uint8_t {
  kData,
  kHeaders,
  kPriority,
  kRstStream,
  kSettings,
  kPushPromise,
  kPing,
  kGoaway,
  kWindowUpdate,
  kContinuation,
  kPriorityUpdate = 16,
};
constexpr std::uint8_t kAck = 1, kEndStream = 1, kEndHeaders = 4, kPadded = 8, kWithPriority = 32;

inline std::string number(std::uint32_t value, int bytes = 4) {
  std::string text;
  while (bytes-- > 0) text += static_cast<char>(value >> (8 * bytes));
  return text;
}

// RFC 9113 section 4.1; `length` other than the payload's where a test wants it.
inline std::string frame(std::uint8_t type, std::uint8_t flags, std::uint32_t stream,
                         std::string_view payload, std::size_t length) {
  return number(static_cast<std::uint32_t>(length), 3) + static_cast<char>(type) +
         static_cast<char>(flags) + number(stream) + std::string(payload);
}
inline std::string frame(std::uint8_t type, std::uint8_t flags, std::uint32_t stream,
                         std::string_view payload) {
  return frame(type, flags, stream, payload, payload.size());
}

// An integer of RFC 7541 section 5.1 behind the bits of `first`.
inline std::string integer(unsigned first, unsigned bits, std::size_t value) {
  const std::size_t most = (1U << bits) - 1;
  if (value < most) return {static_cast<char>(first | value)};
  std::string text{static_cast<char>(first | most)};
  for (value -= most; value >= 128; value /= 128) text += static_cast<char>(value % 128 + 128);
  return text += static_cast<char>(value);
}

// A literal without indexing, new name, no Huffman code: RFC 7541 section 6.2.2.
inline std::string field(std::string_view name, std::string_view value) {
  return std::string(1, '\0') + integer(0, 7, name.size()) + std::string(name) +
         integer(0, 7, value.size()) + std::string(value);
}

using Fields = std::initializer_list<std::pair<std::string_view, std::string_view>>;

inline std::string block(Fields fields) {
  std::string text;
  for (const auto& [name, value] : fields) text += field(name, value);
  return text;
}

// The pseudo fields of a request, and `more`.
inline std::string request(std::string_view method = "GET", Fields more = {},
                           std::string_view path = "/") {
  return block({{":method", method}, {":scheme", "http"}, {":path", path}, {":authority", "h"}}) +
         block(more);
}

inline std::string headers(std::uint32_t stream, std::string_view block,
                           std::uint8_t flags = kEndStream | kEndHeaders) {
  return frame(kHeaders, flags, stream, block);
}
inline std::string get(std::uint32_t stream, Fields more = {}) {
  return headers(stream, request("GET", more));
}
inline std::string post(std::uint32_t stream, Fields more = {}) {
  return headers(stream, request("POST", more), kEndHeaders);
}
// RFC 8441 section 4.
inline std::string connect_fields(std::string_view protocol, std::string_view path) {
  return block({{":method", "CONNECT"},
                {":protocol", protocol},
                {":scheme", "http"},
                {":path", path},
                {":authority", "h"}});
}
// The stream stays open unless told otherwise.
inline std::string connect(std::uint32_t stream, std::string_view protocol = "websocket",
                           Fields more = {}, std::string_view path = "/",
                           std::uint8_t flags = kEndHeaders) {
  return headers(stream, connect_fields(protocol, path) + block(more), flags);
}
inline std::string data(std::uint32_t stream, std::string_view bytes,
                        std::uint8_t flags = kEndStream) {
  return frame(kData, flags, stream, bytes);
}
inline std::string settings(std::initializer_list<std::pair<unsigned, std::uint32_t>> values = {}) {
  std::string payload;
  for (const auto& [name, value] : values) payload += number(name, 2) + number(value);
  return frame(kSettings, 0, 0, payload);
}
inline std::string window_update(std::uint32_t stream, std::uint32_t increment) {
  return frame(kWindowUpdate, 0, stream, number(increment));
}
inline std::string rst_stream(std::uint32_t stream, std::uint32_t code = NGHTTP2_CANCEL) {
  return frame(kRstStream, 0, stream, number(code));
}
inline std::string ping(std::string_view payload = "12345678", std::uint8_t flags = 0) {
  return frame(kPing, flags, 0, payload);
}

struct Frame {
  std::uint8_t type;
  std::uint8_t flags;
  std::uint32_t stream;
  std::string payload;
  std::string status;  // of a head
  std::map<std::string, std::string> fields;

  std::uint32_t word(std::size_t at) const {
    std::uint32_t value = 0;
    for (std::size_t i = at; i < at + 4 && i < payload.size(); ++i)
      value = value << 8 | static_cast<unsigned char>(payload[i]);
    return value;
  }
};

// Bytes to frames, heads unpacked.
class FrameReader {
 public:
  FrameReader() { nghttp2_hd_inflate_new(&inflater_); }
  ~FrameReader() { nghttp2_hd_inflate_del(inflater_); }
  FrameReader(const FrameReader&) = delete;
  FrameReader& operator=(const FrameReader&) = delete;

  // All frames that are whole with these bytes.
  std::vector<Frame> take(std::string_view bytes) {
    rest_ += bytes;
    std::vector<Frame> all;
    std::size_t begin = 0;
    while (rest_.size() >= begin + 9) {
      const auto byte = [&](std::size_t at) {
        return static_cast<unsigned char>(rest_[begin + at]);
      };
      const std::size_t length = static_cast<std::size_t>(byte(0)) << 16 |
                                 static_cast<std::size_t>(byte(1)) << 8 | byte(2);
      if (rest_.size() < begin + 9 + length) break;
      Frame one{byte(3), byte(4), 0, rest_.substr(begin + 9, length), {}, {}};
      for (std::size_t i = 5; i < 9; ++i) one.stream = one.stream << 8 | byte(i);
      if (one.type == kHeaders) inflate(one);
      begin += 9 + length;
      all.push_back(std::move(one));
    }
    rest_.erase(0, begin);
    return all;
  }

 private:
  void inflate(Frame& head) {
    const auto* at = reinterpret_cast<const std::uint8_t*>(head.payload.data());
    std::size_t left = head.payload.size();
    head.status = "trailers";
    while (true) {
      nghttp2_nv nv;
      int flags = 0;
      const auto used = nghttp2_hd_inflate_hd2(inflater_, &nv, &flags, at, left, 1);
      if (used < 0) {
        head.status = "malformed";
        return;
      }
      at += used;
      left -= static_cast<std::size_t>(used);
      if ((flags & NGHTTP2_HD_INFLATE_EMIT) != 0) {
        const std::string name(reinterpret_cast<char*>(nv.name), nv.namelen);
        const std::string value(reinterpret_cast<char*>(nv.value), nv.valuelen);
        (name == ":status" ? head.status : head.fields[name]) = value;
      }
      if ((flags & NGHTTP2_HD_INFLATE_FINAL) != 0 ||
          (left == 0 && (flags & NGHTTP2_HD_INFLATE_EMIT) == 0))
        break;
    }
    nghttp2_hd_inflate_end_headers(inflater_);
  }

  nghttp2_hd_inflater* inflater_ = nullptr;
  std::string rest_;  // of a frame that has not come whole
};

}  // namespace tests::h2
