#include "password.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <semaphore>
#include <stdexcept>

namespace guestbook {
namespace {

constexpr std::uint64_t kCost = 1U << 15U;
constexpr std::string_view kForm = "$scrypt$ln=15,r=8,p=1$";
constexpr std::size_t kSalt = 18, kHash = 33;  // multiples of three: Base64 without padding

using Salt = std::array<unsigned char, kSalt>;
using Hash = std::array<unsigned char, kHash>;

// Each takes 32 MiB and a core. Two run at once, and few wait: who waits holds a worker.
class Turn {
 public:
  Turn() {
    const bool may_wait = waiting_.fetch_add(1) < kMostWaiting;
    const bool has_it = may_wait && turns_.try_acquire_for(std::chrono::seconds(2));
    waiting_.fetch_sub(1);
    if (!has_it) throw TooManyPasswords();
  }
  ~Turn() { turns_.release(); }
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;

 private:
  static constexpr int kMostWaiting = 16;
  static inline std::counting_semaphore<2> turns_{2};
  static inline std::atomic<int> waiting_{0};
};

Hash scrypt(std::string_view password, const Salt& salt) {
  const Turn turn;
  Hash hash{};
  if (EVP_PBE_scrypt(password.data(), password.size(), salt.data(), salt.size(), kCost, 8, 1,
                     64U * 1024 * 1024, hash.data(), hash.size()) != 1)
    throw std::runtime_error("scrypt failed");
  return hash;
}

template <std::size_t N>
std::string base64(const std::array<unsigned char, N>& bytes) {
  static_assert(N % 3 == 0);
  std::string text(N / 3 * 4 + 1, '\0');
  EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()), bytes.data(), N);
  text.pop_back();
  return text;
}

template <std::size_t N>
bool from_base64(std::string_view text, std::array<unsigned char, N>& bytes) {
  return text.size() == N / 3 * 4 &&
         EVP_DecodeBlock(bytes.data(), reinterpret_cast<const unsigned char*>(text.data()),
                         static_cast<int>(text.size())) == static_cast<int>(N);
}

}  // namespace

std::string hash_of(std::string_view password) {
  Salt salt{};
  if (RAND_bytes(salt.data(), static_cast<int>(salt.size())) != 1)
    throw std::runtime_error("no random bytes");
  return std::string(kForm) + base64(salt) + '$' + base64(scrypt(password, salt));
}

bool matches(std::string_view stored, std::string_view password) {
  Salt salt{};
  Hash hash{};
  const std::string_view rest = stored.substr(std::min(kForm.size(), stored.size()));
  const auto dollar = rest.find('$');
  const bool readable = stored.starts_with(kForm) && dollar != rest.npos &&
                        from_base64(rest.substr(0, dollar), salt) &&
                        from_base64(rest.substr(dollar + 1), hash);
  const Hash made = scrypt(password, salt);
  return readable && CRYPTO_memcmp(made.data(), hash.data(), hash.size()) == 0;
}

}  // namespace guestbook
