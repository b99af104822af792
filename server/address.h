// An IP address with its port, in the few bytes that a connection keeps of it.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace server {

struct Address {
  std::array<std::uint8_t, 16> bytes{};  // IPv4 in the first four
  std::uint16_t port = 0;
  std::uint8_t family = 0;  // 4, 6; 0 = not known, or a Unix domain socket

  // Writes the text of the address into `room` (at least 46 characters).
  std::string_view text(char* room) const;
  // Of an address alone: without port, brackets or zone. Nothing when it is none.
  static std::optional<Address> parse(std::string_view text);
  // IPv4 as the IPv6 address that it is mapped to, ::ffff:a.b.c.d (RFC 4291 section 2.5.5.2).
  std::array<std::uint8_t, 16> mapped() const;
};

// The addresses that begin alike (CIDR, RFC 4632 and RFC 4291 section 2.3).
class AddressBlock {
 public:
  // An address, or one with `/bits`; bits behind the prefix are passed over. Nothing when bad.
  static std::optional<AddressBlock> parse(std::string_view text);
  bool contains(const Address& address) const;  // never one that is not known

 private:
  std::array<std::uint8_t, 16> bytes_{};  // mapped
  unsigned bits_ = 128;                   // of the mapped form
};

}  // namespace server
