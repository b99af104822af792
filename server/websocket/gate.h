// What all threads may touch of one WebSocket: the queue of messages for it, its limits, its state.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "server/websocket/counted.h"
#include "server/websocket/limits.h"
#include "server/websocket/outgoing.h"
#include "server/websocket/session.h"

namespace server::websocket {

class WebSocket;

// Held for moments, never while foreign code runs.
class SpinLock {
 public:
  void lock() {
    while (locked_.exchange(true, std::memory_order_acquire)) wait();
  }
  void unlock() { locked_.store(false, std::memory_order_release); }

 private:
  void wait();
  std::atomic<bool> locked_{false};
};

// A slot of the hub's table, which is never freed while the hub lives: a session of old finds
// another generation here. Opened and closed by the loop that owns the slot.
class Gate {
 public:
  Gate() = default;
  Gate(const Gate&) = delete;
  Gate& operator=(const Gate&) = delete;

  // --- any thread ---
  struct Entry {
    Send send = Send::gone;
    bool tell = false;             // the loop does not know yet that there is something to do
    Outgoing* finished = nullptr;  // to be completed by the caller, outside of the lock
  };
  // Takes the message over if it is queued. The policy of overflow decides about the others.
  Entry enqueue(Session session, Outgoing& message);
  Entry enqueue_control(Session session, Outgoing& message);
  Entry begin_stream(Session session, Stream& stream);
  Entry write_stream(Stream& stream, std::string_view bytes);
  Entry end_stream(Stream& stream, bool complete);
  // Behind what is queued; nothing more is taken.
  Entry request_close(Session session, std::uint16_t code, std::string_view reason);

  bool is(Session session) const {  // even generations are those of a closed gate
    return session.generation() % 2 != 0 &&
           generation_.load(std::memory_order_acquire) == session.generation();
  }
  bool is_open(Session session) const {
    return is(session) && open_.load(std::memory_order_acquire);
  }
  std::uint32_t generation() const { return generation_.load(std::memory_order_acquire); }
  const void* group() const { return group_.load(std::memory_order_acquire); }
  Counted* companion(Session session);  // with one count; null: another session
  std::int64_t limit(Session session, Limit which);
  bool limit(Session session, Limit which, std::uint64_t value);
  bool property(Session session, std::string_view name, std::string& value, bool& found);
  bool set_property(Session session, std::string_view name, const std::string_view* value);
  // Both ask to be told when there is none.
  bool has_room(Session session, std::size_t size);
  bool has_room(const Stream& stream, std::size_t size);
  struct Queued {
    std::size_t messages, bytes;
  };
  Queued queued();

  // --- the owning loop ---
  void open(std::uint32_t generation, WebSocket& socket, const Limits& limits, const void* group,
            Counted& companion, std::map<std::string, std::string, std::less<>> properties);
  // From here on every session that points here is stale.
  struct Left {
    Outgoing* lost = nullptr;  // what was queued
    bool awaited = false;      // a thread waits for room that will never be
  };
  Left close();
  WebSocket* socket() const { return socket_; }
  std::string_view scope() const {
    return companion_ == nullptr ? std::string_view{} : companion_->scope();
  }
  const Limits& limits() const { return *limits_.load(std::memory_order_acquire); }
  bool may_bypass() const {  // nothing waits, so a message of the loop itself may leave at once
    return first_.load(std::memory_order_relaxed) == nullptr &&
           controls_.load(std::memory_order_relaxed) == nullptr;
  }
  // Takes what may leave now, up to `bytes`, with what is to be completed instead; see Batch.
  struct Batch {
    Outgoing* controls = nullptr;
    Outgoing* messages = nullptr;  // a stream stays in the queue until it ends: see Piece
    Outgoing* finished = nullptr;
    Stream* stream = nullptr;  // with a count: the piece below is its next fragment
    std::string piece;
    bool first = false, last = false;
    bool broken = false;  // a stream that had begun was abandoned
    bool more = false;    // something is left that `bytes` did not allow
    bool close = false;   // all is out: close with the request's code
    std::uint16_t code = 0;
    std::string reason;
    bool has_output() const { return controls || messages || stream || finished; }
  };
  void take(std::size_t bytes, Batch& batch);
  // How much the connection still holds of what it was given: to be said after each batch, or
  // senders are refused for what has long left.
  void sent_all_but(std::size_t unsent);
  // The same at the end of a turn; tells whether someone waits for room
  // and there is some.
  struct Room {
    bool drained = false;  // a sender was refused: the peer's owner is to be told
    bool awaited = false;  // a thread waits
  };
  Room settle(std::size_t unsent);
  void seen() { told_.store(false, std::memory_order_release); }  // it left that list
  void stop_taking() { open_.store(false, std::memory_order_release); }

  // Written by the loop only.
  struct Counts {
    std::atomic<std::uint64_t> messages{0}, bytes{0};
    void add(std::size_t size) {
      messages.store(messages.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
      bytes.store(bytes.load(std::memory_order_relaxed) + size, std::memory_order_relaxed);
    }
  };
  Counts received, sent;
  std::atomic<std::uint32_t> dropped{0};
  std::atomic<std::uint32_t> round_trip{0};  // microseconds

  Gate* next_told = nullptr;  // of the hub's list of gates with something to do

 private:
  using Properties = std::map<std::string, std::string, std::less<>>;
  struct CloseRequest {
    std::uint16_t code;
    bool at_once;  // else behind what is queued
    std::string reason;
  };
  // What few sessions have.
  struct Extras {
    std::unique_ptr<Limits> limits;
    Properties properties;
    std::optional<CloseRequest> close_request;
  };
  struct Twin {
    Outgoing* before = nullptr;
    Outgoing* one = nullptr;
  };

  Extras& extras();  // made when needed
  CloseRequest* close_request() const;
  bool takes(Session session) const { return is_open(session); }
  // What began before a close was asked for may be completed.
  bool takes_pieces(Session session) const {
    const CloseRequest* const request = close_request();
    return takes(session) || (is(session) && request != nullptr && !request->at_once);
  }
  bool is_first(const Stream& stream) const;
  bool allows(std::uint64_t waiting, std::size_t size) const;
  bool has_room_for(std::size_t size, std::size_t messages) const;
  bool has_room_for_piece(const Stream& stream, std::size_t size) const;
  bool fits(const Outgoing& message) const;
  Twin twin_of(const Outgoing& message) const;
  void place(Outgoing& message, Entry& entry);
  void append(Outgoing& message);
  Outgoing* unlink(Outgoing* before, Outgoing& one);
  Outgoing* unlink_oldest();
  void drop_oldest(const Outgoing& message, Entry& entry);
  void drop_expired(Entry& entry);
  void close_slow_reader(Entry& entry);
  void take_close(Batch& batch);
  void drop(Outgoing& message, Outcome outcome, Outgoing*& finished);
  bool told() { return told_.exchange(true, std::memory_order_acq_rel); }
  void take_stream(Outgoing& message, Batch& batch);

  SpinLock lock_;  // guards everything below but what is atomic; the atomics are written under it
  std::atomic<bool> open_{false};
  std::atomic<bool> told_{false};  // stands in the loop's list of gates to look at
  bool wants_drain_ = false;
  bool awaited_ = false;
  std::atomic<std::uint32_t> generation_{0};
  std::uint32_t messages_ = 0;
  WebSocket* socket_ = nullptr;  // the loop's own
  std::atomic<const Limits*> limits_{nullptr};
  std::atomic<const void*> group_{nullptr};
  Counted* companion_ = nullptr;
  std::unique_ptr<Extras> extras_;
  std::atomic<Outgoing*> first_{nullptr};
  Outgoing* last_ = nullptr;
  std::atomic<Outgoing*> controls_{nullptr};  // jump the queue; at most kControls
  std::uint32_t bytes_ = 0;                   // of the queue; its limit is at most 1 GiB
  std::uint32_t unsent_ = 0;                  // in the connection's hands
};

}  // namespace server::websocket
