// IP addresses and blocks of them (CIDR, RFC 4632 and RFC 4291 section 2.3).
#pragma once

#include <margay/config.h>

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace filters {

// An IPv4 address is the IPv6 address it is mapped to, ::ffff:a.b.c.d.
struct Address {
  std::uint64_t high = 0, low = 0;
  friend bool operator==(const Address&, const Address&) = default;
};

// Without brackets, port or zone; nothing when it is no address.
std::optional<Address> parse_address(std::string_view text);

class Network {
 public:
  // An address, or one with `/bits`; bits behind the prefix are passed over. Nothing when bad.
  static std::optional<Network> parse(std::string_view text);
  bool contains(const Address& address) const {
    return (address.high & mask_.high) == base_.high && (address.low & mask_.low) == base_.low;
  }

 private:
  Address base_, mask_;
};

class Networks {
 public:
  // A list with commas or white space; throws margay::ConfigError that names the bad one.
  static Networks read(const margay::Config& config, std::string_view parameter,
                       std::string_view otherwise = {});
  bool contains(const Address& address) const {
    for (const Network& one : networks_)
      if (one.contains(address)) return true;
    return false;
  }
  bool empty() const { return networks_.empty(); }

 private:
  std::vector<Network> networks_;
};

}  // namespace filters
