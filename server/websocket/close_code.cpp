// Why a WebSocket ends: the codes of RFC 6455 section 7.4 and of IANA's registry.
#include "server/websocket/close_code.h"

namespace server::websocket {

bool is_close_code(unsigned code) {
  if (code >= 3000) return code <= 4999;
  return (code >= close::normal && code <= close::unsupported) ||
         (code >= close::bad_text && code <= close::bad_gateway);
}

std::string_view cut_reason(std::string_view reason) {
  if (reason.size() <= kCloseReason) return reason;
  std::size_t end = kCloseReason;
  while (end > 0 && (static_cast<unsigned char>(reason[end]) & 0xc0U) == 0x80) --end;
  return reason.substr(0, end);
}

}  // namespace server::websocket
