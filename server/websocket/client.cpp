// An outgoing WebSocket through all its connections: connects, and connects again when it is lost.
#include "server/websocket/client.h"

#include <algorithm>
#include <cassert>
#include <utility>

#include "server/websocket/close_code.h"

namespace server::websocket {

// Stands before the peer to learn of the session and of its end. Ends itself, as every peer.
class Client::Watch final : public Peer {
 public:
  Watch(Client& client, Peer& peer) : client_(client), peer_(peer) {}

  bool opened(Session session, void* object) override {
    client_.session_.store(session.value(), std::memory_order_release);
    return peer_.opened(session, object);
  }
  Heard message(Session session, void* object, Opcode kind, std::string_view bytes,
                bool last) override {
    return peer_.message(session, object, kind, bytes, last);
  }
  Heard pong(Session session, void* object, std::string_view payload) override {
    return peer_.pong(session, object, payload);
  }
  void drained(Session session, void* object) override { peer_.drained(session, object); }
  bool leaving(Session session, void* object, std::uint16_t code,
               std::string_view reason) override {
    return peer_.leaving(session, object, code, reason);
  }
  void failed(Session session, void* object, std::string_view what) override {
    peer_.failed(session, object, what);
  }
  void closed(Session session, void* object, std::uint16_t code, std::string_view reason) override {
    const std::unique_ptr<Watch> self(this);
    client_.session_.store(0, std::memory_order_release);
    const bool by_us = client_.socket_->closes_first();
    peer_.closed(session, object, code, reason);
    client_.ended(code, by_us);
  }

 private:
  Client& client_;
  Peer& peer_;
};

Client::Client(Hub& hub, ClientConnections& connections, ClientOptions options,
               ClientListener& listener)
    : hub_(hub),
      connections_(connections),
      options_(std::move(options)),
      listener_(listener),
      bound_(2 * options_.min_delay) {}

Client::~Client() {
  stop();
  connections_.loop().forget(*this);
}

void Client::start() {
  AttemptListener& listener = *this;
  attempt_ = std::make_unique<Attempt>(connections_, options_, listener);
  attempt_->begin();
}

void Client::stop() {
  stopped_ = true;
  attempt_.reset();
  connections_.loop().disarm(*this);
  if (socket_ == nullptr) return;
  socket_->leave_now(close::normal, {});
  assert(socket_ == nullptr && "a socket that closes has told its peer");
}

void Client::connected(Connected connected) {
  attempt_.reset();
  Connection& connection = connected.connection;
  Opening opening = listener_.connected(connected);
  opening.role = Role::client;
  opening.deflate = connected.agreement.deflate;
  Peer& peer = *opening.peer;
  void* const object = opening.object;
  auto watch = std::make_unique<Watch>(*this, peer);
  opening.peer = watch.get();
  auto made = hub_.on(connection.loop()).open(connection, opening);
  if (made == nullptr) {
    opening.companion->release();
    peer.closed({}, object, close::abnormal, "there are too many WebSockets");
    connection.close();
    return failed(0, connected.url.text() + ": there are too many WebSockets");
  }
  watch.release();
  opened_ = connection.loop().now();
  WebSocket& socket = *made;
  socket_ = made.get();
  connection.become(std::move(made));
  socket.start();
  if (!connected.rest.empty() && !connection.closing()) socket.bytes(connected.rest);
}

void Client::failed(int status, std::string reason) {
  attempt_.reset();
  listener_.failed(status, reason);
  if (options_.reconnects && !stopped_) try_later();
}

void Client::ended(std::uint16_t code, bool by_us) {
  socket_ = nullptr;
  if (stopped_ || !options_.reconnects) return;
  if (code == close::policy || (code == close::normal && by_us)) return;
  if (connections_.loop().now() - opened_ > bound_) bound_ = 2 * options_.min_delay;
  try_later();
}

void Client::try_later() {
  const std::uint64_t bound = std::max(options_.min_delay, std::min(bound_, options_.max_delay));
  connections_.loop().arm(
      *this, std::uniform_int_distribution<std::uint64_t>(options_.min_delay, bound)(random_));
  bound_ = std::min(2 * bound_, 2 * options_.max_delay);
}

void Client::expired() { start(); }

}  // namespace server::websocket
