// Heads of frames, RFC 6455 section 5.2: what stands before every payload, both ways.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace server::websocket {

enum class Opcode : std::uint8_t {
  continuation = 0,
  text = 1,
  binary = 2,
  close = 8,
  ping = 9,
  pong = 10
};

constexpr bool is_control(Opcode opcode) { return (static_cast<unsigned>(opcode) & 8U) != 0; }

constexpr std::size_t kFrameHead = 14;        // bytes of the longest head
constexpr std::size_t kServerHead = 10;       // of the longest without a mask
constexpr std::size_t kControlPayload = 125;  // RFC 6455 section 5.5

// As it stood on the wire: nothing is checked but that it is complete.
struct FrameHead {
  Opcode opcode;  // any of 16 values, also those nobody knows
  bool fin, rsv1, rsv2, rsv3, masked;
  bool minimal;          // the length has its shortest form, which section 5.2 demands
  std::uint64_t length;  // of the payload; the top bit may be set
  std::uint32_t mask;    // as loaded from memory: its first byte is the first on the wire
};

// Bytes of the whole head, by its first two.
std::size_t frame_head_size(unsigned char second);

// `bytes` holds as many bytes as frame_head_size says.
FrameHead parse_frame_head(const char* bytes);

// Writes the head of a frame with the shortest length to `to`, which has room for kServerHead
// bytes; returns its size. Frames of a server are not masked.
std::size_t write_frame_head(char* to, bool fin, bool rsv1, Opcode opcode, std::uint64_t length);

// The same for a client: room for kFrameHead bytes. The payload is masked by the caller (mask.h).
std::size_t write_masked_frame_head(char* to, bool fin, bool rsv1, Opcode opcode,
                                    std::uint64_t length, std::uint32_t mask);

}  // namespace server::websocket
