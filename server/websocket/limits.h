// The limits of a session that may change while it is open.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "server/websocket/options.h"

namespace server::websocket {

enum class Limit : std::uint8_t {
  max_text,
  max_binary,
  idle_timeout,
  ping_interval,
  queue_bytes,
  queue_messages,
  send_timeout,
  expires  // seconds since 1970; 0: never
};

// Shared by all sessions of an endpoint until one changes its own. Read by any thread, relaxed: a
// change holds from some moment on.
class Limits {
 public:
  static constexpr std::size_t kCount = 8;

  explicit Limits(const Options& options)
      : overflow(options.overflow), values_{options.max_text,     options.max_binary,
                                            options.idle_timeout, options.ping_interval,
                                            options.queue_bytes,  options.queue_messages,
                                            options.send_timeout, 0} {}
  Limits(const Limits& other) : overflow(other.overflow) {
    for (std::size_t i = 0; i < kCount; ++i)
      values_[i].store(other.values_[i].load(std::memory_order_relaxed), std::memory_order_relaxed);
  }
  Limits& operator=(const Limits&) = delete;

  std::uint64_t operator[](Limit which) const {
    return values_[static_cast<std::size_t>(which)].load(std::memory_order_relaxed);
  }
  void set(Limit which, std::uint64_t value) {
    values_[static_cast<std::size_t>(which)].store(value, std::memory_order_relaxed);
  }

  const Overflow overflow;

 private:
  std::array<std::atomic<std::uint64_t>, kCount> values_;
};

}  // namespace server::websocket
