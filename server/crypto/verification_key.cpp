// The keys that check signatures of tokens (RFC 7518): shared secrets, RSA and elliptic curves.
#include "server/crypto/verification_key.h"

#include <openssl/bio.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include <algorithm>
#include <array>

#include "server/crypto/bytes.h"
#include "server/crypto/digest.h"

namespace server::crypto {

namespace {

constexpr std::array<std::string_view, 12> kNames{"HS256", "HS384", "HS512", "RS256",
                                                  "RS384", "RS512", "PS256", "PS384",
                                                  "PS512", "ES256", "ES384", "ES512"};

struct Curve {
  std::string_view jose, openssl;
  std::size_t size;  // of a coordinate
};
constexpr std::array<Curve, 3> kCurves{
    {{"P-256", "prime256v1", 32}, {"P-384", "secp384r1", 48}, {"P-521", "secp521r1", 66}}};

enum class Family : std::uint8_t { secret, rsa, pss, curve };
Family family_of(Signature signature) {
  return static_cast<Family>(static_cast<int>(signature) / 3);
}
Hash hash_of(Signature signature) {
  constexpr std::array<Hash, 3> hashes{Hash::sha256, Hash::sha384, Hash::sha512};
  return hashes.at(static_cast<std::size_t>(signature) % 3);
}
const Curve& curve_of(Signature signature) {
  return kCurves.at(static_cast<std::size_t>(signature) % 3);
}
const EVP_MD* method_of(Signature signature) {
  const Hash hash = hash_of(signature);
  return hash == Hash::sha256 ? EVP_sha256() : hash == Hash::sha384 ? EVP_sha384() : EVP_sha512();
}

std::shared_ptr<EVP_PKEY> owned(EVP_PKEY* key) {
  ERR_clear_error();
  return key == nullptr ? nullptr : std::shared_ptr<EVP_PKEY>(key, &EVP_PKEY_free);
}

template <class Fill>
std::shared_ptr<EVP_PKEY> make_key(const char* type, Fill fill) {
  const std::unique_ptr<OSSL_PARAM_BLD, void (*)(OSSL_PARAM_BLD*)> builder(OSSL_PARAM_BLD_new(),
                                                                           &OSSL_PARAM_BLD_free);
  if (builder == nullptr || !fill(builder.get())) return nullptr;
  const std::unique_ptr<OSSL_PARAM, void (*)(OSSL_PARAM*)> params(
      OSSL_PARAM_BLD_to_param(builder.get()), &OSSL_PARAM_free);
  const std::unique_ptr<EVP_PKEY_CTX, void (*)(EVP_PKEY_CTX*)> context(
      EVP_PKEY_CTX_new_from_name(nullptr, type, nullptr), &EVP_PKEY_CTX_free);
  EVP_PKEY* key = nullptr;
  if (params == nullptr || context == nullptr || EVP_PKEY_fromdata_init(context.get()) != 1 ||
      EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_PUBLIC_KEY, params.get()) != 1)
    key = nullptr;
  return owned(key);
}

// JWS has the two numbers side by side (RFC 7518 section 3.4), OpenSSL wants them as DER.
std::string der_of(std::string_view raw) {
  const std::unique_ptr<ECDSA_SIG, void (*)(ECDSA_SIG*)> both(ECDSA_SIG_new(), &ECDSA_SIG_free);
  const int half = static_cast<int>(raw.size() / 2);
  BIGNUM* r = BN_bin2bn(octets(raw), half, nullptr);
  BIGNUM* s = BN_bin2bn(octets(raw) + half, half, nullptr);
  if (both == nullptr || r == nullptr || s == nullptr || ECDSA_SIG_set0(both.get(), r, s) != 1) {
    BN_free(r);
    BN_free(s);
    return {};
  }
  unsigned char* der = nullptr;
  const int size = i2d_ECDSA_SIG(both.get(), &der);
  std::string result;
  if (size > 0) result.assign(reinterpret_cast<char*>(der), static_cast<std::size_t>(size));
  OPENSSL_free(der);
  return result;
}

bool check(EVP_PKEY* key, Signature by, std::string_view message, std::string_view signature) {
  const std::unique_ptr<EVP_MD_CTX, void (*)(EVP_MD_CTX*)> context(EVP_MD_CTX_new(),
                                                                   &EVP_MD_CTX_free);
  EVP_PKEY_CTX* details = nullptr;
  bool good = context != nullptr &&
              EVP_DigestVerifyInit(context.get(), &details, method_of(by), nullptr, key) == 1;
  if (good && family_of(by) == Family::pss)
    good = EVP_PKEY_CTX_set_rsa_padding(details, RSA_PKCS1_PSS_PADDING) == 1 &&
           EVP_PKEY_CTX_set_rsa_pss_saltlen(details, RSA_PSS_SALTLEN_DIGEST) == 1;
  good = good && EVP_DigestVerify(context.get(), octets(signature), signature.size(),
                                  octets(message), message.size()) == 1;
  ERR_clear_error();
  return good;
}

}  // namespace

std::optional<Signature> signature_of(std::string_view name) {
  const auto* const found = std::find(kNames.begin(), kNames.end(), name);
  if (found == kNames.end()) return std::nullopt;
  return static_cast<Signature>(found - kNames.begin());
}

std::string_view name_of(Signature signature) {
  return kNames.at(static_cast<std::size_t>(signature));
}

VerificationKey VerificationKey::secret(std::string bytes) {
  VerificationKey key;
  key.bits_ = static_cast<int>(bytes.size() * 8);
  key.secret_ = std::move(bytes);
  return key;
}

std::optional<VerificationKey> VerificationKey::pem(const std::string& text) {
  const auto read = [&](auto reader) {
    BIO* bio = BIO_new_mem_buf(text.data(), static_cast<int>(text.size()));
    auto* const got = reader(bio, nullptr, nullptr, nullptr);
    BIO_free(bio);
    return got;
  };
  VerificationKey key;
  key.key_ = owned(read(&PEM_read_bio_PUBKEY));
  if (key.key_ == nullptr) {
    const std::unique_ptr<X509, void (*)(X509*)> certificate(read(&PEM_read_bio_X509), &X509_free);
    if (certificate != nullptr) key.key_ = owned(X509_get_pubkey(certificate.get()));
  }
  ERR_clear_error();
  if (key.key_ == nullptr) return std::nullopt;
  key.bits_ = EVP_PKEY_get_bits(key.key_.get());
  if (EVP_PKEY_is_a(key.key_.get(), "RSA") == 1) return key;
  std::array<char, 64> group{};
  if (EVP_PKEY_get_group_name(key.key_.get(), group.data(), group.size(), nullptr) == 1)
    for (const Curve& one : kCurves)
      if (one.openssl == group.data()) key.curve_ = one.jose;
  ERR_clear_error();
  return key.curve_.empty() ? std::nullopt : std::optional(key);
}

std::optional<VerificationKey> VerificationKey::rsa(std::string_view modulus,
                                                    std::string_view exponent) {
  const std::unique_ptr<BIGNUM, void (*)(BIGNUM*)> n(
      BN_bin2bn(octets(modulus), static_cast<int>(modulus.size()), nullptr), &BN_free);
  const std::unique_ptr<BIGNUM, void (*)(BIGNUM*)> e(
      BN_bin2bn(octets(exponent), static_cast<int>(exponent.size()), nullptr), &BN_free);
  VerificationKey key;
  key.key_ = make_key("RSA", [&](OSSL_PARAM_BLD* to) {
    return OSSL_PARAM_BLD_push_BN(to, OSSL_PKEY_PARAM_RSA_N, n.get()) == 1 &&
           OSSL_PARAM_BLD_push_BN(to, OSSL_PKEY_PARAM_RSA_E, e.get()) == 1;
  });
  if (key.key_ == nullptr) return std::nullopt;
  key.bits_ = EVP_PKEY_get_bits(key.key_.get());
  return key;
}

std::optional<VerificationKey> VerificationKey::curve(std::string_view name, std::string_view x,
                                                      std::string_view y) {
  const auto* const found = std::find_if(kCurves.begin(), kCurves.end(),
                                         [&](const Curve& one) { return one.jose == name; });
  if (found == kCurves.end() || x.size() != found->size || y.size() != found->size)
    return std::nullopt;
  const std::string point = '\4' + std::string(x) + std::string(y);
  VerificationKey key;
  key.key_ = make_key("EC", [&](OSSL_PARAM_BLD* to) {
    return OSSL_PARAM_BLD_push_utf8_string(to, OSSL_PKEY_PARAM_GROUP_NAME, found->openssl.data(),
                                           0) == 1 &&
           OSSL_PARAM_BLD_push_octet_string(to, OSSL_PKEY_PARAM_PUB_KEY, point.data(),
                                            point.size()) == 1;
  });
  if (key.key_ == nullptr) return std::nullopt;
  key.curve_ = found->jose;
  key.bits_ = EVP_PKEY_get_bits(key.key_.get());
  return key;
}

bool VerificationKey::fits(Signature signature) const {
  switch (family_of(signature)) {
    case Family::secret:
      return key_ == nullptr && secret_.size() >= size_of(hash_of(signature));
    case Family::rsa:
    case Family::pss:
      return key_ != nullptr && curve_.empty() && bits_ >= 2048;
    case Family::curve:
      return key_ != nullptr && curve_ == curve_of(signature).jose;
  }
  return false;
}

bool VerificationKey::verifies(Signature by, std::string_view message,
                               std::string_view signature) const {
  if (!fits(by)) return false;
  switch (family_of(by)) {
    case Family::secret:
      return same_secret(hmac(hash_of(by), secret_, message), signature);
    case Family::curve:
      if (signature.size() != 2 * curve_of(by).size) return false;
      return check(key_.get(), by, message, der_of(signature));
    default:
      return check(key_.get(), by, message, signature);
  }
}

}  // namespace server::crypto
