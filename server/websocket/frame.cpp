// Heads of frames, RFC 6455 section 5.2: what stands before every payload, both ways.
#include "server/websocket/frame.h"

#include <cstring>

namespace server::websocket {

namespace {

constexpr unsigned kFin = 0x80, kRsv1 = 0x40, kRsv2 = 0x20, kRsv3 = 0x10, kMasked = 0x80;
constexpr unsigned kTwoBytes = 126, kEightBytes = 127;  // lengths that say where the length is

std::uint64_t parse_length(const char* bytes, std::size_t size) {
  std::uint64_t length = 0;
  for (std::size_t at = 0; at < size; ++at)
    length = length << 8U | static_cast<unsigned char>(bytes[at]);
  return length;
}

void write_length(char* to, std::uint64_t length, std::size_t size) {
  for (std::size_t at = size; at > 0; --at) {
    to[at - 1] = static_cast<char>(length & 0xffU);
    length >>= 8U;
  }
}

}  // namespace

std::size_t frame_head_size(unsigned char second) {
  const unsigned length = second & 0x7fU;
  const std::size_t more = length == kTwoBytes ? 2 : length == kEightBytes ? 8 : 0;
  return 2 + more + ((second & kMasked) != 0 ? 4 : 0);
}

FrameHead parse_frame_head(const char* bytes) {
  const auto first = static_cast<unsigned char>(bytes[0]);
  const auto second = static_cast<unsigned char>(bytes[1]);
  FrameHead head{.opcode = static_cast<Opcode>(first & 0xfU),
                 .fin = (first & kFin) != 0,
                 .rsv1 = (first & kRsv1) != 0,
                 .rsv2 = (first & kRsv2) != 0,
                 .rsv3 = (first & kRsv3) != 0,
                 .masked = (second & kMasked) != 0,
                 .minimal = true,
                 .length = second & 0x7fU,
                 .mask = 0};
  bytes += 2;
  if (head.length == kTwoBytes) {
    head.length = parse_length(bytes, 2);
    head.minimal = head.length >= kTwoBytes;
    bytes += 2;
  } else if (head.length == kEightBytes) {
    head.length = parse_length(bytes, 8);
    head.minimal = head.length > 0xffff;
    bytes += 8;
  }
  if (head.masked) std::memcpy(&head.mask, bytes, sizeof head.mask);
  return head;
}

std::size_t write_frame_head(char* to, bool fin, bool rsv1, Opcode opcode, std::uint64_t length) {
  to[0] =
      static_cast<char>((fin ? kFin : 0U) | (rsv1 ? kRsv1 : 0U) | static_cast<unsigned>(opcode));
  if (length < kTwoBytes) {
    to[1] = static_cast<char>(length);
    return 2;
  }
  const bool two = length <= 0xffff;
  to[1] = static_cast<char>(two ? kTwoBytes : kEightBytes);
  write_length(to + 2, length, two ? 2 : 8);
  return two ? 4 : 10;
}

std::size_t write_masked_frame_head(char* to, bool fin, bool rsv1, Opcode opcode,
                                    std::uint64_t length, std::uint32_t mask) {
  const std::size_t size = write_frame_head(to, fin, rsv1, opcode, length);
  to[1] = static_cast<char>(static_cast<unsigned char>(to[1]) | kMasked);
  std::memcpy(to + size, &mask, sizeof mask);
  return size + sizeof mask;
}

}  // namespace server::websocket
