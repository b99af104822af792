// The proof in both directions that the other side speaks WebSocket (RFC 6455 section 4.2.2).
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace server::websocket {

// Sec-WebSocket-Accept for a Sec-WebSocket-Key: 28 characters.
std::string accept_key(std::string_view key);

// RFC 4648 section 4, with padding.
std::string base64(std::span<const std::uint8_t> bytes);

}  // namespace server::websocket
