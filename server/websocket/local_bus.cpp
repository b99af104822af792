#include "server/websocket/local_bus.h"

#include <algorithm>
#include <cassert>
#include <mutex>

namespace server::websocket {

bool LocalBus::publish(const Publication& publication) {
  if (sinks_attached_.load(std::memory_order_acquire) < 2) return true;
  const std::shared_lock lock(mutex_);
  for (Sink* sink : sinks_)
    if (sink->node() != publication.origin) sink->deliver(publication);
  return true;
}

void LocalBus::attach(Sink& sink) {
  const std::scoped_lock lock(mutex_);
  assert(std::none_of(sinks_.begin(), sinks_.end(),
                      [&](const Sink* other) { return other->node() == sink.node(); }));
  sinks_.push_back(&sink);
  sinks_attached_.store(sinks_.size(), std::memory_order_release);
}

void LocalBus::detach(Sink& sink) {
  const std::scoped_lock lock(mutex_);
  std::erase(sinks_, &sink);
  sinks_attached_.store(sinks_.size(), std::memory_order_release);
}

}  // namespace server::websocket
