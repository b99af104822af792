// The outgoing WebSockets of plugins: what margay_websockets.connect and its like do.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <vector>

#include <margay/abi_websocket.h>

#include "container/bridge.h"
#include "server/loop.h"
#include "server/tls/client_contexts.h"
#include "server/websocket/client_connections.h"
#include "server/websocket/hub.h"
#include "server/workers.h"

namespace container {

class ClientSite;
class PluginClient;

// Made by the control thread behind the hub, and ended before it, behind the last plugin. Clients
// are spread over the loops in turn. Types that may block are called on a small pool of their own:
// a client belongs to no connector whose pool it could share.
class WebSocketClients {
 public:
  WebSocketClients(server::websocket::Hub& hub, const std::vector<server::Loop*>& loops);
  ~WebSocketClients();
  WebSocketClients(const WebSocketClients&) = delete;
  WebSocketClients& operator=(const WebSocketClients&) = delete;

  // --- any thread ---
  // Null: the failure, if there is one to be filled, says why.
  PluginClient* connect(const BridgedConfig& source, const margay_connector_options& options,
                        const margay_websocket_type& type, void* self, margay_failure* failure);
  server::websocket::Session session(const PluginClient& client) const;
  // Waits until nothing of the plugin runs any more, but not on a loop nor in a callback of this
  // very client, which cannot wait for themselves.
  void disconnect(PluginClient& client);

  // Ends what a plugin has left behind, with a warning, and waits for what still runs. Control
  // thread, behind `destroy` of what was made with `source`.
  void end_all_of(const BridgedConfig& source);

 private:
  friend class ClientSite;
  static constexpr std::size_t kThreads = 20;

  server::Workers& workers();
  void over(std::uint64_t site);

  server::websocket::Hub& hub_;
  std::vector<std::unique_ptr<server::websocket::ClientConnections>> connections_;  // by loop
  server::tls::ClientContexts contexts_;
  std::atomic<std::size_t> turn_{0};
  std::mutex mutex_;  // guards what follows
  std::condition_variable over_;
  std::unique_ptr<server::Workers> workers_;             // made for the first type that may block
  std::set<PluginClient*> clients_;                      // not disconnected
  std::map<std::uint64_t, const BridgedConfig*> sites_;  // whose callbacks may still run
  std::uint64_t next_site_ = 1;
};

}  // namespace container
