// IP addresses and blocks of them.
#include "filters/network.h"

#include <arpa/inet.h>

#include <string>

namespace filters {

namespace {

std::uint64_t big_endian(const unsigned char* bytes) {
  std::uint64_t value = 0;
  for (int i = 0; i < 8; ++i) value = value << 8U | bytes[i];
  return value;
}

std::uint64_t leading_ones(int count) {
  if (count <= 0) return 0;
  return count >= 64 ? ~std::uint64_t{0} : ~std::uint64_t{0} << static_cast<unsigned>(64 - count);
}

}  // namespace

std::optional<Address> parse_address(std::string_view text) {
  std::array<char, INET6_ADDRSTRLEN> terminated{};
  if (text.empty() || text.size() >= terminated.size()) return std::nullopt;
  text.copy(terminated.data(), text.size());
  std::array<unsigned char, 16> bytes{};
  if (text.find(':') == text.npos) {
    bytes[10] = bytes[11] = 0xff;
    if (inet_pton(AF_INET, terminated.data(), &bytes[12]) != 1) return std::nullopt;
  } else if (inet_pton(AF_INET6, terminated.data(), bytes.data()) != 1) {
    return std::nullopt;
  }
  return Address{big_endian(bytes.data()), big_endian(&bytes[8])};
}

std::optional<Network> Network::parse(std::string_view text) {
  const auto slash = text.find('/');
  const std::string_view first = text.substr(0, slash);
  const auto address = parse_address(first);
  if (!address) return std::nullopt;
  const int most = first.find(':') == first.npos ? 32 : 128;
  int bits = most;
  if (slash != text.npos) bits = margay::detail::number(text.substr(slash + 1), -1);
  if (bits < 0 || bits > most) return std::nullopt;
  bits += 128 - most;
  Network network;
  network.mask_ = {leading_ones(bits), leading_ones(bits - 64)};
  network.base_ = {address->high & network.mask_.high, address->low & network.mask_.low};
  return network;
}

Networks Networks::read(const margay::Config& config, std::string_view parameter,
                        std::string_view otherwise) {
  Networks read;
  const auto take = [&](std::string_view item) {
    const auto network = Network::parse(item);
    if (!network)
      throw margay::ConfigError(parameter, "parameter '" + std::string(parameter) + "': '" +
                                               std::string(item) +
                                               "' is not an address or a block of them, such as "
                                               "10.0.0.0/8 or fc00::/7");
    read.networks_.push_back(*network);
  };
  if (config.has(parameter)) {
    for (const std::string_view item : config.list(parameter)) take(item);
    return read;
  }
  while (!otherwise.empty()) {
    const auto comma = std::min(otherwise.find(','), otherwise.size());
    take(otherwise.substr(0, comma));
    otherwise.remove_prefix(std::min(comma + 1, otherwise.size()));
  }
  return read;
}

}  // namespace filters
