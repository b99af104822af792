// Calls into plugins that hold a loop or a worker for too long: the log says so once, and once more
// when they are over (Tomcat's StuckThreadDetectionValve).
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "container/front.h"
#include "container/status_report.h"
#include "server/log.h"
#include "server/loop.h"

namespace container {

// Control thread. What is shorter than the time between two looks is not seen.
class StallWatch {
 public:
  struct Limits {
    std::chrono::milliseconds loop, worker;  // 0: not told of
  };

  StallWatch(const std::vector<server::Loop*>& loops, server::Log log);

  void look(const Limits& limits, Front& front, StatusReport& status);

 private:
  using Clock = std::chrono::steady_clock;
  struct Seen {
    server::Loop* loop;
    std::uint64_t calls = 0;
    const char* with = nullptr;  // the handler, when it was looked at last
    Clock::time_point since{};   // when it was seen first
    bool held = false;           // it was seen twice
    std::string told{};          // the log knows; else empty
  };
  void look_at(Seen& seen, std::size_t index, std::chrono::milliseconds limit,
               StatusReport& status);

  std::vector<Seen> loops_;
  const server::Log log_;
};

}  // namespace container
