// What handlers of a plain struct may take, beside Session and the message: their parameters.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include <margay/codec.h>
#include <margay/status_error.h>
#include <margay/websocket_type.h>

namespace margay {

// What the endpoint was configured with, and what the handshake of this socket left. Good during
// the call; copy it to keep it.
class EndpointConfig : public Config {
 public:
  EndpointConfig(const Config& config, const SessionHandshake& handshake)
      : Config(config), handshake_(handshake) {}
  const SessionHandshake& handshake() const { return handshake_; }

 private:
  SessionHandshake handshake_;
};

// A text as a template argument.
template <std::size_t size>
struct Literal {
  consteval Literal(const char (&text)[size]) { std::copy_n(text, size, chars); }
  constexpr std::string_view view() const { return {chars, size - 1}; }
  char chars[size]{};
};

// Value of `{name}` in the path pattern, as text or converted to a bool, number or std::string.
// When it cannot be converted the handler is not called: on_error gets a ParameterError, and in
// on_open the socket closes with 1008.
template <Literal name, class T = std::string_view>
class PathParam {
 public:
  static_assert(detail::converts<T>,
                "a path parameter is a bool, a number, std::string or std::string_view");
  explicit PathParam(T value) : value_(std::move(value)) {}
  const T& value() const { return value_; }
  operator const T&() const { return value_; }
  const T& operator*() const { return value_; }
  const T* operator->() const { return &value_; }

 private:
  T value_;
};

namespace detail {

enum class Role {
  session,
  config,
  handshake,
  path_parameter,
  shared,
  last,
  text,
  binary,
  pong,
  decoded,
  close_reason,
  exception,
  unknown
};

template <class V>
inline constexpr bool is_path_parameter = false;
template <Literal name, class V>
inline constexpr bool is_path_parameter<PathParam<name, V>> = true;

// What a parameter of type P means to handlers of T.
template <class T, class P>
constexpr Role role_of() {
  using V = std::remove_cvref_t<P>;
  if constexpr (std::is_same_v<V, Session>)
    return Role::session;
  else if constexpr (std::is_same_v<V, EndpointConfig> || std::is_same_v<V, Config>)
    return Role::config;
  else if constexpr (std::is_same_v<V, SessionHandshake>)
    return Role::handshake;
  else if constexpr (is_path_parameter<V>)
    return Role::path_parameter;
  else if constexpr (std::is_same_v<V, typename SharedOf<T>::Type>)
    return Role::shared;
  else if constexpr (std::is_same_v<V, bool>)
    return Role::last;
  else if constexpr (std::is_same_v<V, std::string_view> || std::is_same_v<V, std::string>)
    return Role::text;
  else if constexpr (std::is_same_v<V, Binary> || std::is_same_v<V, std::span<const std::byte>> ||
                     std::is_same_v<V, std::vector<std::byte>>)
    return Role::binary;
  else if constexpr (std::is_same_v<V, Pong>)
    return Role::pong;
  else if constexpr (std::is_same_v<V, CloseReason>)
    return Role::close_reason;
  else if constexpr (std::is_same_v<V, std::exception>)
    return Role::exception;
  else if constexpr (DecodersOf<T>::Type::template kinds<V>() != Kinds::none)
    return Role::decoded;
  else
    return Role::unknown;
}

constexpr bool is_message(Role role) {
  return role == Role::text || role == Role::binary || role == Role::pong || role == Role::decoded;
}
constexpr bool is_of_handshake(Role role) {
  return role == Role::config || role == Role::handshake || role == Role::path_parameter;
}

template <class P>
struct PathValue;
template <Literal name, class V>
struct PathValue<PathParam<name, V>> {
  static PathParam<name, V> of(const SessionHandshake& handshake) {
    const auto text = handshake.path_parameter(name.view());
    if (!text)
      throw std::logic_error("the path of this endpoint has no {" + std::string(name.view()) + "}");
    auto value = convert<V>(*text);
    if (!value)
      throw ParameterError("path parameter '" + std::string(name.view()) + "': '" +
                           std::string(*text) + "' is not " + wanted<V>());
    return PathParam<name, V>(*std::move(value));
  }
};

// What one socket keeps for its handlers.
template <class T, bool keeps_handshake>
struct Seat {
  using DecodersType = typename DecodersOf<T>::Type;
  using EncodersType = typename EncodersOf<T>::Type;
  explicit Seat(Site<T>& site) : decoders(site), encoders(site) {}

  [[no_unique_address]] std::conditional_t<keeps_handshake, SessionHandshake, Nothing> handshake;
  [[no_unique_address]] DecodersType decoders;
  [[no_unique_address]] EncodersType encoders;
};

// One event on its way to a handler.
template <class T, class SeatType>
struct Event {
  Site<T>& site;
  T& object;
  SeatType* seat;  // null when it would be empty
  Session session;
  unsigned kind = Kinds::none;
  std::string_view bytes{};
  bool last = true;
  CloseReason why{};
  const std::exception* error = nullptr;

  // What a parameter of type P gets.
  template <class P>
  decltype(auto) argument() {
    using V = std::remove_cvref_t<P>;
    constexpr Role role = role_of<T, P>();
    if constexpr (role == Role::session)
      return Session(session);
    else if constexpr (role == Role::config)
      return EndpointConfig(site.config, seat->handshake);
    else if constexpr (role == Role::handshake)
      return static_cast<const SessionHandshake&>(seat->handshake);
    else if constexpr (role == Role::path_parameter)
      return PathValue<V>::of(seat->handshake);
    else if constexpr (role == Role::shared)
      return static_cast<V&>(site.shared);
    else if constexpr (role == Role::last)
      return bool(last);
    else if constexpr (role == Role::text)
      return V(bytes);
    else if constexpr (role == Role::binary)
      return binary<V>();
    else if constexpr (role == Role::pong)
      return Pong{bytes};
    else if constexpr (role == Role::decoded)
      return seat->decoders.template decode<V>(kind, bytes);
    else if constexpr (role == Role::close_reason)
      return CloseReason(why);
    else if constexpr (role == Role::exception)
      return static_cast<const V&>(*error);
  }

 private:
  template <class V>
  V binary() const {
    const Binary its(bytes);
    if constexpr (std::is_constructible_v<V, Binary>)
      return V(its);
    else
      return V(its.begin(), its.end());
  }
};

}  // namespace detail
}  // namespace margay
