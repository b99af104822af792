// What a protocol sits on: the cork before the carrier, the ways to end.
#include "server/connection.h"

#include <cstring>
#include <utility>

namespace server {

namespace {
constexpr std::size_t kDirect = 16 * 1024;  // from here on bytes do not pass through the cork
constexpr std::uint64_t kLinger = 2'000;    // ms of discarding input before the close
}  // namespace

Connection::~Connection() { loop_.forget(*this); }

void Connection::open(std::unique_ptr<Protocol> protocol, std::uint64_t number) {
  protocol_ = std::move(protocol);
  number_ = number;
  paused_ = false;
  start_reading();
}

void Connection::become(std::unique_ptr<Protocol> protocol) {
  loop_.retire(std::exchange(protocol_, std::move(protocol)));
  if (closed_) protocol_->lost();
}

// --- input ---------------------------------------------------------------------------------------

void Connection::pause() {
  paused_ = true;
  if (!closed_) stop_reading();
}

void Connection::resume() {
  paused_ = false;
  if (!closed_ && !input_ended_) start_reading();
}

void Connection::received(std::span<char> bytes) {
  if (closing()) return;
  protocol_->bytes(bytes);
  flush_after_input();
}

void Connection::input_is_over() {
  input_ended_ = true;
  if (ending_ == Ending::lingering) return close();
  if (closing()) return;  // what is still to be sent is sent first
  protocol_->end_of_input();
  flush_after_input();
}

void Connection::flush_after_input() {
  if (piece_ == Cork::kNone) flush();  // else at the turn's end
}

// --- output --------------------------------------------------------------------------------------

char* Connection::reserve(std::size_t size) { return loop_.cork().reserve(*this, piece_, size); }

void Connection::wrote(std::size_t size) { loop_.cork().wrote(size); }

void Connection::write(std::string_view bytes) {
  if (closed_ || bytes.empty()) return;
  if (bytes.size() < kDirect) {
    std::memcpy(reserve(bytes.size()), bytes.data(), bytes.size());
    wrote(bytes.size());
  } else {
    const std::string_view before = corked();
    if (!doomed_) send(before, bytes);
  }
}

void Connection::flush() {
  if (piece_ != Cork::kNone) {
    const std::string_view bytes = corked();
    if (!closed_ && !doomed_) send(bytes, {});
  }
  if (ending_ != Ending::none) finish_ending();
}

void Connection::drained() {
  if (wants_room_ && queued() <= kLowMark && ending_ == Ending::none) {
    wants_room_ = queued() != 0;
    protocol_->room();
  }
  flush();
}

// --- the end -------------------------------------------------------------------------------------

void Connection::expired() {
  if (ending_ == Ending::lingering) return close();
  if (!closed_) protocol_->timeout();
  flush();
}

void Connection::close() {
  if (closed_) return;
  closed_ = true;
  loop_.cork().take(piece_);
  disarm();
  if (protocol_ != nullptr) protocol_->lost();
  release();
}

// Closes soon: whoever writes now must find itself and everyone else where they were.
void Connection::doom() {
  if (closed_ || doomed_) return;
  doomed_ = true;
  loop_.close_at_turn_end(*this);
}

void Connection::close_when_flushed() {
  if (ending_ == Ending::none) ending_ = Ending::flush;
}

void Connection::linger() {
  if (ending_ == Ending::none) ending_ = Ending::linger;
}

void Connection::finish_ending() {
  if (closed_ || doomed_ || queued() != 0 || ending_ == Ending::lingering) return;
  const bool input_follows = ending_ == Ending::linger && !input_ended_;
  if (!end_output(input_follows)) return;
  if (!input_follows) return doom();
  ending_ = Ending::lingering;
  resume();
  arm(kLinger);
}

}  // namespace server
