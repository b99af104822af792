// Whose a stream of HTTP/2 is: what nghttp2 gives back with everything that it tells of one.
#pragma once

#include <cstdint>

namespace server::http2 {

// A request (Stream), or the connection that it has become (Tunnel).
struct Occupant {
  enum class Kind : std::uint8_t { request, tunnel };

  Occupant(Kind its, std::int32_t number) : id(number), kind(its) {}

  const std::int32_t id;
  const Kind kind;
  bool ended = false;  // END_STREAM came
  bool reset_by_client = false;
  bool deferred = false;  // nghttp2 asked for bytes when there were none
};

}  // namespace server::http2
