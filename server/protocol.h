// What sits on a connection: HTTP/1 now, and whatever a connection is upgraded to.
#pragma once

#include <span>

namespace server {

// Owned by its connection, called on its loop. After `lost` nothing more is called. A write never
// calls back: a socket that turns out broken is told of at the end of the loop's turn, so `lost`
// comes from the loop itself or from within `Connection::close`. Once it has asked for an end, it
// hears of `timeout` and `lost` only.
class Protocol {
 public:
  virtual ~Protocol() = default;
  // Valid during the call only, and may be changed in place. What cannot be used yet is the
  // protocol's to keep; `Connection::pause` keeps more from coming.
  virtual void bytes(std::span<char> data) = 0;
  virtual void end_of_input() = 0;  // the peer has sent its last byte
  virtual void room() = 0;          // the output queue fell under its low mark
  virtual void timeout() = 0;       // the deadline armed last has passed
  virtual void drain() = 0;         // finish what is in flight, then close
  virtual void lost() = 0;          // the stream is closed or broken
};

}  // namespace server
