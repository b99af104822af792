// A message for many sockets: checked, framed and compressed once, then shared by all loops.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "server/websocket/frame.h"

namespace server::websocket {

// Immutable; any thread. Lives as long as it has a count, and is one heap block with its plain
// frame in it; the compressed frame is a second one.
class Frozen {
 public:
  struct Release {
    void operator()(const Frozen* frozen) const { frozen->release(); }
  };
  using Held = std::unique_ptr<Frozen, Release>;  // one count

  // Null: it could never be sent. Text must be UTF-8, a ping or pong has at most 125 bytes (RFC
  // 6455 5.5, 5.6); no other kinds are frozen.
  static Held make(Opcode kind, std::string_view payload);
  Frozen(const Frozen&) = delete;
  Frozen& operator=(const Frozen&) = delete;

  void hold() const { counts_.fetch_add(1, std::memory_order_relaxed); }
  void release() const;

  Opcode kind() const { return kind_; }
  std::string_view payload() const { return frame().substr(head_size_); }
  // The whole frame, unmasked and not compressed, in one piece.
  std::string_view frame() const { return {reinterpret_cast<const char*>(this + 1), size_}; }

  // The whole frame of permessage-deflate (RFC 7692 section 7.2.1), or empty: then send `frame()`.
  // For a peer that inflates with a window of 2 ^ `window_bits` bytes. Whoever is first makes it by
  // `bool compress(std::string_view payload, std::string& out)`, which appends what a Deflater that
  // remembers nothing gives within that window, or returns false; others wait for it meanwhile. No
  // such frame is kept when it would be no shorter. It ignores the past of a socket's own Deflater,
  // which must forget it: the peer remembers this message instead.
  template <class Compress>
  std::string_view compressed_frame(std::uint8_t window_bits, Compress&& compress) const;

 private:
  enum class Variant : std::uint8_t { unknown, none, made };

  Frozen(Opcode kind, std::size_t head_size, std::size_t size)
      : size_(size), kind_(kind), head_size_(static_cast<std::uint8_t>(head_size)) {}
  ~Frozen() = default;

  void keep(std::string&& compressed) const;  // behind kServerHead bytes; mutex_ is held

  const std::size_t size_;  // of the frame
  mutable std::atomic<std::uint32_t> counts_{1};
  const Opcode kind_;
  const std::uint8_t head_size_;
  // Written once, before variant_ says so, with mutex_ held.
  mutable std::atomic<Variant> variant_{Variant::unknown};
  mutable std::uint8_t window_bits_ = 0;
  mutable std::uint8_t unused_ = 0;  // bytes in front of compressed_'s frame
  mutable std::mutex mutex_;         // one compresses, others wait
  mutable std::string compressed_;
};

template <class Compress>
std::string_view Frozen::compressed_frame(std::uint8_t window_bits, Compress&& compress) const {
  if (is_control(kind_)) return {};
  if (variant_.load(std::memory_order_acquire) == Variant::unknown) {
    const std::scoped_lock lock(mutex_);
    if (variant_.load(std::memory_order_relaxed) == Variant::unknown) {
      std::string out(kServerHead, '\0');
      if (!compress(payload(), out)) out.clear();
      window_bits_ = window_bits;
      keep(std::move(out));
    }
  }
  if (variant_.load(std::memory_order_acquire) == Variant::none) return {};
  // A message that fits into the peer's window has no reference beyond it, whoever compressed it.
  if (window_bits < window_bits_ && payload().size() >> window_bits != 0) return {};
  return std::string_view(compressed_).substr(unused_);
}

}  // namespace server::websocket
