// One attempt of a client: from the name of a host, over redirections, to the 101.
#pragma once

#include <sys/socket.h>

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "server/tls/client_context.h"
#include "server/tls/client_handshake.h"
#include "server/websocket/client_connections.h"
#include "server/websocket/client_handshake.h"
#include "server/websocket/client_url.h"

namespace server::websocket {

// Of a client, the same for all its attempts. Times in milliseconds.
struct ClientOptions {
  Url url;
  std::shared_ptr<const tls::ClientContext>
      tls{};  // null: may not be asked for wss, see may_need_tls
  ClientWishes wishes{};
  std::uint64_t connect_timeout = 5'000;  // for everything up to the 101
  unsigned max_redirections = 0;
  bool reconnects = false;
  // Between two attempts, see Client.
  std::uint64_t min_delay = 1'000, max_delay = 60'000;

  // A redirection may lead to wss, too; but never from there to ws.
  bool may_need_tls() const { return url.secure || max_redirections != 0; }
};

// How an attempt ended: one of these is called, once, as the last thing it does; it may be deleted
// by it.
class AttemptListener {
 public:
  // `connection` is the listener's to go on with, what came behind the head is in `rest`.
  struct Connected {
    Connection& connection;
    Url url;  // where the redirections led
    AnswerHead head;
    Agreement agreement;
    std::span<char> rest;
  };
  virtual void connected(Connected connected) = 0;
  virtual void failed(int status, std::string reason) = 0;  // 0: there was no answer

 protected:
  ~AttemptListener() = default;
};

// On one loop. Addresses of a host are tried in their order, each for its share of the time that is
// left.
class Attempt final : private Timer, private tls::ClientHandshakeListener {
 public:
  // All three outlive it.
  Attempt(ClientConnections& connections, const ClientOptions& options, AttemptListener& listener);
  ~Attempt();  // gives it up, without a word
  Attempt(const Attempt&) = delete;
  Attempt& operator=(const Attempt&) = delete;

  void begin();

 private:
  class Greeting;
  struct Lookup;
  enum class Stage : std::uint8_t { resolving, connecting, securing, greeting };

  void look_up();
  void resolved(const std::string& error);
  void try_next();
  void reached(const char* error);
  void shake_hands();
  void secured(std::span<char> records, bool wants_certificate) override;
  void refused(std::string reason) override { fail(0, reason); }
  std::unique_ptr<Greeting> make_greeting();
  void greet();
  void bytes(std::span<char> data);
  void lost();
  void redirect();
  void drop_connection();
  void fail(int status, std::string_view reason);
  void expired() override;
  void arm_deadline();

  ClientConnections& connections_;
  const ClientOptions& options_;
  AttemptListener& listener_;
  Stage stage_ = Stage::resolving;
  Url url_;
  std::vector<Url> visited_;
  std::uint64_t deadline_ = 0;
  Lookup* lookup_ = nullptr;  // its own owner, as libuv cannot give it up at once
  std::vector<sockaddr_storage> addresses_;
  std::size_t next_address_ = 0;
  std::string last_error_;
  SocketConnection* connection_ = nullptr;
  tls::ClientHandshake* handshake_ = nullptr;  // on the connection, as is
  Greeting* greeting_ = nullptr;
  bool wants_certificate_ = false;  // the server got none
  std::string key_;
  AnswerReader reader_;
};

}  // namespace server::websocket
