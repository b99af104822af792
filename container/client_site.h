// What all connections of one outgoing WebSocket share, in the shape of a configured endpoint.
#pragma once

#include <cstdint>
#include <memory>

#include <margay/abi_websocket.h>

#include "container/bridge.h"
#include "container/mapping.h"

namespace container {

class WebSocketClients;

// Kept by its client and by each of its sessions: with the last of them it ends, and then nothing
// of the plugin runs for it any more. The plugin's type stands behind one of ours, which makes the
// object of a connection where the type's callbacks run, just before `open`.
class ClientSite {
 public:
  ClientSite(WebSocketClients& clients, std::uint64_t number, const BridgedConfig& source,
             const margay_connector_options& options, const margay_websocket_type& type,
             void* self);
  ~ClientSite();
  ClientSite(const ClientSite&) = delete;
  ClientSite& operator=(const ClientSite&) = delete;

  const MappedWebSocket& mapped() const { return mapped_; }
  const BridgedConfig& source() const { return source_; }
  std::uint64_t number() const { return number_; }
  void failed(int status, std::string_view reason) const;
  bool is_calling() const;  // a callback of it runs on this thread

  static void* make_peer(std::shared_ptr<ClientSite> site);  // for PeerObject; keeps the site

 private:
  struct Calls;

  WebSocketClients& clients_;
  const std::uint64_t number_;
  const BridgedConfig& source_;
  const margay_websocket_type& type_;
  void* const self_;
  const bool owns_self_;
  void (*const failed_)(void*, std::int32_t, margay_str);
  void* const argument_;
  margay_websocket_type ours_{};
  MappedWebSocket mapped_;
};

}  // namespace container
