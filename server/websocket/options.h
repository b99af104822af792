// What the configuration says of the WebSockets of one endpoint: limits, times, queues,
// compression.
#pragma once

#include <cstddef>
#include <cstdint>

#include "server/websocket/deflate_terms.h"

namespace server::websocket {

// What happens to a message for which the queue has no room.
enum class Overflow : std::uint8_t {
  refuse,       // the sender is told, and told again when there is room
  drop_oldest,  // of those that have not begun to leave; for news of which the last counts
  drop_newest,  // the one that came; for news of which some may be missed
  close         // 1013: a reader that slow is better off with a new connection
};

// Plain values; times in milliseconds, 0: never.
struct Options {
  // Of a whole message, inflated; longer closes with 1009. Tomcat has 8 KiB, over which everybody
  // stumbles once. Buffers grow with what comes, so a high limit costs idle sockets nothing.
  std::size_t max_text = 64 * 1024;
  std::size_t max_binary = 64 * 1024;
  // Of one frame, as on the wire. A message in one frame must fit as well.
  std::size_t max_frame = 64 * 1024;

  // Under the 60 s after which common proxies take a silent connection away.
  std::uint64_t ping_interval = 25'000;
  // From a ping of ours to its pong; then the peer is taken for dead (1006). Any frame counts.
  std::uint64_t pong_timeout = 20'000;
  std::uint64_t idle_timeout = 0;  // without a data frame in either direction; then 1001
  std::uint64_t open_timeout = 0;  // from the 101 to the peer's first data frame; then 1008
  // From our close frame to the peer's; then the connection is cut. Tomcat has 30 s.
  std::uint64_t close_timeout = 10'000;
  // Without the peer taking a byte while some wait; then the connection is cut.
  std::uint64_t send_timeout = 20'000;
  // Over which the sockets of a superseded mapping are told to come again (1012).
  std::uint64_t drain_timeout = 10'000;

  // What was accepted from senders and the kernel has not taken. Also the bound on the memory that
  // a peer which stops reading can hold.
  std::size_t queue_bytes = 1024 * 1024;
  std::size_t queue_messages = 1000;
  Overflow overflow = Overflow::refuse;
  // Messages that wait for a worker endpoint; then the socket is not read until one is done.
  std::size_t inbound_messages = 16;

  DeflatePolicy deflate{};
  // Shorter messages are sent as they are: deflating costs more than their bytes.
  std::size_t compress_from = 1024;
};

}  // namespace server::websocket
