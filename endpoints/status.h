// Tells what the server consists of and how it does: the interface "status/1" as an endpoint.
#pragma once

#include <margay/plugin.h>

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace endpoints {

// The addresses of a CIDR block: the first `bits` of `bytes`.
struct AddressBlock {
  std::array<std::uint8_t, 16> bytes{};
  int family = 0;  // as AF_INET
  unsigned bits = 0;

  // "10.0.0.0/8", "fd00::/8", or one address. None for anything else, also where bits behind the
  // prefix are set.
  static std::optional<AddressBlock> parse(std::string_view text);
  bool contains(std::string_view address) const;
};

// Parameter `allow`: who may ask, as CIDR blocks separated by commas; "unix" is everybody who comes
// over a Unix domain socket. Default: the machine itself, by TCP. Everybody else hears 403. Behind
// a proxy the address is the proxy's, unless a filter says better.
class Status : public margay::Endpoint {
 public:
  explicit Status(const margay::Config& config);
  void service(margay::Request& request, margay::Response& response) override;

 private:
  bool is_allowed(std::string_view address) const;

  const margay_status* status_;  // null: the server tells nothing
  std::vector<AddressBlock> allowed_;
  bool allows_unix_ = false;
};

}  // namespace endpoints
