// The name of one WebSocket: a value that may be kept anywhere and outlive what it names.
#pragma once

#include <cstddef>
#include <cstdint>

namespace server::websocket {

// Loop, slot and generation in one number, so that a stale one is noticed and never followed. 0 is
// none: generations begin with 1.
class Session {
 public:
  static constexpr unsigned kSlotBits = 20;  // 1,048,576 sockets of one loop
  static constexpr unsigned kLoopBits = 12;

  constexpr Session() = default;
  constexpr explicit Session(std::uint64_t value) : value_(value) {}
  constexpr Session(std::size_t loop, std::size_t slot, std::uint32_t generation)
      : value_(static_cast<std::uint64_t>(loop) << (32 + kSlotBits) |
               static_cast<std::uint64_t>(slot) << 32 | generation) {}

  constexpr std::uint64_t value() const { return value_; }
  constexpr std::size_t loop() const { return value_ >> (32 + kSlotBits); }
  constexpr std::size_t slot() const { return (value_ >> 32) & ((1u << kSlotBits) - 1); }
  constexpr std::uint32_t generation() const { return static_cast<std::uint32_t>(value_); }
  constexpr bool operator==(const Session&) const = default;

 private:
  std::uint64_t value_ = 0;
};

}  // namespace server::websocket
