// So many requests at once, and a queue for those that are too many.
#pragma once

#include <margay/plugin.h>

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <list>
#include <mutex>
#include <string>
#include <thread>
#include <unordered_map>

#include "filters/client_key.h"

namespace filters {

// The requests of one key.
struct Gate {
  std::uint64_t key = 0;
  std::uint32_t inside = 0;
  std::uint32_t waiting = 0;
};

// One exchange, from `before` to `done`. All of it is guarded by the filter's mutex.
struct Passage {
  Gate* gate = nullptr;  // inside of it, or waiting for it; null: neither
  bool waits = false;
  std::chrono::steady_clock::time_point until;  // of what waits, as the two below
  std::list<Passage*>::iterator place;
  margay::Async async;
};

// Tomcat's SemaphoreValve. Parameters: `concurrency` (10), `block` (true: wait in order of
// arrival), `highConcurrencyStatus` (503), and `maxWaiting` (100 requests of all keys), `maxWait`
// (10s; less than the Connector's asyncTimeout, which ends all waiting), `retryAfter` (1 second),
// `key` (none; see client_key.h). Who waits holds no thread, and loses its place when it closes its
// sending half. A handshake counts until its answer; an open WebSocket does not.
class ConcurrencyLimit : public margay::StatefulFilter<Passage> {
 public:
  explicit ConcurrencyLimit(const margay::Config& config);
  ~ConcurrencyLimit() override;
  bool before(margay::Request& request, margay::Response& response, Passage& its) override;
  void done(const margay_request& request, const margay_outcome& outcome, Passage& its) override;

 private:
  using Clock = std::chrono::steady_clock;
  enum class Entry : std::uint8_t { inside, waits, full };

  Entry enter(std::uint64_t key, margay::Response& response, Passage& its);
  void refuse(margay::Response& response) const;
  margay::Async take_from_queue(Passage& its);
  margay::Async next(Gate& gate);
  void drop(Gate& gate);
  void watch_queue();

  const std::uint32_t limit_;
  const std::size_t most_waiting_;  // 0: nobody waits
  const std::chrono::milliseconds patience_;
  const int status_;
  const std::string retry_after_;
  const ClientKey key_;
  const std::string mark_;  // the attribute of requests that were judged

  std::mutex mutex_;  // guards all below, for moments: numbers and links
  std::unordered_map<std::uint64_t, Gate> gates_;
  std::list<Passage*> queue_;  // of all gates, by arrival and therefore by the end of patience
  bool ends_ = false;
  std::condition_variable change_;  // the queue has a first member, or the filter ends
  std::thread thread_;              // sends those away who have waited too long; none: nobody waits
};

}  // namespace filters
