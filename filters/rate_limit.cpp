// So many requests in a time from one client.
#include "filters/rate_limit.h"

#include <chrono>
#include <functional>
#include <random>

#include "filters/known.h"
#include "filters/network.h"

namespace filters {

namespace {

std::uint64_t mixed(std::uint64_t x) {
  x = (x ^ (x >> 30U)) * 0xbf58476d1ce4e5b9U;
  x = (x ^ (x >> 27U)) * 0x94d049bb133111ebU;
  return x ^ (x >> 31U);
}

std::string header_of(const margay::Config& config) {
  const std::string_view key = config.get("key", "address");
  if (key == "address" || key == "user") return {};
  if (!key.starts_with("header:") || key.size() == 7)
    throw margay::ConfigError(
        "key", "parameter 'key': '" + std::string(key) + "' is not address, user or header:NAME");
  return std::string(key.substr(7));
}

}  // namespace

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
      by_user_(config.get("key") == "user"),
      header_(header_of(config)),
      seed_(std::uint64_t{std::random_device{}()} << 32U | std::random_device{}()),
      table_(config.integer<std::size_t>("maxKeys", 65'536, 256, 16'777'216)) {
  require_known(config, {"bucketRequests", "bucketDuration", "enforce", "statusCode",
                         "exposeHeaders", "key", "maxKeys"});
}

std::uint64_t RateLimit::key_of(const margay::Request& request) const {
  const std::string_view name = by_user_          ? request.principal()
                                : header_.empty() ? std::string_view{}
                                                  : request.header(header_);
  if (!name.empty()) return mixed(std::hash<std::string_view>{}(name) ^ ~seed_);
  const auto address = parse_address(request.remote_address());
  if (!address) return mixed(seed_);
  const bool four = address->high == 0 && address->low >> 32U == 0xffff;
  return mixed(mixed(address->high ^ seed_) + (four ? address->low : 0));
}

bool RateLimit::before(margay::Request& request, margay::Response& response) {
  const auto now =
      static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::seconds>(
                                     std::chrono::steady_clock::now().time_since_epoch())
                                     .count());
  const auto window = static_cast<std::uint32_t>(now / seconds_ + 1);
  const std::uint32_t used = table_.count(key_of(request), window);
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
