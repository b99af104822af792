// The head of an HTTP/1 answer onto the wire, RFC 9112 section 4 and 6.
#include "server/http1/response_writer.h"

#include <charconv>
#include <cstring>

#include "server/status.h"

namespace server::http1 {

namespace {

char* put(char* to, std::string_view text) {
  if (!text.empty()) std::memcpy(to, text.data(), text.size());  // a null pointer is no source
  return to + text.size();
}

// Fields that only the connection may write. Sorted out by length first: most names pass at once.
bool is_ours(std::string_view name) {
  switch (name.size()) {
    case 4:
      return equal_ignoring_case(name, "date");
    case 10:
      return equal_ignoring_case(name, "connection") || equal_ignoring_case(name, "keep-alive");
    case 14:
      return equal_ignoring_case(name, "content-length");
    case 17:
      return equal_ignoring_case(name, "transfer-encoding");
    default:
      return false;
  }
}

}  // namespace

std::size_t head_room(const ResponseHead& head, std::string_view server) {
  return 256 + server.size() + head.bytes() + head.fields().size() * 4;
}

char* write_head(char* to, const ResponseHead& head, const ResponseShape& shape,
                 std::string_view date, std::string_view server) {
  if (head.status == 200) {
    to = put(to, "HTTP/1.1 200 OK\r\nDate: ");
  } else {
    to = put(to, "HTTP/1.1 ");
    to = std::to_chars(to, to + 3, head.status).ptr;
    *to++ = ' ';
    to = put(to, reason_phrase(head.status));
    to = put(to, "\r\nDate: ");
  }
  to = put(to, date);
  to = put(to, "\r\n");
  for (const Field& field : head.fields()) {
    if (is_ours(field.name) && !(shape.upgrade && equal_ignoring_case(field.name, "connection")))
      continue;
    if (!server.empty() && equal_ignoring_case(field.name, "server")) continue;
    to = put(to, field.name);
    to = put(to, ": ");
    to = put(to, field.value);
    to = put(to, "\r\n");
  }
  if (!server.empty()) {
    to = put(to, "Server: ");
    to = put(to, server);
    to = put(to, "\r\n");
  }
  switch (shape.length) {
    case ResponseShape::Length::known:
      to = put(to, "Content-Length: ");
      to = std::to_chars(to, to + 20, shape.bytes).ptr;
      to = put(to, "\r\n");
      break;
    case ResponseShape::Length::chunked:
      to = put(to, "Transfer-Encoding: chunked\r\n");
      break;
    case ResponseShape::Length::none:
    case ResponseShape::Length::until_close:
      break;
  }
  // RFC 9110 section 7.8: whoever sends Upgrade, as in a 426, says so here.
  const bool offers = !shape.upgrade && !shape.http10 && head.has("upgrade");
  if (offers) {
    to = put(to, shape.keep_alive ? "Connection: Upgrade\r\n" : "Connection: close, Upgrade\r\n");
  } else if (!shape.keep_alive) {
    to = put(to, "Connection: close\r\n");
  } else if (shape.http10) {
    to = put(to, "Connection: keep-alive\r\n");
  }
  return put(to, "\r\n");
}

}  // namespace server::http1
