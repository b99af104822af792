// TLS before it is agreed: feeds OpenSSL until there is a channel, then gives the connection on.
#pragma once

#include <memory>
#include <span>
#include <string>

#include "server/protocol.h"
#include "server/tls/handshakes.h"

namespace server::tls {

class Handshake final : public Protocol {
 public:
  static constexpr std::size_t kMostInput = 64 * 1024;  // kept while it waits; beyond: closed

  static constexpr std::size_t kMostHeld = 4 * 1024;  // of last words, for the first answer

  Handshake(SocketConnection& connection, Handshakes& handshakes,
            std::shared_ptr<const Context> context);
  ~Handshake() override;

  void bytes(std::span<char> data) override;
  void end_of_input() override;
  void room() override {}
  void timeout() override;
  void drain() override;
  void lost() override;

 private:
  friend class Handshakes;
  enum class Stage : std::uint8_t { fresh, waiting, under_way, over };
  void go_on();  // its turn has come
  void step(std::span<char> data);
  void complete(std::span<char> rest);
  void fail();

  SocketConnection& connection_;
  Handshakes& handshakes_;
  const std::shared_ptr<const Context> context_;
  SslPointer ssl_;
  std::string kept_;  // while it waits
  Stage stage_ = Stage::fresh;
  bool draining_ = false;
};

}  // namespace server::tls
