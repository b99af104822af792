// How an application has its sessions: what <Manager> says.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>

#include <margay/cookie.h>

#include "container/http_session.h"

namespace container {

// Where sessions are kept over a restart.
struct SessionKeeping {
  std::string file;                            // empty: nowhere
  std::chrono::milliseconds interval{60'000};  // 0: only at the end
  bool on_stop = true;
};

// Immutable, of one generation of an application.
struct SessionRules {
  bool cookies = true;  // false: no id is read or sent, so every session lasts one request
  std::string cookie_name = "JSESSIONID";
  std::string cookie_path = "/";
  std::string cookie_domain;  // empty: the host alone
  bool http_only = true;
  bool partitioned = false;  // where the cookie is secure
  margay::SameSite same_site = margay::SameSite::lax;
  std::size_t id_bytes = 16;
  std::string route;  // the Engine's jvmRoute: behind the id in the cookie, for load balancers
  std::chrono::seconds timeout{1800};  // 0 or less: never
  std::size_t max_active = static_cast<std::size_t>(-1);
  SessionLimits limits;
  bool synchronize = false;  // of all endpoints
  SessionKeeping keeping;
  std::size_t turn_queue = 32;  // requests that wait for their turn with one session
};

}  // namespace container
