// Hashes, keyed hashes and the slow hashes of passwords.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

namespace server::crypto {

enum class Hash : std::uint8_t { md5, sha1, sha256, sha384, sha512 };

std::optional<Hash> hash_of(std::string_view name);  // "SHA-256", "sha256"; also "SHA" for SHA-1
std::size_t size_of(Hash hash);

// Bytes. Of the parts, one behind the other. Throws std::runtime_error when OpenSSL refuses.
std::string digest(Hash hash, std::initializer_list<std::string_view> parts);
std::string hmac(Hash hash, std::string_view key, std::string_view message);

// Slow on purpose: workers only. Nothing: OpenSSL, or libargon2, refuses the numbers.
std::optional<std::string> pbkdf2(Hash hash, std::string_view password, std::string_view salt,
                                  unsigned iterations, std::size_t size);
struct ScryptCost {
  unsigned log_n = 15, r = 8, p = 1;  // 2^log_n * r * 128 bytes of memory, at most 256 MiB
};
std::optional<std::string> scrypt(const ScryptCost& cost, std::string_view password,
                                  std::string_view salt, std::size_t size);
struct ArgonCost {
  unsigned kibibytes = 19 * 1024, passes = 2, lanes = 1;  // what OWASP asks for
};
// `$argon2id$v=19$m=...`; `salt` has at least 8 bytes.
std::optional<std::string> argon2id(const ArgonCost& cost, std::string_view password,
                                    std::string_view salt);
bool argon2id_matches(const std::string& encoded, std::string_view password);

}  // namespace server::crypto
