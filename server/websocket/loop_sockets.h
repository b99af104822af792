// The WebSockets of one loop: the table of their gates, their topics, what other threads left for
// them.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "server/loop.h"
#include "server/websocket/broadcast.h"
#include "server/websocket/buffer.h"
#include "server/websocket/deflate.h"
#include "server/websocket/gate.h"
#include "server/websocket/session.h"
#include "server/websocket/topics.h"
#include "server/websocket/websocket.h"

namespace server::websocket {

class Hub;

// Owned by the hub; outlives the loop's connections. The table only grows, by chunks, to as many
// slots as there were sockets at once; other threads read it without a lock.
class LoopSockets final : private Task, private Timer {
 public:
  LoopSockets(Hub& hub, Loop& loop) : hub_(hub), loop_(loop) {}
  ~LoopSockets();
  LoopSockets(const LoopSockets&) = delete;
  LoopSockets& operator=(const LoopSockets&) = delete;

  Loop& loop() { return loop_; }

  // --- any thread ---
  Gate* find(Session session) const;  // null: there was never such a slot
  template <class Visit>
  void each_gate(Visit&& visit) const;  // visit(Gate&, slot); also closed ones
  void tell(Gate& gate);                // has something to do; once until it was seen
  void deliver(Broadcast::Node& node);
  std::size_t open_sockets() const { return open_.load(std::memory_order_relaxed); }
  // Of them on streams of HTTP/2.
  std::size_t tunneled_sockets() const { return tunneled_.load(std::memory_order_relaxed); }
  // About so many bytes of zlib: the sockets' own streams, and the loop's.
  std::size_t compressor_bytes() const {
    return compressors_.load(std::memory_order_relaxed) + pool_.load(std::memory_order_relaxed);
  }

  // --- the loop ---
  // Null: all slots are taken. The peer hears `opened` from WebSocket::start.
  std::unique_ptr<WebSocket> open(Connection& connection, Opening opening);
  void leave(WebSocket& socket);
  void tell_waiting();  // some queue has room again
  // Goodbyes are spread so that not all clients come back at once: over how long, at most `limit`
  // ms, and a moment in it.
  std::uint64_t spread(std::uint64_t limit) const;
  std::uint64_t moment_within(std::uint64_t spread);
  Topics& topics() { return topics_; }
  DeflatePool& deflate() { return deflate_; }
  // By the pool: a message without context.
  void compress(std::string_view message, std::string& out, int window_bits, int level);
  BufferStock& buffers() { return buffers_; }
  std::string& scratch() {  // empty; good until the next call
    scratch_.clear();
    return scratch_;
  }
  template <class Visit>
  void each_socket(Visit&& visit);
  void count_compressor(std::ptrdiff_t bytes) {
    compressors_.fetch_add(static_cast<std::size_t>(bytes), std::memory_order_relaxed);
  }

 private:
  static constexpr std::uint64_t kTrim = 30'000;  // ms
  static constexpr std::size_t kChunk = 1024;
  static constexpr std::size_t kChunks = (std::size_t{1} << Session::kSlotBits) / kChunk;
  using Chunk = std::array<Gate, kChunk>;

  void run() override;
  void expired() override;  // gives back what compressors and buffers held and did not use
  void wake();
  void count_open(const Connection& connection, int by);
  Broadcast::Node* publish_run(Broadcast::Node* first);
  void publish_to(WebSocket& socket, Broadcast& broadcast, Delivery& delivery);

  Hub& hub_;
  Loop& loop_;
  std::minstd_rand random_{std::random_device{}()};
  std::array<std::atomic<Chunk*>, kChunks> chunks_{};
  std::atomic<std::size_t> slots_{0};
  std::vector<std::uint32_t> free_;
  std::atomic<std::size_t> open_{0};
  std::atomic<std::size_t> tunneled_{0};
  std::atomic<std::size_t> compressors_{0};
  std::atomic<std::size_t> pool_{0};  // bytes of the pool, as last looked at
  std::vector<Delivery> deliveries_;  // of the run of publications being delivered
  Topics topics_;
  DeflatePool deflate_;
  BufferStock buffers_;
  std::string scratch_;
  std::atomic<bool> woken_{false};
  std::atomic<Gate*> told_{nullptr};
  std::atomic<Broadcast::Node*> broadcasts_{nullptr};
};

template <class Visit>
void LoopSockets::each_gate(Visit&& visit) const {
  const std::size_t slots = slots_.load(std::memory_order_acquire);
  for (std::size_t i = 0; i < slots; ++i)
    visit((*chunks_[i / kChunk].load(std::memory_order_acquire))[i % kChunk], i);
}

template <class Visit>
void LoopSockets::each_socket(Visit&& visit) {
  each_gate([&](Gate& gate, std::size_t) {
    if (WebSocket* socket = gate.socket()) visit(*socket);
  });
}

}  // namespace server::websocket
