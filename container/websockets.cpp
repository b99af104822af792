// Everything that all WebSockets of the server share.
#include "container/websockets.h"

#include <set>

#include "container/handshake_record.h"
#include "server/websocket/close_code.h"

namespace container {

void WebSockets::retire(const Mapping& old, const Mapping& fresh) {
  std::set<const Application*> stay;
  for (const HostMapping& host : fresh.entries)
    for (const auto& application : host.applications) stay.insert(application.get());
  for (const HostMapping& host : old.entries)
    for (const auto& application : host.applications)
      if (!stay.contains(application.get()))
        for (const MappedWebSocket& socket : application->websockets) retire(socket);
}

void WebSockets::retire(const MappedWebSocket& socket) {
  socket.sessions->retire();  // who opens from now on hears it at once
  for (server::Loop* loop : loops_)
    loop->call([&] {
      server::websocket::LoopSockets& sockets = hub_.on(*loop);
      const std::uint64_t spread = sockets.spread(socket.options.drain_timeout);
      sockets.each_socket([&](server::websocket::WebSocket& one) {
        if (one.group() == socket.self)
          one.leave_within(server::websocket::close::restart, "the application was replaced",
                           spread);
      });
    });
}

void WebSockets::close_bound(const std::vector<std::string>& bound) {
  using server::websocket::Gate;
  using server::websocket::Session;
  const std::set<std::string_view> keys(bound.begin(), bound.end());
  hub_.each(nullptr, [&](Session session, Gate& gate) {
    const auto* held = static_cast<const HandshakeRecord*>(gate.companion(session));
    if (held == nullptr) return;
    const bool is_bound = keys.contains(held->text(MARGAY_WS_BINDING));
    held->release();
    if (is_bound) hub_.close(session, server::websocket::close::policy, kSessionEnded);
  });
}

}  // namespace container
