// What speaks on a WebSocket, as a plain struct: its handlers take what they need, in any order.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string_view>
#include <type_traits>

#include <margay/handler_rules.h>
#include <margay/websocket.h>

namespace margay {

// A WebSocket type that does not derive from margay::WebSocket has some of these handlers, public,
// each with one signature, members or static:
//
//   on_open, on_close, on_error, on_drain
//   on_message   its message parameter says of what kind: text (std::string_view, std::string),
//                binary (margay::Binary, std::span<const std::byte>, std::vector<std::byte>),
//                margay::Pong, or a type that its Decoders give
//   on_text, on_binary, on_pong   for more than one kind: one handler for each
//
// Their parameters, in any order and number: margay::Session, const margay::EndpointConfig&,
// const margay::SessionHandshake&, margay::PathParam<"id"> and PathParam<"id", int>, its Shared&,
// and the message, `bool last` (then it comes in pieces, without a limit on the whole),
// margay::CloseReason, const std::exception& where there is one. Anything else, two handlers for
// one kind, or two messages for one handler do not compile.
//
// What a message handler returns is sent back: text, bytes, margay::Frozen, what its Encoders take,
// or std::optional of these. On a worker this waits while the queue is full; on the loop a full
// queue is a ReplyError.
//
// What a handler, a decoder or an encoder throws reaches on_error, or the log when there is none,
// and the socket stays open, but for on_open: then it closes with 1011 (a path parameter of the
// client that cannot be converted: 1008). What on_error throws is logged.
//
// Made, shared and dispatched as margay::WebSocket: `dispatch`, `scope`, `subprotocols`, `Shared`,
// `Configurator`.

// An answer of a message handler that could not be queued.
class ReplyError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

namespace detail {

// The C functions that call the handlers of T.
template <class T>
struct HandlerCalls {
  template <Name name>
  using Its = Handler<T, name>;

  static constexpr bool keeps_handshake =
      Its<Name::on_open>::needs_handshake || Its<Name::on_message>::needs_handshake ||
      Its<Name::on_text>::needs_handshake || Its<Name::on_binary>::needs_handshake ||
      Its<Name::on_pong>::needs_handshake || Its<Name::on_close>::needs_handshake ||
      Its<Name::on_error>::needs_handshake || Its<Name::on_drain>::needs_handshake;
  static constexpr bool has_codecs =
      DecodersOf<T>::Type::count != 0 || EncodersOf<T>::Type::count != 0;
  using Extra =
      std::conditional_t<keeps_handshake || has_codecs, Seat<T, keeps_handshake>, Nothing>;
  using Happening = Event<T, Extra>;

  static constexpr std::uint32_t takes() {
    return takes_by<Name::on_message>() | takes_by<Name::on_text>() | takes_by<Name::on_binary>() |
           takes_by<Name::on_pong>();
  }

  static margay_result open(void* self, void* peer, margay_session session) {
    Happening event = event_of(self, peer, session);
    if constexpr (keeps_handshake) event.seat->handshake = event.session.handshake();
    if constexpr (Its<Name::on_open>::exists) {
      try {
        call<Name::on_open>(event);
      } catch (const ParameterError& error) {
        report(event, error);
        event.session.close(CloseReason::policy, error.what());
      } catch (...) {
        with_current_exception([&](const std::exception& error) { report(event, error); });
        return MARGAY_FAILED;
      }
    }
    return MARGAY_OK;
  }
  static margay_result message(void* self, void* peer, margay_session session, int kind,
                               margay_str bytes, int last) {
    Happening event = event_of(self, peer, session);
    event.kind = kind == MARGAY_TEXT     ? Kinds::text
                 : kind == MARGAY_BINARY ? Kinds::binary
                                         : Kinds::pong;
    event.bytes = view(bytes);
    event.last = last != 0;
    run(event, [&] {
      deliver<Name::on_message>(event);
      deliver<Name::on_text>(event);
      deliver<Name::on_binary>(event);
      deliver<Name::on_pong>(event);
    });
    return MARGAY_OK;
  }
  static void drain(void* self, void* peer, margay_session session) {
    Happening event = event_of(self, peer, session);
    run(event, [&] { call<Name::on_drain>(event); });
  }
  static void error(void* self, void* peer, margay_session session, margay_str what) {
    Happening event = event_of(self, peer, session);
    run(event, [&] { report(event, ConnectionError(std::string(view(what)))); });
  }
  static void close(void* self, void* peer, margay_session session, std::uint16_t code,
                    margay_str reason) {
    Happening event = event_of(self, peer, session);
    event.why = {code, view(reason)};
    run(event, [&] { call<Name::on_close>(event); });
  }

 private:
  static Happening event_of(void* self, void* peer, margay_session session) {
    auto& site = *static_cast<Site<T>*>(self);
    Extra* seat = nullptr;
    if constexpr (!std::is_same_v<Extra, Nothing>)
      seat = &static_cast<Peer<T, Extra>*>(peer)->extra;
    return {site, object_of<T, Extra>(site, peer), seat, Session(site.sockets, session)};
  }

  // Calls handler `name` with what it takes.
  template <Name name>
  static decltype(auto) call(Happening& event) {
    constexpr auto pointer = Its<name>::pointer;
    static_assert(
        takes_messages(name) ||
            std::is_void_v<typename Signature<std::remove_const_t<decltype(pointer)>>::Result>,
        "only message handlers return something: it is sent back");
    return with_arguments<pointer>(
        event, typename Signature<std::remove_const_t<decltype(pointer)>>::Parameters());
  }
  template <auto pointer, class... P>
  static decltype(auto) with_arguments(Happening& event, Types<P...>) {
    if constexpr (std::is_member_function_pointer_v<decltype(pointer)>)
      return (event.object.*pointer)(event.template argument<P>()...);
    else
      return pointer(event.template argument<P>()...);
  }

  template <Name name>
  static void deliver(Happening& event) {
    if constexpr (Its<name>::kinds() != Kinds::none) {
      if ((event.kind & Its<name>::kinds()) == 0) return;
      if constexpr (std::is_void_v<decltype(call<name>(event))>)
        call<name>(event);
      else
        reply(event, call<name>(event));
    }
  }

  template <class Run>
  static void run(Happening& event, Run&& body) {
    try {
      body();
    } catch (...) {
      with_current_exception([&](const std::exception& error) { report(event, error); });
    }
  }
  static void report(Happening& event, const std::exception& error) {
    if constexpr (Its<Name::on_error>::exists) {
      logged(event.site.log, [&] {
        event.error = &error;
        call<Name::on_error>(event);
        return MARGAY_OK;
      });
    } else {
      event.site.log.error(error.what());
    }
  }

  // Sends back what a message handler has returned.
  template <class V>
  static void reply(Happening& event, const V& value) {
    const Session session = event.session;
    if constexpr (!std::is_same_v<typename Unwrapped<V>::Type, V>) {
      if (value) reply(event, *value);
    } else if constexpr (std::is_same_v<V, Frozen>) {
      queue(
          session, [&] { return session.send(value); },
          [&](auto timeout) { return session.send_wait(value, timeout); });
    } else if constexpr (is_text<V>) {
      const std::string_view text = value;
      queue(
          session, [&] { return session.text(text); },
          [&](auto timeout) { return session.text_wait(text, timeout); });
    } else if constexpr (is_binary<V>) {
      const Binary bytes = value;
      queue(
          session, [&] { return session.binary(bytes); },
          [&](auto timeout) { return session.binary_wait(bytes, timeout); });
    } else {
      static_assert(EncodersOf<T>::Type::template encodes<V>(),
                    "a message handler returns void, text (std::string), bytes "
                    "(std::vector<std::byte>, margay::Binary), margay::Frozen, what one of its "
                    "Encoders takes, or std::optional of these");
      reply(event, event.seat->encoders.encode(value));
    }
  }
  // On a worker there is time to wait for the peer: as long as the session lets it stall.
  template <class Attempt, class Waiting>
  static void queue(Session session, Attempt&& attempt, Waiting&& waiting) {
    Send result = attempt();
    if constexpr (dispatch_of<T>() == Dispatch::worker) {
      if (result == Send::full) {
        const auto timeout = session.limit(MARGAY_SEND_TIMEOUT).value_or(0);
        result = waiting(std::chrono::milliseconds(timeout > 0 ? timeout : 20'000));
      }
    }
    if (result == Send::full) throw ReplyError("the queue is full: the answer was refused");
    if (result == Send::invalid) throw ReplyError("the answer is text that is no UTF-8");
  }

  template <Name name>
  static constexpr std::uint32_t takes_by() {
    constexpr unsigned kinds = Its<name>::kinds();
    constexpr bool in_parts = Its<name>::in_parts;
    std::uint32_t flags = 0;
    if ((kinds & Kinds::text) != 0) flags |= MARGAY_TAKES_TEXT;
    if ((kinds & Kinds::text) != 0 && in_parts) flags |= MARGAY_TEXT_IN_PARTS;
    if ((kinds & Kinds::binary) != 0) flags |= MARGAY_TAKES_BINARY;
    if ((kinds & Kinds::binary) != 0 && in_parts) flags |= MARGAY_BINARY_IN_PARTS;
    if ((kinds & Kinds::pong) != 0) flags |= MARGAY_TAKES_PONG;
    return flags;
  }
};

}  // namespace detail

// The entry of a WebSocket type in MARGAY_PLUGIN; `name` is what app.xml calls it (`type`).
template <class T>
requires(!std::is_base_of_v<WebSocket, T>) constexpr margay_websocket_type
    websocket(const char* name) {
  using detail::Name;
  using Calls = detail::HandlerCalls<T>;
  static_assert(detail::check_handlers<T>());
  constexpr bool has_open = Calls::template Its<Name::on_open>::exists || Calls::keeps_handshake;
  constexpr bool has_drain = Calls::template Its<Name::on_drain>::exists;
  constexpr bool has_error = Calls::template Its<Name::on_error>::exists;
  constexpr bool has_close = Calls::template Its<Name::on_close>::exists;
  static_assert(has_open || has_drain || has_error || has_close || Calls::takes() != 0,
                "a WebSocket derives from margay::WebSocket, or has public handlers: on_open, "
                "on_message, on_text, on_binary, on_pong, on_close, on_error, on_drain");
  auto type = detail::websocket_type<T, typename Calls::Extra>(name, Calls::takes());
  if constexpr (has_open) type.open = Calls::open;
  if constexpr (Calls::takes() != 0) type.message = Calls::message;
  if constexpr (has_drain) type.drain = Calls::drain;
  if constexpr (has_error) type.error = Calls::error;
  if constexpr (has_close) type.close = Calls::close;
  return type;
}

}  // namespace margay
