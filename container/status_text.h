// What `margay status` prints: the running server in lines for people.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "container/front.h"
#include "container/mapping.h"

namespace container {

struct StatusView {
  std::string config;  // the server.xml in use
  std::chrono::seconds uptime{0};
  std::vector<Front::View> gates;
  const Mapping& mapping;
  std::size_t sockets = 0;   // WebSockets that are open
  std::size_t tunneled = 0;  // of them on streams of HTTP/2
};

std::string status_text(const StatusView& view);

// "2026-01-31T12:00:00Z"
std::string utc_text(std::chrono::sys_seconds time);

// "3 d 4 h", "5 min 2 s": the two largest units.
std::string duration_text(std::chrono::seconds duration);

}  // namespace container
