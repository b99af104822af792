// Something immutable that several threads keep alive by counting.
#pragma once

#include <atomic>
#include <cstdint>
#include <string_view>

namespace server::websocket {

// Made with one count; the last release deletes it, on whatever thread.
class Counted {
 public:
  void hold() const { counts_.fetch_add(1, std::memory_order_relaxed); }
  void release() const {
    if (counts_.fetch_sub(1, std::memory_order_acq_rel) == 1) delete this;
  }

  // Of the topics of a session whose handshake left this.
  virtual std::string_view scope() const { return {}; }

 protected:
  virtual ~Counted() = default;

 private:
  mutable std::atomic<std::uint32_t> counts_{1};
};

}  // namespace server::websocket
