// What sits on a connection: HTTP/1 now, and whatever a connection is upgraded to.
#pragma once

#include <string_view>

namespace server {

// Owned by its connection, called on its loop. After `lost` nothing more is called.
class Protocol {
 public:
  virtual ~Protocol() = default;
  virtual void bytes(std::string_view data) = 0;  // valid during the call only
  virtual void end_of_input() = 0;                // the peer has sent its last byte
  virtual void room() = 0;                        // the output queue fell under its low mark
  virtual void timeout() = 0;                     // the deadline armed last has passed
  virtual void drain() = 0;                       // finish what is in flight, then close
  virtual void lost() = 0;                        // the stream is closed or broken
};

}  // namespace server
