// What all connections of one outgoing WebSocket share, in the shape of a configured endpoint.
#include "container/client_site.h"

#include <string>
#include <utility>

#include "container/websocket_clients.h"

namespace container {

namespace {

thread_local const ClientSite* calling = nullptr;

// The object behind one connection, once there is one.
struct ClientPeer {
  std::shared_ptr<ClientSite> site;  // which ends with its last connection
  void* object = nullptr;
  bool made = false;
};

class Calling {
 public:
  explicit Calling(const ClientSite& site) : before_(std::exchange(calling, &site)) {}
  ~Calling() { calling = before_; }
  Calling(const Calling&) = delete;
  Calling& operator=(const Calling&) = delete;

 private:
  const ClientSite* const before_;
};

}  // namespace

// The callbacks of our type, which call the plugin's.
struct ClientSite::Calls {
  explicit Calls(void* self, void* of)
      : site(*static_cast<ClientSite*>(self)),
        peer(*static_cast<ClientPeer*>(of)),
        type(site.type_),
        running(site) {}

  static margay_result open(void* self, void* peer, margay_session session) {
    const Calls call(self, peer);
    if (call.type.make_peer != nullptr) {
      const margay_result made = call.type.make_peer(call.site.self_, &host_functions(), nullptr,
                                                     nullptr, &call.peer.object);
      if (made != MARGAY_OK) return MARGAY_FAILED;
    }
    call.peer.made = true;
    if (call.type.open == nullptr) return MARGAY_OK;
    return call.type.open(call.site.self_, call.peer.object, session);
  }
  static margay_result message(void* self, void* peer, margay_session session, int kind,
                               margay_str bytes, int last) {
    const Calls call(self, peer);
    if (!call.peer.made || call.type.message == nullptr) return MARGAY_OK;
    return call.type.message(call.site.self_, call.peer.object, session, kind, bytes, last);
  }
  static void drain(void* self, void* peer, margay_session session) {
    const Calls call(self, peer);
    if (call.peer.made && call.type.drain != nullptr)
      call.type.drain(call.site.self_, call.peer.object, session);
  }
  static void error(void* self, void* peer, margay_session session, margay_str what) {
    const Calls call(self, peer);
    if (call.peer.made && call.type.error != nullptr)
      call.type.error(call.site.self_, call.peer.object, session, what);
  }
  static void close(void* self, void* peer, margay_session session, std::uint16_t code,
                    margay_str reason) {
    const Calls call(self, peer);
    if (call.peer.made && call.type.close != nullptr)
      call.type.close(call.site.self_, call.peer.object, session, code, reason);
  }
  static void end_peer(void* self, void* peer) {
    const std::unique_ptr<ClientPeer> ended(static_cast<ClientPeer*>(peer));
    const Calls call(self, peer);
    if (call.peer.object != nullptr && call.type.end_peer != nullptr)
      call.type.end_peer(call.site.self_, call.peer.object);
  }

  ClientSite& site;
  ClientPeer& peer;
  const margay_websocket_type& type;
  const Calling running;
};

ClientSite::ClientSite(WebSocketClients& clients, std::uint64_t number, const BridgedConfig& source,
                       const margay_connector_options& options, const margay_websocket_type& type,
                       void* self)
    : clients_(clients),
      number_(number),
      source_(source),
      type_(type),
      self_(self),
      owns_self_((options.flags & MARGAY_OWNS_SELF) != 0),
      failed_(options.failed),
      argument_(options.arg) {
  ours_ = {.size = sizeof ours_,
           .flags = type.flags,
           .name = type.name,
           .open = Calls::open,
           .message = Calls::message,
           .drain = Calls::drain,
           .error = Calls::error,
           .close = Calls::close,
           .end_peer = Calls::end_peer};
  const std::string name(source.abi.name.data, source.abi.name.size);
  mapped_.type = &ours_;
  mapped_.self = this;
  mapped_.name = name;
  mapped_.title = "client of " + name;
  mapped_.on_loop = (type.flags & MARGAY_ON_LOOP) != 0;
  if ((options.flags & MARGAY_COMPRESS) != 0)
    mapped_.options.deflate.mode = server::websocket::DeflatePolicy::Mode::pooled;
  mapped_.limits = std::make_shared<const server::websocket::Limits>(mapped_.options);
  mapped_.reader_limits = {.max_text = mapped_.options.max_text,
                           .max_binary = mapped_.options.max_binary,
                           .max_frame = mapped_.options.max_frame,
                           .text_in_parts = (type.flags & MARGAY_TEXT_IN_PARTS) != 0,
                           .binary_in_parts = (type.flags & MARGAY_BINARY_IN_PARTS) != 0};
  mapped_.log = source.log;
  mapped_.loop_peers = std::make_shared<LoopPeers>(SocketType(ours_, this), "", nullptr, nullptr);
}

ClientSite::~ClientSite() {
  if (owns_self_) {
    const Calling running(*this);
    type_.destroy(self_);
  }
  clients_.over(number_);
}

void ClientSite::failed(int status, std::string_view reason) const {
  if (failed_ == nullptr) return mapped_.log.warn("{}", reason);
  const Calling running(*this);
  failed_(argument_, status, {reason.data(), reason.size()});
}

bool ClientSite::is_calling() const { return calling == this; }

void* ClientSite::make_peer(std::shared_ptr<ClientSite> site) {
  return new ClientPeer{.site = std::move(site)};
}

}  // namespace container
