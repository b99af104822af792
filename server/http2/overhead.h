// What a client makes an HTTP/2 connection do for nothing, as a score: Tomcat's, with forgiveness.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "server/http2/options.h"

namespace server::http2 {

// Frames that ask for something lower the score, others raise it; above zero the client is abusive.
// Unlike Tomcat's it is forgiven with time and has a floor: a connection that is kept alive by a
// PING now and then lasts for ever, and a long good life buys no long attack. As many resets as
// streams may be open at once are free, and some each second: whoever leaves a page cancels its
// images.
class Overhead {
 public:
  // `now` in ms here and below.
  Overhead(const Options& options, std::uint64_t now);

  // A frame begins; RST_STREAM is told by `reset`.
  void heard(std::uint8_t type, std::uint8_t flags, std::size_t length, std::uint64_t now);
  void window_update(std::uint32_t increment, std::uint64_t now);
  // A frame of a tunnel was sent: messages are small, and of each the client may give the windows
  // of stream and connection back.
  void tunneled() { free_updates_ = std::min(free_updates_ + 2, kFreeUpdates); }
  // The client reset a stream, or made us do it (CVE-2023-44487, CVE-2025-8671).
  void reset(std::uint64_t now);

  // Null, or what there was too much of when the score passed zero.
  const char* excess() const { return excess_; }

 private:
  static constexpr std::uint32_t kFreeUpdates = 1 << 16;

  void add(std::int64_t points, const char* what);
  void forgive(std::uint64_t now);

  const Options& options_;
  std::int64_t score_;
  std::uint64_t since_;  // what came before is forgiven as far as it will be
  std::uint64_t resets_since_;
  std::uint32_t free_resets_;
  std::uint32_t free_updates_ = 0;
  const char* excess_ = nullptr;
};

}  // namespace server::http2
