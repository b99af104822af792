// An outgoing WebSocket through all its connections: connects, and connects again when it is lost.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <random>
#include <string>
#include <string_view>

#include "server/websocket/client_attempt.h"
#include "server/websocket/hub.h"

namespace server::websocket {

// Who asked for the client. Called on its loop.
class ClientListener {
 public:
  // What the socket is opened with; role, deflate and the watch over its end are the client's.
  virtual Opening connected(const AttemptListener::Connected& connected) = 0;
  virtual void failed(int status, std::string_view reason) = 0;  // an attempt; status 0: no answer

 protected:
  ~ClientListener() = default;
};

// On one loop, but for `session`. After a failed attempt or a lost connection it waits for a random
// time between min_delay and a bound that begins at twice of that and doubles each time, up to
// max_delay; a connection that lasted longer than the bound starts anew. It is over after a close
// with 1000 of our side, and with 1008 of either.
class Client final : private Timer, private AttemptListener {
 public:
  // All of them outlive it.
  Client(Hub& hub, ClientConnections& connections, ClientOptions options, ClientListener& listener);
  // Not while a callback of its peer runs.
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  void start();
  // Closes with 1000, behind what the connection has room for; connects no more. The peer's last
  // call has been made when it returns.
  void stop();

  Session session() const {  // any thread; none: not connected
    return Session(session_.load(std::memory_order_acquire));
  }

 private:
  class Watch;

  void connected(Connected connected) override;
  void failed(int status, std::string reason) override;
  void ended(std::uint16_t code, bool by_us);
  void try_later();
  void expired() override;

  Hub& hub_;
  ClientConnections& connections_;
  const ClientOptions options_;
  ClientListener& listener_;
  std::unique_ptr<Attempt> attempt_;
  WebSocket* socket_ = nullptr;  // of its connection, while it is open
  std::atomic<std::uint64_t> session_{0};
  std::minstd_rand random_{std::random_device{}()};
  std::uint64_t bound_ = 0;  // of the next delay, ms
  std::uint64_t opened_ = 0;
  bool stopped_ = false;
};

}  // namespace server::websocket
