// A plugin that says what it is told of TLS: at an endpoint, a filter, a WebSocket.
#include <margay/plugin.h>

#include <string>

namespace {

// "TLSv1.3 TLS_AES_256_GCM_SHA384 256 full name trusted CN=a<CN=ca", in short forms.
std::string said(const std::optional<margay::Tls>& tls) {
  if (!tls) return "plain";
  std::string text(tls->protocol());
  text.append(" ").append(tls->cipher_suite()).append(" " + std::to_string(tls->key_size()));
  text.append(tls->is_resumed() ? " resumed" : " full");
  text.append(" sni=").append(tls->server_name());
  text.append(tls->is_trusted() ? " trusted" : " not trusted");
  if (!tls->distrust().empty()) text.append(" (").append(tls->distrust()).append(")");
  for (const margay::Certificate& one : tls->certificates()) {
    text.append(" ").append(one.subject()).append("<").append(one.issuer());
    text.append(one.not_before() < one.not_after() && one.fingerprint().size() == 64 ? "" : " bad");
  }
  return text;
}

// By the query: what the wrapper says, an attribute's value, the client's PEM.
template <margay::Dispatch Where>
class Encrypted : public margay::Endpoint {
 public:
  static constexpr auto dispatch = Where;

  void service(margay::Request& request, margay::Response& response) override {
    response.type("text/plain").header("X-Scheme", request.scheme());
    if (const std::string name = request.parameter("attribute"); !name.empty()) {
      response.write(request.attribute(name).value_or("none"));
      return;
    }
    const auto tls = request.tls();
    if (request.has_parameter("pem"))
      response.write(tls && tls->peer() != nullptr ? tls->peer()->pem() : "none");
    else
      response.write(said(tls));
  }
};

// Writes until the client has gone, and says only then what it had agreed on with it.
class Lasting : public margay::Endpoint {
 public:
  explicit Lasting(const margay::Config& config) : log_(config.logger()) {}

  void service(margay::Request& request, margay::Response& response) override {
    while (response.write(std::string(64 * 1024, 'x')) != margay::Write::closed) {
    }
    log_.info("gone: " + std::string(request.scheme()) + " " + said(request.tls()));
  }

 private:
  margay::Logger log_;
};

// Lets nobody in without a certificate that is trusted; what it sets goes before what TLS says.
class Members : public margay::Filter {
 public:
  bool before(margay::Request& request, margay::Response& response) override {
    const auto tls = request.tls();
    if (tls && tls->is_trusted()) {
      request.set(MARGAY_PRINCIPAL, tls->peer()->subject());
      request.attribute("jakarta.servlet.request.key_size", "7");
      return true;
    }
    response.send_error(403, "members only");
    return false;
  }
};

// The session keeps it, and a worker is told the same.
class Session : public margay::WebSocket {
 public:
  void message(margay::Session session, std::string_view) override {
    const margay::SessionHandshake handshake = session.handshake();
    session.text(std::string(handshake.scheme()) + " " + said(handshake.tls()));
  }
};

}  // namespace

MARGAY_PLUGIN("encrypted", "1.0", margay::endpoint<Encrypted<margay::Dispatch::loop>>("on-loop"),
              margay::endpoint<Encrypted<margay::Dispatch::worker>>("on-worker"),
              margay::endpoint<Lasting>("lasting"), margay::filter<Members>("members"),
              margay::websocket<Session>("session"))
