// The seam upwards: what a WebSocket tells whoever opened it (Tomcat's WsFrame and session
// handlers).
#pragma once

#include <cstdint>
#include <string_view>

#include "server/websocket/frame.h"
#include "server/websocket/session.h"

namespace server::websocket {

// What is to be done after a message.
enum class Heard : std::uint8_t {
  go_on,
  hold,   // no more for now; WebSocket::go_on continues
  failed  // the socket closes with 1011
};

// Called on the socket's loop, never during another call for the same socket. One may serve many
// sockets: `object` is what the opening gave for this one. After `closed` the socket touches
// neither.
class Peer {
 public:
  virtual bool opened(Session session, void* object) = 0;  // false: failed, as Heard::failed
  // A whole message, or pieces of one where the opening asked for parts; `bytes` only for the call.
  virtual Heard message(Session session, void* object, Opcode kind, std::string_view bytes,
                        bool last) = 0;
  virtual Heard pong(Session session, void* object,
                     std::string_view payload) = 0;  // not to a ping of ours
  virtual void drained(Session session,
                       void* object) = 0;  // there is room again for who heard `full`
  // The socket is about to say goodbye, and no message follows. False: some still wait to be
  // answered, and whoever has them closes the session behind the last one, but is not waited for
  // longer than close_timeout. Must not touch the socket.
  virtual bool leaving(Session, void* /*object*/, std::uint16_t /*code*/,
                       std::string_view /*reason*/) {
    return true;
  }
  // The peer broke the protocol; `closed` follows.
  virtual void failed(Session session, void* object, std::string_view what) = 0;
  // Once, the last call, also when nothing was ever opened: the session is none then. 1005: the
  // peer gave no code; 1006: there was no close frame.
  virtual void closed(Session session, void* object, std::uint16_t code,
                      std::string_view reason) = 0;
  // For the watchdog, while one of the others runs.
  virtual const char* title() const { return "a WebSocket"; }

 protected:
  ~Peer() = default;
};

}  // namespace server::websocket
