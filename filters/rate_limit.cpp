// So many requests in a time from one client.
#include "filters/rate_limit.h"

#include <margay/known_parameters.h>

#include <chrono>

namespace filters {

std::uint32_t RateTable::count(std::uint64_t key, std::uint32_t window) {
  Shard& shard = shards_[key % kShards];
  const std::size_t first = (key / kShards) % sets_ * kWays;
  const std::lock_guard lock(shard.mutex);
  Slot* least = &shard.slots[first];
  for (std::size_t i = first; i < first + kWays; ++i) {
    Slot& slot = shard.slots[i];
    if (slot.key == key && slot.window == window) return ++slot.count;
    if (slot.window < least->window || (slot.window == least->window && slot.count < least->count))
      least = &slot;
  }
  *least = {key, window, 1};
  return 1;
}

RateLimit::RateLimit(const margay::Config& config)
    : limit_(config.integer<std::uint32_t>("bucketRequests", 300, 1, 1'000'000'000)),
      seconds_(static_cast<std::uint32_t>(
          config.integer<std::int32_t>("bucketDuration", 60, 1, 86'400))),
      status_(config.integer("statusCode", 429, 400, 599)),
      enforce_(config.boolean("enforce", true)),
      expose_(config.boolean("exposeHeaders", false)),
      key_(ClientKey::read(config, "address")),
      table_(config.integer<std::size_t>("maxKeys", 65'536, 256, 16'777'216)) {
  require_known(config, {"bucketRequests", "bucketDuration", "enforce", "statusCode",
                         "exposeHeaders", "key", "maxKeys"});
}

bool RateLimit::before(margay::Request& request, margay::Response& response) {
  const auto now =
      static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::seconds>(
                                     std::chrono::steady_clock::now().time_since_epoch())
                                     .count());
  const auto window = static_cast<std::uint32_t>(now / seconds_ + 1);
  const std::uint32_t used = table_.count(key_.of(request), window);
  const std::uint64_t left = seconds_ - now % seconds_;
  if (expose_) {
    response.header("RateLimit-Policy", std::to_string(limit_) + ";w=" + std::to_string(seconds_));
    response.header("RateLimit", "limit=" + std::to_string(limit_) + ", remaining=" +
                                     std::to_string(used < limit_ ? limit_ - used : 0) +
                                     ", reset=" + std::to_string(left));
  }
  if (used <= limit_) return true;
  if (!enforce_) {
    request.attribute("margay.rateLimit.exceeded", "true");
    return true;
  }
  response.header("Retry-After", std::to_string(left));
  response.send_error(status_);
  return false;
}

}  // namespace filters
