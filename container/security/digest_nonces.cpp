// The nonces that DIGEST (RFC 7616) gave out, and how often each was used.
#include "container/security/digest_nonces.h"

#include <charconv>

#include "server/crypto/bytes.h"
#include "server/crypto/digest.h"

namespace container::security {

namespace {

constexpr std::size_t kSaltBytes = 8;

std::int64_t time_of(std::string_view nonce) {
  std::int64_t time = -1;
  std::from_chars(nonce.data(), nonce.data() + nonce.size(), time, 16);
  return time;
}

}  // namespace

DigestNonces::DigestNonces(std::chrono::milliseconds validity, std::size_t known)
    : validity_(validity.count()), known_(known), key_(server::crypto::random_bytes(32)) {}

std::string DigestNonces::seal(std::string_view time_and_salt) const {
  return server::crypto::to_hex(
      server::crypto::hmac(server::crypto::Hash::sha256, key_, time_and_salt).substr(0, 16));
}

std::string DigestNonces::make(std::int64_t now) {
  char digits[17];
  const auto end = std::to_chars(digits, digits + 16, now, 16).ptr;
  std::string text(digits, end);
  text += '-' + server::crypto::to_hex(server::crypto::random_bytes(kSaltBytes));
  return text + '-' + seal(text);
}

DigestNonces::Use DigestNonces::look(std::string_view nonce, std::int64_t now) const {
  const auto dash = nonce.rfind('-');
  if (dash == nonce.npos ||
      !server::crypto::same_secret(seal(nonce.substr(0, dash)), nonce.substr(dash + 1)))
    return Use::forged;
  const std::int64_t made = time_of(nonce);
  return made < 0 || now - made >= validity_ ? Use::stale : Use::good;
}

DigestNonces::Use DigestNonces::use(std::string_view nonce, std::uint32_t count, std::int64_t now) {
  if (const Use first = look(nonce, now); first != Use::good) return first;
  const std::scoped_lock lock(mutex_);
  auto found = used_.find(nonce);
  if (found == used_.end()) {
    if (time_of(nonce) <= forgotten_) return Use::stale;
    if (used_.size() == known_) {
      forgotten_ = std::max(forgotten_, time_of(order_.front()));
      used_.erase(order_.front());
      order_.pop_front();
    }
    found = used_.emplace(std::string(nonce), Counts{}).first;
    order_.emplace_back(nonce);
  }
  Counts& counts = found->second;
  if (count > counts.highest) {
    const std::uint32_t ahead = count - counts.highest;
    counts.seen = ahead < counts.seen.size() ? counts.seen << ahead : std::bitset<128>();
    counts.highest = count;
    counts.seen.set(0);
    return Use::good;
  }
  const std::uint32_t behind = counts.highest - count;
  if (count == 0 || behind >= counts.seen.size() || counts.seen.test(behind)) return Use::replayed;
  counts.seen.set(behind);
  return Use::good;
}

}  // namespace container::security
