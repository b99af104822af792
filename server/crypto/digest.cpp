// Hashes, keyed hashes and the slow hashes of passwords.
#include "server/crypto/digest.h"

#include "server/crypto/bytes.h"

#include <argon2.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <array>
#include <memory>
#include <stdexcept>
#include "server/ascii.h"

namespace server::crypto {

namespace {

const EVP_MD* method_of(Hash hash) {
  switch (hash) {
    case Hash::md5:
      return EVP_md5();
    case Hash::sha1:
      return EVP_sha1();
    case Hash::sha256:
      return EVP_sha256();
    case Hash::sha384:
      return EVP_sha384();
    case Hash::sha512:
      return EVP_sha512();
  }
  return nullptr;
}

}  // namespace

std::optional<Hash> hash_of(std::string_view name) {
  std::string plain;
  for (const char c : name)
    if (c != '-') plain += lower(c);
  if (plain == "md5") return Hash::md5;
  if (plain == "sha" || plain == "sha1") return Hash::sha1;
  if (plain == "sha256") return Hash::sha256;
  if (plain == "sha384") return Hash::sha384;
  if (plain == "sha512") return Hash::sha512;
  return std::nullopt;
}

std::size_t size_of(Hash hash) {
  constexpr std::array<std::size_t, 5> sizes{16, 20, 32, 48, 64};
  return sizes.at(static_cast<std::size_t>(hash));
}

std::string digest(Hash hash, std::initializer_list<std::string_view> parts) {
  const std::unique_ptr<EVP_MD_CTX, void (*)(EVP_MD_CTX*)> context(EVP_MD_CTX_new(),
                                                                   &EVP_MD_CTX_free);
  std::string result(size_of(hash), '\0');
  bool good = context != nullptr && EVP_DigestInit_ex(context.get(), method_of(hash), nullptr) == 1;
  for (const std::string_view part : parts)
    good = good && EVP_DigestUpdate(context.get(), part.data(), part.size()) == 1;
  if (!good || EVP_DigestFinal_ex(context.get(), octets(result), nullptr) != 1)
    throw std::runtime_error("OpenSSL offers no such hash");
  return result;
}

std::string hmac(Hash hash, std::string_view key, std::string_view message) {
  std::string result(size_of(hash), '\0');
  if (HMAC(method_of(hash), key.data(), static_cast<int>(key.size()), octets(message),
           message.size(), octets(result), nullptr) == nullptr)
    throw std::runtime_error("OpenSSL offers no such hash");
  return result;
}

std::optional<std::string> pbkdf2(Hash hash, std::string_view password, std::string_view salt,
                                  unsigned iterations, std::size_t size) {
  std::string result(size, '\0');
  if (PKCS5_PBKDF2_HMAC(password.data(), static_cast<int>(password.size()), octets(salt),
                        static_cast<int>(salt.size()), static_cast<int>(iterations),
                        method_of(hash), static_cast<int>(size), octets(result)) != 1)
    return std::nullopt;
  return result;
}

std::optional<std::string> scrypt(const ScryptCost& cost, std::string_view password,
                                  std::string_view salt, std::size_t size) {
  constexpr std::uint64_t most = 256U * 1024 * 1024;
  if (cost.log_n < 1 || cost.log_n > 24) return std::nullopt;
  std::string result(size, '\0');
  if (EVP_PBE_scrypt(password.data(), password.size(), octets(salt), salt.size(),
                     std::uint64_t{1} << cost.log_n, cost.r, cost.p, most + (most >> 4U),
                     octets(result), size) != 1)
    return std::nullopt;
  return result;
}

std::optional<std::string> argon2id(const ArgonCost& cost, std::string_view password,
                                    std::string_view salt) {
  constexpr std::uint32_t hash_size = 32;
  const std::size_t size =
      argon2_encodedlen(cost.passes, cost.kibibytes, cost.lanes,
                        static_cast<std::uint32_t>(salt.size()), hash_size, Argon2_id);
  std::string encoded(size, '\0');
  if (argon2id_hash_encoded(cost.passes, cost.kibibytes, cost.lanes, password.data(),
                            password.size(), salt.data(), salt.size(), hash_size, encoded.data(),
                            encoded.size()) != ARGON2_OK)
    return std::nullopt;
  encoded.resize(encoded.find('\0'));
  return encoded;
}

bool argon2id_matches(const std::string& encoded, std::string_view password) {
  return argon2id_verify(encoded.c_str(), password.data(), password.size()) == ARGON2_OK;
}

}  // namespace server::crypto
