// One WebSocket on a connection (RFC 6455): messages in, frames out, its times and its end.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "server/connection.h"
#include "server/protocol.h"
#include "server/websocket/deflate.h"
#include "server/websocket/deflate_terms.h"
#include "server/websocket/gate.h"
#include "server/websocket/limits.h"
#include "server/websocket/message_reader.h"
#include "server/websocket/options.h"
#include "server/websocket/peer.h"
#include "server/websocket/topics.h"

namespace server::websocket {

class LoopSockets;

enum class Role : std::uint8_t { server, client };

// What the handshake decided; used up by the WebSocket that it opens.
struct Opening {
  Peer* peer = nullptr;
  void* object = nullptr;            // the peer's, of this socket
  const Options* options = nullptr;  // all three outlive the socket
  const Limits* limits = nullptr;
  const ReaderLimits* reader_limits = nullptr;
  const void* group = nullptr;   // what sockets of one endpoint have in common
  Counted* companion = nullptr;  // what the handshake left; the socket takes the count over
  std::map<std::string, std::string, std::less<>> properties = {};
  std::optional<DeflateTerms> deflate = {};
  Role role = Role::server;
  bool takes_text = true, takes_binary = true, takes_pong = false;
};

// Owner: its connection, on its loop. While it is open it stands in the loop's table, through whose
// gate other threads reach it.
class WebSocket final : public Protocol, public Subscriber, private Events {
 public:
  // Enters its gate; LoopSockets::open makes it.
  WebSocket(Connection& connection, LoopSockets& sockets, Gate& gate, Session session,
            Opening opening);
  ~WebSocket() override;

  void start();  // stands behind `install`: the peer hears `opened`

  // --- Protocol ---
  void bytes(std::span<char> data) override;
  void end_of_input() override;
  void room() override;
  void timeout() override;
  void drain() override;
  void lost() override;

  // --- for the loop's table; on the loop ---
  Session session() const { return session_; }
  Loop& loop() { return connection_.loop(); }
  const Connection& connection() const { return connection_; }
  std::string_view scope() const { return gate_.scope(); }
  Gate& gate() { return gate_; }
  const void* group() const { return gate_.group(); }
  bool is_open() const { return state_ == State::open; }
  bool closes_first() const { return state_ == State::closing; }  // our close frame is out
  // Whether a message of the loop may leave now, past the queue; then `send_now`.
  bool may_send_now() const {
    return state_ == State::open && gate_.may_bypass() && connection_.queued() == 0;
  }
  void send_now(Opcode kind, std::string_view payload);
  void send_now(Frozen& message);
  // The queue took a message of the socket's own callback: who floods a slow peer with answers is
  // not read until they have left.
  void answered_into_queue();
  void pump();  // what waits at the gate
  void suspend_reading();
  void resume_reading();
  void go_on();  // after Peer::message said no
  void limits_changed();
  // Says goodbye with `code` at some moment within `spread` ms.
  void leave_within(std::uint16_t code, std::string_view reason, std::uint64_t spread);
  // Behind what the connection has room for, whatever the peer's owner still owes. Not within one
  // of its callbacks.
  void leave_now(std::uint16_t code, std::string_view reason);

 private:
  enum class State : std::uint8_t { open, closing, closed };
  class Callback;  // marks that one of the peer's is running
  // ms of the loop's clock modulo 2^32: how long ago one is, is right for 49 days.
  using Moment = std::uint32_t;

  bool message(Opcode kind, std::string_view bytes, bool first, bool last) override;
  bool ping(std::string_view payload) override;
  bool pong(std::string_view payload) override;
  bool close(std::uint16_t code, std::string_view reason) override;

  void use_deflate(const DeflateTerms& terms);
  void feed(char* data, std::size_t size);
  void keep(std::string_view rest);
  void keep_limits();
  Moment now() const { return static_cast<Moment>(connection_.loop().now()); }
  bool reads() const { return state_ == State::closing || !(suspended_ || held_back_ || flooded_); }
  void update_reading();
  bool tell_pong(std::string_view payload);
  bool heard(Heard heard);
  void close_failed();
  void tell_drained();
  void write_frame(Opcode opcode, std::string_view payload, bool fin = true, bool rsv1 = false);
  void write_masked(Opcode opcode, std::string_view payload, bool fin, bool rsv1);
  void write_message(Opcode kind, std::string_view payload);
  void count_memory(std::size_t bytes);
  bool deflate(std::string_view payload, std::string& out);
  std::string_view deflated_frame(const Frozen& message);
  void write(Outgoing& message);
  void write_list(Outgoing* list);
  void write_batch(Gate::Batch& batch);
  void complete(Outgoing* list);
  void complete_flushed();
  void send_ping();
  void answer_ping();
  void start_close(std::uint16_t code, std::string_view reason);
  void fail(std::uint16_t code, std::string_view reason);
  void cut(std::string_view reason);
  void end(std::uint16_t code, std::string_view reason);
  void tell_end();
  void schedule();
  void settle();
  std::uint64_t check_open(std::uint64_t now);
  bool leave(std::uint64_t now);

  // A message whose sender wants to know when the kernel has it.
  struct Awaited {
    std::uint32_t progress;
    Outgoing* message;
  };
  // What only sockets in trouble, or in a hurry to end, need.
  struct Rare {
    std::string unread;  // frames behind one for which there was no room yet
    std::string pong;    // the last ping's payload, to be answered when there is room
    std::deque<Awaited> awaited;
    std::uint64_t stalled_since = 0;  // 0: the connection holds nothing back
    std::uint32_t progress = 0;       // of the connection, at that time
    std::uint64_t leave_at = 0;
    std::uint16_t leave_code = 0, end_code = 0;
    bool has_pong = false;
    bool leaves = false;  // `leave_at` is when it is no longer waited for what the peer still has
    std::string leave_reason, end_reason;
    std::unique_ptr<ReaderLimits> reader_limits;  // of a session that changed its own, or closes
  };
  // permessage-deflate, outwards; inwards it is the reader's.
  struct Compression {
    std::size_t memory = 0;  // of its own streams, as counted by the loop's table
    int bits = 15;
    bool keeps_context = false;
    std::unique_ptr<Deflater> own;  // with context only; made for the first message
    bool out_of_step = false;       // the peer has seen what `own` has not
  };
  Rare& rare();
  bool is_stalled() const { return rare_ != nullptr && rare_->stalled_since != 0; }

  Connection& connection_;
  LoopSockets& sockets_;
  Gate& gate_;
  Peer* peer_;
  void* const object_;
  const Options& options_;
  Session session_;
  std::unique_ptr<Rare> rare_;
  std::unique_ptr<Compression> compression_;
  MessageReader reader_;
  Moment last_read_, last_written_, last_message_;
  Moment ping_sent_ = 0;  // while `pinged_`
  const Moment opened_;
  std::uint32_t ping_stamp_ = 0;  // microseconds, in our last ping; 0: answered
  State state_ : 2 = State::open;
  const Role role_ : 2;
  const bool takes_text_ : 1, takes_binary_ : 1, takes_pong_ : 1;
  bool silent_ : 1 = true;      // the peer has sent no data frame
  bool pinged_ : 1 = false;     // and nothing was heard since
  bool calling_ : 1 = false;    // a callback of the peer runs
  bool end_due_ : 1 = false;    // `closed` is to be told when it has returned
  bool suspended_ : 1 = false;  // by the application
  bool held_back_ : 1 = false;  // the peer's owner has no room
  bool flooded_ : 1 = false;    // answers wait for a slow peer
};

}  // namespace server::websocket
