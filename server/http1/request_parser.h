// From the bytes of one request head to a RequestHead: llhttp behind the guard, then RFC
// 9110/9112's rules.
#pragma once

#include <string_view>

#include "server/arena.h"
#include "server/http1/head_scan.h"
#include "server/message.h"

namespace server::http1 {

struct ParseRules {
  bool allow_trace = false;
};

struct Framing {
  int status = 0;  // 0 = acceptable, else the answer
  const char* reason = "";
  bool chunked = false;
  bool keep_alive = true;
  bool expects_continue = false;
  bool http10 = false;
};

// `head` is complete and what `scan` looked at; it lies in `arena` and its names become lower-case
// in place. `request` views into it. What could be read is there also when the request is refused.
Framing parse_head(std::string_view head, const HeadScan& scan, Arena& arena,
                   const ParseRules& rules, RequestHead& request);

}  // namespace server::http1
