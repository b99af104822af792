// An IP address with its port, in the few bytes that a connection keeps of it.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace server {

struct Address {
  std::array<std::uint8_t, 16> bytes{};  // IPv4 in the first four
  std::uint16_t port = 0;
  std::uint8_t family = 0;  // 4, 6; 0 = not known, or a Unix domain socket

  // Writes the text of the address into `room` (at least 46 characters).
  std::string_view text(char* room) const;
};

}  // namespace server
