// Messages as values of your types: encoders and decoders of handlers.
#pragma once

#include <cstddef>
#include <exception>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

#include <margay/signature.h>
#include <margay/websocket_type.h>

namespace margay {

// A decoder throws it for bytes that are not its own: the next one is asked. When none is left the
// first of them reaches on_error, and the socket stays open.
class DecodeError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// `using Decoders = margay::Decoders<A, B>;` in a handler type. A decoder is a class with
//   V decode(std::string_view text)      or  V decode(margay::Binary bytes)
// which may give std::optional<V> instead: {} is as DecodeError, and, if it likes,
//   bool will_decode(...)                of the same parameter: false passes on.
// Asked in order are those that give the type which the handler takes. Each socket has its own
// objects, made as handler types are.
template <class... Each>
struct Decoders {};

// `using Encoders = margay::Encoders<A, B>;` in a handler type. An encoder is a class with
//   std::string encode(const V&)         for text, or
//   std::vector<std::byte> encode(const V&)  for binary messages.
// The first whose V the returned value converts to is taken. Each socket has its own objects.
template <class... Each>
struct Encoders {};

namespace detail {

// Kinds of messages as bits.
struct Kinds {
  static constexpr unsigned none = 0, text = 1, binary = 2, pong = 4;
};

template <class V>
inline constexpr bool is_text =
    std::is_convertible_v<const V&, std::string_view> && !std::is_same_v<V, std::nullptr_t>;
template <class V>
inline constexpr bool is_binary = std::is_convertible_v<const V&, Binary>;

template <class V>
struct Unwrapped {
  using Type = V;
};
template <class V>
struct Unwrapped<std::optional<V>> {
  using Type = V;
};

template <class P>
struct First;
template <class P, class... More>
struct First<Types<P, More...>> {
  using Type = std::remove_cvref_t<P>;
  static_assert(sizeof...(More) == 0, "encode and decode take one parameter");
};

template <class D>
struct DecoderOf {
  static_assert(
      requires { &D::decode; },
      "a decoder has one function V decode(std::string_view) or V decode(margay::Binary)");
  using Its = Signature<decltype(&D::decode)>;
  using From = typename First<typename Its::Parameters>::Type;
  using Result = std::remove_cvref_t<typename Its::Result>;
  using Value = typename Unwrapped<Result>::Type;
  static_assert(std::is_same_v<From, std::string_view> || std::is_same_v<From, Binary>,
                "a decoder decodes std::string_view, which is text, or margay::Binary");
  static constexpr unsigned kind =
      std::is_same_v<From, std::string_view> ? Kinds::text : Kinds::binary;
};

template <class E>
struct EncoderOf {
  static_assert(
      requires { &E::encode; }, "an encoder has one function encode(const V&)");
  using Its = Signature<decltype(&E::encode)>;
  using Value = typename First<typename Its::Parameters>::Type;
  using Result = std::remove_cvref_t<typename Its::Result>;
  static_assert(is_text<Result> || is_binary<Result>,
                "an encoder gives std::string, which is text, or std::vector<std::byte>");
};

// The objects of one socket.
template <class List>
class Codecs {
  static_assert(
      std::is_void_v<List>,
      "using Decoders = margay::Decoders<A, B>; using Encoders = margay::Encoders<A, B>;");

 public:
  static constexpr std::size_t count = 0;
  template <class Site>
  explicit Codecs(Site&) {}
  template <class V>
  static constexpr unsigned kinds() {
    return Kinds::none;
  }
  template <class V>
  static constexpr bool encodes() {
    return false;
  }
};

template <class... Ds>
class Codecs<Decoders<Ds...>> {
 public:
  static constexpr std::size_t count = sizeof...(Ds);
  template <class Site>
  explicit Codecs([[maybe_unused]] Site& site) : each_(made<Ds>(site.config, site.shared)...) {}

  // What kinds of messages can be decoded to V.
  template <class V>
  static constexpr unsigned kinds() {
    return ((std::is_same_v<typename DecoderOf<Ds>::Value, V> ? DecoderOf<Ds>::kind : 0u) | ... |
            0u);
  }

  template <class V>
  V decode(unsigned kind, std::string_view bytes) {
    std::optional<V> value;
    std::exception_ptr refused;
    std::apply([&](auto&... each) { (attempt(each, kind, bytes, value, refused), ...); }, each_);
    if (value) return *std::move(value);
    if (refused) std::rethrow_exception(refused);
    throw DecodeError("no decoder accepts this message of " + std::to_string(bytes.size()) +
                      " bytes");
  }

 private:
  template <class D, class V>
  static void attempt(D& decoder, unsigned kind, std::string_view bytes, std::optional<V>& value,
                      std::exception_ptr& refused) {
    using Its = DecoderOf<D>;
    if constexpr (std::is_same_v<typename Its::Value, V>) {
      if (value || Its::kind != kind) return;
      const typename Its::From from(bytes);
      if constexpr (requires { decoder.will_decode(from); })
        if (!decoder.will_decode(from)) return;
      try {
        if constexpr (std::is_same_v<typename Its::Result, V>)
          value.emplace(decoder.decode(from));
        else if (auto decoded = decoder.decode(from))
          value.emplace(*std::move(decoded));
      } catch (const DecodeError&) {
        if (!refused) refused = std::current_exception();
      }
    }
  }

  std::tuple<Ds...> each_;
};

template <class... Es>
class Codecs<Encoders<Es...>> {
 public:
  static constexpr std::size_t count = sizeof...(Es);
  template <class Site>
  explicit Codecs([[maybe_unused]] Site& site) : each_(made<Es>(site.config, site.shared)...) {}

  template <class V>
  static constexpr bool encodes() {
    return index<V>() < count;
  }
  // std::string or what else the encoder gives.
  template <class V>
  auto encode(const V& value) {
    return std::get<index<V>()>(each_).encode(value);
  }

 private:
  template <class V>
  static constexpr std::size_t index() {
    constexpr bool takes[] = {
        std::is_convertible_v<const V&, const typename EncoderOf<Es>::Value&>..., true};
    std::size_t first = 0;
    while (!takes[first]) ++first;
    return first;
  }

  std::tuple<Es...> each_;
};

template <class T>
struct DecodersOf {
  using Type = Codecs<void>;
};
template <class T>
requires requires { typename T::Decoders; }
struct DecodersOf<T> {
  using Type = Codecs<typename T::Decoders>;
};
template <class T>
struct EncodersOf {
  using Type = Codecs<void>;
};
template <class T>
requires requires { typename T::Encoders; }
struct EncodersOf<T> {
  using Type = Codecs<typename T::Encoders>;
};

}  // namespace detail
}  // namespace margay
