// A publication on its way through the loops of this process.
#include "server/websocket/broadcast.h"

#include <algorithm>

#include "server/websocket/outgoing.h"

namespace server::websocket {

namespace {

std::string joined(std::string_view scope, std::string_view topic, std::string_view key) {
  std::string text;
  text.reserve(scope.size() + topic.size() + key.size());
  return text.append(scope).append(topic).append(key);
}

}  // namespace

Broadcast::Broadcast(Frozen& message, std::string_view scope, std::string_view topic,
                     const PublishOptions& options, std::size_t loops,
                     std::atomic<std::size_t>& waiting)
    : message_(message),
      text_(joined(scope, topic, options.key)),
      scope_(scope.size()),
      topic_(topic.size()),
      expires_(options.time_to_live == 0 ? 0 : steady_milliseconds() + options.time_to_live),
      except_(options.except),
      done_(options.done),
      argument_(options.argument),
      waiting_(waiting),
      left_(loops),
      nodes_(std::make_unique<Node[]>(loops)) {
  message_.hold();
  for (std::size_t i = 0; i < loops; ++i) nodes_[i].broadcast = this;
}

Broadcast::~Broadcast() {
  waiting_.fetch_sub(cost(message_), std::memory_order_relaxed);
  message_.release();
}

std::uint32_t Broadcast::time_left() const {
  if (expires_ == 0) return 0;
  const std::uint64_t now = steady_milliseconds();
  return expires_ <= now ? 1 : static_cast<std::uint32_t>(expires_ - now);
}

void Broadcast::delivered(Delivery by_loop) {
  queued_.fetch_add(by_loop.queued, std::memory_order_relaxed);
  refused_.fetch_add(by_loop.refused, std::memory_order_relaxed);
  if (left_.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
  if (done_ != nullptr)
    done_(argument_,
          {queued_.load(std::memory_order_relaxed), refused_.load(std::memory_order_relaxed)});
  delete this;
}

}  // namespace server::websocket
