// The plugin's end of one WebSocket whose type may block: called on workers, one call at a time.
#include "container/websocket_strand.h"

#include <utility>

#include "server/websocket/close_code.h"
#include "server/websocket/websocket.h"

namespace container {

using server::websocket::Heard;
using server::websocket::Opcode;
using server::websocket::Session;

bool WorkerPeer::is_full() const {
  return count_ >= socket_.options.inbound_messages || bytes_ >= kMaxBytes;
}

bool WorkerPeer::add(Happening happening) {
  const std::scoped_lock lock(mutex_);
  if (happening.what == Happening::What::message) {
    ++count_;
    bytes_ += happening.bytes.size();
  }
  waiting_.push_back(std::move(happening));
  // A socket that was let in has a place: there are no more of them than connections.
  if (!std::exchange(running_, true)) workers_.submit(*this, true);
  full_ = is_full();
  return !full_;
}

bool WorkerPeer::opened(Session session, void*) {
  session_ = session;
  add({.what = Happening::What::open});
  return true;
}

Heard WorkerPeer::message(Session, void*, Opcode kind, std::string_view bytes, bool last) {
  const bool room = add({.what = Happening::What::message,
                         .kind = static_cast<std::uint8_t>(kind),
                         .last = last,
                         .bytes = std::string(bytes)});
  return room ? Heard::go_on : Heard::hold;
}

Heard WorkerPeer::pong(Session session, void*, std::string_view payload) {
  return message(session, nullptr, Opcode::pong, payload, true);
}

void WorkerPeer::drained(Session, void*) { add({.what = Happening::What::drain}); }

// What was heard before the goodbye is answered before it.
bool WorkerPeer::leaving(Session, void*, std::uint16_t code, std::string_view reason) {
  {
    const std::scoped_lock lock(mutex_);
    if (!running_) return true;
  }
  add({.what = Happening::What::leave, .code = code, .bytes = std::string(reason)});
  return false;
}

void WorkerPeer::failed(Session, void*, std::string_view what) {
  add({.what = Happening::What::error, .bytes = std::string(what)});
}

void WorkerPeer::closed(Session, void*, std::uint16_t code, std::string_view reason) {
  add({.what = Happening::What::close, .code = code, .bytes = std::string(reason)});
}

void WorkerPeer::tell(const Happening& happening) {
  bool good = true;
  switch (happening.what) {
    case Happening::What::open:
      good = type_.open(peer_.object, session_);
      break;
    case Happening::What::message:
      good = type_.message(peer_.object, session_, happening.kind, happening.bytes, happening.last);
      break;
    case Happening::What::drain:
      type_.drain(peer_.object, session_);
      break;
    case Happening::What::leave:
      hub_.close(session_, happening.code, happening.bytes);
      break;
    case Happening::What::error:
      type_.error(peer_.object, session_, happening.bytes);
      break;
    case Happening::What::close:
      if (session_ != Session())
        type_.close(peer_.object, session_, happening.code, happening.bytes);
      type_.end(peer_.object);
      break;
  }
  if (!good)
    hub_.close(session_, server::websocket::close::internal_error, "the endpoint has failed");
}

// What waits at the moment; what comes meanwhile has its turn behind other sockets.
void WorkerPeer::run() {
  server::websocket::Hub& hub = hub_;
  const Session session = session_;
  std::vector<Happening> happenings;
  {
    const std::scoped_lock lock(mutex_);
    happenings.swap(waiting_);
  }
  std::size_t bytes = 0, count = 0;
  for (const Happening& one : happenings) {
    tell(one);
    if (one.what == Happening::What::close) return loop_.post(ending_);  // nothing follows
    if (one.what == Happening::What::message) {
      ++count;
      bytes += one.bytes.size();
    }
  }
  bool go_on = false;
  {
    const std::scoped_lock lock(mutex_);
    count_ -= count;
    bytes_ -= bytes;
    go_on = full_ && !is_full();
    if (go_on) full_ = false;
    if (waiting_.empty()) {
      running_ = false;
    } else {
      workers_.submit(*this, true);
    }
  }
  // From here on this object may be gone.
  if (go_on) hub.with(session, [](server::websocket::WebSocket& socket) { socket.go_on(); });
}

}  // namespace container
