// One request and its answer on an HTTP/2 connection, RFC 9113 section 5: in its exchange's arena.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "server/exchange.h"
#include "server/http2/occupant.h"
#include "server/http2/request_fields.h"

namespace server::http2 {

struct Stream : Occupant {
  Stream(Exchange& its, std::int32_t number) : Occupant(Kind::request, number), exchange(its) {}

  Exchange& exchange;
  Stream* next = nullptr;  // of the connection's streams
  Stream* previous = nullptr;
  bool begun = false;  // the service has it: its end is told there

  // --- the request ---
  bool owes_continue = false;    // 100 (Continue) is awaited
  std::uint32_t unreturned = 0;  // bytes of its window that the client has not got back
  std::uint64_t heard_at = 0;    // when the last byte of the body came
  RequestFields fields;

  // --- the answer ---
  bool head_sent = false;  // or rather in nghttp2's hands
  bool bodiless = false;
  bool counted = false;         // body_left is meant
  bool answered = false;        // END_STREAM is on its way
  std::size_t framed = 0;       // of the bytes that the exchange shows
  std::uint64_t body_left = 0;  // of a Content-Length that the application set and streams
  std::uint64_t moved_at = 0;   // when it last could send
  std::array<char, 3> status;   // as text, while nghttp2 has it; and Content-Length
  std::array<char, 20> length;
};

}  // namespace server::http2
