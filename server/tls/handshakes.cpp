// The handshakes of one connector on one loop: how many at once, and how much of a turn they take.
#include "server/tls/handshakes.h"

#include <algorithm>
#include <utility>

#include "server/socket_connection.h"
#include "server/tls/handshake.h"

namespace server::tls {

std::unique_ptr<Protocol> Handshakes::begin(SocketConnection& connection) {
  return std::make_unique<Handshake>(connection, *this, context_);
}

void Handshakes::call_me() {
  if (!std::exchange(posted_, true)) loop_.post(*this);
}

bool Handshakes::is_full() const {
  return counts_.under_way.load(std::memory_order_relaxed) >= context_->options().max_handshakes;
}

// Written by this loop alone, so that adding needs no locked instruction.
void Handshakes::count_under_way(int more) {
  const std::uint64_t now = counts_.under_way.load(std::memory_order_relaxed);
  counts_.under_way.store(now + static_cast<std::uint64_t>(more), std::memory_order_relaxed);
}

bool Handshakes::may_begin(Handshake& handshake) {
  if (is_full() || begun_ == kBegunInTurn) {
    waiting_.push_back(&handshake);
    return false;
  }
  count_under_way(1);
  ++begun_;
  call_me();
  return true;
}

void Handshakes::leave(Handshake& handshake) {
  if (handshake.stage_ == Handshake::Stage::under_way) {
    count_under_way(-1);
    if (!waiting_.empty()) call_me();
  } else if (handshake.stage_ == Handshake::Stage::waiting) {
    waiting_.erase(std::find(waiting_.begin(), waiting_.end(), &handshake));
  }
}

// The turn is over.
void Handshakes::run() {
  posted_ = false;
  begun_ = 0;
  while (!waiting_.empty() && begun_ < kBegunInTurn && !is_full()) {
    Handshake& next = *waiting_.front();
    waiting_.pop_front();
    next.go_on();
  }
}

}  // namespace server::tls
