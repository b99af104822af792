// Addresses of WebSockets, RFC 6455 section 3: what a client is told to connect to.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <tl/expected.hpp>

namespace server::websocket {

struct Url {
  bool secure = false;  // wss: over TLS
  std::string host;     // a name, an IPv4 address, or an IPv6 address without its brackets
  std::uint16_t port = 80;
  std::string target = "/";  // path and query, as they go into the request

  // As in the field Host: with brackets where they are needed, without the default port.
  std::string authority() const;
  std::string text() const { return (secure ? "wss://" : "ws://") + authority() + target; }
  bool operator==(const Url&) const = default;
};

// "ws://host:port/path?query", or wss. The unexpected is a sentence that says what to write
// instead.
tl::expected<Url, std::string> parse_url(std::string_view text);

// What a Location field means, seen from `base`: an address, with http for ws and https for wss as
// servers have them, or a reference (RFC 3986 section 5.2). A fragment is left out.
tl::expected<Url, std::string> resolve_location(const Url& base, std::string_view location);

}  // namespace server::websocket
