// The plugin's end of WebSockets, called on their own loops.
#include "container/websocket_peer.h"

namespace container {

using server::websocket::Heard;
using server::websocket::Opcode;
using server::websocket::Session;

bool SocketType::open(void* object, Session session) const {
  return type_.open == nullptr || type_.open(self_, object, session.value()) == MARGAY_OK;
}

bool SocketType::message(void* object, Session session, int kind, std::string_view bytes,
                         bool last) const {
  return type_.message == nullptr ||
         type_.message(self_, object, session.value(), kind, {bytes.data(), bytes.size()},
                       last ? 1 : 0) == MARGAY_OK;
}

void SocketType::drain(void* object, Session session) const {
  if (type_.drain != nullptr) type_.drain(self_, object, session.value());
}

void SocketType::error(void* object, Session session, std::string_view what) const {
  if (type_.error != nullptr)
    type_.error(self_, object, session.value(), {what.data(), what.size()});
}

void SocketType::close(void* object, Session session, std::uint16_t code,
                       std::string_view reason) const {
  if (type_.close != nullptr)
    type_.close(self_, object, session.value(), code, {reason.data(), reason.size()});
}

void SocketType::end(void* object) const {
  if (object != nullptr && type_.end_peer != nullptr) type_.end_peer(self_, object);
}

bool LoopPeers::opened(Session session, void* object) { return type_.open(object, session); }

Heard LoopPeers::message(Session session, void* object, Opcode kind, std::string_view bytes,
                         bool last) {
  return type_.message(object, session, static_cast<int>(kind), bytes, last) ? Heard::go_on
                                                                             : Heard::failed;
}

Heard LoopPeers::pong(Session session, void* object, std::string_view payload) {
  return message(session, object, Opcode::pong, payload, true);
}

void LoopPeers::drained(Session session, void* object) { type_.drain(object, session); }

void LoopPeers::failed(Session session, void* object, std::string_view what) {
  type_.error(object, session, what);
}

// Behind the end of the object this may be gone, if nobody counts.
void LoopPeers::closed(Session session, void* object, std::uint16_t code, std::string_view reason) {
  const Resident resident = Resident::adopt(residents_);
  const SessionPlace place = SessionPlace::adopt(sessions_);
  if (session != Session()) type_.close(object, session, code, reason);
  type_.end(object);
}

}  // namespace container
