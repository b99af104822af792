// From <WebSocket> to what the engine maps: options in the server's words, origins, subprotocols.
#include "container/websocket_mapping.h"

#include <algorithm>

#include "container/config/value.h"
#include "container/types.h"

namespace container {

namespace {

using server::websocket::DeflatePolicy;
using server::websocket::Overflow;

std::uint64_t milliseconds(std::chrono::milliseconds time) {
  return static_cast<std::uint64_t>(time.count());
}

Overflow overflow(OverflowChoice choice) {
  switch (choice) {
    case OverflowChoice::refuse:
      return Overflow::refuse;
    case OverflowChoice::drop_oldest:
      return Overflow::drop_oldest;
    case OverflowChoice::drop_newest:
      return Overflow::drop_newest;
    case OverflowChoice::close:
      return Overflow::close;
  }
  return Overflow::refuse;
}

DeflatePolicy deflate(const WebSocketConfig& config) {
  DeflatePolicy policy;
  policy.mode = config.compression == WebSocketCompression::off ? DeflatePolicy::Mode::off
                : config.compression == WebSocketCompression::pooled
                    ? DeflatePolicy::Mode::pooled
                    : DeflatePolicy::Mode::dedicated;
  policy.server_max_window_bits = static_cast<std::uint8_t>(config.server_max_window_bits);
  policy.client_max_window_bits = static_cast<std::uint8_t>(config.client_max_window_bits);
  policy.level = config.compression_level;
  return policy;
}

}  // namespace

server::websocket::Options websocket_options(const WebSocketConfig& config) {
  return {.max_text = config.max_text,
          .max_binary = config.max_binary,
          .max_frame = config.max_frame.value_or(std::max(config.max_text, config.max_binary)),
          .ping_interval = milliseconds(config.ping_interval),
          .pong_timeout = milliseconds(config.pong_timeout),
          .idle_timeout = milliseconds(config.max_idle_timeout),
          .open_timeout = milliseconds(config.open_timeout),
          .close_timeout = milliseconds(config.session_close_timeout),
          .send_timeout = milliseconds(config.send_timeout),
          .drain_timeout = milliseconds(config.drain_timeout),
          .queue_bytes = std::min<std::size_t>(config.send_queue_size, std::size_t{1} << 30),
          .queue_messages = static_cast<std::size_t>(config.send_queue_messages),
          .overflow = overflow(config.overflow),
          .inbound_messages = static_cast<std::size_t>(config.inbound_queue_messages),
          .deflate = deflate(config),
          .compress_from = config.compression_min_size};
}

MappedWebSocket map_websocket(const WebSocketConfig& config, const WebSocketInstance& instance,
                              const std::string& title, const server::Log& log,
                              Residents& residents) {
  const margay_websocket_type& type = instance.type();
  MappedWebSocket mapped{.type = &type,
                         .self = instance.self(),
                         .name = config.name,
                         .title = title + ": " + config.name,
                         .paths = {},
                         .origins = config.origins_allowed,
                         .subprotocols = config.subprotocols,
                         .require_subprotocol = config.require_subprotocol,
                         .options = websocket_options(config),
                         .log = log};
  for (const LocatedText& path : config.paths) mapped.paths.push_back(path.text);
  if (mapped.subprotocols.empty() && type.subprotocols != nullptr)
    for (const Item& item : split_list(type.subprotocols))
      mapped.subprotocols.emplace_back(item.text);
  if (mapped.require_subprotocol && mapped.subprotocols.empty() &&
      type.select_subprotocol == nullptr)
    complain(position_of(config, "requireSubprotocol"),
             "attribute 'requireSubprotocol' of <WebSocket>: the type '" + config.type +
                 "' speaks no subprotocols, so every handshake would be refused; name some in "
                 "'subprotocols'");
  mapped.on_loop = (type.flags & MARGAY_ON_LOOP) != 0 && config.dispatch != DispatchChoice::worker;
  mapped.greets_on_loop = mapped.on_loop;
  mapped.limits = std::make_shared<const server::websocket::Limits>(mapped.options);
  mapped.reader_limits = {.max_text = mapped.options.max_text,
                          .max_binary = mapped.options.max_binary,
                          .max_frame = mapped.options.max_frame,
                          .text_in_parts = (type.flags & MARGAY_TEXT_IN_PARTS) != 0,
                          .binary_in_parts = (type.flags & MARGAY_BINARY_IN_PARTS) != 0};
  mapped.sessions = std::make_shared<SessionCount>(
      config.max_sessions < 0 ? SessionCount::unlimited
                              : static_cast<std::uint64_t>(config.max_sessions));
  mapped.loop_peers = std::make_shared<LoopPeers>(SocketType(type, instance.self()), mapped.title,
                                                  mapped.sessions.get(), &residents);
  return mapped;
}

void add_interceptor(MappedWebSocket& to, const std::string& name,
                     const InterceptorInstance& instance) {
  to.interceptors.push_back({name, &instance.type(), instance.self()});
  to.greets_on_loop &= (instance.type().flags & MARGAY_ON_LOOP) != 0;
}

}  // namespace container
