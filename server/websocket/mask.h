// Masking of payloads, RFC 6455 section 5.3: its own inverse, so it masks and unmasks.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace server::websocket {

// The mask for bytes that begin `offset` bytes further on in the payload.
inline std::uint32_t turned(std::uint32_t mask, std::size_t offset) {
  const int bits = static_cast<int>(offset % 4 * 8);
  return std::endian::native == std::endian::little ? std::rotr(mask, bits) : std::rotl(mask, bits);
}

// Copies masked bytes unmasked, at any alignment; `to` is `from` or does not overlap it. `offset`
// is the position of from[0] in the payload of the frame.
inline void unmask_to(char* to, const char* from, std::size_t size, std::uint32_t mask,
                      std::size_t offset) {
  mask = turned(mask, offset);
  const std::uint64_t wide = mask | std::uint64_t{mask} << 32U;
  std::size_t at = 0;
  for (; at + 32 <= size; at += 32) {  // four words at once, which compilers turn into vectors
    std::uint64_t words[4];
    std::memcpy(words, from + at, sizeof words);
    for (std::uint64_t& word : words) word ^= wide;
    std::memcpy(to + at, words, sizeof words);
  }
  for (; at + 8 <= size; at += 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, from + at, sizeof word);
    word ^= wide;
    std::memcpy(to + at, &word, sizeof word);
  }
  char bytes[4];
  std::memcpy(bytes, &mask, sizeof bytes);
  for (; at < size; ++at) to[at] = static_cast<char>(from[at] ^ bytes[at % 4]);
}

inline void unmask(char* data, std::size_t size, std::uint32_t mask, std::size_t offset) {
  unmask_to(data, data, size, mask, offset);
}

}  // namespace server::websocket
