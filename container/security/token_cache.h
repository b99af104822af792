// Tokens that were verified before, so that one which comes again costs a look-up and no signature.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "container/security/principal.h"
#include "server/crypto/siphash.h"

namespace container::security {

// Of one loop, for all its applications. 4096 places in sets of 4, made at the first token; a full
// set forgets the one that was used longest ago. Found by a keyed hash, believed by all its bytes.
class TokenCache {
 public:
  // What verified it: another one, or the same with other keys, has another number.
  using Verifier = std::uint64_t;

  TokenCache();
  // Null: not known, or it has ended; `now` in seconds since 1970.
  PrincipalPointer find(Verifier by, std::string_view token, std::int64_t now);
  void add(Verifier by, std::string_view token, PrincipalPointer user);

 private:
  struct Entry {
    std::uint64_t used = 0;
    Verifier by = 0;
    std::string token;
    PrincipalPointer user;
  };
  static constexpr std::size_t kSets = 1024, kWays = 4;
  std::size_t set_of(Verifier by, std::string_view token) const;

  const server::crypto::SipKey key_;
  std::vector<std::array<Entry, kWays>> sets_;
  std::uint64_t clock_ = 0;
};

}  // namespace container::security
