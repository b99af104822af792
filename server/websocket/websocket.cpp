// One WebSocket on a connection (RFC 6455): what comes in, its times and its end.
#include "server/websocket/websocket.h"

#include <algorithm>
#include <cassert>
#include <ctime>
#include <utility>

#include "server/websocket/close_code.h"
#include "server/websocket/deflate.h"
#include "server/websocket/loop_sockets.h"

namespace server::websocket {

// What a slow peer has not taken waits in our queue, where keys, times to live and the overflow
// policy reach it, and not in the kernel, where it only gets old. Measured on loopback with ten
// thousand messages a second: of 12 s without reading, 61,000 old messages became 3,000.
constexpr int kUnsent = 64 * 1024;

// Callbacks come one after the other: what would begin another one waits until this one is over.
class WebSocket::Callback {
 public:
  explicit Callback(WebSocket& socket)
      : socket_(socket), call_(socket.connection_.loop(), socket.peer_->title()) {
    assert(!socket.calling_);
    socket_.calling_ = true;
  }
  ~Callback() {
    socket_.calling_ = false;
    if (socket_.end_due_) socket_.tell_end();
  }
  Callback(const Callback&) = delete;
  Callback& operator=(const Callback&) = delete;

 private:
  WebSocket& socket_;
  const Loop::Call call_;
};

WebSocket::WebSocket(Connection& connection, LoopSockets& sockets, Gate& gate, Session session,
                     Opening opening)
    : connection_(connection),
      sockets_(sockets),
      gate_(gate),
      peer_(opening.peer),
      object_(opening.object),
      options_(*opening.options),
      session_(session),
      reader_(
          opening.role == Role::server ? MessageReader::Side::server : MessageReader::Side::client,
          *this, *opening.reader_limits, sockets.buffers()),
      last_read_(now()),
      last_written_(last_read_),
      last_message_(last_read_),
      opened_(last_read_),
      role_(opening.role),
      takes_text_(opening.takes_text),
      takes_binary_(opening.takes_binary),
      takes_pong_(opening.takes_pong) {
  gate_.open(session.generation(), *this, *opening.limits, opening.group, *opening.companion,
             std::move(opening.properties));
  opening.companion->release();
  if (opening.deflate) use_deflate(*opening.deflate);
  connection_.limit_unsent(kUnsent);
}

// Without context takeover a message needs no stream of its own.
void WebSocket::use_deflate(const DeflateTerms& terms) {
  const DeflatePolicy& policy = options_.deflate;
  const bool server = role_ == Role::server;
  const bool out_alone =
      server ? terms.server_no_context_takeover : terms.client_no_context_takeover;
  const bool in_alone =
      server ? terms.client_no_context_takeover : terms.server_no_context_takeover;
  const int in_bits = server ? terms.client_max_window_bits : terms.server_max_window_bits;
  const bool dedicated = policy.mode == DeflatePolicy::Mode::dedicated;
  compression_ = std::make_unique<Compression>();
  compression_->bits = server ? terms.server_max_window_bits : terms.client_max_window_bits;
  compression_->keeps_context = dedicated && !out_alone;
  if (in_alone) {
    reader_.inflate_with(sockets_.deflate());
  } else {
    reader_.inflate_with(std::make_unique<Inflater>(in_bits, true));
    count_memory(Inflater::memory(in_bits));
  }
}

WebSocket::~WebSocket() {
  if (compression_ != nullptr)
    sockets_.count_compressor(-static_cast<std::ptrdiff_t>(compression_->memory));
}

void WebSocket::count_memory(std::size_t bytes) {
  compression_->memory += bytes;
  sockets_.count_compressor(static_cast<std::ptrdiff_t>(bytes));
}

WebSocket::Rare& WebSocket::rare() {
  if (rare_ == nullptr) rare_ = std::make_unique<Rare>();
  return *rare_;
}

void WebSocket::start() {
  {
    const Callback callback(*this);
    if (!peer_->opened(session_, object_)) close_failed();
  }
  if (state_ == State::open) schedule();
}

// --- what comes in
// ----------------------------------------------------------------------------------

void WebSocket::bytes(std::span<char> data) {
  last_read_ = now();
  pinged_ = false;  // it lives, whatever it says
  if (state_ == State::closed) return;
  // It may be held back before anything was read: what came with the handshake comes all the same.
  if (!reads() || (rare_ != nullptr && !rare_->unread.empty()))
    return keep({data.data(), data.size()});
  feed(data.data(), data.size());
}

void WebSocket::feed(char* data, std::size_t size) {
  const std::size_t taken = reader_.read(data, size);
  if (const Fault* fault = reader_.fault(); fault != nullptr && state_ != State::closed)
    return fail(fault->code, fault->reason);
  if (state_ == State::closed) return;
  if (taken < size) return keep({data + taken, size - taken});
  if (!reads()) connection_.pause();  // the message that was one too many has ended the read
}

// What a peer's owner had no room for; not more than one read, for then the connection is paused.
void WebSocket::keep(std::string_view rest) {
  rare().unread.append(rest);
  update_reading();
}

// The reader's limits become its own.
void WebSocket::keep_limits() {
  if (rare().reader_limits != nullptr) return;
  rare_->reader_limits = std::make_unique<ReaderLimits>(reader_.limits());
  reader_.limit_by(*rare_->reader_limits);
}

void WebSocket::limits_changed() {
  if (state_ != State::open) return;
  const Limits& limits = gate_.limits();
  keep_limits();
  rare_->reader_limits->max_text = limits[Limit::max_text];
  rare_->reader_limits->max_binary = limits[Limit::max_binary];
  rare_->reader_limits->max_frame = std::max(
      {options_.max_frame, rare_->reader_limits->max_text, rare_->reader_limits->max_binary});
  schedule();
}

void WebSocket::go_on() {
  held_back_ = false;
  update_reading();
}

void WebSocket::suspend_reading() {
  suspended_ = true;
  update_reading();
}

void WebSocket::resume_reading() {
  suspended_ = false;
  update_reading();
}

void WebSocket::update_reading() {
  if (!reads()) return connection_.pause();
  if (connection_.paused()) ping_sent_ = now();  // nobody heard a pong
  while (rare_ != nullptr && !rare_->unread.empty() && !calling_) {
    std::string unread = std::exchange(rare_->unread, {});
    feed(unread.data(), unread.size());
    if (state_ == State::closed) return;
    if (!reads()) return connection_.pause();
  }
  connection_.resume();
}

bool WebSocket::message(Opcode kind, std::string_view bytes, bool, bool last) {
  // Behind our close frame nothing counts, nor behind the decision to send it.
  if (state_ != State::open || (rare_ != nullptr && rare_->leaves)) return true;
  silent_ = false;
  last_message_ = last_read_;
  if (kind == Opcode::text ? !takes_text_ : !takes_binary_) {
    fail(close::unsupported,
         kind == Opcode::text ? "text is not taken here" : "binary messages are not taken here");
    return false;
  }
  if (last) gate_.received.add(bytes.size());
  const Callback callback(*this);
  return heard(peer_->message(session_, object_, kind, bytes, last));
}

// Whether more may be read.
bool WebSocket::heard(Heard heard) {
  held_back_ = heard == Heard::hold;
  if (heard == Heard::failed) close_failed();
  return !(held_back_ || suspended_ || flooded_) && state_ != State::closed;
}

bool WebSocket::tell_pong(std::string_view payload) {
  const Callback callback(*this);
  return heard(peer_->pong(session_, object_, payload));
}

// Behind what the peer's owner has sent before it failed.
void WebSocket::close_failed() {
  const Gate::Entry entry =
      gate_.request_close(session_, close::internal_error, "the endpoint has failed");
  if (entry.tell) sockets_.tell(gate_);
}

void WebSocket::tell_drained() {
  {
    const Callback callback(*this);
    peer_->drained(session_, object_);
  }
  if (state_ == State::open && rare_ != nullptr && !rare_->unread.empty()) update_reading();
}

bool WebSocket::ping(std::string_view payload) {
  if (state_ != State::open) return true;
  Rare* its = rare_.get();
  if (connection_.queued() <= Connection::kLowMark && (its == nullptr || !its->has_pong)) {
    write_frame(Opcode::pong, payload);
  } else {  // only the last one needs an answer (RFC 6455 section 5.5.3)
    rare().pong.assign(payload);
    rare_->has_pong = true;
  }
  return true;
}

void WebSocket::answer_ping() {
  if (rare_ == nullptr || !rare_->has_pong || connection_.queued() > Connection::kLowMark) return;
  rare_->has_pong = false;
  write_frame(Opcode::pong, rare_->pong);
}

// --- its end
// ----------------------------------------------------------------------------------------

// The peer closes, or answers our close frame.
bool WebSocket::close(std::uint16_t code, std::string_view reason) {
  if (state_ == State::open) {
    char payload[2] = {static_cast<char>(code >> 8), static_cast<char>(code & 0xff)};
    write_frame(Opcode::close, {payload, code == close::no_code ? 0u : 2u});
    connection_.arm(options_.close_timeout);  // else it runs already
  }
  state_ = State::closed;
  end(code, reason);                 // and the endpoint may be gone, with its options
  connection_.close_when_flushed();  // the server closes first (RFC 6455 section 7.1.1)
  return false;
}

void WebSocket::start_close(std::uint16_t code, std::string_view reason) {
  if (state_ != State::open) return;
  char payload[125] = {static_cast<char>(code >> 8), static_cast<char>(code & 0xff)};
  const std::string_view kept = cut_reason(reason);
  kept.copy(payload + 2, kept.size());
  write_frame(Opcode::close, {payload, kept.size() + 2});
  state_ = State::closing;
  flooded_ = suspended_ = held_back_ = false;
  rare().leave_at = connection_.loop().now() + options_.close_timeout;
  connection_.arm(options_.close_timeout);
  keep_limits();  // the peer may still be sending when those of the endpoint are gone
  end(code, reason);
  update_reading();
}

// RFC 6455 section 7.1.7: the close frame, then the end of our side; the peer may still be sending.
void WebSocket::fail(std::uint16_t code, std::string_view reason) {
  const bool was_open = state_ == State::open;
  if (was_open) {
    char payload[125] = {static_cast<char>(code >> 8), static_cast<char>(code & 0xff)};
    const std::string_view kept = cut_reason(reason);
    kept.copy(payload + 2, kept.size());
    write_frame(Opcode::close, {payload, kept.size() + 2});
    connection_.arm(options_.close_timeout);  // else it runs already
  }
  state_ = State::closed;
  if (was_open && !calling_) {
    const Callback callback(*this);
    peer_->failed(session_, object_, reason);
  }
  end(code, reason);
  connection_.linger();
}

void WebSocket::cut(std::string_view reason) {
  state_ = State::closed;
  end(close::abnormal, reason);
  connection_.close();
}

void WebSocket::end_of_input() {
  if (state_ == State::closed) return;
  cut("the connection ended without a close frame");
}

void WebSocket::lost() {
  state_ = State::closed;
  end(close::abnormal, "the connection was lost");
}

void WebSocket::end(std::uint16_t code, std::string_view reason) {
  if (peer_ == nullptr || end_due_) return;
  gate_.stop_taking();
  if (calling_) {
    end_due_ = true;
    rare().end_code = code;
    rare_->end_reason = reason;
    return;
  }
  Peer* peer = std::exchange(peer_, nullptr);
  auto [lost, awaited] = gate_.close();
  if (rare_ != nullptr)
    for (const Awaited& one : std::exchange(rare_->awaited, {})) {
      one.message->outcome = Outcome::lost;
      one.message->next = std::exchange(lost, one.message);
    }
  sockets_.leave(*this);
  if (awaited) sockets_.tell_waiting();
  complete(lost);
  const Loop::Call call(connection_.loop(), peer->title());
  peer->closed(session_, object_, code, reason);
}

void WebSocket::tell_end() {
  end_due_ = false;
  end(rare_->end_code, std::string(std::move(rare_->end_reason)));
}

// --- time
// -------------------------------------------------------------------------------------------

void WebSocket::leave_within(std::uint16_t code, std::string_view reason, std::uint64_t spread) {
  if (state_ != State::open || rare().leaves) return;
  rare_->leave_code = code;
  rare_->leave_reason = reason;
  rare_->leave_at = connection_.loop().now() + sockets_.moment_within(spread);
  schedule();
}

void WebSocket::leave_now(std::uint16_t code, std::string_view reason) {
  assert(!calling_);
  pump();
  start_close(code, reason);
}

void WebSocket::drain() {
  if (state_ != State::open) return;
  leave_within(close::going_away, "the server stops", sockets_.spread(options_.drain_timeout));
}

// Whether it has; else the peer's owner does it, and is waited for until `leave_at`.
bool WebSocket::leave(std::uint64_t now) {
  if (!std::exchange(rare_->leaves, true) &&
      !peer_->leaving(session_, object_, rare_->leave_code, rare_->leave_reason)) {
    constexpr std::uint64_t kForever = ~std::uint64_t{0};
    rare_->leave_at = options_.close_timeout == 0 ? kForever : now + options_.close_timeout;
    return false;
  }
  // What can still go before it is sent first, which looks at what is due again: no more at this.
  const std::uint16_t code = std::exchange(rare_->leave_code, std::uint16_t{0});
  pump();
  start_close(code, rare_->leave_reason);
  return true;
}

void WebSocket::schedule() { connection_.arm(check_open(connection_.loop().now())); }

// What is due is done; ms until something is due next.
std::uint64_t WebSocket::check_open(std::uint64_t now) {
  // What a callback wrote is looked after from the next time on, should the peer not take it.
  constexpr std::uint64_t kLongest = 30'000;
  std::uint64_t next = kLongest;
  const auto due = [&](std::uint64_t age, std::uint64_t span) {
    if (span == 0) return false;
    if (age >= span) return true;
    next = std::min(next, span - age);
    return false;
  };
  const auto age = [&](Moment moment) { return static_cast<Moment>(now) - moment; };
  const Limits& limits = gate_.limits();
  if (rare_ != nullptr && rare_->leave_code != 0) {
    // Within a callback what it sends may still have to go: soon behind it.
    if (rare_->leave_at <= now && !calling_ && leave(now)) return 0;
    next = std::min(next, rare_->leave_at - std::min(rare_->leave_at, now));
  }
  if (connection_.queued() > 0) {
    if (!is_stalled() || connection_.progress() != rare_->progress) {
      rare().progress = connection_.progress();
      rare_->stalled_since = now;
    }
    if (due(now - rare_->stalled_since, limits[Limit::send_timeout])) {
      cut("the peer took nothing for sendTimeout");
      return 0;
    }
  } else if (rare_ != nullptr) {
    rare_->stalled_since = 0;
  }
  if (silent_ && due(age(opened_), options_.open_timeout)) {
    start_close(close::policy, "no message within openTimeout");
    return 0;
  }
  if (due(age(last_message_), limits[Limit::idle_timeout])) {
    start_close(close::going_away, "no message within maxIdleTimeout");
    return 0;
  }
  if (const std::uint64_t end = limits[Limit::expires]; end != 0) {
    const auto today = static_cast<std::uint64_t>(std::time(nullptr));
    if (today >= end) {
      start_close(close::policy, "the login has expired");
      return 0;
    }
    next = std::min(next, (end - today) * 1000);
  }
  const std::uint64_t interval = limits[Limit::ping_interval];
  const Moment quiet = reads() ? std::max(age(last_read_), age(last_written_)) : age(last_written_);
  if ((!pinged_ || !reads()) && due(quiet, interval)) send_ping();
  if (pinged_) {
    if (reads() &&
        due(age(ping_sent_), options_.pong_timeout)) {  // else nobody would hear the pong
      cut("no pong within pongTimeout");
      return 0;
    }
    // The pong that may come before moves no timer, and the next ping is due after an interval.
    if (interval != 0) next = std::min(next, interval);
  }
  return next;
}

void WebSocket::timeout() {
  const std::uint64_t now = connection_.loop().now();
  if (state_ == State::open) {
    const std::uint64_t next = check_open(now);
    if (state_ == State::open) connection_.arm(next);
  } else if (state_ == State::closing) {
    if (rare_->leave_at > now) return connection_.arm(rare_->leave_at - now);
    state_ = State::closed;
    connection_.close();
  } else {
    connection_.close();  // the peer does not even take our close frame
  }
}

}  // namespace server::websocket
