// The head of an HTTP/1 answer onto the wire, RFC 9112 section 4 and 6.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "server/message.h"

namespace server::http1 {

struct ResponseShape {
  enum class Length : unsigned char { none, known, chunked, until_close };
  Length length = Length::known;
  std::uint64_t bytes = 0;
  bool keep_alive = true;
  bool http10 = false;
  bool upgrade = false;  // a 101: Connection is as the application set it
};

// An upper bound of what write_head writes.
std::size_t head_room(const ResponseHead& head, std::string_view server);

// Writes status line, the application's fields, and Date, Server, framing and Connection, which are
// the connection's own: the application's are left out. An Upgrade field gets its Connection.
// Returns the end.
char* write_head(char* to, const ResponseHead& head, const ResponseShape& shape,
                 std::string_view date, std::string_view server);

}  // namespace server::http1
