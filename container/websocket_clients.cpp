// The outgoing WebSockets of plugins: what margay_websockets.connect and its like do.
#include "container/websocket_clients.h"

#include <margay/text.h>

#include <algorithm>
#include <array>
#include <cassert>
#include <cstddef>
#include <cstring>
#include <string>
#include <utility>

#include "container/client_site.h"
#include "container/config/value.h"
#include "container/handshake_record.h"
#include "container/websocket_peer.h"
#include "container/websocket_strand.h"
#include "server/tls/channel.h"
#include "server/websocket/client.h"

namespace container {

using server::websocket::AttemptListener;
using server::websocket::Client;
using server::websocket::ClientConnections;
using server::websocket::ClientOptions;
using server::websocket::Hub;
using server::websocket::Opening;
using server::websocket::Session;

namespace {

using margay::view;

// All of them, whatever minor version they were made for. Before 1.3 nobody looked at the size.
margay_connector_options whole(const margay_connector_options& from) {
  margay_connector_options options{};
  std::memcpy(&options, &from,
              std::clamp<std::size_t>(from.size, offsetof(margay_connector_options, ca_file),
                                      sizeof options));
  return options;
}

server::tls::ClientOptions read_tls(const margay_connector_options& from, std::string_view folder) {
  const auto file = [&](margay_str name) {
    std::string path(view(name));
    if (!path.empty() && path.front() != '/' && !folder.empty())
      path.insert(0, std::string(folder) + '/');
    return path;
  };
  return {.ca_file = file(from.ca_file),
          .certificate_file = file(from.certificate_file),
          .key_file = file(from.key_file),
          .key_password = std::string(view(from.key_password)),
          .verify = (from.flags & MARGAY_UNVERIFIED) == 0};
}

tl::expected<ClientOptions, std::string> read_options(const margay_connector_options& from) {
  auto url = server::websocket::parse_url(view(from.url));
  if (!url) return tl::unexpected(url.error());
  ClientOptions options{.url = *std::move(url)};
  for (const Item& item : split_list(view(from.subprotocols)))
    options.wishes.subprotocols.emplace_back(item.text);
  for (std::uint32_t i = 0; i < from.field_count; ++i)
    options.wishes.fields.emplace_back(view(from.fields[i].name), view(from.fields[i].value));
  if ((from.flags & MARGAY_COMPRESS) != 0)
    options.wishes.deflate.mode = server::websocket::DeflatePolicy::Mode::pooled;
  if (std::string why = server::websocket::check_wishes(options.wishes); !why.empty())
    return tl::unexpected(std::move(why));
  if (from.connect_timeout != 0) options.connect_timeout = from.connect_timeout;
  options.max_redirections = from.max_redirections;
  options.reconnects = (from.flags & MARGAY_RECONNECT) != 0;
  if (from.min_delay != 0) options.min_delay = from.min_delay;
  options.max_delay =
      from.max_delay != 0 ? from.max_delay : std::max(options.max_delay, options.min_delay);
  if (options.max_delay < options.min_delay)
    return tl::unexpected(
        "the longest delay between attempts, " + std::to_string(options.max_delay) +
        " ms, is shorter than the shortest, " + std::to_string(options.min_delay) + " ms");
  return options;
}

HandshakeRecord& record_of(const AttemptListener::Connected& connected,
                           const BridgedConfig& source) {
  const server::Address remote = connected.connection.remote();
  const std::string id = random_session_id();
  const std::string port = std::to_string(connected.url.port);
  char room[46];
  const std::string_view remote_address = remote.text(room);
  const std::string remote_port = std::to_string(remote.port);
  const std::string_view target = connected.url.target;
  const auto query = target.find('?');
  HandshakeRecord::Source from;
  auto& texts = from.texts;
  texts[MARGAY_SESSION_ID] = id;
  texts[MARGAY_SUBPROTOCOL] = connected.agreement.subprotocol;
  texts[MARGAY_EXTENSIONS] = connected.agreement.extensions;
  texts[MARGAY_WS_VERSION] = "13";
  texts[MARGAY_WS_TARGET] = target;
  texts[MARGAY_WS_PATH] = target.substr(0, query);
  texts[MARGAY_WS_CONTEXT_PATH] = view(source.abi.context_path);
  if (query != target.npos) texts[MARGAY_WS_QUERY] = target.substr(query + 1);
  texts[MARGAY_WS_SCHEME] = connected.url.secure ? "wss" : "ws";
  texts[MARGAY_WS_SERVER_NAME] = connected.url.host;
  texts[MARGAY_WS_SERVER_PORT] = port;
  texts[MARGAY_WS_REMOTE_ADDRESS] = remote_address;
  texts[MARGAY_WS_REMOTE_PORT] = remote_port;
  texts[MARGAY_WS_ENDPOINT] = view(source.abi.name);
  from.scope = source.scope;
  std::vector<server::Field> fields;
  for (const auto& [name, value] : connected.head.fields) {
    fields.emplace_back();
    fields.back().name = std::string_view(name);
    fields.back().value = std::string_view(value);
  }
  from.fields = fields;
  if (const auto* channel = connected.connection.tls(); channel != nullptr)
    from.tls = channel->facts();
  return HandshakeRecord::make(std::move(from));
}

}  // namespace

// What a margay_client is. Ends on its loop.
class PluginClient final : private server::websocket::ClientListener {
 public:
  PluginClient(std::shared_ptr<ClientSite> site, Hub& hub, server::Workers* workers,
               ClientConnections& connections, ClientOptions options)
      : site_(std::move(site)),
        hub_(hub),
        workers_(workers),
        loop_(connections.loop()),
        client_(hub, connections, std::move(options), *this) {}

  ClientSite& site() { return *site_; }
  server::Loop& loop() { return loop_; }
  Session session() const { return client_.session(); }
  void start() { client_.start(); }

 private:
  Opening connected(const AttemptListener::Connected& connected) override {
    const MappedWebSocket& mapped = site_->mapped();
    HandshakeRecord& record = record_of(connected, site_->source());
    Opening opening{.options = &mapped.options,
                    .limits = mapped.limits.get(),
                    .reader_limits = &mapped.reader_limits,
                    .group = site_.get(),
                    .companion = &record,
                    .takes_text = (mapped.type->flags & MARGAY_TAKES_TEXT) != 0,
                    .takes_binary = (mapped.type->flags & MARGAY_TAKES_BINARY) != 0,
                    .takes_pong = (mapped.type->flags & MARGAY_TAKES_PONG) != 0};
    PeerObject peer{ClientSite::make_peer(site_), Resident(), SessionPlace()};
    if (mapped.on_loop) {
      opening.peer = mapped.loop_peers.get();
      opening.object = LoopPeers::take(std::move(peer));
    } else {
      opening.peer = new WorkerPeer(mapped, std::move(peer), hub_, *workers_, loop_);
    }
    return opening;
  }
  void failed(int status, std::string_view reason) override { site_->failed(status, reason); }

  const std::shared_ptr<ClientSite> site_;
  Hub& hub_;
  server::Workers* const workers_;  // null for types that are called on the loop
  server::Loop& loop_;
  Client client_;
};

WebSocketClients::WebSocketClients(Hub& hub, const std::vector<server::Loop*>& loops) : hub_(hub) {
  for (server::Loop* loop : loops)
    connections_.push_back(std::make_unique<ClientConnections>(*loop));
}

WebSocketClients::~WebSocketClients() {
  assert(clients_.empty() && sites_.empty() && "instances end their clients");
}

server::Workers& WebSocketClients::workers() {
  if (workers_ == nullptr)
    workers_ = std::make_unique<server::Workers>(server::WorkersOptions{
        .name_prefix = "margay-client-", .max_threads = kThreads, .min_spare_threads = 1});
  return *workers_;
}

PluginClient* WebSocketClients::connect(const BridgedConfig& source,
                                        const margay_connector_options& given,
                                        const margay_websocket_type& type, void* self,
                                        margay_failure* failure) {
  const margay_connector_options options = whole(given);
  const auto refuse = [&](std::string_view why) -> PluginClient* {
    if (failure == nullptr) return nullptr;
    const std::size_t size = std::min(why.size(), sizeof failure->message - 1);
    std::memcpy(failure->message, why.data(), size);
    failure->message[size] = '\0';
    return nullptr;
  };
  auto ours = read_options(options);
  if (!ours) return refuse(ours.error());
  if (ours->may_need_tls()) {
    auto context = contexts_.take(read_tls(options, view(source.abi.folder)));
    if (!context) return refuse(context.error());
    ours->tls = *std::move(context);
  }
  ClientConnections& connections =
      *connections_[turn_.fetch_add(1, std::memory_order_relaxed) % connections_.size()];
  PluginClient* client = nullptr;
  {
    const std::scoped_lock lock(mutex_);
    const std::uint64_t number = next_site_++;
    auto site = std::make_shared<ClientSite>(*this, number, source, options, type, self);
    server::Workers* const pool = site->mapped().on_loop ? nullptr : &workers();
    sites_.emplace(number, &source);
    client = new PluginClient(std::move(site), hub_, pool, connections, *std::move(ours));
    clients_.insert(client);
  }
  connections.loop().post([client] { client->start(); });
  return client;
}

Session WebSocketClients::session(const PluginClient& client) const { return client.session(); }

void WebSocketClients::disconnect(PluginClient& client) {
  const std::uint64_t site = client.site().number();
  const bool waits = !hub_.is_loop() && !client.site().is_calling();
  std::unique_lock lock(mutex_);
  clients_.erase(&client);
  client.loop().post([&client] { delete &client; });
  if (waits) over_.wait(lock, [&] { return !sites_.contains(site); });
}

void WebSocketClients::end_all_of(const BridgedConfig& source) {
  std::unique_lock lock(mutex_);
  for (auto one = clients_.begin(); one != clients_.end();) {
    PluginClient& client = **one;
    if (&client.site().source() != &source) {
      ++one;
      continue;
    }
    source.log.warn("a WebSocket client was still there when '{}' ended: disconnect it before",
                    view(source.abi.name));
    client.loop().post([&client] { delete &client; });
    one = clients_.erase(one);
  }
  over_.wait(lock, [&] {
    return std::none_of(sites_.begin(), sites_.end(),
                        [&](const auto& site) { return site.second == &source; });
  });
}

void WebSocketClients::over(std::uint64_t site) {
  const std::scoped_lock lock(mutex_);
  sites_.erase(site);
  over_.notify_all();
}

}  // namespace container
