// Whose request it is, for what is counted by client.
#pragma once

#include <margay/request.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace filters {

// The parameter `key`: `address`, `user` or `header:NAME`. Who has no user or header is known by
// address; of IPv6 addresses the first 64 bits are one client. Immutable.
class ClientKey {
 public:
  // Throws margay::ConfigError for any other text; `none`, when it is allowed, has one key for all.
  static ClientKey read(const margay::Config& config, std::string_view otherwise,
                        bool allows_none = false);
  // Another one for the same client in each process, so that nobody can aim at one of others.
  std::uint64_t of(const margay::Request& request) const;

 private:
  enum class Kind : std::uint8_t { none, address, user, header };
  Kind kind_ = Kind::none;
  std::string header_;
  std::uint64_t seed_ = 0;
};

}  // namespace filters
