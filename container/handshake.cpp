// Last stop of a request that asks for a WebSocket: the steps in the order of Tomcat, each followed
// by the next unless it waits or refuses.
#include "container/handshake.h"

#include <margay/text.h>

#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include "container/handshake_fields.h"
#include "container/invocation.h"
#include "server/websocket/accept_key.h"

namespace container {

namespace {

using margay::str;
using margay::view;

}  // namespace

void offer_websocket(server::Exchange& exchange) {
  exchange.response().set(exchange.arena(), "Upgrade", "websocket");
  exchange.response().set(exchange.arena(), "Connection", "Upgrade");
  exchange.response().set(exchange.arena(), "Sec-WebSocket-Version", "13");
}

Handshake::Handshake(Invocation& invocation, const margay_host& host, const MappedWebSocket& socket,
                     Upgrades& upgrades)
    : invocation_(invocation),
      exchange_(invocation.exchange()),
      host_(host),
      socket_(socket),
      upgrades_(upgrades) {}

// --- the order of things -------------------------------------------------------------------------

void Handshake::run() {
  while (step_ != Step::over) {
    const Verdict verdict = take(step_);
    if (verdict == Verdict::over) return;
    if (verdict == Verdict::waits) {
      waits_ = true;
      exchange_.watch(true);  // to hear of a client that goes meanwhile
      return;
    }
    step_ = static_cast<Step>(static_cast<int>(step_) + 1);
  }
}

Handshake::Verdict Handshake::take(Step step) {
  switch (step) {
    case Step::protocol:
      return check_protocol();
    case Step::place:
      return check_place();
    case Step::origin:
      return check_origin();
    case Step::interceptors:
      return run_interceptors();
    case Step::subprotocol:
      return choose_subprotocol();
    case Step::extensions:
      return choose_extensions();
    case Step::modify:
      if (socket_.type->modify_handshake == nullptr) return Verdict::next;
      return ask(403, "This WebSocket refuses the handshake.", [&] {
        return socket_.type->modify_handshake(socket_.self, &host_, handle(invocation_),
                                              &invocation_.request);
      });
    case Step::peer:
      return make_peer();
    case Step::accept:
      return accept();
    case Step::over:
      break;
  }
  return Verdict::over;
}

bool Handshake::proceed() {
  if (!std::exchange(waits_, false)) return false;
  // An interceptor that waited may have others behind it; any other hook was the whole of its step.
  if (step_ == Step::interceptors) {
    passed_ = entered_;
  } else {
    step_ = static_cast<Step>(static_cast<int>(step_) + 1);
  }
  run();
  return true;
}

// Calls a hook and reads its answer. Refused without a word is `status` with `refusal`.
template <class Hook>
Handshake::Verdict Handshake::ask(int status, std::string_view refusal, Hook hook) {
  const server::ResponseHead& head = exchange_.response();
  const int status_before = head.status;
  const std::size_t written_before = exchange_.body().size();
  const std::uint32_t suspensions_before = exchange_.suspensions();
  const margay_result result = hook();
  if (exchange_.ended() || exchange_.committed()) return answered();
  switch (result) {
    case MARGAY_OK:
      return Verdict::next;
    case MARGAY_SUSPENDED:
      return Verdict::waits;
    case MARGAY_CLOSED:
      if (exchange_.suspensions() != suspensions_before) return Verdict::waits;
      if (head.status != status_before || exchange_.body().size() != written_before)
        return answered();
      return refuse(status, refusal);
    default:
      return refuse(500, {});
  }
}

Handshake::Verdict Handshake::refuse(int status, std::string_view message) {
  invocation_.send_error(status, message);
  conclude(message.empty() ? "A hook of the handshake has failed." : message);
  return Verdict::over;
}

// A hook wrote the answer by itself.
Handshake::Verdict Handshake::answered() {
  invocation_.finish();
  conclude("refused with status " + std::to_string(exchange_.response().status));
  return Verdict::over;
}

void Handshake::lost(std::string_view why) {
  if (step_ != Step::over) conclude(why);
}

// In the only place where a handshake ends, so that each interceptor hears of it once.
void Handshake::conclude(std::string_view failure) {
  step_ = Step::over;
  waits_ = false;
  for (std::uint32_t i = std::exchange(passed_, 0); i-- > 0;) {
    const MappedInterceptor& one = socket_.interceptors[i];
    if (one.type->after != nullptr)
      one.type->after(one.self, &host_, handle(invocation_), &invocation_.request, str(failure));
  }
  done();
}

void Handshake::done() {
  void* const peer = std::exchange(peer_, nullptr);
  if (peer != nullptr && socket_.type->end_peer != nullptr)
    socket_.type->end_peer(socket_.self, peer);
  place_ = SessionPlace();
}

void Handshake::set(std::string_view name, std::string_view value) {
  exchange_.response().set(exchange_.arena(), name, value);
}

// --- the steps -----------------------------------------------------------------------------------

Handshake::Verdict Handshake::check_protocol() {
  const auto fault = find_fault(exchange_.request);
  if (!fault) return Verdict::next;
  if (fault->status == 426) offer_websocket(exchange_);
  return refuse(fault->status, fault->message);
}

Handshake::Verdict Handshake::check_place() {
  if (upgrades_.acceptor == nullptr) return refuse(503, "This server opens no WebSockets.");
  const bool draining = upgrades_.draining.load(std::memory_order_relaxed);
  if (!draining) place_ = SessionPlace::take(*socket_.sessions);
  if (place_) return Verdict::next;
  set("Retry-After", kRetryAfter);
  return refuse(503, draining ? "The server is stopping. Connect again in a moment."
                              : "As many sessions as may be are open. Connect again later.");
}

Handshake::Verdict Handshake::check_origin() {
  const std::string_view origin = single_field(exchange_.request, "origin");
  if (socket_.type->check_origin == nullptr) return check_configured_origin(origin);
  return ask(403, "Pages of this origin may not connect.", [&] {
    return socket_.type->check_origin(socket_.self, &host_, handle(invocation_),
                                      &invocation_.request, str(origin));
  });
}

// RFC 6455 section 10.2. Only browsers send an origin, and only pages of others are to be kept out.
Handshake::Verdict Handshake::check_configured_origin(std::string_view origin) {
  const auto& fields = exchange_.request.fields;
  const bool given = std::any_of(fields.begin(), fields.end(), [](const server::Field& one) {
    return std::string_view(one.name) == "origin";
  });
  if (!given || socket_.origins.allows_all()) return Verdict::next;
  const PageOrigin server{.scheme = invocation_.info(MARGAY_SCHEME),
                          .host = invocation_.server_name,
                          .port = invocation_.server_port};
  const auto page = read_origin(origin);
  if (page && socket_.origins.allows(*page, server)) return Verdict::next;
  socket_.log.warn("{}: a page of '{}' was refused; allowed is {}, and here is {}://{}:{}",
                   socket_.title, origin, socket_.origins.text(), server.scheme, server.host,
                   server.port);
  return refuse(403, "Pages of this origin may not connect.");
}

Handshake::Verdict Handshake::run_interceptors() {
  while (entered_ < socket_.interceptors.size()) {
    const MappedInterceptor& one = socket_.interceptors[entered_++];
    if (one.type->before != nullptr) {
      const Verdict verdict = ask(403, "The handshake was refused.", [&] {
        return one.type->before(one.self, &host_, handle(invocation_), &invocation_.request);
      });
      if (verdict != Verdict::next) return verdict;
    }
    passed_ = entered_;
  }
  return Verdict::next;
}

Handshake::Verdict Handshake::choose_subprotocol() {
  const auto offered =
      list_elements(exchange_.request, "sec-websocket-protocol", exchange_.arena());
  const bool tokens = std::all_of(offered.begin(), offered.end(), [](margay_str one) {
    return server::token_length(view(one)) == one.size;
  });
  if (!tokens) return refuse(400, "A name in Sec-WebSocket-Protocol is not a token.");
  if (socket_.type->select_subprotocol != nullptr && !offered.empty()) {
    const std::int32_t index = socket_.type->select_subprotocol(
        socket_.self, &host_, handle(invocation_), &invocation_.request, offered.data(),
        static_cast<std::uint32_t>(offered.size()));
    if (exchange_.ended()) return answered();
    if (index >= static_cast<std::int32_t>(offered.size())) {
      socket_.log.error("{}: select_subprotocol chose number {} of {}", socket_.title, index,
                        offered.size());
      return refuse(500, {});
    }
    if (index >= 0) subprotocol_ = view(offered[static_cast<std::size_t>(index)]);
  } else {
    const auto& ours = socket_.subprotocols;
    const auto chosen = std::find_if(offered.begin(), offered.end(), [&](margay_str one) {
      return std::find(ours.begin(), ours.end(), view(one)) != ours.end();
    });
    if (chosen != offered.end()) subprotocol_ = view(*chosen);
  }
  if (!subprotocol_.empty() || !socket_.require_subprotocol) return Verdict::next;
  std::string message = "This WebSocket needs one of the subprotocols it speaks:";
  for (const std::string& one : socket_.subprotocols) message += ' ' + one;
  return refuse(400, message);
}

// An offer that is malformed or not accepted is left out of the answer, and the handshake goes on.
Handshake::Verdict Handshake::choose_extensions() {
  const auto offered =
      list_elements(exchange_.request, "sec-websocket-extensions", exchange_.arena());
  if (offered.empty()) return Verdict::next;
  std::uint64_t allowed = ~std::uint64_t{0};
  if (socket_.type->select_extensions != nullptr)
    allowed = socket_.type->select_extensions(socket_.self, &host_, handle(invocation_),
                                              &invocation_.request, offered.data(),
                                              static_cast<std::uint32_t>(offered.size()));
  if (exchange_.ended()) return answered();
  negotiate(offered, allowed);
  return Verdict::next;
}

// The only extension there is, in the client's order of preference.
void Handshake::negotiate(std::span<const margay_str> offered, std::uint64_t allowed) {
  if (socket_.options.deflate.mode == server::websocket::DeflatePolicy::Mode::off) return;
  std::array<std::string_view, kMaxListElements> offers;
  std::size_t count = 0;
  for (std::size_t i = 0; i < offered.size(); ++i)
    if ((allowed >> i & 1) != 0) offers[count++] = view(offered[i]);
  const auto agreed =
      server::websocket::negotiate(std::span(offers).first(count), socket_.options.deflate);
  if (!agreed) return;
  deflate_ = agreed->terms;
  extensions_ = exchange_.arena().copy(agreed->answer);
}

Handshake::Verdict Handshake::make_peer() {
  if (socket_.type->make_peer == nullptr) return Verdict::next;
  return ask(503, "This WebSocket cannot take the session.", [&] {
    const margay_result result = socket_.type->make_peer(socket_.self, &host_, handle(invocation_),
                                                         &invocation_.request, &peer_);
    const bool failed = result == MARGAY_FAILED || result == MARGAY_SUSPENDED;
    return failed ? MARGAY_CLOSED : result;
  });
}

Handshake::Verdict Handshake::accept() {
  if (exchange_.aborted() || !exchange_.upgradable()) {
    conclude("The client has gone.");
    return Verdict::over;
  }
  set("Upgrade", "websocket");
  set("Connection", "Upgrade");
  if (!exchange_.request.tunnels)
    set("Sec-WebSocket-Accept",
        server::websocket::accept_key(single_field(exchange_.request, "sec-websocket-key")));
  if (!subprotocol_.empty()) set("Sec-WebSocket-Protocol", subprotocol_);
  if (!extensions_.empty()) set("Sec-WebSocket-Extensions", extensions_);
  invocation_.switch_protocols();
  upgrades_.acceptor->open(*this);
  conclude({});
  return Verdict::over;
}

}  // namespace container
