// The handshakes of one connector on one loop: how many at once, and how much of a turn they take.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>

#include "server/log.h"
#include "server/loop.h"
#include "server/speakers.h"
#include "server/tls/context.h"
#include "server/tls/record_buffers.h"

namespace server {
class SocketConnection;
}

namespace server::tls {

// Written by the loop, read by any thread.
struct HandshakeCounts {
  std::atomic<std::uint64_t> done{0};
  std::atomic<std::uint64_t> resumed{0};  // of the done
  std::atomic<std::uint64_t> failed{0};
  std::atomic<std::uint64_t> under_way{0};  // and begun; those that wait are not
};

class Handshake;

// Owner thread: its loop; outlives its connections. A handshake costs a signature, which is most of
// a millisecond with some keys: so a turn makes a few of them and leaves the others to the next.
class Handshakes final : private Task {
 public:
  static constexpr std::size_t kBegunInTurn = 8;

  Handshakes(Loop& loop, Speakers& speakers, std::shared_ptr<const Context> context, Log log)
      : loop_(loop),
        speakers_(speakers),
        context_(std::move(context)),
        log_(std::move(log)),
        buffers_(loop) {}

  // What speaks on a new connection until it knows its protocol.
  std::unique_ptr<Protocol> begin(SocketConnection& connection);
  void set_context(std::shared_ptr<const Context> context) { context_ = std::move(context); }

  const HandshakeCounts& counts() const { return counts_; }

 private:
  friend class Handshake;
  // Whether it may begin now, which costs most. False: it will be called when it may.
  bool may_begin(Handshake& handshake);
  void leave(Handshake& handshake);  // it ends or is lost
  void run() override;
  void call_me();
  bool is_full() const;
  void count_under_way(int more);

  Loop& loop_;
  Speakers& speakers_;
  std::shared_ptr<const Context> context_;  // for new ones
  Log log_;
  RecordBuffers buffers_;
  HandshakeCounts counts_;
  std::deque<Handshake*> waiting_;  // each a connection's: at most maxConnections
  std::size_t begun_ = 0;           // in this turn
  bool posted_ = false;
};

}  // namespace server::tls
