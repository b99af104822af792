// So many requests in a time from one client, also handshakes of WebSockets.
#pragma once

#include <margay/plugin.h>

#include <array>
#include <cstdint>
#include <mutex>
#include <vector>

#include "filters/client_key.h"

namespace filters {

// Requests by key in windows of fixed length. A fixed number of slots: when the four that a key may
// use are taken, that with the fewest requests in the oldest window is forgotten. Any thread.
class RateTable {
 public:
  // At least `keys` slots, of 16 bytes.
  explicit RateTable(std::size_t keys) : sets_((keys + kWays * kShards - 1) / (kWays * kShards)) {
    for (Shard& shard : shards_) shard.slots.resize(sets_ * kWays);
  }
  // Counts one more; how many `key` has in `window` with it.
  std::uint32_t count(std::uint64_t key, std::uint32_t window);

 private:
  static constexpr std::size_t kWays = 4, kShards = 64;
  struct Slot {
    std::uint64_t key = 0;
    std::uint32_t window = 0, count = 0;
  };
  struct alignas(64) Shard {
    std::mutex mutex;  // held for one look at four slots
    std::vector<Slot> slots;
  };
  std::size_t sets_;
  std::array<Shard, kShards> shards_;
};

// Tomcat's RateLimitFilter. Parameters: `bucketRequests` (300), `bucketDuration` (60 seconds),
// `enforce` (true; false only counts, and sets the attribute `margay.rateLimit.exceeded`),
// `statusCode` (429), `exposeHeaders` (false); and `key` (address; see client_key.h), `maxKeys`
// (65536).
class RateLimit : public margay::Filter {
 public:
  explicit RateLimit(const margay::Config& config);
  bool before(margay::Request& request, margay::Response& response) override;

 private:
  std::uint32_t limit_, seconds_;
  int status_;
  bool enforce_, expose_;
  ClientKey key_;
  RateTable table_;
};

}  // namespace filters
