// The client's side of TLS before it is agreed: makes a channel, or says why there is none.
#pragma once

#include <memory>
#include <span>
#include <string>

#include "server/protocol.h"
#include "server/tls/client_context.h"

namespace server {
class SocketConnection;
}

namespace server::tls {

class RecordBuffers;

// One of these is called, once, as the last thing that the handshake does.
class ClientHandshakeListener {
 public:
  // The connection is encrypted: it must become something else now, which speaks first, and then
  // take what has come already, by `take_records`. `wants_certificate`: the server asked for one
  // and got none, which it may still object to.
  virtual void secured(std::span<char> records, bool wants_certificate) = 0;
  virtual void refused(std::string reason) = 0;  // a sentence; the connection is the listener's

 protected:
  ~ClientHandshakeListener() = default;
};

// On the loop of its connection, which is plain until then. Has no deadline: that is the
// listener's.
class ClientHandshake final : public Protocol {
 public:
  // Connection and buffers outlive it; the listener does, or calls `leave`.
  ClientHandshake(SocketConnection& connection, RecordBuffers& buffers,
                  std::shared_ptr<const ClientContext> context, const std::string& host,
                  ClientHandshakeListener& listener);
  ~ClientHandshake() override;

  void start();  // the hello; behind `open`
  void leave() { listener_ = nullptr; }

  void bytes(std::span<char> data) override;
  void end_of_input() override;
  void room() override {}
  void timeout() override {}
  void drain() override {}
  void lost() override;

 private:
  void step(std::span<char> data);
  void complete(std::span<char> rest);
  void refuse(std::string reason);
  std::string failure() const;

  SocketConnection& connection_;
  RecordBuffers& buffers_;
  const std::shared_ptr<const ClientContext> context_;
  ClientHandshakeListener* listener_;
  Findings findings_;
  SslPointer ssl_;
  bool heard_ = false;
};

}  // namespace server::tls
