// What the status endpoint tells: the parts of the running server and their figures, as JSON.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include <margay/abi.h>

#include "container/engine.h"
#include "container/front.h"
#include "container/mapping.h"
#include "server/websocket/hub.h"

namespace container {

// Of what the report tells. Borrowed: all of it outlives the next `use`.
struct StatusSources {
  const Engine* engine = nullptr;
  const Mapping* mapping = nullptr;
  std::vector<std::uint64_t> generations;  // of the mappings that live
  std::vector<Front::View> gates;
  std::size_t loops = 0;
  const server::websocket::Hub* sockets = nullptr;
};

// The control thread tells what there is, any thread asks. One mutex is between them, which the
// data path never takes; a report is made under it, so the control thread may wait for one.
class StatusReport {
 public:
  StatusReport();
  StatusReport(const StatusReport&) = delete;
  StatusReport& operator=(const StatusReport&) = delete;

  // Before anything that was used so far ends. Control thread.
  void use(StatusSources sources);
  // Which handler holds a loop for longer than a moment; empty: none. Control thread.
  void use_busy(std::size_t loop, const char* handler);

  // What is not well, as bits of margay_health. Control thread.
  void use_health(std::uint32_t health) { health_.store(health, std::memory_order_relaxed); }
  std::uint32_t health() const { return health_.load(std::memory_order_relaxed); }  // any thread

  // Any thread. An object with nothing but the process when there are no sources.
  std::string json() const;

  // The C face, "status/1"; lives as long as this.
  const margay_status* abi() const { return &interface_.abi; }

 private:
  struct Interface {
    margay_status abi;  // first: its address is the Interface's
    const StatusReport* report;
  };

  const std::chrono::system_clock::time_point start_ = std::chrono::system_clock::now();
  const std::chrono::steady_clock::time_point started_ = std::chrono::steady_clock::now();
  const Interface interface_;

  std::atomic<std::uint32_t> health_{0};
  mutable std::mutex mutex_;  // guards sources_ and busy_
  StatusSources sources_;
  std::vector<std::string> busy_;  // by loop
};

}  // namespace container
