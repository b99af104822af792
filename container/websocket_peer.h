// The plugin's end of WebSockets, called on their own loops.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include <margay/abi_websocket.h>

#include "container/residents.h"
#include "container/session_count.h"
#include "server/websocket/peer.h"

namespace container {

// A type and its instance, called with the object of one socket. `open` and `message` are false
// when the type failed: the socket is to be closed with 1011.
class SocketType {
 public:
  SocketType(const margay_websocket_type& type, void* self) : type_(type), self_(self) {}

  bool open(void* object, server::websocket::Session session) const;
  bool message(void* object, server::websocket::Session session, int kind, std::string_view bytes,
               bool last) const;
  void drain(void* object, server::websocket::Session session) const;
  void error(void* object, server::websocket::Session session, std::string_view what) const;
  void close(void* object, server::websocket::Session session, std::uint16_t code,
             std::string_view reason) const;
  void end(void* object) const;  // the last call for it

 private:
  const margay_websocket_type& type_;
  void* const self_;
};

// The object a type made for one socket, with the rights it has: that its code stays, and to be one
// of so many. The first is let go of last: the count is the application's, too.
struct PeerObject {
  void* object = nullptr;
  Resident resident;
  SessionPlace place;
};

// All sockets of one endpoint whose type does not block.
class LoopPeers final : public server::websocket::Peer {
 public:
  // Both null: nobody counts, and the objects themselves keep what they need.
  LoopPeers(SocketType type, std::string title, SessionCount* sessions, Residents* residents)
      : type_(type), title_(std::move(title)), sessions_(sessions), residents_(residents) {}

  // Takes the rights over, which `closed` gives back; for Opening::object.
  static void* take(PeerObject peer) {
    peer.place.keep();
    peer.resident.keep();
    return peer.object;
  }

  bool opened(server::websocket::Session session, void* object) override;
  server::websocket::Heard message(server::websocket::Session session, void* object,
                                   server::websocket::Opcode kind, std::string_view bytes,
                                   bool last) override;
  server::websocket::Heard pong(server::websocket::Session session, void* object,
                                std::string_view payload) override;
  void drained(server::websocket::Session session, void* object) override;
  void failed(server::websocket::Session session, void* object, std::string_view what) override;
  void closed(server::websocket::Session session, void* object, std::uint16_t code,
              std::string_view reason) override;
  // What the watchdog may still look at outlives clients, which end on their loops.
  const char* title() const override {
    return residents_ == nullptr ? "a WebSocket client" : title_.c_str();
  }

 private:
  const SocketType type_;
  const std::string title_;
  SessionCount* const sessions_;
  Residents* const residents_;
};

}  // namespace container
