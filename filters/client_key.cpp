// Whose request it is, for what is counted by client.
#include "filters/client_key.h"

#include <functional>
#include <random>

#include "filters/network.h"

namespace filters {

namespace {

std::uint64_t mixed(std::uint64_t x) {
  x = (x ^ (x >> 30U)) * 0xbf58476d1ce4e5b9U;
  x = (x ^ (x >> 27U)) * 0x94d049bb133111ebU;
  return x ^ (x >> 31U);
}

}  // namespace

ClientKey ClientKey::read(const margay::Config& config, std::string_view otherwise,
                          bool allows_none) {
  const std::string_view text = config.get("key", otherwise);
  ClientKey key;
  key.seed_ = std::uint64_t{std::random_device{}()} << 32U | std::random_device{}();
  if (text == "address") {
    key.kind_ = Kind::address;
  } else if (text == "user") {
    key.kind_ = Kind::user;
  } else if (text.starts_with("header:") && text.size() > 7) {
    key.kind_ = Kind::header;
    key.header_ = text.substr(7);
  } else if (!allows_none || text != "none") {
    throw margay::ConfigError("key", "parameter 'key': '" + std::string(text) + "' is not " +
                                         (allows_none ? "none, " : "") +
                                         "address, user or header:NAME");
  }
  return key;
}

std::uint64_t ClientKey::of(const margay::Request& request) const {
  if (kind_ == Kind::none) return 0;
  const std::string_view name = kind_ == Kind::user     ? request.principal()
                                : kind_ == Kind::header ? request.header(header_)
                                                        : std::string_view{};
  if (!name.empty()) return mixed(std::hash<std::string_view>{}(name) ^ ~seed_);
  const auto address = parse_address(request.remote_address());
  if (!address) return mixed(seed_);
  const bool four = address->high == 0 && address->low >> 32U == 0xffff;
  return mixed(mixed(address->high ^ seed_) + (four ? address->low : 0));
}

}  // namespace filters
