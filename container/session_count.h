// How many sessions of one WebSocket are open, and the right of each to be.
#pragma once

#include <atomic>
#include <cstdint>

#include "container/place.h"

namespace container {

// Any thread.
class SessionCount {
 public:
  static constexpr std::uint64_t unlimited = ~std::uint64_t{0};

  explicit SessionCount(std::uint64_t limit) : limit_(limit) {}

  // The application left the mapping: who still comes in is to go again.
  void retire() { retired_.store(true, std::memory_order_relaxed); }
  bool retired() const { return retired_.load(std::memory_order_relaxed); }

  std::uint64_t open() const { return open_.load(std::memory_order_relaxed); }

 private:
  friend class Place<SessionCount>;

  bool take() {
    if (open_.fetch_add(1, std::memory_order_relaxed) < limit_) return true;
    give_back();
    return false;
  }
  void give_back() { open_.fetch_sub(1, std::memory_order_relaxed); }

  const std::uint64_t limit_;
  std::atomic<std::uint64_t> open_{0};
  std::atomic<bool> retired_{false};
};

// From the handshake to the session's end; ends before its application does.
using SessionPlace = Place<SessionCount>;

}  // namespace container
