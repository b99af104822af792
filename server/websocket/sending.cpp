// One WebSocket on a connection (RFC 6455): what goes out.
#include <sys/random.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstring>
#include <utility>

#include "server/websocket/close_code.h"
#include "server/websocket/deflate.h"
#include "server/websocket/loop_sockets.h"
#include "server/websocket/mask.h"
#include "server/websocket/stream.h"
#include "server/websocket/websocket.h"

namespace server::websocket {

namespace {

constexpr std::size_t kSmall = 16 * 1024 - kFrameHead;  // larger ones do not pass the cork
constexpr std::size_t kPump = 64 * 1024;  // moved from the gate to the connection at once

// Of a clock that only goes forward, never 0; turns over after 71 minutes, long behind any ping.
std::uint32_t microseconds() {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return static_cast<std::uint32_t>(
             std::chrono::duration_cast<std::chrono::microseconds>(now).count()) |
         1u;
}

// Nobody may foresee it (RFC 6455 section 5.3): the kernel's randomness, one call for many frames.
std::uint32_t random_mask() {
  static constexpr std::size_t kMasks = 256;
  thread_local std::array<std::uint32_t, kMasks> masks;
  thread_local std::size_t left = 0;
  if (left == 0) {
    for (std::size_t at = 0; at < sizeof masks;) {
      const ssize_t got =
          ::getrandom(reinterpret_cast<char*>(masks.data()) + at, sizeof masks - at, 0);
      if (got > 0) at += static_cast<std::size_t>(got);
    }
    left = kMasks;
  }
  return masks[--left];
}

}  // namespace

void WebSocket::write_frame(Opcode opcode, std::string_view payload, bool fin, bool rsv1) {
  last_written_ = now();
  if (role_ == Role::client) return write_masked(opcode, payload, fin, rsv1);
  if (payload.size() <= kSmall) {
    char* const to = connection_.reserve(kFrameHead + payload.size());
    const std::size_t head = write_frame_head(to, fin, rsv1, opcode, payload.size());
    std::memcpy(to + head, payload.data(), payload.size());
    return connection_.wrote(head + payload.size());
  }
  char* const to = connection_.reserve(kFrameHead);
  connection_.wrote(write_frame_head(to, fin, rsv1, opcode, payload.size()));
  connection_.write(payload);  // both in one system call
}

void WebSocket::write_masked(Opcode opcode, std::string_view payload, bool fin, bool rsv1) {
  const std::uint32_t mask = random_mask();
  char* to = connection_.reserve(kFrameHead);
  connection_.wrote(write_masked_frame_head(to, fin, rsv1, opcode, payload.size(), mask));
  for (std::size_t at = 0; at < payload.size();) {
    const std::size_t size = std::min(kSmall, payload.size() - at);
    to = connection_.reserve(size);
    std::memcpy(to, payload.data() + at, size);
    unmask(to, size, mask, at);
    connection_.wrote(size);
    at += size;
  }
}

// Where compression was agreed. False: it is better sent as it is.
bool WebSocket::deflate(std::string_view payload, std::string& out) {
  if (payload.size() < options_.compress_from) return false;
  const DeflatePolicy& policy = options_.deflate;
  if (!compression_->keeps_context) {
    sockets_.compress(payload, out, compression_->bits, policy.level);
    return true;
  }
  if (compression_->own == nullptr) {
    compression_->own =
        std::make_unique<Deflater>(compression_->bits, policy.level, policy.mem_level);
    count_memory(compression_->own->memory());
  }
  if (std::exchange(compression_->out_of_step, false)) compression_->own->reset();
  compression_->own->compress(payload, out, false);
  return true;
}

void WebSocket::write_message(Opcode kind, std::string_view payload) {
  gate_.sent.add(payload.size());
  if (compression_ == nullptr) {
    write_frame(kind, payload);
  } else {
    std::string& out = sockets_.scratch();
    const bool deflated = deflate(payload, out);
    write_frame(kind, deflated ? out : payload, true, deflated);
  }
  last_message_ = last_written_;
}

void WebSocket::send_now(Opcode kind, std::string_view payload) {
  if (is_control(kind)) return write_frame(kind, payload);
  write_message(kind, payload);
}

// The frame of a message for many, compressed once for all of them where that can be.
std::string_view WebSocket::deflated_frame(const Frozen& message) {
  if (compression_ == nullptr || message.payload().size() < options_.compress_from) return {};
  const std::string_view frame = message.compressed_frame(
      static_cast<std::uint8_t>(compression_->bits),
      [&](std::string_view payload, std::string& out) {
        sockets_.compress(payload, out, compression_->bits, options_.deflate.level);
        return true;
      });
  if (!frame.empty()) compression_->out_of_step = true;
  return frame;
}

void WebSocket::send_now(Frozen& message) {
  if (role_ == Role::client) return send_now(message.kind(), message.payload());
  std::string_view frame = deflated_frame(message);
  if (frame.empty()) frame = message.frame();
  last_written_ = now();
  if (!is_control(message.kind())) {
    gate_.sent.add(message.payload().size());
    last_message_ = last_written_;
  }
  connection_.write(frame);
}

void WebSocket::write(Outgoing& message) {
  if (is_control(message.kind)) return write_frame(message.kind, message.payload());
  if (message.frozen != nullptr) return send_now(*message.frozen);
  write_message(message.kind, message.payload());
}

void WebSocket::answered_into_queue() {
  if (state_ != State::open || !calling_ || gate_.limits().overflow != Overflow::refuse) return;
  if (connection_.queued() == 0) return;  // it waits for a stream of ours, or for the turn's end
  flooded_ = true;
  update_reading();
}

void WebSocket::write_batch(Gate::Batch& batch) {
  write_list(std::exchange(batch.controls, nullptr));
  write_list(std::exchange(batch.messages, nullptr));
  if (Stream* stream = std::exchange(batch.stream, nullptr)) {
    if (state_ == State::open) {
      if (batch.first) gate_.sent.add(0);
      write_frame(batch.first ? stream->kind : Opcode::continuation, batch.piece, batch.last);
    }
    stream->release();
  }
  complete(std::exchange(batch.finished, nullptr));
  if (batch.broken) fail(close::internal_error, "a message was given up half-way");
}

void WebSocket::write_list(Outgoing* list) {
  while (list != nullptr) {
    Outgoing* const one = std::exchange(list, list->next);
    if (state_ != State::open) {
      one->outcome = Outcome::lost;
    } else {
      write(*one);
    }
    if (one->done.call == nullptr || one->outcome == Outcome::lost) {
      one->next = nullptr;
      complete(one);
    } else {
      connection_.flush();
      const auto queued = static_cast<std::uint32_t>(connection_.queued());
      rare().awaited.push_back({connection_.progress() + queued, one});
    }
  }
}

void WebSocket::complete(Outgoing* list) {
  while (list != nullptr) {
    Outgoing* const one = std::exchange(list, list->next);
    one->done(session_, one->outcome);
    one->end();
  }
}

void WebSocket::complete_flushed() {
  if (rare_ == nullptr) return;
  const auto has_left = [&](std::uint32_t progress) {  // both modulo 2^32
    return static_cast<std::int32_t>(connection_.progress() - progress) >= 0;
  };
  while (!rare_->awaited.empty() && has_left(rare_->awaited.front().progress)) {
    Outgoing* const one = rare_->awaited.front().message;
    rare_->awaited.pop_front();
    one->next = nullptr;
    complete(one);
  }
}

// As much as the connection can take without falling behind, and never so much that it fills the
// queue's limit by itself; the rest waits where it can still be dropped, replaced, or grow too old.
void WebSocket::pump() {
  bool more = true;
  while (more && state_ == State::open) {
    Gate::Batch batch;
    const std::size_t share =
        std::max<std::size_t>(1, gate_.limits()[Limit::queue_bytes] / 4);  // for each of both
    const bool behind = connection_.queued() > std::min(Connection::kLowMark, share);
    gate_.take(behind ? 0 : std::min(kPump, share), batch);
    more = batch.more && batch.has_output();
    write_batch(batch);
    if (state_ != State::open) return;
    connection_.flush();
    gate_.sent_all_but(connection_.queued());
    if (batch.close) return start_close(batch.code, batch.reason);
  }
  if (state_ == State::open) settle();
}

// Tells those who wait for room, and keeps the send timeout.
void WebSocket::settle() {
  complete_flushed();
  const Gate::Room room = gate_.settle(connection_.queued());
  if (room.awaited) sockets_.tell_waiting();
  if (flooded_ && (connection_.queued() == 0 ||
                   (gate_.may_bypass() && connection_.queued() <= Connection::kLowMark))) {
    flooded_ = false;
    update_reading();
  }
  if (room.drained && state_ == State::open) tell_drained();
  if (state_ == State::open && (connection_.queued() > 0) != is_stalled()) schedule();
}

void WebSocket::room() {
  if (state_ != State::open) return;
  answer_ping();
  pump();
}

void WebSocket::send_ping() {
  ping_stamp_ = microseconds();
  char payload[sizeof ping_stamp_];
  std::memcpy(payload, &ping_stamp_, sizeof payload);
  write_frame(Opcode::ping, {payload, sizeof payload});
  ping_sent_ = now();
  pinged_ = true;
}

bool WebSocket::pong(std::string_view payload) {
  if (state_ != State::open) return true;
  if (std::uint32_t stamp = 0; ping_stamp_ != 0 && payload.size() == sizeof stamp) {
    std::memcpy(&stamp, payload.data(), sizeof stamp);
    if (stamp == ping_stamp_) {
      gate_.round_trip.store(microseconds() - stamp, std::memory_order_relaxed);
      ping_stamp_ = 0;
      return true;
    }
  }
  if (!takes_pong_) return true;
  return tell_pong(payload);
}

}  // namespace server::websocket
