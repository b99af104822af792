// The keys that session tickets are made with, shared by all loops of a connector.
#include "server/tls/ticket_keys.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

#include <algorithm>
#include <new>

namespace server::tls {

void TicketKeys::FreeCipher::operator()(evp_cipher_st* cipher) const { EVP_CIPHER_free(cipher); }

// Fetched once: OpenSSL would look for it at every ticket.
TicketKeys::TicketKeys() : cipher_(EVP_CIPHER_fetch(nullptr, "AES-256-CBC", nullptr)) {
  if (cipher_ == nullptr) throw std::bad_alloc();
}

TicketKeys::~TicketKeys() { OPENSSL_cleanse(keys_.data(), sizeof keys_); }

void TicketKeys::rotate() {
  const auto now = std::chrono::steady_clock::now();
  if (count_ != 0 && now - born_ < kLifetime) return;
  Key fresh;
  if (RAND_bytes(fresh.name.data(), static_cast<int>(fresh.name.size())) != 1 ||
      RAND_priv_bytes(fresh.cipher.data(), static_cast<int>(fresh.cipher.size())) != 1 ||
      RAND_priv_bytes(fresh.mac.data(), static_cast<int>(fresh.mac.size())) != 1)
    throw std::bad_alloc();  // OpenSSL has no other reason than the system's distress
  std::move_backward(keys_.begin(), keys_.end() - 1, keys_.end());
  keys_.front() = fresh;
  count_ = std::min(count_ + 1, kKept);
  born_ = now;
}

TicketKeys::Key TicketKeys::newest() {
  const std::scoped_lock lock(mutex_);
  rotate();
  return keys_.front();
}

std::optional<TicketKeys::Found> TicketKeys::find(const unsigned char* name) {
  const std::scoped_lock lock(mutex_);
  rotate();
  for (std::size_t i = 0; i < count_; ++i)
    if (std::equal(keys_[i].name.begin(), keys_[i].name.end(), name))
      return Found{keys_[i], i == 0};
  return std::nullopt;
}

}  // namespace server::tls
