// The well-formed byte sequences of RFC 3629 §4, one row of its grammar per branch.
#include "container/utf8.h"

#include <cstddef>

namespace container {
namespace {

bool within(unsigned byte, unsigned low, unsigned high) { return byte >= low && byte <= high; }

// The length of the character at `at`, 0 when there is none. Only the second byte's range depends
// on the first.
std::size_t character_length(std::string_view bytes, std::size_t at) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(bytes[at + i]); };
  const unsigned first = byte(0);
  if (first < 0x80) return 1;
  std::size_t length = 0;
  if (within(first, 0xC2, 0xDF)) length = 2;
  if (within(first, 0xE0, 0xEF)) length = 3;
  if (within(first, 0xF0, 0xF4)) length = 4;
  if (length == 0 || bytes.size() - at < length) return 0;
  const unsigned low = first == 0xE0 ? 0xA0 : first == 0xF0 ? 0x90 : 0x80;
  const unsigned high = first == 0xED ? 0x9F : first == 0xF4 ? 0x8F : 0xBF;
  if (!within(byte(1), low, high)) return 0;
  for (std::size_t i = 2; i < length; ++i)
    if (!within(byte(i), 0x80, 0xBF)) return 0;
  return length;
}

}  // namespace

bool is_utf8(std::string_view bytes) {
  for (std::size_t at = 0; at < bytes.size();) {
    const std::size_t length = character_length(bytes, at);
    if (length == 0) return false;
    at += length;
  }
  return true;
}

}  // namespace container
