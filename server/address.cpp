// An IP address with its port, in the few bytes that a connection keeps of it.
#include "server/address.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>

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

std::optional<Address> Address::parse(std::string_view text) {
  std::array<char, INET6_ADDRSTRLEN> terminated{};
  if (text.size() >= terminated.size()) return std::nullopt;
  text.copy(terminated.data(), text.size());
  Address address;
  address.family = text.find(':') == text.npos ? 4 : 6;
  const int family = address.family == 4 ? AF_INET : AF_INET6;
  if (::inet_pton(family, terminated.data(), address.bytes.data()) != 1) return std::nullopt;
  return address;
}

std::array<std::uint8_t, 16> Address::mapped() const {
  if (family != 4) return bytes;
  std::array<std::uint8_t, 16> all{};
  all[10] = all[11] = 0xff;
  std::copy_n(bytes.begin(), 4, all.begin() + 12);
  return all;
}

std::optional<AddressBlock> AddressBlock::parse(std::string_view text) {
  const auto slash = text.find('/');
  const auto address = Address::parse(text.substr(0, slash));
  if (!address) return std::nullopt;
  const unsigned most = address->family == 4 ? 32 : 128;
  unsigned bits = most;
  if (slash != text.npos) {
    const char* const end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data() + slash + 1, end, bits);
    if (error != std::errc() || stop != end || bits > most) return std::nullopt;
  }
  AddressBlock block;
  block.bytes_ = address->mapped();
  block.bits_ = bits + 128 - most;
  return block;
}

bool AddressBlock::contains(const Address& address) const {
  if (address.family == 0) return false;
  const auto other = address.mapped();
  const std::size_t whole = bits_ / 8;
  if (!std::equal(bytes_.begin(), bytes_.begin() + static_cast<std::ptrdiff_t>(whole),
                  other.begin()))
    return false;
  const unsigned left = bits_ % 8;
  return left == 0 || (bytes_[whole] ^ other[whole]) >> (8 - left) == 0;
}

}  // namespace server
