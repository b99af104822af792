// The fields of a request, one by one as HPACK gives them, on their way to a RequestHead.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "server/arena.h"
#include "server/http1/head_scan.h"
#include "server/http1/request_parser.h"
#include "server/message.h"

namespace server::http2 {

// Copies into the exchange's arena, which it lives in itself. What nghttp2's HTTP messaging rules
// refuse never comes here; what they let through is checked by `finish`.
class RequestFields {
 public:
  struct Verdict {
    int status = 0;  // 0: acceptable, else the answer
    const char* reason = "";
    bool expects_continue = false;
  };

  // Beyond the limits, which are those of HTTP/1, nothing more is kept: `finish` tells.
  void add(Arena& arena, const http1::HeadLimits& limits, std::string_view name,
           std::string_view value);
  std::size_t bytes() const { return bytes_; }  // of all fields, those not kept included
  // `request` views into the arena. What could be read is there also when it is refused.
  // `body_follows`: the stream did not end with its head.
  Verdict finish(Arena& arena, const http1::ParseRules& rules, bool body_follows,
                 RequestHead& request);

 private:
  void add_pseudo(Arena& arena, std::string_view name, std::string_view value);
  void append(Arena& arena, std::string_view name, std::string_view value);
  void join_cookies(Arena& arena);
  Verdict finish_connect(Arena& arena, bool body_follows, RequestHead& request);

  std::string_view method_;
  std::string_view target_;
  std::string_view protocol_;  // RFC 8441 section 4: what a CONNECT asks for
  FieldList fields_{16};       // most requests have fewer
  std::uint32_t cookies_ = 0;
  std::size_t bytes_ = 0;
  std::array<std::uint16_t, kKnownFields> first_{};
  bool has_authority_ = false;
  bool hosts_differ_ = false;
  int status_ = 0;
  const char* reason_ = "";
};

}  // namespace server::http2
