// What both forms of WebSocket endpoints share: the configured endpoint, and one socket's object.
#pragma once

#include <algorithm>
#include <array>
#include <memory>
#include <stdexcept>
#include <string_view>
#include <type_traits>

#include <margay/endpoint.h>
#include <margay/handshake.h>
#include <margay/session.h>

namespace margay {

// Whom an object serves. socket: each has its own, made before the 101 is sent, so that a
// constructor that throws refuses the handshake. shared: one, made with the configured endpoint,
// for all sockets, which call it at the same time.
enum class Scope { socket, shared };

// The peer broke the protocol or the connection broke; the end of the session follows.
class ConnectionError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

namespace detail {

struct NoShared {};

template <class T>
struct SharedOf {
  using Type = NoShared;
};
template <class T>
requires requires { typename T::Shared; }
struct SharedOf<T> {
  using Type = typename T::Shared;
};

template <class T>
constexpr Scope scope_of() {
  if constexpr (requires { T::scope; }) return T::scope;
  return Scope::socket;
}
template <class T>
constexpr Dispatch dispatch_of() {
  if constexpr (requires { T::dispatch; }) return T::dispatch;
  return Dispatch::worker;
}
// What T says as `subprotocols`, with a NUL at its end.
template <class T>
inline constexpr auto subprotocol_text = [] {
  constexpr std::string_view text = T::subprotocols;
  std::array<char, text.size() + 1> terminated{};
  std::copy(text.begin(), text.end(), terminated.begin());
  return terminated;
}();
template <class T>
constexpr const char* subprotocols_of() {
  if constexpr (requires { T::subprotocols; }) {
    static_assert(std::is_convertible_v<decltype(T::subprotocols), std::string_view>,
                  "static constexpr std::string_view subprotocols = \"chat.v2, chat.v1\"");
    return subprotocol_text<T>.data();
  } else {
    return "";
  }
}

template <class T, class... Parts>
concept MadeOf = std::is_constructible_v<T, Parts...> ||
    (std::is_aggregate_v<T>&& requires(Parts... parts) { T{static_cast<Parts>(parts)...}; });

// By a constructor, or member by member.
template <class T, class... Parts>
T made_of(Parts&... parts) {
  if constexpr (std::is_constructible_v<T, Parts&...>)
    return T(parts...);
  else
    return T{parts...};
}

// Injection: Config, Shared&, both in either order, or nothing.
template <class T, class Shared>
T made(const Config& config, Shared& shared) {
  if constexpr (MadeOf<T, const Config&, Shared&>) {
    return made_of<T>(config, shared);
  } else if constexpr (MadeOf<T, Shared&, const Config&>) {
    return made_of<T>(shared, config);
  } else if constexpr (MadeOf<T, const Config&>) {
    return made_of<T>(config);
  } else if constexpr (MadeOf<T, Shared&>) {
    return made_of<T>(shared);
  } else {
    static_assert(std::is_default_constructible_v<T>,
                  "this type is made from const margay::Config&, its Shared&, both, or nothing");
    return T();
  }
}

inline const margay_websockets* required_websockets(const Config& config) {
  const auto* sockets = websockets(config);
  if (sockets == nullptr) throw std::runtime_error("this server offers no WebSockets");
  return sockets;
}

struct Nothing {
  Nothing() = default;
  template <class Site>
  explicit Nothing(Site&) {}
};

// One configured endpoint: what its sockets share. Lives from `create` to `destroy`.
template <class T>
struct Site {
  using Shared = typename SharedOf<T>::Type;
  using Hooks = typename ConfiguratorOf<T>::Type;
  static constexpr bool is_shared = scope_of<T>() == Scope::shared;

  explicit Site(const Config& its)
      : config(its),
        log(its.logger()),
        sockets(required_websockets(its)),
        shared(made<Shared>(config, none)),
        hooks(made<Hooks>(config, shared)),
        object(made<std::conditional_t<is_shared, T, NoShared>>(config, shared)) {}

  const Config config;
  const Logger log;
  const margay_websockets* const sockets;
  NoShared none;
  Shared shared;
  Hooks hooks;
  std::conditional_t<is_shared, T, NoShared> object;  // that of Scope::shared
};

// One socket: its object, by value or as make_instance gave it, and what the form adds.
template <class T, class Extra>
struct Peer {
  static constexpr bool has_own = !Site<T>::is_shared;

  explicit Peer(Site<T>& site)
      : object(made<std::conditional_t<has_own, T, NoShared>>(site.config, site.shared)),
        extra(site) {}

  T& its(Site<T>& site) {
    if constexpr (has_own) {
      return object;
    } else {
      return site.object;
    }
  }

  std::conditional_t<has_own, T, NoShared> object;
  [[no_unique_address]] Extra extra;
};
template <class T, class Extra>
requires MakesInstance<typename Site<T>::Hooks>
struct Peer<T, Extra> {
  using Pointer = InstanceOf<typename Site<T>::Hooks>;
  static_assert(std::is_convertible_v<decltype(*std::declval<Pointer&>()), T&>,
                "make_instance gives a std::unique_ptr or std::shared_ptr to the WebSocket's type");

  Peer(Site<T>& site, Pointer given) : object(std::move(given)), extra(site) {}
  T& its(Site<T>&) { return *object; }

  Pointer object;
  [[no_unique_address]] Extra extra;
};

template <class T, class Extra>
margay_result make_peer(void* self, const margay_host* host, margay_exchange* exchange,
                        const margay_request* raw, void** peer) {
  auto& site = *static_cast<Site<T>*>(self);
  return logged(site.log, [&] {
    if constexpr (MakesInstance<typename Site<T>::Hooks>) {
      if (exchange == nullptr) throw std::logic_error("make_instance is for a server's endpoints");
      Request request(*host, *exchange, *raw, &site.config.raw());
      Response response(*host, *exchange, &site.config.raw());
      auto given = site.hooks.make_instance(request, response);
      if (given == nullptr) return MARGAY_CLOSED;
      *peer = new Peer<T, Extra>(site, std::move(given));
    } else {
      *peer = new Peer<T, Extra>(site);
    }
    return MARGAY_OK;
  });
}

template <class T, class Extra>
void end_peer(void*, void* peer) {
  delete static_cast<Peer<T, Extra>*>(peer);
}

template <class T>
void* create_site(const margay_host* host, const margay_config* raw, margay_failure* failure) {
  return created(host, raw, failure, [](const Config& config) { return new Site<T>(config); });
}
template <class T>
void destroy_site(void* self) {
  delete static_cast<Site<T>*>(self);
}

// The object behind a socket; `peer` is NULL where nothing is kept for each.
template <class T, class Extra>
T& object_of(Site<T>& site, void* peer) {
  if constexpr (Site<T>::is_shared)
    return site.object;
  else
    return static_cast<Peer<T, Extra>*>(peer)->its(site);
}

struct UnknownException : std::exception {
  const char* what() const noexcept override { return "an exception that is no std::exception"; }
};

// Calls `handle(const std::exception&)` for the exception that is being handled.
template <class Handle>
void with_current_exception(Handle&& handle) {
  try {
    throw;
  } catch (const std::exception& error) {
    handle(error);
  } catch (...) {
    handle(UnknownException());
  }
}

// The part of the table that both forms have.
template <class T, class Extra>
constexpr margay_websocket_type websocket_type(const char* name, std::uint32_t takes) {
  using Its = Site<T>;
  using Hooks = typename Its::Hooks;
  check_hooks<Hooks>();
  static_assert(!Its::is_shared || !MakesInstance<Hooks>, "make_instance is for Scope::socket");
  constexpr bool has_peer = !Its::is_shared || !std::is_same_v<Extra, Nothing>;
  margay_websocket_type type{};
  type.size = sizeof type;
  type.flags = takes | static_cast<std::uint32_t>(dispatch_of<T>());
  type.name = name;
  type.subprotocols = subprotocols_of<T>();
  type.create = create_site<T>;
  if constexpr (ChecksOrigin<Hooks>) type.check_origin = check_origin<Its>;
  if constexpr (SelectsSubprotocol<Hooks>) type.select_subprotocol = select_subprotocol<Its>;
  if constexpr (AcceptsExtension<Hooks>) type.select_extensions = select_extensions<Its>;
  if constexpr (ModifiesHandshake<Hooks>) type.modify_handshake = modify_handshake<Its>;
  if constexpr (has_peer) {
    type.make_peer = make_peer<T, Extra>;
    type.end_peer = end_peer<T, Extra>;
  }
  type.destroy = destroy_site<T>;
  return type;
}

}  // namespace detail
}  // namespace margay
