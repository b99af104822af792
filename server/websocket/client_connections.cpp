// The outgoing connections of one loop: their owner until the last handle is closed.
#include "server/websocket/client_connections.h"

namespace server::websocket {

ClientConnections::~ClientConnections() {
  std::promise<void> gone;
  loop_.post([&] {
    if (first_ == nullptr) return gone.set_value();
    gone_ = &gone;
    for (Connection* one = first_; one != nullptr;) {
      Connection* const next = one->next;
      one->close();
      one = next;
    }
  });
  gone.get_future().wait();
}

SocketConnection& ClientConnections::make() {
  auto* connection = new SocketConnection(loop_, *this, false);
  connection->next = first_;
  if (first_ != nullptr) first_->previous = connection;
  first_ = connection;
  return *connection;
}

tls::RecordBuffers& ClientConnections::records() {
  if (records_ == nullptr) records_ = std::make_unique<tls::RecordBuffers>(loop_);
  return *records_;
}

void ClientConnections::closed(Connection& connection) {
  if (connection.previous != nullptr) connection.previous->next = connection.next;
  if (connection.next != nullptr) connection.next->previous = connection.previous;
  if (first_ == &connection) first_ = connection.next;
  delete &connection;
  if (first_ == nullptr && gone_ != nullptr) gone_->set_value();
}

}  // namespace server::websocket
