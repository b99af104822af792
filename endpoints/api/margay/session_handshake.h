// What the handshake left: constant, readable as long as somebody holds it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <margay/abi_websocket.h>
#include <margay/convert.h>
#include <margay/cookie.h>
#include <margay/form.h>
#include <margay/text.h>
#include <margay/tls.h>

namespace margay {

// A counted value, usable on any thread; outlives its session. Views stay good as long as it, or a
// copy of it, lives. Empty when the session had ended already: then all texts are "".
class SessionHandshake {
 public:
  SessionHandshake() = default;
  // Takes over one count.
  SessionHandshake(const margay_websockets* sockets, const margay_handshake* handshake)
      : sockets_(sockets), handshake_(handshake) {}
  SessionHandshake(const SessionHandshake& other)
      : sockets_(other.sockets_), handshake_(other.handshake_) {
    if (handshake_ != nullptr) sockets_->hold_handshake(handshake_);
  }
  SessionHandshake(SessionHandshake&& other) noexcept
      : sockets_(other.sockets_), handshake_(std::exchange(other.handshake_, nullptr)) {}
  SessionHandshake& operator=(SessionHandshake other) noexcept {
    std::swap(sockets_, other.sockets_);
    std::swap(handshake_, other.handshake_);
    return *this;
  }
  ~SessionHandshake() {
    if (handshake_ != nullptr) sockets_->release_handshake(handshake_);
  }
  explicit operator bool() const { return handshake_ != nullptr; }

  std::string_view id() const { return text(MARGAY_SESSION_ID); }  // 32 hexadecimal digits, random
  std::string_view subprotocol() const { return text(MARGAY_SUBPROTOCOL); }  // "" for none
  std::string_view extensions() const { return text(MARGAY_EXTENSIONS); }    // negotiated
  std::string_view version() const { return text(MARGAY_WS_VERSION); }       // "13"
  std::string_view target() const { return text(MARGAY_WS_TARGET); }         // as received
  std::string_view path() const { return text(MARGAY_WS_PATH); }  // decoded and normalised
  std::string_view context_path() const { return text(MARGAY_WS_CONTEXT_PATH); }
  std::string_view query() const { return text(MARGAY_WS_QUERY); }    // raw, without '?'
  std::string_view scheme() const { return text(MARGAY_WS_SCHEME); }  // "ws" or "wss"
  bool is_secure() const { return scheme() == "wss"; }
  std::string_view server_name() const { return text(MARGAY_WS_SERVER_NAME); }
  std::uint16_t server_port() const { return port(MARGAY_WS_SERVER_PORT); }
  std::string_view remote_address() const { return text(MARGAY_WS_REMOTE_ADDRESS); }
  std::uint16_t remote_port() const { return port(MARGAY_WS_REMOTE_PORT); }
  std::string_view principal() const { return text(MARGAY_WS_PRINCIPAL); }  // "" when nobody
  std::string_view endpoint() const { return text(MARGAY_WS_ENDPOINT); }    // as configured
  std::string_view binding() const { return text(MARGAY_WS_BINDING); }      // see close_bound
  std::string_view text(margay_handshake_text what) const {
    return handshake_ == nullptr ? std::string_view{}
                                 : view(sockets_->handshake_text(handshake_, what));
  }

  // What was agreed on the connection, and the peer's certificate; {} when it is not encrypted.
  std::optional<Tls> tls() const {
    if (handshake_ == nullptr) return std::nullopt;
    return detail::tls_of([&](margay_tls* to) { return sockets_->handshake_tls(handshake_, to); },
                          [&](std::uint32_t index, margay_certificate* to) {
                            return sockets_->handshake_certificate(handshake_, index, to);
                          });
  }

  // First value of a header field, or {} when there is none; `name` in any case.
  std::string_view header(std::string_view name) const {
    std::string_view found;
    each_header([&](std::string_view one, std::string_view value) {
      if (found.data() == nullptr && detail::same_ignoring_case(one, name)) found = value;
    });
    return found;
  }
  // Calls `each(name, value)` for all fields, in order; names are lower-case.
  template <class Each>
  void each_header(Each&& each) const {
    if (handshake_ != nullptr) each_field(sockets_->handshake_field, each);
  }

  // Value of the first such cookie, without quotes and not decoded.
  std::optional<std::string_view> cookie(std::string_view name) const {
    std::optional<std::string_view> found;
    each_cookie([&](std::string_view one, std::string_view value) {
      if (!found && one == name) found = value;
    });
    return found;
  }
  // Calls `each(name, value)` for all cookies, in the client's order.
  template <class Each>
  void each_cookie(Each&& each) const {
    each_header([&](std::string_view name, std::string_view value) {
      if (name == "cookie") detail::each_cookie(value, each);
    });
  }

  // Value of `{name}` in the path pattern, decoded; {} when there is none.
  std::optional<std::string_view> path_parameter(std::string_view name) const {
    std::optional<std::string_view> found;
    each_path_parameter([&](std::string_view one, std::string_view value) {
      if (one == name) found = value;
    });
    return found;
  }
  // As a bool, number or string; {} also for what is none.
  template <class T>
  std::optional<T> path_parameter(std::string_view name) const {
    const auto found = path_parameter(name);
    return found ? detail::convert<T>(*found) : std::nullopt;
  }
  // Calls `each(name, value)` for all of them, in the pattern's order.
  template <class Each>
  void each_path_parameter(Each&& each) const {
    if (handshake_ != nullptr) each_field(sockets_->handshake_parameter, each);
  }

  // First decoded value from the query; `otherwise` when there is none.
  std::string parameter(std::string_view name, std::string_view otherwise = {}) const {
    std::optional<std::string> found;
    detail::each_pair(query(), [&](std::string_view one, std::string_view value) {
      if (detail::same_form_name(one, name)) found = detail::form_decode(value);
      return !found;
    });
    return found ? *std::move(found) : std::string(otherwise);
  }
  bool has_parameter(std::string_view name) const {
    return !detail::each_pair(query(), [&](std::string_view one, std::string_view) {
      return !detail::same_form_name(one, name);
    });
  }
  // All decoded values of a parameter, in order.
  std::vector<std::string> parameters(std::string_view name) const {
    std::vector<std::string> values;
    detail::each_pair(query(), [&](std::string_view one, std::string_view value) {
      if (detail::same_form_name(one, name)) values.push_back(detail::form_decode(value));
      return true;
    });
    return values;
  }

 private:
  using Field = margay_result (*)(const margay_handshake*, std::uint32_t, margay_field*);
  template <class Each>
  void each_field(Field at, Each&& each) const {
    margay_field field{};
    for (std::uint32_t i = 0; at(handshake_, i, &field) == MARGAY_OK; ++i)
      each(view(field.name), view(field.value));
  }
  std::uint16_t port(margay_handshake_text what) const {
    return detail::number<std::uint16_t>(text(what), 0);
  }

  const margay_websockets* sockets_ = nullptr;
  const margay_handshake* handshake_ = nullptr;
};

}  // namespace margay
