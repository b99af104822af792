// Which tables of plugins the server takes, and how it describes them.
#include <doctest/doctest.h>

#include "container/plugin.h"

using namespace container;

namespace {

void* create(const margay_host*, const margay_config*, margay_failure*) { return nullptr; }
void destroy(void*) {}
margay_result message(void*, void*, margay_session, int, margay_str, int) { return MARGAY_OK; }
margay_result before(void*, const margay_host*, margay_exchange*, const margay_request*) {
  return MARGAY_OK;
}

// The smallest of each that is complete.
struct Tables {
  Tables() {
    websocket.size = sizeof websocket;
    websocket.flags = MARGAY_TAKES_TEXT;
    websocket.name = "chat";
    websocket.subprotocols = "";
    websocket.create = create;
    websocket.message = message;
    websocket.destroy = destroy;
    interceptor.size = sizeof interceptor;
    interceptor.name = "guard";
    interceptor.create = create;
    interceptor.before = before;
    interceptor.destroy = destroy;
    plugin.magic = MARGAY_PLUGIN_MAGIC;
    plugin.size = sizeof plugin;
    plugin.abi_major = MARGAY_ABI_MAJOR;
    plugin.abi_minor = 1;
    plugin.name = "p";
    plugin.version = "1";
    plugin.websocket_count = plugin.interceptor_count = 1;
    plugin.websockets = websockets;
    plugin.interceptors = interceptors;
  }

  margay_websocket_type websocket{};
  margay_interceptor_type interceptor{};
  const margay_websocket_type* websockets[2] = {&websocket, &websocket};
  const margay_interceptor_type* interceptors[2] = {&interceptor, &interceptor};
  margay_plugin plugin{};
};

}  // namespace

TEST_CASE("a plugin of ABI 1.0 ends before its WebSockets, which nobody reads") {
  Tables old;
  old.plugin.abi_minor = 0;
  old.plugin.size = offsetof(margay_plugin, websocket_count);
  old.plugin.websockets = reinterpret_cast<const margay_websocket_type* const*>(1);
  old.plugin.interceptors = reinterpret_cast<const margay_interceptor_type* const*>(1);
  CHECK(refusal(old.plugin).empty());
  CHECK(websockets_of(old.plugin).empty());
  CHECK(interceptors_of(old.plugin).empty());
  CHECK(Plugin::built_in(old.plugin)->find_websocket("chat") == nullptr);
  CHECK(describe(old.plugin) == "p 1, plugin ABI 1.0\n");
  old.plugin.abi_minor = 1;
  CHECK(refusal(old.plugin) == "has a table that is too short for its ABI version");
}

TEST_CASE("WebSocket types and interceptors are found by name") {
  const Tables tables;
  CHECK(refusal(tables.plugin).empty());
  const auto plugin = Plugin::built_in(tables.plugin);
  CHECK(plugin->find_websocket("chat") == &tables.websocket);
  CHECK(plugin->find_websocket("guard") == nullptr);
  CHECK(plugin->find_interceptor("guard") == &tables.interceptor);
  CHECK(plugin->find_endpoint("chat") == nullptr);
}

TEST_CASE("listeners are found by name, need little, and are not read in an older table") {
  Tables tables;
  margay_listener_type listener{sizeof listener, 0, "pool", create, nullptr, nullptr, destroy};
  const margay_listener_type* const listeners[] = {&listener};
  tables.plugin.abi_minor = 4;
  tables.plugin.websocket_count = tables.plugin.interceptor_count = 0;
  tables.plugin.listener_count = 1;
  tables.plugin.listeners = listeners;
  CHECK(refusal(tables.plugin).empty());
  CHECK(Plugin::built_in(tables.plugin)->find_listener("pool") == &listener);
  CHECK(describe(tables.plugin) == "p 1, plugin ABI 1.4\n  listener pool;\n");
  listener.stopping = destroy;
  CHECK(describe(tables.plugin) == "p 1, plugin ABI 1.4\n  listener pool; stopping\n");
  listener.create = nullptr;
  CHECK(refusal(tables.plugin) ==
        "declares the listener type 'pool' without all the functions it must have");
  tables.plugin.abi_minor = 3;
  CHECK(listeners_of(tables.plugin).empty());
}

TEST_CASE("types without what they need are refused") {
  const std::string incomplete =
      "declares the WebSocket type 'chat' without all the functions it must have";
  const auto refused = [](auto change) {
    Tables tables;
    change(tables);
    return refusal(tables.plugin);
  };
  CHECK(refused([](Tables& t) { t.websocket.create = nullptr; }) == incomplete);
  CHECK(refused([](Tables& t) { t.websocket.destroy = nullptr; }) == incomplete);
  CHECK(refused([](Tables& t) { t.websocket.message = nullptr; }) == incomplete);
  CHECK(refused([](Tables& t) {
          t.websocket.message = nullptr;
          t.websocket.flags = 0;
        }).empty());
  CHECK(refused([](Tables& t) { t.websocket.flags |= MARGAY_BINARY_IN_PARTS; }) == incomplete);
  CHECK(refused([](Tables& t) { t.websocket.size = 8; }) == incomplete);
  CHECK(refused([](Tables& t) { t.websocket.name = ""; }) ==
        "declares a WebSocket type without a name");
  CHECK(refused([](Tables& t) { t.plugin.websocket_count = 2; }) ==
        "declares the WebSocket type 'chat' twice");
  CHECK(refused([](Tables& t) { t.interceptor.destroy = nullptr; }) ==
        "declares the interceptor type 'guard' without all the functions it must have");
  CHECK(refused([](Tables& t) { t.plugin.interceptor_count = 2; }) ==
        "declares the interceptor type 'guard' twice");
}

TEST_CASE("margay abi says what a WebSocket type takes") {
  Tables tables;
  CHECK(describe(tables.plugin) ==
        "p 1, plugin ABI 1.1\n"
        "  websocket chat: worker; takes text\n"
        "  interceptor guard: worker; before\n");
  tables.websocket.flags = std::uint32_t{MARGAY_ON_LOOP} | MARGAY_TAKES_TEXT | MARGAY_TAKES_BINARY |
                           MARGAY_BINARY_IN_PARTS | MARGAY_TAKES_PONG;
  tables.websocket.subprotocols = "v2, v1";
  tables.plugin.interceptor_count = 0;
  CHECK(describe(tables.plugin) ==
        "p 1, plugin ABI 1.1\n"
        "  websocket chat: loop; takes text, binary in parts, pong; subprotocols v2, v1\n");
}
