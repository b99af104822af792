// The WebSockets of one loop: the table of their gates, their topics, what other threads left for
// them.
#include "server/websocket/loop_sockets.h"

#include <algorithm>
#include <utility>

#include "server/websocket/hub.h"

namespace server::websocket {

LoopSockets::~LoopSockets() {
  loop_.call([this] { loop_.forget(*this); });  // behind what was posted
  for (std::atomic<Chunk*>& chunk : chunks_) delete chunk.load();
}

Gate* LoopSockets::find(Session session) const {
  const std::size_t slot = session.slot();
  if (slot >= slots_.load(std::memory_order_acquire)) return nullptr;
  return &(*chunks_[slot / kChunk].load(std::memory_order_acquire))[slot % kChunk];
}

std::unique_ptr<WebSocket> LoopSockets::open(Connection& connection, Opening opening) {
  if (free_.empty()) {
    const std::size_t slots = slots_.load(std::memory_order_relaxed);
    if (slots == kChunks * kChunk) return nullptr;
    chunks_[slots / kChunk].store(new Chunk, std::memory_order_release);
    slots_.store(slots + kChunk, std::memory_order_release);
    for (std::size_t i = kChunk; i-- > 0;) free_.push_back(static_cast<std::uint32_t>(slots + i));
  }
  const std::size_t slot = free_.back();
  free_.pop_back();
  Gate& gate = (*chunks_[slot / kChunk].load(std::memory_order_relaxed))[slot % kChunk];
  const Session session(loop_.index(), slot, gate.generation() + 1);
  if (open_sockets() == 0) loop_.arm(*this, kTrim);
  count_open(connection, 1);
  return std::make_unique<WebSocket>(connection, *this, gate, session, std::move(opening));
}

void LoopSockets::leave(WebSocket& socket) {
  topics_.leave(socket);
  free_.push_back(static_cast<std::uint32_t>(socket.session().slot()));
  count_open(socket.connection(), -1);
}

// Written by the loop only.
void LoopSockets::count_open(const Connection& connection, int by) {
  const auto count = [&](std::atomic<std::size_t>& sum) {
    sum.store(sum.load(std::memory_order_relaxed) + static_cast<std::size_t>(by),
              std::memory_order_relaxed);
  };
  count(open_);
  if (connection.is_tunnel()) count(tunneled_);
}

void LoopSockets::compress(std::string_view message, std::string& out, int window_bits, int level) {
  deflate_.compress(message, out, window_bits, level);
  pool_.store(deflate_.memory(), std::memory_order_relaxed);
}

void LoopSockets::expired() {
  deflate_.trim();
  buffers_.trim();
  pool_.store(deflate_.memory(), std::memory_order_relaxed);
  if (open_sockets() > 0 || deflate_.memory() + buffers_.memory() > 0) loop_.arm(*this, kTrim);
}

void LoopSockets::tell_waiting() { hub_.tell_waiting(); }

// 1 ms for each socket, so that a few leave at once and many do not come back together.
std::uint64_t LoopSockets::spread(std::uint64_t limit) const {
  return std::min<std::uint64_t>(limit, open_sockets());
}

std::uint64_t LoopSockets::moment_within(std::uint64_t spread) {
  return spread == 0 ? 0 : std::uniform_int_distribution<std::uint64_t>(0, spread)(random_);
}

// --- what other threads left
// ----------------------------------------------------------------------

namespace {

// A list that any thread adds to; taken as a whole, in the order of adding.
template <class T>
void push(std::atomic<T*>& list, T& one, T* T::*next) {
  T* head = list.load(std::memory_order_relaxed);
  do {
    one.*next = head;
  } while (!list.compare_exchange_weak(head, &one, std::memory_order_release,
                                       std::memory_order_relaxed));
}

template <class T>
T* take_all(std::atomic<T*>& list, T* T::*next) {
  T* newest_first = list.exchange(nullptr, std::memory_order_acquire);
  T* ordered = nullptr;
  while (newest_first != nullptr) {
    T* one = std::exchange(newest_first, newest_first->*next);
    one->*next = std::exchange(ordered, one);
  }
  return ordered;
}

}  // namespace

void LoopSockets::wake() {
  if (!woken_.exchange(true, std::memory_order_acq_rel)) loop_.post(*this);
}

void LoopSockets::tell(Gate& gate) {
  push(told_, gate, &Gate::next_told);
  wake();
}

void LoopSockets::deliver(Broadcast::Node& node) {
  push(broadcasts_, node, &Broadcast::Node::next);
  wake();
}

void LoopSockets::run() {
  woken_.exchange(false, std::memory_order_acq_rel);  // before the lists are looked at
  Broadcast::Node* node = take_all(broadcasts_, &Broadcast::Node::next);
  while (node != nullptr) node = publish_run(node);
  for (Gate* gate = take_all(told_, &Gate::next_told); gate != nullptr;) {
    Gate* const one = std::exchange(gate, gate->next_told);
    one->seen();
    if (WebSocket* socket = one->socket()) socket->pump();
  }
}

// Publications to one topic in a row: each subscriber gets all of them before the next one has its
// turn, so that they leave with one write. Returns the first that is for another topic.
Broadcast::Node* LoopSockets::publish_run(Broadcast::Node* first) {
  Broadcast& leader = *first->broadcast;
  Broadcast::Node* end = first->next;
  while (end != nullptr && end->broadcast->same_topic(leader)) end = end->next;
  std::vector<Delivery>& deliveries = deliveries_;
  deliveries.clear();
  for (Broadcast::Node* one = first; one != end; one = one->next) deliveries.emplace_back();
  topics_.each(leader.scope(), leader.topic(), [&](Subscriber& subscriber) {
    auto& socket = static_cast<WebSocket&>(subscriber);
    std::size_t i = 0;
    for (Broadcast::Node* one = first; one != end && socket.is_open(); one = one->next)
      publish_to(socket, *one->broadcast, deliveries[i++]);
  });
  std::size_t i = 0;
  while (first != end) {
    Broadcast& broadcast = *first->broadcast;
    first = first->next;  // which the last loop to deliver ends
    broadcast.delivered(deliveries[i++]);
  }
  return end;
}

void LoopSockets::publish_to(WebSocket& socket, Broadcast& broadcast, Delivery& delivery) {
  if (socket.session() == broadcast.except()) return;
  if (socket.may_send_now()) {
    socket.send_now(broadcast.message());
    ++delivery.queued;
    return;
  }
  const Send sent = hub_.enqueue(
      socket.gate(), socket.session(),
      *Outgoing::make(broadcast.message(), {broadcast.time_left(), broadcast.key(), {}}));
  ++(sent == Send::queued ? delivery.queued : delivery.refused);
}

}  // namespace server::websocket
