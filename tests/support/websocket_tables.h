// WebSocket and interceptor types for tests, against the plain contract: what they do is said by
// the query of the handshake, and what happened is noted in order.
#pragma once

#include <cstring>
#include <mutex>
#include <string>
#include <string_view>

#include <margay/abi_websocket.h>

namespace tests {

// What the hooks of all types were called for, in order; any thread.
class Notes {
 public:
  void add(const std::string& what) {
    const std::scoped_lock lock(mutex_);
    text_ += (text_.empty() ? "" : " ") + what;
  }
  std::string take() {
    const std::scoped_lock lock(mutex_);
    return std::exchange(text_, {});
  }
  bool has(const std::string& what) const {
    const std::scoped_lock lock(mutex_);
    return text_.find(what) != std::string::npos;
  }

 private:
  mutable std::mutex mutex_;  // guards text_
  std::string text_;
};

inline Notes& notes() {
  static Notes all;
  return all;
}

inline std::string_view view(margay_str text) { return {text.data, text.size}; }
inline margay_str text(std::string_view view) { return {view.data(), view.size()}; }

// The value that the query gives a name: `modify=close` of "a=ok&modify=close".
inline std::string_view asked(const margay_request* request, std::string_view name) {
  std::string_view query = view(request->query);
  while (!query.empty()) {
    const auto end = query.find('&');
    const std::string_view one = query.substr(0, end);
    if (one.size() > name.size() && one.starts_with(name) && one[name.size()] == '=')
      return one.substr(name.size() + 1);
    query = end == query.npos ? std::string_view{} : query.substr(end + 1);
  }
  return {};
}

// A hook that waits: whoever holds it decides from any thread.
struct Held {
  margay_async* right = nullptr;
  const margay_host* host = nullptr;
};
inline Held& held() {
  static Held one;
  return one;
}

// Does what the query asks of the hook `name`: ok, close, answer (401), error (send_error 402),
// fail, wait.
inline margay_result obey(const margay_host* host, margay_exchange* exchange,
                          const margay_request* request, std::string_view name) {
  notes().add(std::string(name));
  const std::string_view what = asked(request, name);
  if (what == "close") return MARGAY_CLOSED;
  if (what == "fail") return MARGAY_FAILED;
  if (what == "answer") {
    host->status(exchange, 401);
    host->header(exchange, MARGAY_SET, text("WWW-Authenticate"), text("Basic"));
    host->write(exchange, text("who are you"));
    return MARGAY_CLOSED;
  }
  if (what == "error") {
    host->send_error(exchange, 402, text("pay first"));
    return MARGAY_CLOSED;
  }
  if (what == "wait") {
    held() = {host->suspend(exchange), host};
    notes().add("waiting");
    return MARGAY_SUSPENDED;
  }
  return MARGAY_OK;
}

struct WebSocketTables {
  margay_websocket_type echo{};    // every hook that the query names
  margay_websocket_type choosy{};  // and those that choose
  margay_websocket_type silent{};  // no hooks, no subprotocols
  margay_interceptor_type guard{}, slow{};
  margay_endpoint_type page{};
  margay_filter_type stamp{};
  const margay_endpoint_type* endpoints[1] = {&page};
  const margay_filter_type* filters[1] = {&stamp};
  const margay_websocket_type* websockets[3] = {&echo, &choosy, &silent};
  const margay_interceptor_type* interceptors[2] = {&guard, &slow};
  margay_plugin plugin{};

  WebSocketTables();
  WebSocketTables(const WebSocketTables&) = delete;
};

namespace hooks {

// An instance knows its name, and whether its peers are counted.
struct Self {
  std::string name;
};

inline void* create(const margay_host*, const margay_config* config, margay_failure* failure) {
  for (std::uint32_t i = 0; i < config->count; ++i) {
    if (view(config->params[i].name) != "fail") continue;
    std::strcpy(failure->message, "asked to");
    return nullptr;
  }
  return new Self{std::string(view(config->name))};
}
inline void destroy(void* self) { delete static_cast<Self*>(self); }

inline margay_result check_origin(void*, const margay_host* host, margay_exchange* exchange,
                                  const margay_request* request, margay_str origin) {
  notes().add("[" + std::string(view(origin)) + "]");
  return obey(host, exchange, request, "origin");
}
inline std::int32_t select_subprotocol(void*, const margay_host*, margay_exchange*,
                                       const margay_request* request, const margay_str* requested,
                                       std::uint32_t count) {
  const std::string_view what = asked(request, "protocol");
  notes().add("protocol:" + std::to_string(count));
  if (what == "last") return static_cast<std::int32_t>(count) - 1;
  if (what == "beyond") return static_cast<std::int32_t>(count);
  for (std::uint32_t i = 0; i < count; ++i)
    if (view(requested[i]) == "v2" || view(requested[i]) == "v1")
      return static_cast<std::int32_t>(i);
  return -1;
}
inline std::uint64_t select_extensions(void*, const margay_host*, margay_exchange*,
                                       const margay_request* request, const margay_str* requested,
                                       std::uint32_t count) {
  notes().add("extensions:" + std::to_string(count));
  for (std::uint32_t i = 0; i < count; ++i)
    notes().add("{" + std::string(view(requested[i])) + "}");
  return asked(request, "extensions") == "none" ? 0 : ~std::uint64_t{0};
}
inline margay_result modify(void*, const margay_host* host, margay_exchange* exchange,
                            const margay_request* request) {
  host->header(exchange, MARGAY_SET, text("X-Modified"), text("yes"));
  return obey(host, exchange, request, "modify");
}
inline margay_result make_peer(void*, const margay_host* host, margay_exchange* exchange,
                               const margay_request* request, void** peer) {
  if (asked(request, "made") != "none") {
    *peer = &notes();
  }
  return obey(host, exchange, request, "peer");
}
inline void end_peer(void*, void*) { notes().add("end_peer"); }
inline margay_result message(void*, void*, margay_session, int, margay_str, int) {
  return MARGAY_OK;
}

inline margay_result service(void*, const margay_host* host, margay_exchange* exchange,
                             const margay_request*) {
  return host->write(exchange, text("page"));
}

// Fields before and after, and a body moment that would be seen.
inline margay_result stamp_before(void*, void**, const margay_host* host, margay_exchange* exchange,
                                  const margay_request* request) {
  host->header(exchange, MARGAY_SET, text("X-Before"), text("yes"));
  return obey(host, exchange, request, "filter");
}
inline void stamp_head(void*, void**, const margay_host* host, margay_exchange* exchange,
                       const margay_request*, int* status) {
  host->header(exchange, MARGAY_SET, text("X-Head"), text(std::to_string(*status)));
}
inline margay_result stamp_body(void*, void**, const margay_host* host, margay_exchange* exchange,
                                margay_str chunk, int last) {
  notes().add("body");
  host->emit(exchange, chunk);
  return last != 0 ? host->emit(exchange, text("!")) : MARGAY_OK;
}

inline margay_result before(void* self, const margay_host* host, margay_exchange* exchange,
                            const margay_request* request) {
  return obey(host, exchange, request, static_cast<Self*>(self)->name);
}
inline void after(void* self, const margay_host*, margay_exchange*, const margay_request*,
                  margay_str failure) {
  notes().add("after-" + static_cast<Self*>(self)->name +
              (failure.size == 0 ? "" : "(" + std::string(view(failure)) + ")"));
}

}  // namespace hooks

inline WebSocketTables::WebSocketTables() {
  silent = {.size = sizeof silent,
            .flags = std::uint32_t{MARGAY_ON_LOOP} | MARGAY_TAKES_TEXT,
            .name = "silent",
            .subprotocols = "",
            .create = hooks::create,
            .message = hooks::message,
            .destroy = hooks::destroy};
  echo = silent;
  echo.name = "echo";
  echo.subprotocols = "v2, v1";
  echo.modify_handshake = hooks::modify;
  echo.make_peer = hooks::make_peer;
  echo.end_peer = hooks::end_peer;
  choosy = echo;
  choosy.name = "choosy";
  choosy.check_origin = hooks::check_origin;
  choosy.select_subprotocol = hooks::select_subprotocol;
  choosy.select_extensions = hooks::select_extensions;
  page = {.size = sizeof page,
          .flags = MARGAY_ON_LOOP,
          .name = "page",
          .create = hooks::create,
          .service = hooks::service,
          .destroy = hooks::destroy};
  stamp = {.size = sizeof stamp,
           .flags = MARGAY_ON_LOOP,
           .name = "stamp",
           .create = hooks::create,
           .before = hooks::stamp_before,
           .head = hooks::stamp_head,
           .body = hooks::stamp_body,
           .destroy = hooks::destroy};
  guard = {.size = sizeof guard,
           .flags = MARGAY_ON_LOOP,
           .name = "guard",
           .create = hooks::create,
           .before = hooks::before,
           .after = hooks::after,
           .destroy = hooks::destroy};
  slow = guard;
  slow.name = "slow";
  slow.flags = 0;
  plugin = {.magic = MARGAY_PLUGIN_MAGIC,
            .size = sizeof plugin,
            .abi_major = MARGAY_ABI_MAJOR,
            .abi_minor = MARGAY_ABI_MINOR,
            .endpoint_count = 1,
            .filter_count = 1,
            .name = "tables",
            .version = "1",
            .endpoints = endpoints,
            .filters = filters,
            .websocket_count = 3,
            .interceptor_count = 2,
            .websockets = websockets,
            .interceptors = interceptors};
}

// Constant once made; the same for all tests.
inline const WebSocketTables& websocket_tables() {
  static const WebSocketTables all;
  return all;
}

}  // namespace tests
