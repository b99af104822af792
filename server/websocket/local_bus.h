// The bus of a process that stands alone: joins the hubs within it, usually one.
#pragma once

#include <atomic>
#include <cstddef>
#include <shared_mutex>
#include <vector>

#include "server/websocket/bus.h"

namespace server::websocket {

// Delivers in the thread that publishes, so nothing waits here and nothing is refused.
class LocalBus final : public Bus {
 public:
  bool publish(const Publication& publication) override;
  void attach(Sink& sink) override;
  void detach(Sink& sink) override;

 private:
  std::atomic<std::size_t> sinks_attached_{0};  // a single one needs no lock: nobody else listens
  std::shared_mutex mutex_;                     // guards sinks_; shared while one is delivered to
  std::vector<Sink*> sinks_;
};

}  // namespace server::websocket
