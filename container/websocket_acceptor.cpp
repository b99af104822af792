// Where a handshake becomes a session: the token that puts a WebSocket on the connection.
#include "container/websocket_acceptor.h"

#include <map>
#include <memory>
#include <string>
#include <utility>

#include "container/handshake_record.h"
#include "container/invocation.h"
#include "container/websocket_peer.h"
#include "container/websocket_strand.h"
#include "server/connection.h"
#include "server/upgrade.h"
#include "server/websocket/close_code.h"

namespace container {

namespace {

using server::websocket::Hub;
using server::websocket::Opening;

void say_goodbye(server::websocket::WebSocket& socket) {
  socket.leave_within(server::websocket::close::restart, "the application was replaced", 0);
}

class Token final : public server::UpgradeToken {
 public:
  // `bound`: the HTTP session that it is closed with, which may have ended; null: none. `logouts`:
  // of that, when the user of the handshake was found. `expires`: as server::websocket::Limit has
  // it.
  Token(Hub& hub, std::shared_ptr<SessionCount> sessions, std::shared_ptr<HttpSession> bound,
        std::optional<std::uint64_t> logouts, std::uint64_t expires, Opening opening)
      : hub_(hub),
        sessions_(std::move(sessions)),
        bound_(std::move(bound)),
        logouts_(bound_ == nullptr ? 0 : logouts.value_or(bound_->logouts())),
        expires_(expires),
        opening_(std::move(opening)) {}
  ~Token() override {
    if (opening_.peer == nullptr) return;
    opening_.companion->release();
    opening_.peer->closed({}, opening_.object, server::websocket::close::abnormal,
                          "the client has gone");
  }

  std::unique_ptr<server::Protocol> install(server::Connection& connection) override {
    Opening opening = std::exchange(opening_, {});
    auto socket = hub_.on(connection.loop()).open(connection, opening);
    if (socket == nullptr) {
      opening_ = std::move(opening);
      return nullptr;
    }
    if (expires_ != 0)
      hub_.set_limit(socket->session(), server::websocket::Limit::expires, expires_);
    socket->start();
    if (sessions_->retired()) say_goodbye(*socket);
    // Whoever ends it from now on finds the socket; who did before has not.
    if (bound_ != nullptr && (!bound_->is_valid() || bound_->logouts() != logouts_))
      hub_.close(socket->session(), server::websocket::close::policy, kSessionEnded);
    return socket;
  }

  const char* protocol_name() const override { return "websocket"; }

 private:
  Hub& hub_;
  const std::shared_ptr<SessionCount> sessions_;
  const std::shared_ptr<HttpSession> bound_;
  const std::uint64_t logouts_;  // of that session, before the socket could be found
  const std::uint64_t expires_;
  Opening opening_;
};

// The HTTP session that closes the socket when it ends, unless the handshake names something else.
std::shared_ptr<HttpSession> bound_session(Invocation& invocation) {
  const auto binding = invocation.attribute("margay.session");
  return binding && !binding->empty() ? nullptr : invocation.sessions().share_last();
}

HandshakeRecord& record_of(Handshake& handshake, std::string_view scope, HttpSession* session) {
  Invocation& invocation = handshake.invocation();
  const margay_request& request = invocation.request;
  const auto view = [](margay_str text) { return std::string_view(text.data, text.size); };
  const std::string id = random_session_id();
  HandshakeRecord::Source source;
  auto& texts = source.texts;
  texts[MARGAY_SESSION_ID] = id;
  texts[MARGAY_SUBPROTOCOL] = handshake.subprotocol();
  texts[MARGAY_EXTENSIONS] = handshake.extensions();
  texts[MARGAY_WS_TARGET] = view(request.target);
  texts[MARGAY_WS_PATH] = view(request.path);
  texts[MARGAY_WS_CONTEXT_PATH] = view(request.context_path);
  texts[MARGAY_WS_QUERY] = view(request.query);
  texts[MARGAY_WS_SCHEME] = invocation.info(MARGAY_SCHEME) == "https" ? "wss" : "ws";
  texts[MARGAY_WS_SERVER_NAME] = invocation.info(MARGAY_SERVER_NAME);
  texts[MARGAY_WS_SERVER_PORT] = invocation.info(MARGAY_SERVER_PORT);
  texts[MARGAY_WS_REMOTE_ADDRESS] = invocation.info(MARGAY_REMOTE_ADDRESS);
  texts[MARGAY_WS_REMOTE_PORT] = invocation.info(MARGAY_REMOTE_PORT);
  texts[MARGAY_WS_PRINCIPAL] = invocation.info(MARGAY_PRINCIPAL);
  texts[MARGAY_WS_ENDPOINT] = handshake.socket().name;
  if (const auto binding = invocation.attribute("margay.session"))
    texts[MARGAY_WS_BINDING] = *binding;
  std::string bound;  // until the record has copied it
  if (session != nullptr) texts[MARGAY_WS_BINDING] = bound = session->bind_socket();
  source.scope = scope;
  source.parameters = {request.parameters, request.parameter_count};
  source.fields = invocation.exchange().request.fields;
  source.tls = invocation.tls();
  if (const auto& admission = invocation.admission()) source.token = admission->held_token();
  return HandshakeRecord::make(std::move(source));
}

// When the token ends that the handshake came with; 0: never, or it had none.
std::uint64_t expiry_of(const Invocation& invocation) {
  const auto& admission = invocation.admission();
  if (!admission || admission->user() == nullptr) return 0;
  return static_cast<std::uint64_t>(admission->user()->expires);
}

}  // namespace

void WebSocketAcceptor::open(Handshake& handshake) {
  Invocation& invocation = handshake.invocation();
  const MappedWebSocket& socket = handshake.socket();
  const std::string scope = invocation.host()->name + invocation.application()->context_path;
  std::shared_ptr<HttpSession> session = bound_session(invocation);
  HandshakeRecord& record = record_of(handshake, scope, session.get());
  Opening opening{.options = &socket.options,
                  .limits = socket.limits.get(),
                  .reader_limits = &socket.reader_limits,
                  .group = socket.self,
                  .companion = &record,
                  .deflate = handshake.deflate(),
                  .takes_text = (socket.type->flags & MARGAY_TAKES_TEXT) != 0,
                  .takes_binary = (socket.type->flags & MARGAY_TAKES_BINARY) != 0,
                  .takes_pong = (socket.type->flags & MARGAY_TAKES_PONG) != 0};
  invocation.each_attribute([&](std::string_view name, std::string_view value) {
    opening.properties.emplace(name, value);
  });
  PeerObject peer{handshake.take_peer(), Resident::take(*invocation.application()->residents),
                  handshake.take_place()};
  server::Loop& loop = invocation.exchange().loop();
  if (socket.on_loop) {
    opening.peer = socket.loop_peers.get();
    opening.object = LoopPeers::take(std::move(peer));
  } else {
    opening.peer = new WorkerPeer(socket, std::move(peer), hub_, invocation.workers(), loop);
  }
  // Not the target: clients that cannot send fields have their secrets in the query.
  socket.log.debug("{} takes {} {} over as websocket", socket.title,
                   invocation.exchange().request.method,
                   std::string_view(invocation.request.path.data, invocation.request.path.size));
  const auto logouts = invocation.logins().logouts_of(session.get());
  invocation.exchange().upgrade(std::make_unique<Token>(hub_, socket.sessions, std::move(session),
                                                        logouts, expiry_of(invocation),
                                                        std::move(opening)));
}

}  // namespace container
