// The nonces that DIGEST (RFC 7616) gave out, and how often each was used.
#pragma once

#include <bitset>
#include <chrono>
#include <cstdint>
#include <deque>
#include <map>
#include <mutex>
#include <string>
#include <string_view>

namespace container::security {

// Nonces sign themselves; only those that were used are kept in mind. Any thread.
class DigestNonces {
 public:
  DigestNonces(std::chrono::milliseconds validity, std::size_t known);

  std::string make(std::int64_t now);  // ms since 1970
  enum class Use : std::uint8_t { good, stale, forged, replayed };
  // Counts may come out of order within the last 128, each once.
  Use use(std::string_view nonce, std::uint32_t count, std::int64_t now);
  // Before the proof was checked, without counting: forged, stale, or good.
  Use look(std::string_view nonce, std::int64_t now) const;

 private:
  struct Counts {
    std::uint32_t highest = 0;
    std::bitset<128> seen;  // bit n: highest - n
  };
  std::string seal(std::string_view time_and_salt) const;

  const std::int64_t validity_;
  const std::size_t known_;
  const std::string key_;
  std::mutex mutex_;  // guards what follows
  std::map<std::string, Counts, std::less<>> used_;
  std::deque<std::string> order_;  // of first use
  std::int64_t forgotten_ = 0;     // nonces as old as this are stale: what was dropped is not known
};

}  // namespace container::security
