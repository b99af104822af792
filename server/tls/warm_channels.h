// Which TLS connections of a loop keep OpenSSL's own buffers between records.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "server/loop.h"

namespace server::tls {

class Channel;

// Owner thread: its loop; may be freed by any when all channels are. OpenSSL's buffers are 34 KiB
// for each connection: too much for one that is idle, and to make them for each record costs a
// tenth of a small request. So those that were used last keep theirs, at most kMost of them, until
// they rest.
class WarmChannels final : private Timer {
 public:
  static constexpr std::size_t kMost = 128;       // beyond: in place of the one that came first
  static constexpr std::uint64_t kRest = 1'000;   // ms; after one to two of them it is idle
  static constexpr std::size_t kNone = SIZE_MAX;  // the place of a channel that is not here

  explicit WarmChannels(Loop& loop) : loop_(loop) {}

  void use(Channel& channel);
  void forget(Channel& channel);

 private:
  void expired() override;
  void cool(Channel& channel);

  Loop& loop_;
  std::vector<Channel*> channels_;  // each knows its place
  std::size_t oldest_ = 0;          // when all places are taken
};

}  // namespace server::tls
