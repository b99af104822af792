// The keys that check signatures of tokens (RFC 7518): shared secrets, RSA and elliptic curves.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

struct evp_pkey_st;

namespace server::crypto {

enum class Signature : std::uint8_t {
  hs256,
  hs384,
  hs512,
  rs256,
  rs384,
  rs512,
  ps256,
  ps384,
  ps512,
  es256,
  es384,
  es512
};

std::optional<Signature> signature_of(std::string_view name);  // "HS256"; no other spelling
std::string_view name_of(Signature signature);

// Constant; any thread.
class VerificationKey {
 public:
  static VerificationKey secret(std::string bytes);
  // A public key or a certificate in PEM; of a private key nothing is taken.
  static std::optional<VerificationKey> pem(const std::string& text);
  // Big-endian bytes, as a JWK has them.
  static std::optional<VerificationKey> rsa(std::string_view modulus, std::string_view exponent);
  static std::optional<VerificationKey> curve(std::string_view name, std::string_view x,
                                              std::string_view y);  // "P-256", "P-384", "P-521"

  // Whether this is a key of that algorithm, and long enough: RSA of 2048 bits, a secret as long as
  // the hash (RFC 7518 sections 3.2 and 3.3). A public key never checks HS256.
  bool fits(Signature signature) const;
  bool verifies(Signature by, std::string_view message, std::string_view signature) const;

 private:
  std::shared_ptr<evp_pkey_st> key_;  // null: a secret
  std::string secret_;
  std::string_view curve_;  // empty: RSA
  int bits_ = 0;
};

}  // namespace server::crypto
