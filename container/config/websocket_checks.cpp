// What must hold within one <WebSocket>, and among those of an application.
#include <algorithm>
#include <string>

#include "container/config/element_checks.h"
#include "container/config/quoted.h"

namespace container {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

std::string about(std::string_view attribute) {
  return "attribute '" + std::string(attribute) + "' of <WebSocket>: ";
}

// RFC 9110 section 5.6.2.
bool is_token(std::string_view text) {
  constexpr std::string_view marks = "!#$%&'*+-.^_`|~";
  return !text.empty() && std::all_of(text.begin(), text.end(), [&](char c) {
    const char small = static_cast<char>(c | 0x20);
    return (small >= 'a' && small <= 'z') || (c >= '0' && c <= '9') ||
           marks.find(c) != std::string_view::npos;
  });
}

void check_paths(const WebSocketConfig& socket, UniqueNames& paths, Report& report) {
  for (const LocatedText& path : socket.paths) {
    paths.add(path.text, path.position);
    if (path.text.starts_with('/')) continue;
    const std::string advice = path.text.starts_with("*.")
                                   ? "; write '/*' for every path, extensions are for endpoints"
                               : path.text.empty() ? "; write '/' for the application's root"
                                                   : "; write " + in_quotes("/" + path.text);
    report.error(path.position,
                 "path " + in_quotes(path.text) + " of <WebSocket> must begin with '/'" + advice);
  }
  if (socket.paths.empty() && !socket.name.empty()) {
    report.warning(socket.position, "WebSocket " + in_quotes(socket.name) +
                                        " has no 'path', so no handshake reaches it");
  }
}

void check_subprotocols(const WebSocketConfig& socket, Report& report) {
  UniqueNames names("subprotocol", report);
  for (const std::string& one : socket.subprotocols) {
    names.add(one, position_of(socket, "subprotocols"));
    if (is_token(one)) continue;
    report.error(position_of(socket, "subprotocols"),
                 about("subprotocols") + in_quotes(one) +
                     " is not a token; write letters, digits and !#$%&'*+-.^_`|~ only");
  }
}

// `25` are milliseconds, which nobody means.
void check_short(const WebSocketConfig& socket, std::string_view attribute, milliseconds time,
                 Report& report) {
  if (time <= milliseconds(0) || time >= seconds(1)) return;
  report.warning(position_of(socket, attribute), about(attribute) + std::to_string(time.count()) +
                                                     " ms is hardly meant; write seconds as in '" +
                                                     std::to_string(time.count()) + "s'");
}

void check_times(const WebSocketConfig& socket, Report& report) {
  check_short(socket, "pingInterval", socket.ping_interval, report);
  check_short(socket, "pongTimeout", socket.pong_timeout, report);
  check_short(socket, "maxIdleTimeout", socket.max_idle_timeout, report);
  // A printed configuration has the default too, and is no mistake.
  if (socket.ping_interval == milliseconds(0) && socket.pong_timeout > milliseconds(0) &&
      socket.pong_timeout != WebSocketConfig{}.pong_timeout) {
    report.warning(position_of(socket, "pongTimeout"),
                   about("pongTimeout") +
                       "there is no pong to wait for while 'pingInterval' is 0; write an interval, "
                       "or 'maxIdleTimeout' to close silent sessions");
  }
  if (socket.session_close_timeout == milliseconds(0)) {
    report.error(position_of(socket, "sessionCloseTimeout"),
                 about("sessionCloseTimeout") +
                     "0 would keep sessions open that nobody closes; write a time as in '10s'");
  }
}

void check_sizes(const WebSocketConfig& socket, Report& report) {
  if (socket.send_queue_size == 0) {
    report.error(position_of(socket, "sendQueueSize"),
                 about("sendQueueSize") + "nothing could be sent; write a size as in '1MiB'");
  }
  if (socket.max_frame == SizeBytes{0}) {
    report.error(position_of(socket, "maxFrameSize"),
                 about("maxFrameSize") + "nothing could be received; write a size as in '64KiB'");
  }
}

void check_compression(const WebSocketConfig& socket, Report& report) {
  if (socket.compression != WebSocketCompression::off) return;
  const WebSocketConfig usual;
  const auto warn = [&](std::string_view attribute, bool changed) {
    if (!changed) return;
    report.warning(position_of(socket, attribute),
                   about(attribute) +
                       "has no effect while 'compression' is off; write 'pooled' or 'dedicated'");
  };
  warn("compressionMinSize", socket.compression_min_size != usual.compression_min_size);
  warn("compressionLevel", socket.compression_level != usual.compression_level);
  warn("serverMaxWindowBits", socket.server_max_window_bits != usual.server_max_window_bits);
  warn("clientMaxWindowBits", socket.client_max_window_bits != usual.client_max_window_bits);
}

}  // namespace

void check_websockets(const ApplicationConfig& application, const UniqueNames& libraries,
                      UniqueNames& endpoints, Report& report) {
  UniqueNames paths("path", report);
  for (const WebSocketConfig& socket : application.websockets) {
    check_instance(socket, "WebSocket", endpoints, libraries, report);
    check_paths(socket, paths, report);
    check_subprotocols(socket, report);
    check_times(socket, report);
    check_sizes(socket, report);
    check_compression(socket, report);
    UniqueNames interceptors("interceptor", report);
    for (const InterceptorConfig& one : socket.interceptors) {
      check_instance(one, "Interceptor", interceptors, libraries, report);
    }
  }
}

}  // namespace container
