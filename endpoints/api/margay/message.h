// What goes over a WebSocket: messages, how they are sent and what became of them, and its end.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string_view>
#include <type_traits>
#include <utility>

#include <margay/abi_websocket.h>
#include <margay/config.h>
#include <margay/text.h>

namespace margay {

enum class Kind : int { text = MARGAY_TEXT, binary = MARGAY_BINARY };

// The bytes of a binary message: a view, made from whatever has contiguous bytes.
class Binary {
 public:
  Binary() = default;
  Binary(std::span<const std::byte> bytes) : bytes_(bytes) {}
  // A vector or array of std::byte, which must outlive this.
  template <class Bytes>
  requires(!std::is_same_v<std::remove_cvref_t<Bytes>, Binary> &&
           std::is_convertible_v<const Bytes&, std::span<const std::byte>>)
      Binary(const Bytes& bytes)
      : bytes_(bytes) {}
  explicit Binary(std::string_view bytes)
      : bytes_(reinterpret_cast<const std::byte*>(bytes.data()), bytes.size()) {}

  std::span<const std::byte> bytes() const { return bytes_; }
  std::string_view chars() const {
    return {reinterpret_cast<const char*>(bytes_.data()), bytes_.size()};
  }
  std::size_t size() const { return bytes_.size(); }
  bool empty() const { return bytes_.empty(); }
  auto begin() const { return bytes_.begin(); }
  auto end() const { return bytes_.end(); }
  operator std::span<const std::byte>() const { return bytes_; }

 private:
  std::span<const std::byte> bytes_;
};

// The payload of a pong, at most 125 bytes: what our ping had, or what the peer made up.
struct Pong {
  std::string_view payload;
};

// Why a WebSocket ends, or ended. `reason` is UTF-8 and cut to 123 bytes when it is sent. An
// application's own codes are 4000 to 4999.
struct CloseReason {
  enum Code : std::uint16_t {
    normal = 1000,
    going_away = 1001,
    protocol_error = 1002,
    unsupported = 1003,  // a kind of message that is not taken here
    none = 1005,         // only received: the peer gave no code
    lost = 1006,         // only received: there was no close frame
    bad_bytes = 1007,    // text that is no UTF-8
    policy = 1008,
    too_big = 1009,
    extension_missing = 1010,
    internal_error = 1011,
    restart = 1012,
    try_later = 1013,
    bad_gateway = 1014
  };
  std::uint16_t code = normal;
  std::string_view reason{};
};

// What `send` says at once. A message is taken whole or not at all.
enum class Send {
  queued,  // on its way, or sent already
  full,    // refused: the queue is at its limit; `drain` is called when there is room again. Where
           // nothing waits, a message longer than the limit is taken.
  gone,    // the session has ended or is closing
  invalid  // text that is no UTF-8, above 1 GiB, a ping above 125 bytes, a key above 64, a code
           // that is not to be sent
};

// What became of a message that was queued.
enum class Sent {
  sent = MARGAY_SENT,          // the kernel has all of it
  dropped = MARGAY_DROPPED,    // by the overflow policy
  expired = MARGAY_EXPIRED,    // its time to live was over before it began to leave
  replaced = MARGAY_REPLACED,  // by a newer one with the same key
  lost = MARGAY_LOST           // the session ended before
};

struct SendOptions {
  std::chrono::milliseconds time_to_live{0};  // dropped when it has not begun to leave by then
  std::string_view key{};  // takes the place of a waiting message with this key; at most 64 bytes
};

namespace detail {

inline Send sent(margay_result result) {
  switch (result) {
    case MARGAY_OK:
      return Send::queued;
    case MARGAY_FULL:
      return Send::full;
    case MARGAY_CLOSED:
      return Send::gone;
    default:
      return Send::invalid;
  }
}

inline std::uint32_t millis(std::chrono::milliseconds time) {
  using Limits = std::numeric_limits<std::uint32_t>;
  return static_cast<std::uint32_t>(
      std::clamp<std::int64_t>(time.count(), 0, std::int64_t{Limits::max()}));
}

// The server's functions for WebSockets; null for a server that has none.
inline const margay_websockets* websockets(const margay_host& host, const margay_config& source) {
  return static_cast<const margay_websockets*>(host.query(&source, "websocket/1"));
}
inline const margay_websockets* websockets(const Config& config) {
  return websockets(config.host(), config.raw());
}

}  // namespace detail

// A message made once for many sockets: framed once, compressed at most once, its bytes shared. A
// counted value, usable on any thread. Empty when it was made from text that is no UTF-8.
class Frozen {
 public:
  Frozen() = default;
  static Frozen text(const Config& config, std::string_view message) {
    return {detail::websockets(config), MARGAY_TEXT, message};
  }
  static Frozen binary(const Config& config, Binary message) {
    return {detail::websockets(config), MARGAY_BINARY, message.chars()};
  }
  Frozen(const margay_websockets* sockets, int kind, std::string_view bytes)
      : sockets_(sockets),
        frozen_(sockets == nullptr ? nullptr : sockets->freeze(kind, str(bytes))),
        size_(bytes.size()) {}

  Frozen(const Frozen& other)
      : sockets_(other.sockets_), frozen_(other.frozen_), size_(other.size_) {
    if (frozen_ != nullptr) sockets_->hold_frozen(frozen_);
  }
  Frozen(Frozen&& other) noexcept
      : sockets_(other.sockets_),
        frozen_(std::exchange(other.frozen_, nullptr)),
        size_(other.size_) {}
  Frozen& operator=(Frozen other) noexcept {
    std::swap(sockets_, other.sockets_);
    std::swap(frozen_, other.frozen_);
    std::swap(size_, other.size_);
    return *this;
  }
  ~Frozen() {
    if (frozen_ != nullptr) sockets_->release_frozen(frozen_);
  }

  explicit operator bool() const { return frozen_ != nullptr; }
  std::size_t size() const { return frozen_ == nullptr ? 0 : size_; }
  margay_frozen* raw() const { return frozen_; }

 private:
  const margay_websockets* sockets_ = nullptr;
  margay_frozen* frozen_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace margay
