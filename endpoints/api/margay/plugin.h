// Everything a plugin needs: endpoints, filters, listeners, WebSockets, and MARGAY_PLUGIN, which
// makes the table of them.
//
// Header-only, compiled into the plugin: nothing but C crosses to the server. Exceptions end here.
#pragma once

#include <array>
#include <tuple>
#include <utility>

#include <margay/abi.h>
#include <margay/abi_websocket.h>
#include <margay/application.h>
#include <margay/async.h>
#include <margay/client.h>
#include <margay/config.h>
#include <margay/cookie.h>
#include <margay/endpoint.h>
#include <margay/filter.h>
#include <margay/handshake.h>
#include <margay/logger.h>
#include <margay/realm.h>
#include <margay/request.h>
#include <margay/response.h>
#include <margay/session.h>
#include <margay/topic.h>
#include <margay/websocket.h>
#include <margay/websocket_handlers.h>

namespace margay::detail {

// Those of one kind among the parts of a plugin, in their order: pointers, and how many.
template <class Kind, class... Ts>
constexpr auto pick(const std::tuple<Ts...>& all) {
  constexpr std::size_t count = (std::size_t{std::is_same_v<Kind, Ts>} + ... + 0);
  std::array<const Kind*, count == 0 ? 1 : count> found{};
  std::size_t i = 0;
  std::apply(
      [&](const auto&... each) {
        (
            [&] {
              if constexpr (std::is_same_v<std::decay_t<decltype(each)>, Kind>) found[i++] = &each;
            }(),
            ...);
      },
      all);
  return std::pair(found, static_cast<std::uint32_t>(count));
}

}  // namespace margay::detail

// A constant table, not a registration: loading a plugin runs no code of its author.
// MARGAY_TABLE names the function that returns it, for types that are linked into the server.
#define MARGAY_TABLE(function, plugin_name, plugin_version, ...)                                \
  const margay_plugin* function() {                                                             \
    static constexpr auto parts = std::make_tuple(__VA_ARGS__);                                 \
    static constexpr auto endpoint_types = margay::detail::pick<margay_endpoint_type>(parts);   \
    static constexpr auto filter_types = margay::detail::pick<margay_filter_type>(parts);       \
    static constexpr auto websocket_types = margay::detail::pick<margay_websocket_type>(parts); \
    static constexpr auto interceptor_types =                                                   \
        margay::detail::pick<margay_interceptor_type>(parts);                                   \
    static constexpr auto realm_types = margay::detail::pick<margay_realm_type>(parts);         \
    static constexpr auto listener_types = margay::detail::pick<margay_listener_type>(parts);   \
    static constexpr margay_plugin table{MARGAY_PLUGIN_MAGIC,                                   \
                                         sizeof(margay_plugin),                                 \
                                         MARGAY_ABI_MAJOR,                                      \
                                         MARGAY_ABI_MINOR,                                      \
                                         endpoint_types.second,                                 \
                                         filter_types.second,                                   \
                                         plugin_name,                                           \
                                         plugin_version,                                        \
                                         endpoint_types.first.data(),                           \
                                         filter_types.first.data(),                             \
                                         websocket_types.second,                                \
                                         interceptor_types.second,                              \
                                         websocket_types.first.data(),                          \
                                         interceptor_types.first.data(),                        \
                                         realm_types.second,                                    \
                                         realm_types.first.data(),                              \
                                         listener_types.second,                                 \
                                         listener_types.first.data()};                          \
    return &table;                                                                              \
  }
#define MARGAY_PLUGIN(plugin_name, plugin_version, ...) \
  extern "C" __attribute__((visibility("default")))     \
  MARGAY_TABLE(margay_plugin_main, plugin_name, plugin_version, __VA_ARGS__)
