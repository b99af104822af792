// The outgoing connections of one loop: their owner until the last handle is closed.
#pragma once

#include <future>
#include <memory>

#include "server/loop.h"
#include "server/socket_connection.h"
#include "server/tls/record_buffers.h"

namespace server::websocket {

// Made and ended by the control thread; everything else happens on the loop. Ended before the
// loop's LoopSockets, which its WebSockets stand in.
class ClientConnections final : private ConnectionOwner {
 public:
  explicit ClientConnections(Loop& loop) : loop_(loop) {}
  ~ClientConnections();  // cuts what there is and waits until all handles are gone
  ClientConnections(const ClientConnections&) = delete;
  ClientConnections& operator=(const ClientConnections&) = delete;

  Loop& loop() { return loop_; }
  SocketConnection& make();  // unconnected; gone when it is closed
  tls::RecordBuffers& records();

 private:
  void closed(Connection& connection) override;

  Loop& loop_;
  std::unique_ptr<tls::RecordBuffers> records_;  // made for the first wss
  Connection* first_ = nullptr;
  std::promise<void>* gone_ = nullptr;  // the destructor waits
};

}  // namespace server::websocket
