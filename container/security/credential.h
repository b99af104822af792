// A stored password: what form it has, and whether one that was typed is the same.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <tl/expected.hpp>
#include "container/config/security_config.h"
#include "server/crypto/digest.h"

namespace container::security {

// How what does not say so itself was hashed: a <CredentialHandler>.
struct HashRule {
  server::crypto::Hash hash = server::crypto::Hash::sha256;
  bool pbkdf2 = false;
  bool password_first = false;  // RFC 3112's order; else the salt comes first
  std::size_t size = 20;        // bytes of what PBKDF2 made
};
HashRule rule_of(const CredentialHandlerConfig& config);

// Constant; any thread.
class Credential {
 public:
  // The error is a sentence. With rules, what fits none of them is no credential.
  static tl::expected<Credential, std::string> parse(std::string_view stored,
                                                     const std::vector<HashRule>& rules);

  enum class Kind : std::uint8_t { plain, digest, pbkdf2, scrypt, argon2id };  // by their cost
  Kind kind() const { return kind_; }
  // Slow for the last three kinds: workers only.
  bool matches(std::string_view password) const;
  // Of Kind::plain alone; else nothing.
  std::optional<std::string_view> plain_text() const;

 private:
  using Parsed = tl::expected<Credential, std::string>;
  static Parsed parse_scrypt(std::string_view stored);
  static Parsed parse_pbkdf2(std::string_view settings, server::crypto::Hash hash_kind);
  static Parsed parse_scheme(std::string_view stored, std::string_view scheme,
                             server::crypto::Hash hash_kind);
  static Parsed parse_by(const std::vector<HashRule>& rules, std::string_view stored);
  bool digest_matches(const HashRule& rule, std::string_view password) const;

  Kind kind_ = Kind::plain;
  std::vector<HashRule> rules_;  // of Kind::digest and pbkdf2: any of them
  std::string text_;             // plain, or argon2's own
  std::string salt_, hash_;
  unsigned iterations_ = 1;
  server::crypto::ScryptCost scrypt_;
};

// What `margay digest` prints, with a fresh salt. `form`: argon2id, scrypt, pbkdf2, or a hash or
// PBKDF2WithHmac... as of <CredentialHandler>, for Tomcat's `salt$iterations$hash`.
tl::expected<std::string, std::string> make_credential(std::string_view form,
                                                       std::string_view password,
                                                       unsigned iterations);

}  // namespace container::security
