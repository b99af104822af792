// The rules of a plain struct's handlers: which there are, what they may take, what they cover.
#pragma once

#include <cstddef>
#include <type_traits>

#include <margay/codec.h>
#include <margay/parameters.h>
#include <margay/signature.h>

namespace margay::detail {

enum class Name { on_open, on_message, on_text, on_binary, on_pong, on_close, on_error, on_drain };

// With these a name that T has, in whatever form, is ambiguous.
struct Names {
  int on_open, on_message, on_text, on_binary, on_pong, on_close, on_error, on_drain;
};
template <class T>
struct Named : T, Names {};

template <class T>
requires std::is_final_v<T>
struct Named<T> : Names {
};

// The handlers of T as pointers, nullptr where there is none.
template <class T>
struct Handlers {
  template <Name name>
  static constexpr auto pointer() {
    if constexpr (name == Name::on_open)
      return on_open();
    else if constexpr (name == Name::on_message)
      return on_message();
    else if constexpr (name == Name::on_text)
      return on_text();
    else if constexpr (name == Name::on_binary)
      return on_binary();
    else if constexpr (name == Name::on_pong)
      return on_pong();
    else if constexpr (name == Name::on_close)
      return on_close();
    else if constexpr (name == Name::on_error)
      return on_error();
    else
      return on_drain();
  }

 private:
  static constexpr auto on_open() {
    if constexpr (requires { &T::on_open; })
      return &T::on_open;
    else {
      static_assert(
          requires { &Named<T>::on_open; }, "on_open is overloaded, private or a template");
      return nullptr;
    }
  }
  static constexpr auto on_message() {
    if constexpr (requires { &T::on_message; })
      return &T::on_message;
    else {
      static_assert(
          requires { &Named<T>::on_message; },
          "on_message is overloaded, private or a template: for several kinds of "
          "messages name the handlers on_text, on_binary and on_pong");
      return nullptr;
    }
  }
  static constexpr auto on_text() {
    if constexpr (requires { &T::on_text; })
      return &T::on_text;
    else {
      static_assert(
          requires { &Named<T>::on_text; }, "on_text is overloaded, private or a template");
      return nullptr;
    }
  }
  static constexpr auto on_binary() {
    if constexpr (requires { &T::on_binary; })
      return &T::on_binary;
    else {
      static_assert(
          requires { &Named<T>::on_binary; }, "on_binary is overloaded, private or a template");
      return nullptr;
    }
  }
  static constexpr auto on_pong() {
    if constexpr (requires { &T::on_pong; })
      return &T::on_pong;
    else {
      static_assert(
          requires { &Named<T>::on_pong; }, "on_pong is overloaded, private or a template");
      return nullptr;
    }
  }
  static constexpr auto on_close() {
    if constexpr (requires { &T::on_close; })
      return &T::on_close;
    else {
      static_assert(
          requires { &Named<T>::on_close; }, "on_close is overloaded, private or a template");
      return nullptr;
    }
  }
  static constexpr auto on_error() {
    if constexpr (requires { &T::on_error; })
      return &T::on_error;
    else {
      static_assert(
          requires { &Named<T>::on_error; }, "on_error is overloaded, private or a template");
      return nullptr;
    }
  }
  static constexpr auto on_drain() {
    if constexpr (requires { &T::on_drain; })
      return &T::on_drain;
    else {
      static_assert(
          requires { &Named<T>::on_drain; }, "on_drain is overloaded, private or a template");
      return nullptr;
    }
  }
};

constexpr bool takes_messages(Name name) {
  return name == Name::on_message || name == Name::on_text || name == Name::on_binary ||
         name == Name::on_pong;
}

// What handler `name` of T needs and takes, read from its parameters, which are checked on the way.
template <class T, Name name, class Parameters>
struct Facts;
template <class T, Name name, class... P>
struct Facts<T, name, Types<P...>> {
  static constexpr unsigned count([[maybe_unused]] Role role) {
    return ((role_of<T, P>() == role ? 1u : 0u) + ... + 0u);
  }
  static constexpr unsigned messages = ((is_message(role_of<T, P>()) ? 1u : 0u) + ... + 0u);
  static constexpr bool needs_handshake = (is_of_handshake(role_of<T, P>()) || ...);
  static constexpr bool in_parts = count(Role::last) != 0;

  // The kinds of messages it takes.
  static constexpr unsigned kinds() {
    if constexpr (name == Name::on_pong)
      return Kinds::pong;
    else if constexpr (name == Name::on_text)
      return Kinds::text;
    else if constexpr (name == Name::on_binary)
      return Kinds::binary;
    else if constexpr (name == Name::on_message)
      return (kinds_of<P>() | ... | 0u);
    else
      return Kinds::none;
  }

  static constexpr bool check() {
    (check_parameter<P>(), ...);
    static_assert(messages <= 1, "a handler takes one message, not two");
    static_assert(in_parts <= takes_messages(name) && count(Role::last) <= 1,
                  "bool last, once, is a parameter of message handlers");
    static_assert(name != Name::on_message || messages == 1,
                  "on_message takes the message: std::string_view, margay::Binary, margay::Pong or "
                  "a type that one of its Decoders gives");
    static_assert((name != Name::on_text && name != Name::on_binary) || messages == 1,
                  "on_text and on_binary take the message");
    static_assert(
        !in_parts || (name != Name::on_pong && count(Role::text) + count(Role::binary) == 1),
        "bool last goes with text or bytes: what is decoded, and a pong, is whole");
    return true;
  }

 private:
  template <class One>
  static constexpr unsigned kinds_of() {
    constexpr Role role = role_of<T, One>();
    if constexpr (role == Role::text)
      return Kinds::text;
    else if constexpr (role == Role::binary)
      return Kinds::binary;
    else if constexpr (role == Role::pong)
      return Kinds::pong;
    else if constexpr (role == Role::decoded)
      return DecodersOf<T>::Type::template kinds<std::remove_cvref_t<One>>();
    else
      return Kinds::none;
  }
  // One: the type of the parameter in question.
  template <class One>
  static constexpr void check_parameter() {
    constexpr Role role = role_of<T, One>();
    static_assert(
        role != Role::unknown,
        "a WebSocket handler cannot take a parameter of this type; it takes "
        "margay::Session, const margay::EndpointConfig&, const margay::SessionHandshake&, "
        "margay::PathParam<\"name\">, its Shared&, the message (std::string_view, "
        "margay::Binary, margay::Pong, or a type that one of its Decoders gives), bool "
        "last, margay::CloseReason, const std::exception&");
    static_assert(role == Role::shared || !std::is_lvalue_reference_v<One> ||
                      std::is_const_v<std::remove_reference_t<One>>,
                  "a WebSocket handler takes its parameters by value or by const reference; only "
                  "its Shared by reference");
    static_assert(role != Role::shared || std::is_lvalue_reference_v<One>,
                  "Shared is taken by reference");
    static_assert(role != Role::exception || std::is_lvalue_reference_v<One>,
                  "the exception is taken as const std::exception&");
    static_assert(!is_message(role) || takes_messages(name),
                  "only on_message, on_text, on_binary and on_pong take a message");
    static_assert(role != Role::close_reason || name == Name::on_close,
                  "margay::CloseReason is a parameter of on_close");
    static_assert(role != Role::exception || name == Name::on_error,
                  "const std::exception& is a parameter of on_error");
    static_assert(name != Name::on_text || !is_message(role) || role == Role::text ||
                      (kinds_of<One>() & Kinds::text) != 0,
                  "on_text takes text: std::string_view, or what a decoder gives for text");
    static_assert(name != Name::on_binary || !is_message(role) || role == Role::binary ||
                      (kinds_of<One>() & Kinds::binary) != 0,
                  "on_binary takes bytes: margay::Binary, or what a decoder gives for bytes");
    static_assert(name != Name::on_pong || role != Role::decoded, "a pong is not decoded");
  }
};
// There is no such handler.
template <class T, Name name>
struct Facts<T, name, void> {
  static constexpr bool needs_handshake = false;
  static constexpr bool in_parts = false;
  static constexpr unsigned kinds() { return Kinds::none; }
  static constexpr bool check() { return true; }
};

template <class F>
struct ParametersOf {
  using Type = typename Signature<F>::Parameters;
};
template <>
struct ParametersOf<std::nullptr_t> {
  using Type = void;
};

// Handler `name` of T.
template <class T, Name name>
struct Handler
    : Facts<T, name, typename ParametersOf<decltype(Handlers<T>::template pointer<name>())>::Type> {
  static constexpr auto pointer = Handlers<T>::template pointer<name>();
  static constexpr bool exists =
      !std::is_null_pointer_v<decltype(Handlers<T>::template pointer<name>())>;
};

template <class T>
constexpr bool check_handlers() {
  constexpr unsigned message = Handler<T, Name::on_message>::kinds();
  constexpr unsigned text = Handler<T, Name::on_text>::kinds();
  constexpr unsigned binary = Handler<T, Name::on_binary>::kinds();
  constexpr unsigned pong = Handler<T, Name::on_pong>::kinds();
  static_assert((message & text) == 0, "two handlers take text: on_message and on_text");
  static_assert((message & binary) == 0, "two handlers take bytes: on_message and on_binary");
  static_assert((message & pong) == 0, "two handlers take pongs: on_message and on_pong");
  return Handler<T, Name::on_open>::check() && Handler<T, Name::on_message>::check() &&
         Handler<T, Name::on_text>::check() && Handler<T, Name::on_binary>::check() &&
         Handler<T, Name::on_pong>::check() && Handler<T, Name::on_close>::check() &&
         Handler<T, Name::on_error>::check() && Handler<T, Name::on_drain>::check();
}

}  // namespace margay::detail
