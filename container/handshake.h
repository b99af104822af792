// Last stop of a request that asks for a WebSocket: checks, interceptors and the type's own hooks,
// then the 101. Each may refuse, answer by itself, or decide later.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <utility>

#include <margay/abi_websocket.h>

#include "container/mapping.h"
#include "container/session_count.h"
#include "server/exchange.h"
#include "server/websocket/deflate_terms.h"

namespace container {

class Handshake;
class Invocation;

// Who opens a session when the handshake was accepted.
class Acceptor {
 public:
  // Where the exchange is served, with the head of the 101 complete and nothing sent. Ends the
  // exchange by its upgrade; takes peer and place, and from here on ends both, also when the client
  // has gone meanwhile.
  virtual void open(Handshake& handshake) = 0;

 protected:
  ~Acceptor() = default;
};

// What holds for all handshakes of an engine; read where they are served.
struct Upgrades {
  Acceptor* acceptor = nullptr;       // set before the first mapping is published
  std::atomic<bool> draining{false};  // from now on every handshake is refused with 503
};

// Lives in the exchange's arena and belongs to whoever has the handler half. `conclude` and `done`
// end what would need a destructor.
class Handshake final {
 public:
  Handshake(Invocation& invocation, const margay_host& host, const MappedWebSocket& socket,
            Upgrades& upgrades);

  void run();  // as far as it goes without waiting
  // A hook that waits has decided: with the next step. False when none waits.
  bool proceed();
  bool waits() const { return waits_; }
  // There is no answer any more that could become a 101. Tells interceptors, once.
  void lost(std::string_view why);
  void done();  // with the exchange, when nobody can bring a peer any more

  // --- for the acceptor ---
  Invocation& invocation() { return invocation_; }
  const MappedWebSocket& socket() const { return socket_; }
  // Both live as long as the exchange; empty: none.
  std::string_view subprotocol() const { return subprotocol_; }
  std::string_view extensions() const { return extensions_; }
  const std::optional<server::websocket::DeflateTerms>& deflate() const { return deflate_; }
  void* take_peer() { return std::exchange(peer_, nullptr); }
  SessionPlace take_place() { return std::move(place_); }

  static constexpr std::string_view kRetryAfter = "5";  // seconds; a restart takes about that

 private:
  enum class Step : std::uint8_t {
    protocol,
    place,
    origin,
    interceptors,
    subprotocol,
    extensions,
    modify,
    peer,
    accept,
    over
  };
  enum class Verdict : std::uint8_t { next, waits, over };

  Verdict take(Step step);
  Verdict check_protocol();
  Verdict check_place();
  Verdict check_origin();
  Verdict check_configured_origin(std::string_view origin);
  Verdict run_interceptors();
  Verdict choose_subprotocol();
  Verdict choose_extensions();
  void negotiate(std::span<const margay_str> offered, std::uint64_t allowed);
  Verdict make_peer();
  Verdict accept();
  template <class Hook>
  Verdict ask(int status, std::string_view refusal, Hook hook);
  Verdict refuse(int status, std::string_view message);
  Verdict answered();
  void conclude(std::string_view failure);
  void set(std::string_view name, std::string_view value);

  Invocation& invocation_;
  server::Exchange& exchange_;
  const margay_host& host_;
  const MappedWebSocket& socket_;
  Upgrades& upgrades_;
  Step step_ = Step::protocol;
  bool waits_ = false;
  std::uint32_t entered_ = 0;  // interceptors whose `before` was called
  std::uint32_t passed_ = 0;   // of them, those that said OK
  std::string_view subprotocol_, extensions_;
  std::optional<server::websocket::DeflateTerms> deflate_;
  void* peer_ = nullptr;
  SessionPlace place_;
};

inline constexpr std::string_view kOnlyWebSockets = "Only WebSockets connect here.";

// RFC 9110 section 15.5.22: what must stand in a 426, to be followed by send_error.
void offer_websocket(server::Exchange& exchange);

}  // namespace container
