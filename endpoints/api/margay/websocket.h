// What speaks on a WebSocket, as a class: its events are virtual functions.
#pragma once

#include <cstdint>
#include <exception>
#include <string>
#include <string_view>
#include <type_traits>

#include <margay/websocket_type.h>

namespace margay {

// Override what you want to hear; only that costs anything. A message of a kind that is not
// overridden closes the socket with 1003. The calls for one socket come one after the other, on its
// loop or on workers as `dispatch` says; views are good during the call.
//
// Made from `const Config&`, from the type's `Shared&` (one object for each configured endpoint:
// `using Shared = Rooms;`, made from Config or nothing on the control thread), from both or
// nothing.
class WebSocket {
 public:
  static constexpr Dispatch dispatch = Dispatch::worker;
  static constexpr Scope scope = Scope::socket;
  virtual ~WebSocket() = default;

  // What `open` or a message throws goes to `error`, then the socket closes with 1011.
  virtual void open(Session) {}
  // Whole messages, within the endpoint's limit: text, which is UTF-8, and bytes.
  virtual void message(Session, std::string_view) {}
  virtual void binary(Session, Binary) {}
  // Instead of those: pieces as they come, of any size, without a limit on the whole. A piece of
  // text may end inside of a character.
  virtual void message_part(Session, std::string_view, bool /*last*/) {}
  virtual void binary_part(Session, Binary, bool /*last*/) {}
  virtual void pong(Session, std::string_view /*payload*/) {}
  // After Send::full: the queue fell under half of its limit.
  virtual void drain(Session) {}
  // A ConnectionError: the peer broke the protocol or the connection broke. Else what a function of
  // this class threw. Not overridden: it is logged. What this throws is logged.
  virtual void error(Session, const std::exception&) {}
  // Once for each `open`, the last call; the session is gone already. What it throws is logged.
  virtual void close(Session, CloseReason) {}
};

namespace detail {

// Which functions of a class are its own.
template <class T>
struct Overrides {
  static constexpr bool open = !std::is_same_v<decltype(&T::open), decltype(&WebSocket::open)>;
  static constexpr bool message =
      !std::is_same_v<decltype(&T::message), decltype(&WebSocket::message)>;
  static constexpr bool message_part =
      !std::is_same_v<decltype(&T::message_part), decltype(&WebSocket::message_part)>;
  static constexpr bool binary =
      !std::is_same_v<decltype(&T::binary), decltype(&WebSocket::binary)>;
  static constexpr bool binary_part =
      !std::is_same_v<decltype(&T::binary_part), decltype(&WebSocket::binary_part)>;
  static constexpr bool pong = !std::is_same_v<decltype(&T::pong), decltype(&WebSocket::pong)>;
  static constexpr bool drain = !std::is_same_v<decltype(&T::drain), decltype(&WebSocket::drain)>;
  static constexpr bool error = !std::is_same_v<decltype(&T::error), decltype(&WebSocket::error)>;
  static constexpr bool close = !std::is_same_v<decltype(&T::close), decltype(&WebSocket::close)>;
  static_assert(!message || !message_part, "override message or message_part, not both");
  static_assert(!binary || !binary_part, "override binary or binary_part, not both");
};

// The C functions that call a class.
template <class T>
struct ClassCalls {
  using Its = Overrides<T>;

  static constexpr std::uint32_t takes() {
    std::uint32_t flags = 0;
    if (Its::message) flags |= MARGAY_TAKES_TEXT;
    if (Its::message_part) flags |= MARGAY_TAKES_TEXT | MARGAY_TEXT_IN_PARTS;
    if (Its::binary) flags |= MARGAY_TAKES_BINARY;
    if (Its::binary_part) flags |= MARGAY_TAKES_BINARY | MARGAY_BINARY_IN_PARTS;
    if (Its::pong) flags |= MARGAY_TAKES_PONG;
    return flags;
  }

  static margay_result open(void* self, void* peer, margay_session session) {
    return call(self, peer, session, [](T& object, Session its) { object.open(its); });
  }
  static margay_result message(void* self, void* peer, margay_session session, int kind,
                               margay_str bytes, int last) {
    return call(self, peer, session, [&](T& object, Session its) {
      const std::string_view text = view(bytes);
      if (kind == MARGAY_PONG)
        object.pong(its, text);
      else if (kind == MARGAY_BINARY && Its::binary_part)
        object.binary_part(its, Binary(text), last != 0);
      else if (kind == MARGAY_BINARY)
        object.binary(its, Binary(text));
      else if (Its::message_part)
        object.message_part(its, text, last != 0);
      else
        object.message(its, text);
    });
  }
  static void drain(void* self, void* peer, margay_session session) {
    each(self, peer, session, [](T& object, Session its) { object.drain(its); });
  }
  static void error(void* self, void* peer, margay_session session, margay_str what) {
    each(self, peer, session, [&](T& object, Session its) {
      object.error(its, ConnectionError(std::string(view(what))));
    });
  }
  static void close(void* self, void* peer, margay_session session, std::uint16_t code,
                    margay_str reason) {
    each(self, peer, session, [&](T& object, Session its) {
      object.close(its, {code, view(reason)});
    });
  }

 private:
  // What throws reaches `error`, if there is one, and the log otherwise.
  template <class Call>
  static margay_result call(void* self, void* peer, margay_session session, Call&& event) {
    auto& site = *static_cast<Site<T>*>(self);
    T& object = object_of<T, Nothing>(site, peer);
    const Session its(site.sockets, session);
    try {
      event(object, its);
      return MARGAY_OK;
    } catch (...) {
      logged(site.log, [&] {
        if constexpr (!Its::error) throw;
        with_current_exception([&](const std::exception& error) { object.error(its, error); });
        return MARGAY_OK;
      });
    }
    return MARGAY_FAILED;
  }
  // What throws is logged.
  template <class Call>
  static void each(void* self, void* peer, margay_session session, Call&& event) {
    auto& site = *static_cast<Site<T>*>(self);
    logged(site.log, [&] {
      event(object_of<T, Nothing>(site, peer), Session(site.sockets, session));
      return MARGAY_OK;
    });
  }
};

}  // namespace detail

// The entry of a WebSocket type in MARGAY_PLUGIN; `name` is what app.xml calls it (`type`).
template <class T>
requires std::is_base_of_v<WebSocket, T>
constexpr margay_websocket_type websocket(const char* name) {
  using Calls = detail::ClassCalls<T>;
  using Its = detail::Overrides<T>;
  auto type = detail::websocket_type<T, detail::Nothing>(name, Calls::takes());
  if (Its::open) type.open = Calls::open;
  if (Calls::takes() != 0) type.message = Calls::message;
  if (Its::drain) type.drain = Calls::drain;
  if (Its::error) type.error = Calls::error;
  if (Its::close) type.close = Calls::close;
  return type;
}

}  // namespace margay
