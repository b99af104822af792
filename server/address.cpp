// An IP address with its port, in the few bytes that a connection keeps of it.
#include "server/address.h"

#include <arpa/inet.h>

#include <algorithm>

namespace server {

std::string_view Address::text(char* room) const {
  if (family == 0) return {};
  if (family == 4) {
    char* end = room;
    for (int i = 0; i < 4; ++i) {
      const unsigned value = bytes[static_cast<std::size_t>(i)];
      if (value >= 100) *end++ = static_cast<char>('0' + value / 100);
      if (value >= 10) *end++ = static_cast<char>('0' + value / 10 % 10);
      *end++ = static_cast<char>('0' + value % 10);
      if (i < 3) *end++ = '.';
    }
    return {room, static_cast<std::size_t>(end - room)};
  }
  const bool mapped =
      std::all_of(bytes.begin(), bytes.begin() + 10, [](auto b) { return b == 0; }) &&
      bytes[10] == 0xff && bytes[11] == 0xff;
  if (mapped) {
    Address four{.port = port, .family = 4};
    std::copy(bytes.begin() + 12, bytes.end(), four.bytes.begin());
    return four.text(room);
  }
  return inet_ntop(AF_INET6, bytes.data(), room, INET6_ADDRSTRLEN) == nullptr ? "" : room;
}

}  // namespace server
