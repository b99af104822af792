// Having a say in the handshake: interceptors, for any endpoint, and a type's own Configurator.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <type_traits>
#include <vector>

#include <margay/abi_websocket.h>
#include <margay/endpoint.h>

namespace margay {

// Stands around the handshake of the endpoints it is configured for. Many threads at once. Made and
// destroyed as endpoints are; runs on the loop unless it says Dispatch::worker.
class Interceptor {
 public:
  static constexpr Dispatch dispatch = Dispatch::loop;
  virtual ~Interceptor() = default;
  // In order. True: on with the next. False: refused with what this answered, now or, after
  // response.suspend(), later; then Async::proceed() may still hand on. Without an answer it is
  // 403; an exception is answered as an endpoint's. Attributes set here become properties of the
  // session.
  virtual bool before(Request&, Response&) { return true; }
  // In reverse order, once for each whose `before` let it pass: the 101 is on its way, or
  // `failure` says why there is none.
  virtual void after(const Request&, std::string_view /*failure*/) {}
};

namespace detail {

template <class T>
margay_result intercept(void* self, const margay_host* host, margay_exchange* exchange,
                        const margay_request* raw) {
  return guarded<T>(self, host, exchange, [&](T& object) {
    Request request(*host, *exchange, *raw, source_of<T>(self));
    Response response(*host, *exchange, source_of<T>(self));
    return object.before(request, response) ? MARGAY_OK : MARGAY_CLOSED;
  });
}

template <class T>
void intercepted(void* self, const margay_host* host, margay_exchange* exchange,
                 const margay_request* raw, margay_str failure) {
  guarded<T>(self, [&](T& object) {
    const Request request(*host, *exchange, *raw, source_of<T>(self));
    object.after(request, view(failure));
    return MARGAY_OK;
  });
}

// --- Configurator: the hooks of one type's handshakes, each of which may be missing. One object
// for each configured endpoint, many threads at once; made from Config, the type's Shared&, both or
// nothing. A hook that answers says false (make_instance: null), and may have suspended.

struct NoConfigurator {};

template <class T>
struct ConfiguratorOf {
  using Type = NoConfigurator;
};
template <class T>
requires requires { typename T::Configurator; }
struct ConfiguratorOf<T> {
  using Type = typename T::Configurator;
};

template <class C>
concept ChecksOrigin = requires(C& hooks, Request& request, Response& response) {
  { hooks.check_origin(request, response, std::string_view()) } -> std::convertible_to<bool>;
};
template <class C>
concept SelectsSubprotocol = requires(C& hooks, const Request& request,
                                      std::span<const std::string_view> requested) {
  { hooks.select_subprotocol(request, requested) } -> std::convertible_to<std::string_view>;
};
template <class C>
concept AcceptsExtension = requires(C& hooks, const Request& request) {
  { hooks.accept_extension(request, std::string_view()) } -> std::convertible_to<bool>;
};
template <class C>
concept ModifiesHandshake = requires(C& hooks, Request& request, Response& response) {
  { hooks.modify_handshake(request, response) } -> std::convertible_to<bool>;
};
template <class C>
concept MakesInstance = requires(C& hooks, Request& request, Response& response) {
  *hooks.make_instance(request, response);
};
template <class C>
using InstanceOf =
    decltype(std::declval<C&>().make_instance(std::declval<Request&>(), std::declval<Response&>()));

// A hook of the right name and another signature would be passed over without a word.
template <class C>
constexpr void check_hooks() {
  static_assert(
      ChecksOrigin<C> || !requires { &C::check_origin; },
      "bool check_origin(margay::Request&, margay::Response&, std::string_view origin)");
  static_assert(
      SelectsSubprotocol<C> || !requires { &C::select_subprotocol; },
      "std::string_view select_subprotocol(const margay::Request&, "
      "std::span<const std::string_view> requested)");
  static_assert(
      AcceptsExtension<C> || !requires { &C::accept_extension; },
      "bool accept_extension(const margay::Request&, std::string_view offer)");
  static_assert(
      ModifiesHandshake<C> || !requires { &C::modify_handshake; },
      "bool modify_handshake(margay::Request&, margay::Response&)");
  static_assert(
      MakesInstance<C> || !requires { &C::make_instance; },
      "std::unique_ptr<T> make_instance(margay::Request&, margay::Response&)");
}

template <class Site>
margay_result check_origin(void* self, const margay_host* host, margay_exchange* exchange,
                           const margay_request* raw, margay_str origin) {
  auto& site = *static_cast<Site*>(self);
  return logged(site.log, [&] {
    Request request(*host, *exchange, *raw, &site.config.raw());
    Response response(*host, *exchange, &site.config.raw());
    return site.hooks.check_origin(request, response, view(origin)) ? MARGAY_OK : MARGAY_CLOSED;
  });
}

template <class Site>
std::int32_t select_subprotocol(void* self, const margay_host* host, margay_exchange* exchange,
                                const margay_request* raw, const margay_str* requested,
                                std::uint32_t count) {
  auto& site = *static_cast<Site*>(self);
  std::int32_t selected = -1;
  logged(site.log, [&] {
    const Request request(*host, *exchange, *raw, &site.config.raw());
    std::vector<std::string_view> names;
    for (std::uint32_t i = 0; i < count; ++i) names.push_back(view(requested[i]));
    const std::string_view name =
        site.hooks.select_subprotocol(request, std::span<const std::string_view>(names));
    for (std::uint32_t i = 0; i < count && selected < 0 && !name.empty(); ++i)
      if (names[i] == name) selected = static_cast<std::int32_t>(i);
    if (selected < 0 && !name.empty())
      site.log.warn("select_subprotocol chose one that the client did not offer: none is used");
    return MARGAY_OK;
  });
  return selected;
}

template <class Site>
std::uint64_t select_extensions(void* self, const margay_host* host, margay_exchange* exchange,
                                const margay_request* raw, const margay_str* requested,
                                std::uint32_t count) {
  auto& site = *static_cast<Site*>(self);
  std::uint64_t selected = 0;
  logged(site.log, [&] {
    const Request request(*host, *exchange, *raw, &site.config.raw());
    for (std::uint32_t i = 0; i < count && i < 64; ++i)
      if (site.hooks.accept_extension(request, view(requested[i])))
        selected |= std::uint64_t{1} << i;
    return MARGAY_OK;
  });
  return selected;
}

template <class Site>
margay_result modify_handshake(void* self, const margay_host* host, margay_exchange* exchange,
                               const margay_request* raw) {
  auto& site = *static_cast<Site*>(self);
  return logged(site.log, [&] {
    Request request(*host, *exchange, *raw, &site.config.raw());
    Response response(*host, *exchange, &site.config.raw());
    return site.hooks.modify_handshake(request, response) ? MARGAY_OK : MARGAY_CLOSED;
  });
}

}  // namespace detail

// The entry of an interceptor type in MARGAY_PLUGIN; `name` is what app.xml calls it (`type`).
template <class T>
constexpr margay_interceptor_type interceptor(const char* name) {
  static_assert(std::is_base_of_v<Interceptor, T>,
                "an interceptor derives from margay::Interceptor");
  constexpr bool has_before = !std::is_same_v<decltype(&T::before), decltype(&Interceptor::before)>;
  constexpr bool has_after = !std::is_same_v<decltype(&T::after), decltype(&Interceptor::after)>;
  return {sizeof(margay_interceptor_type),
          static_cast<std::uint32_t>(T::dispatch),
          name,
          detail::create<T>,
          has_before ? detail::intercept<T> : nullptr,
          has_after ? detail::intercepted<T> : nullptr,
          detail::destroy<T>};
}

}  // namespace margay
