// Tells what the server consists of and how it does: the interface "status/1" as an endpoint.
#include "endpoints/status.h"

#include <arpa/inet.h>
#include <margay/known_parameters.h>

#include <algorithm>
#include <charconv>
#include <string>

namespace endpoints {

namespace {

std::string_view trimmed(std::string_view text) {
  const auto begin = text.find_first_not_of(" \t\r\n");
  if (begin == text.npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t\r\n") - begin + 1);
}

bool has_bit(const std::array<std::uint8_t, 16>& bytes, unsigned bit) {
  return (bytes[bit / 8] >> (7 - bit % 8) & 1) != 0;
}

}  // namespace

std::optional<AddressBlock> AddressBlock::parse(std::string_view text) {
  const auto slash = text.find('/');
  const std::string address(text.substr(0, slash));
  AddressBlock block;
  block.family = address.find(':') == address.npos ? AF_INET : AF_INET6;
  if (::inet_pton(block.family, address.c_str(), block.bytes.data()) != 1) return std::nullopt;
  const unsigned most = block.family == AF_INET ? 32 : 128;
  block.bits = most;
  if (slash != text.npos) {
    const char* end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data() + slash + 1, end, block.bits);
    if (error != std::errc{} || stop != end || block.bits > most) return std::nullopt;
  }
  for (unsigned bit = block.bits; bit < most; ++bit)
    if (has_bit(block.bytes, bit)) return std::nullopt;
  return block;
}

bool AddressBlock::contains(std::string_view address) const {
  std::array<std::uint8_t, 16> other{};
  if (::inet_pton(family, std::string(address).c_str(), other.data()) != 1) return false;
  for (unsigned bit = 0; bit < bits; ++bit)
    if (has_bit(bytes, bit) != has_bit(other, bit)) return false;
  return true;
}

Status::Status(const margay::Config& config)
    : status_(static_cast<const margay_status*>(config.host().query(&config.raw(), "status/1"))) {
  require_known(config, {"allow"});
  std::string_view rest = config.get("allow", "127.0.0.0/8, ::1");
  while (!rest.empty()) {
    const auto comma = rest.find(',');
    const std::string_view one = trimmed(rest.substr(0, comma));
    rest = comma == rest.npos ? std::string_view{} : rest.substr(comma + 1);
    if (one.empty()) continue;
    if (one == "unix") {
      allows_unix_ = true;
      continue;
    }
    const auto block = AddressBlock::parse(one);
    if (!block)
      throw margay::ConfigError(
          "allow", "'" + std::string(one) +
                       "' is no block of addresses; write 10.0.0.0/8, fd00::/8, one address, or "
                       "unix for Unix domain sockets");
    allowed_.push_back(*block);
  }
}

bool Status::is_allowed(std::string_view address) const {
  if (address.empty()) return allows_unix_;
  return std::any_of(allowed_.begin(), allowed_.end(),
                     [&](const AddressBlock& block) { return block.contains(address); });
}

void Status::service(margay::Request& request, margay::Response& response) {
  if (!is_allowed(request.remote_address())) {
    response.send_error(403, "This address may not see the status.");
    return;
  }
  if (request.method() != "GET" && request.method() != "HEAD") {
    response.header("Allow", "GET, HEAD");
    response.send_error(405);
    return;
  }
  if (status_ == nullptr) {
    response.send_error(503, "The server does not tell its status.");
    return;
  }
  response.type("application/json").header("Cache-Control", "no-store");
  status_->report(
      status_,
      [](void* to, margay_str json) {
        static_cast<margay::Response*>(to)->write(margay::view(json));
      },
      &response);
}

}  // namespace endpoints
