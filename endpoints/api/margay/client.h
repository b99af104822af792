// WebSockets to other servers, for endpoints, filters and WebSockets that have something to ask
// there.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <margay/websocket.h>
#include <margay/websocket_handlers.h>

namespace margay {

// An attempt to connect that came to nothing.
struct ConnectFailure {
  int status = 0;           // of the answer; 0: there was none
  std::string_view reason;  // a sentence that begins with the address
};

// Of wss://. Files are PEM, relative to the application's folder, and read once, by connect.
struct ClientTls {
  std::string ca_file{};  // who may sign servers' certificates; empty: as the system has it
  // Shown to servers that ask for one, with those that signed it; empty: none.
  std::string certificate_file{};
  std::string key_file{};  // empty: in certificate_file
  std::string key_password{};
  // False: no certificate is checked, so anybody may pose as the server, and listen. For tests.
  bool verify = true;
};

struct ClientOptions {
  // The preferred one first; a server that chooses another one is refused. Empty: those of the
  // type.
  std::vector<std::string> subprotocols{};
  // Of the request, as Authorization or Origin. Those of the handshake itself are refused. Fields
  // with credentials do not follow a redirection to another host.
  std::vector<std::pair<std::string, std::string>> fields{};
  std::chrono::milliseconds connect_timeout{5000};  // for everything up to the 101, TLS included
  unsigned max_redirections = 0;                    // never from wss to ws
  bool compress = false;                            // offers permessage-deflate
  // Connects again after a failed attempt and a lost connection, after a random time from `min` to
  // a bound that doubles with each attempt, up to `max`. Not after close(1000) of ours or any 1008.
  struct Reconnect {
    std::chrono::milliseconds min{1000};
    std::chrono::milliseconds max{60'000};
  };
  std::optional<Reconnect> reconnect{};
  // On a loop: must not block. What it throws is logged. Without one failures are logged.
  std::function<void(const ConnectFailure&)> on_failure{};
  ClientTls tls{};
};

namespace detail {

// A type's site that the server ends, with what else is called until then.
template <class T>
struct ClientSite : Site<T> {
  static_assert(!MakesInstance<typename Site<T>::Hooks>,
                "make_instance is for a server's endpoints");

  ClientSite(const Config& its, std::function<void(const ConnectFailure&)> heard)
      : Site<T>(its), on_failure(std::move(heard)) {}

  static void failed(void* self, std::int32_t status, margay_str reason) {
    auto& site = *static_cast<ClientSite*>(self);
    logged(site.log, [&] {
      site.on_failure({status, view(reason)});
      return MARGAY_OK;
    });
  }
  static void destroy(void* self) { delete static_cast<ClientSite*>(static_cast<Site<T>*>(self)); }

  const std::function<void(const ConnectFailure&)> on_failure;
};

template <class T>
inline constexpr margay_websocket_type client_type = [] {
  margay_websocket_type type = websocket<T>("client");
  type.destroy = ClientSite<T>::destroy;
  return type;
}();

}  // namespace detail

// An outgoing WebSocket through all its connections. What it is connected to speaks with a T, the
// same types in the same two forms as for the server's own WebSockets: one object for each
// connection (Scope::socket), made when it is open; its hooks of the handshake are not called.
// Move-only; the destructor disconnects. Belongs to whatever was made with the Config, and must be
// gone with it.
class WebSocketClient {
 public:
  WebSocketClient() = default;  // connected to nothing

  // "ws://host:port/path?query", or wss. Returns at once; attempts are made on one of the server's
  // loops. Throws std::invalid_argument for an address or options that can never work.
  template <class T>
  static WebSocketClient connect(const Config& config, std::string_view url,
                                 ClientOptions options = {}) {
    const auto* sockets = detail::required_websockets(config);
    const auto& type = detail::client_type<T>;
    const bool hears = options.on_failure != nullptr;
    auto site = std::make_unique<detail::ClientSite<T>>(config, std::move(options.on_failure));
    std::string subprotocols = options.subprotocols.empty() ? type.subprotocols : "";
    for (const std::string& one : options.subprotocols)
      subprotocols += (subprotocols.empty() ? "" : ", ") + one;
    std::vector<margay_field> fields;
    for (const auto& [name, value] : options.fields) fields.push_back({str(name), str(value)});
    margay_connector_options raw{};
    raw.size = sizeof raw;
    raw.flags = MARGAY_OWNS_SELF;
    if (options.compress) raw.flags |= MARGAY_COMPRESS;
    if (!options.tls.verify) raw.flags |= MARGAY_UNVERIFIED;
    raw.ca_file = str(options.tls.ca_file);
    raw.certificate_file = str(options.tls.certificate_file);
    raw.key_file = str(options.tls.key_file);
    raw.key_password = str(options.tls.key_password);
    raw.url = str(url);
    raw.subprotocols = str(subprotocols);
    raw.fields = fields.data();
    raw.field_count = static_cast<std::uint32_t>(fields.size());
    raw.connect_timeout = detail::millis(options.connect_timeout);
    raw.max_redirections = options.max_redirections;
    if (options.reconnect) {
      raw.flags |= MARGAY_RECONNECT;
      raw.min_delay = detail::millis(options.reconnect->min);
      raw.max_delay = detail::millis(options.reconnect->max);
    }
    if (hears) raw.failed = detail::ClientSite<T>::failed;
    raw.arg = site.get();
    margay_failure failure{};
    failure.size = sizeof failure;
    detail::Site<T>* const self = site.get();
    margay_client* client = sockets->connect(sockets, &config.raw(), &raw, &type, self, &failure);
    if (client == nullptr) throw std::invalid_argument(failure.message);
    site.release();
    return {sockets, client};
  }

  WebSocketClient(WebSocketClient&& other) noexcept
      : sockets_(other.sockets_), client_(std::exchange(other.client_, nullptr)) {}
  WebSocketClient& operator=(WebSocketClient&& other) noexcept {
    if (this != &other) {
      disconnect();
      sockets_ = other.sockets_;
      client_ = std::exchange(other.client_, nullptr);
    }
    return *this;
  }
  ~WebSocketClient() { disconnect(); }

  // The connection of the moment; empty when there is none.
  Session session() const {
    if (client_ == nullptr) return {};
    return {sockets_, sockets_->client_session(sockets_, client_)};
  }
  bool is_connected() const { return static_cast<bool>(session()); }

  // Closes with 1000 and connects no more. No callback of T runs when it returns, unless it is
  // called by one of them, or on a loop: then they end soon.
  void disconnect() {
    if (client_ != nullptr) sockets_->disconnect(sockets_, std::exchange(client_, nullptr));
  }
  explicit operator bool() const { return client_ != nullptr; }

 private:
  WebSocketClient(const margay_websockets* sockets, margay_client* client)
      : sockets_(sockets), client_(client) {}

  const margay_websockets* sockets_ = nullptr;
  margay_client* client_ = nullptr;
};

}  // namespace margay
