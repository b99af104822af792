// A message of unknown length on its way: what its writer adds leaves in fragments (RFC 6455 5.4).
#pragma once

#include <atomic>
#include <cstdint>
#include <string>

#include "server/websocket/frame.h"
#include "server/websocket/session.h"
#include "server/websocket/utf8.h"

namespace server::websocket {

// Counted by its writer and by the queue it stands in; everything else is guarded by the lock of
// the session's gate. Later messages wait behind it until it has ended.
class Stream {
 public:
  Stream(Session its, Opcode opcode) : session(its), kind(opcode) {}

  void hold() { counts_.fetch_add(1, std::memory_order_relaxed); }
  void release() {
    if (counts_.fetch_sub(1, std::memory_order_acq_rel) == 1) delete this;
  }

  const Session session;
  const Opcode kind;
  std::string waiting;     // not yet in a fragment; bounded by the queue's limit
  Utf8Check text;          // over all pieces
  bool begun = false;      // a fragment has left
  bool ended = false;      // its writer adds no more
  bool spoilt = false;     // a piece was not UTF-8: it cannot be completed any more
  bool abandoned = false;  // ended, but is not complete

 private:
  ~Stream() = default;
  std::atomic<std::uint32_t> counts_{1};
};

}  // namespace server::websocket
