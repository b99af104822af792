// Frames of WebSocket as a peer would send them, right or wrong.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "server/websocket/frame.h"
#include "server/websocket/mask.h"

namespace tests {

using server::websocket::Opcode;

// A frame with anything to get wrong. Masked as by a client unless told otherwise.
struct Frame {
  unsigned opcode = 1;
  std::string payload;
  bool fin = true;
  unsigned rsv = 0;  // the three bits: 4 is RSV1
  bool masked = true;
  int length_bytes = 0;                       // 0: the shortest form; 2 or 8 to force one
  std::uint64_t claimed = ~std::uint64_t{0};  // the length told, when it is not the payload's

  std::string bytes() const {
    const std::uint64_t length = claimed != ~std::uint64_t{0} ? claimed : payload.size();
    std::string out;
    out.push_back(static_cast<char>((fin ? 0x80U : 0U) | rsv << 4U | opcode));
    const int more = length_bytes != 0 ? length_bytes : length < 126 ? 0 : length < 65536 ? 2 : 8;
    const unsigned second = more == 0 ? static_cast<unsigned>(length) : more == 2 ? 126U : 127U;
    out.push_back(static_cast<char>((masked ? 0x80U : 0U) | second));
    for (int at = more; at > 0; --at)
      out.push_back(static_cast<char>(length >> (8U * static_cast<unsigned>(at - 1)) & 0xffU));
    if (!masked) return out + payload;
    constexpr std::string_view key("\x37\xfa\x21\x3d");
    std::uint32_t mask = 0;
    std::memcpy(&mask, key.data(), sizeof mask);
    std::string hidden = payload;
    server::websocket::unmask(hidden.data(), hidden.size(), mask, 0);
    return out.append(key) + hidden;
  }
};

inline std::string close_payload(unsigned code, std::string_view reason = {}) {
  std::string payload{static_cast<char>(code >> 8U), static_cast<char>(code & 0xffU)};
  return payload.append(reason);
}

}  // namespace tests
