// All WebSockets of the process, for every thread: sending, closing, publishing by session and
// topic.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "server/websocket/bus.h"
#include "server/websocket/loop_sockets.h"
#include "server/websocket/outgoing.h"
#include "server/websocket/session.h"
#include "server/websocket/stream.h"

namespace server::websocket {

// Made before the loops have connections and ended behind the last one. Every function with a
// session may be called by any thread with any value: one that has ended is `gone`.
class Hub final : public Sink {
 public:
  // The bus outlives it.
  Hub(const std::vector<Loop*>& loops, Bus& bus);
  ~Hub();
  Hub(const Hub&) = delete;
  Hub& operator=(const Hub&) = delete;

  LoopSockets& on(const Loop& loop) { return *loops_[loop.index()]; }

  // --- messages; each is queued whole or refused whole ---
  Send send(Session session, Opcode kind, std::string_view payload,
            const SendOptions& options = {});
  Send send(Session session, Frozen& message, const SendOptions& options = {});
  // `stream` has one count for the caller, also when it was refused: null then.
  Send begin(Session session, Opcode kind, Stream*& stream);
  Send write(Stream& stream, std::string_view bytes);
  Send finish(Stream& stream, bool complete);
  // Behind what is queued. False: gone.
  bool close(Session session, std::uint16_t code, std::string_view reason);
  // Waits until a message of `size` bytes would not be refused, or nothing will ever be taken.
  // False: not within `timeout`. Not on a loop.
  bool wait(Session session, std::size_t size, std::chrono::milliseconds timeout);
  bool wait(const Stream& stream, std::size_t size, std::chrono::milliseconds timeout);
  bool is_loop() const;  // whether the caller is one

  // --- the session ---
  Gate* gate(Session session) const;  // null: never existed; others may be stale
  struct Figures {
    bool open = false;
    std::uint32_t queued_messages = 0, round_trip = 0, dropped = 0;
    std::uint64_t queued_bytes = 0, received_messages = 0, received_bytes = 0, sent_messages = 0,
                  sent_bytes = 0;
  };
  bool figures(Session session, Figures& figures) const;
  bool set_limit(Session session, Limit which, std::uint64_t value);
  bool suspend_reading(Session session);
  bool resume_reading(Session session);
  // Runs `work` with the socket on its loop, at once when that is the caller's; never if it has
  // ended.
  bool with(Session session, std::function<void(WebSocket&)> work);
  // Those that are open at the moment, of one group or (null) of all.
  void each(const void* group, const std::function<void(Session, Gate&)>& visit) const;
  std::size_t open_sockets() const;
  std::size_t tunneled_sockets() const;  // of them on streams of HTTP/2
  std::size_t compressor_bytes() const;

  // --- topics ---
  // On the socket's loop at once, else soon. False: gone, malformed, or (on the loop) too many.
  bool subscribe(Session session, std::string_view pattern);
  bool unsubscribe(Session session, std::string_view pattern);
  // To the subscribers in this process, and by the bus to those of other nodes. Full: more than
  // kMaxWaiting bytes wait for loops.
  Send publish(std::string_view scope, std::string_view topic, Frozen& message,
               const PublishOptions& options);

  // --- Sink: what other nodes publish ---
  Node node() const override { return node_; }
  void deliver(const Publication& publication) override;

  static constexpr std::size_t kMaxWaiting = 64 * 1024 * 1024;

  // --- for LoopSockets ---
  Send enqueue(Gate& gate, Session session, Outgoing& message);  // takes the message over
  void tell_waiting();

 private:
  LoopSockets* current() const;  // the caller's loop
  bool is_here(Session session) const;
  WebSocket* here(Session session, Gate& gate) const;
  Send done(Session session, Gate& gate, const Gate::Entry& entry);
  template <class Place>  // a session or a stream
  bool wait(Gate& gate, const Place& place, std::size_t size, std::chrono::milliseconds timeout);

  Send deliver(std::string_view scope, std::string_view topic, Frozen& message,
               const PublishOptions& options);

  Bus& bus_;
  const Node node_;
  std::vector<std::unique_ptr<LoopSockets>> loops_;
  std::atomic<std::size_t> waiting_{0};  // bytes of publications that some loop has not delivered
  std::mutex mutex_;                     // of room_: threads that wait for room in some queue
  std::condition_variable room_;
  std::uint64_t rooms_ = 0;
};

}  // namespace server::websocket
