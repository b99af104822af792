// What a client makes an HTTP/2 connection do for nothing, as a score.
#include "server/http2/overhead.h"

#include <nghttp2/nghttp2.h>

#include <algorithm>

namespace server::http2 {

namespace {

constexpr std::int64_t kStart = -10;    // times the factor
constexpr std::int64_t kFloor = -100;   // times the factor
constexpr std::int64_t kForgiven = 10;  // times the factor, each second
constexpr std::int64_t kEarned = 20;    // by a frame that asks for something
constexpr std::int64_t kEmpty = 50;     // for a frame of nothing that ends nothing

constexpr std::uint64_t kSecond = 1'000;
constexpr std::uint64_t kFreeReset = 50;  // ms until one more is free

std::int64_t factor_of(const Options& options) { return options.overhead_count_factor; }

// How far `size` is under the threshold, at most `most`.
std::int64_t shortness(std::uint32_t threshold, std::size_t size, std::int64_t most) {
  if (size >= threshold) return 0;
  return std::min<std::int64_t>(
      threshold / static_cast<std::int64_t>(std::max<std::size_t>(size, 1)), most);
}

}  // namespace

Overhead::Overhead(const Options& options, std::uint64_t now)
    : options_(options),
      score_(kStart * factor_of(options)),
      since_(now),
      resets_since_(now),
      free_resets_(options.max_concurrent_streams) {}

void Overhead::forgive(std::uint64_t now) {
  const std::uint64_t seconds = (now - since_) / kSecond;
  if (seconds == 0) return;
  since_ += seconds * kSecond;
  const auto much = static_cast<std::int64_t>(std::min<std::uint64_t>(seconds, 3'600));
  // Time alone leads back to where a connection starts, no further.
  const std::int64_t start = kStart * factor_of(options_);
  if (score_ > start) score_ = std::max(score_ - much * kForgiven * factor_of(options_), start);
}

void Overhead::add(std::int64_t points, const char* what) {
  const std::int64_t factor = factor_of(options_);
  if (factor == 0) return;  // not kept
  score_ = std::max(score_ + points, kFloor * factor);
  if (score_ > 0 && excess_ == nullptr) excess_ = what;
}

void Overhead::heard(std::uint8_t type, std::uint8_t flags, std::size_t length, std::uint64_t now) {
  forgive(now);
  const bool ends = (flags & NGHTTP2_FLAG_END_STREAM) != 0;
  const bool ends_block = (flags & NGHTTP2_FLAG_END_HEADERS) != 0;
  switch (type) {
    case NGHTTP2_HEADERS:
      return add(length == 0 && !ends_block ? kEmpty : -kEarned, "empty HEADERS frames");
    case NGHTTP2_DATA:
      if (length == 0 && !ends) return add(kEmpty, "empty DATA frames");
      // A small one earns less, and costs nothing: messages of a WebSocket are small.
      return add(shortness(ends ? 0 : options_.overhead_data_threshold, length, kEarned) - kEarned,
                 "small DATA frames");
    case NGHTTP2_CONTINUATION:
      if (length == 0 && !ends_block) return add(kEmpty, "empty CONTINUATION frames");
      return add(shortness(options_.overhead_continuation_threshold, length, kEarned),
                 "small CONTINUATION frames");
    case NGHTTP2_RST_STREAM:
    case NGHTTP2_WINDOW_UPDATE:  // these are known when they are read
    case NGHTTP2_GOAWAY:
      return;
    case NGHTTP2_SETTINGS:
      return add(factor_of(options_), "SETTINGS frames");
    case NGHTTP2_PING:
      return add(factor_of(options_), "PING frames");
    default:
      return add(factor_of(options_), "PRIORITY or unknown frames");
  }
}

void Overhead::window_update(std::uint32_t increment, std::uint64_t now) {
  forgive(now);
  const std::int64_t points =
      shortness(options_.overhead_window_update_threshold, increment, factor_of(options_));
  if (points != 0 && free_updates_ != 0) {
    --free_updates_;
    return;
  }
  add(points, "small WINDOW_UPDATE frames");
}

void Overhead::reset(std::uint64_t now) {
  forgive(now);
  const std::uint64_t more = (now - resets_since_) / kFreeReset;
  resets_since_ += more * kFreeReset;
  free_resets_ = static_cast<std::uint32_t>(
      std::min<std::uint64_t>(options_.max_concurrent_streams, free_resets_ + more));
  if (free_resets_ != 0) {
    --free_resets_;
    return;
  }
  add(options_.overhead_reset_factor, "reset streams");
}

}  // namespace server::http2
