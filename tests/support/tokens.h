// Makes JSON Web Tokens, good ones and bad ones, with keys of its own.
#pragma once

#include <doctest/doctest.h>
#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include <chrono>
#include <memory>
#include <string>

#include "server/crypto/bytes.h"

namespace tests {

inline std::string base64url(std::string_view bytes) {
  return server::crypto::to_base64(bytes, server::crypto::Base64::url);
}

inline std::int64_t unix_seconds() {
  return std::chrono::duration_cast<std::chrono::seconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

class SigningKey {
 public:
  static SigningKey rsa(unsigned bits = 2048) { return SigningKey(EVP_RSA_gen(bits)); }
  static SigningKey curve(const char* name = "P-256") { return SigningKey(EVP_EC_gen(name)); }

  std::string public_pem() const {
    BIO* bio = BIO_new(BIO_s_mem());
    PEM_write_bio_PUBKEY(bio, key_.get());
    char* data = nullptr;
    const long size = BIO_get_mem_data(bio, &data);
    std::string text(data, static_cast<std::size_t>(size));
    BIO_free(bio);
    return text;
  }
  // "n" and "e", or "x" and "y", base64url.
  std::string member(const char* name) const {
    const std::string wanted = name;
    const char* parameter = wanted == "n"   ? OSSL_PKEY_PARAM_RSA_N
                            : wanted == "e" ? OSSL_PKEY_PARAM_RSA_E
                            : wanted == "x" ? OSSL_PKEY_PARAM_EC_PUB_X
                                            : OSSL_PKEY_PARAM_EC_PUB_Y;
    BIGNUM* number = nullptr;
    REQUIRE(EVP_PKEY_get_bn_param(key_.get(), parameter, &number) == 1);
    const bool coordinate = wanted == "x" || wanted == "y";
    const int size = coordinate ? (EVP_PKEY_get_bits(key_.get()) + 7) / 8 : BN_num_bytes(number);
    std::string bytes(static_cast<std::size_t>(size), '\0');
    BN_bn2binpad(number, reinterpret_cast<unsigned char*>(bytes.data()), size);
    BN_free(number);
    return base64url(bytes);
  }
  std::string sign(std::string_view message, const EVP_MD* hash, bool pss = false) const {
    EVP_MD_CTX* context = EVP_MD_CTX_new();
    EVP_PKEY_CTX* details = nullptr;
    REQUIRE(EVP_DigestSignInit(context, &details, hash, nullptr, key_.get()) == 1);
    if (pss) {
      EVP_PKEY_CTX_set_rsa_padding(details, RSA_PKCS1_PSS_PADDING);
      EVP_PKEY_CTX_set_rsa_pss_saltlen(details, RSA_PSS_SALTLEN_DIGEST);
    }
    std::size_t size = 0;
    const auto* bytes = reinterpret_cast<const unsigned char*>(message.data());
    EVP_DigestSign(context, nullptr, &size, bytes, message.size());
    std::string made(size, '\0');
    auto* to = reinterpret_cast<unsigned char*>(made.data());
    REQUIRE(EVP_DigestSign(context, to, &size, bytes, message.size()) == 1);
    EVP_MD_CTX_free(context);
    made.resize(size);
    return EVP_PKEY_is_a(key_.get(), "EC") == 1 ? side_by_side(made) : made;
  }

 private:
  explicit SigningKey(EVP_PKEY* key) : key_(key, &EVP_PKEY_free) {}
  std::string side_by_side(const std::string& der) const {
    const auto* at = reinterpret_cast<const unsigned char*>(der.data());
    ECDSA_SIG* both = d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(der.size()));
    const int size = (EVP_PKEY_get_bits(key_.get()) + 7) / 8;
    std::string raw(static_cast<std::size_t>(size) * 2, '\0');
    auto* to = reinterpret_cast<unsigned char*>(raw.data());
    BN_bn2binpad(ECDSA_SIG_get0_r(both), to, size);
    BN_bn2binpad(ECDSA_SIG_get0_s(both), to + size, size);
    ECDSA_SIG_free(both);
    return raw;
  }
  std::shared_ptr<EVP_PKEY> key_;
};

inline std::string hmac_sha256(std::string_view key, std::string_view message) {
  unsigned char out[32];
  HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
       reinterpret_cast<const unsigned char*>(message.data()), message.size(), out, nullptr);
  return {reinterpret_cast<char*>(out), sizeof out};
}

// `sign` gets the first two parts and returns the bytes of the third.
template <class Sign>
std::string token(const std::string& header, const std::string& claims, Sign sign) {
  const std::string both = base64url(header) + '.' + base64url(claims);
  return both + '.' + base64url(sign(both));
}
inline std::string hs256(const std::string& secret, const std::string& claims,
                         const std::string& header = R"({"alg":"HS256"})") {
  return token(header, claims, [&](const std::string& both) { return hmac_sha256(secret, both); });
}

}  // namespace tests
