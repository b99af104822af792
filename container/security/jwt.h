// JSON Web Tokens (RFC 7519) in compact form: whether one is to be believed, and what it says.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <tl/expected.hpp>
#include "container/security/principal.h"
#include "server/crypto/verification_key.h"

namespace container::security {

struct TokenKey {
  std::string id;         // `kid`; empty: it has none
  std::string algorithm;  // `alg` of a JWK; empty: any that fits
  server::crypto::VerificationKey key;
};
using TokenKeys = std::vector<TokenKey>;

// The error is a sentence for the log; it has nothing of the key in it.
tl::expected<TokenKeys, std::string> parse_key_set(std::string_view json);

struct TokenRules {
  std::string issuer;                                 // empty: any
  std::vector<std::string> audience;                  // empty: any
  std::vector<server::crypto::Signature> algorithms;  // empty: those that fit a key
  std::int64_t leeway = 30;                           // seconds
  bool require_expiry = true;
  std::string user_claim = "sub";
  std::string roles_claim = "roles";
};

inline constexpr std::size_t kMaxToken = 8192;

// Whom a token speaks of, or in a few constant words why it is refused. `now`: seconds since 1970.
tl::expected<PrincipalPointer, std::string_view> verify_token(std::string_view token,
                                                              const TokenKeys& keys,
                                                              const TokenRules& rules,
                                                              std::int64_t now);

}  // namespace container::security
