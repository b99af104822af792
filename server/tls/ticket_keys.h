// The keys that session tickets are made with, shared by all loops of a connector.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <memory>
#include <mutex>
#include <optional>

struct evp_cipher_st;

namespace server::tls {

// Any thread. A stolen key opens what was said in its time, so a new one takes over every
// `kLifetime`; tickets of the one before are still taken, and replaced.
class TicketKeys {
 public:
  static constexpr std::chrono::hours kLifetime{12};
  static constexpr std::size_t kKept = 2;  // older tickets mean a full handshake

  struct Key {
    std::array<unsigned char, 16> name;
    std::array<unsigned char, 32> cipher;
    std::array<unsigned char, 32> mac;
  };

  TicketKeys();
  ~TicketKeys();
  TicketKeys(const TicketKeys&) = delete;
  TicketKeys& operator=(const TicketKeys&) = delete;

  Key newest();
  struct Found {
    Key key;
    bool is_newest;
  };
  std::optional<Found> find(const unsigned char* name);

  const evp_cipher_st* cipher() const { return cipher_.get(); }  // AES-256-CBC

 private:
  struct FreeCipher {
    void operator()(evp_cipher_st* cipher) const;
  };
  void rotate();

  const std::unique_ptr<evp_cipher_st, FreeCipher> cipher_;
  std::mutex mutex_;             // guards what follows; taken once in a handshake, for moments
  std::array<Key, kKept> keys_;  // newest first
  std::size_t count_ = 0;
  std::chrono::steady_clock::time_point born_;  // of the newest
};

}  // namespace server::tls
