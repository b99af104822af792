// The client's side of TLS before it is agreed: makes a channel, or says why there is none.
#include "server/tls/client_handshake.h"

#include <utility>

#include "server/socket_connection.h"
#include "server/tls/handshake.h"
#include "server/tls/openssl.h"
#include "server/tls/record_buffers.h"

namespace server::tls {

namespace {

// RFC 8446 section 5.1: the first byte of whatever a server of TLS says first.
bool begins_record(char first) {
  constexpr char kAlert = 21;
  constexpr char kHandshake = 22;
  return first == kAlert || first == kHandshake;
}

}  // namespace

ClientHandshake::ClientHandshake(SocketConnection& connection, RecordBuffers& buffers,
                                 std::shared_ptr<const ClientContext> context,
                                 const std::string& host, ClientHandshakeListener& listener)
    : connection_(connection),
      buffers_(buffers),
      context_(std::move(context)),
      listener_(&listener),
      findings_{.host = host, .objection = {}} {}

ClientHandshake::~ClientHandshake() = default;

void ClientHandshake::start() {
  ERR_clear_error();
  ssl_ = context_->connect(findings_);
  if (ssl_ == nullptr) return refuse("TLS cannot begin: " + error_text());
  BIO* const bio = buffers_.bio();
  BIO_up_ref(bio);
  SSL_set_bio(ssl_.get(), bio, bio);
  step({});
}

void ClientHandshake::bytes(std::span<char> data) {
  if (listener_ == nullptr) return;
  if (!std::exchange(heard_, true) && !begins_record(data.front()))
    return refuse("the server does not speak TLS; if it means not to, write ws:// for it");
  step(data);
}

void ClientHandshake::step(std::span<char> data) {
  ERR_clear_error();
  buffers_.show({data.data(), data.size()});
  const int result = SSL_do_handshake(ssl_.get());
  const std::size_t unread = buffers_.unread();
  buffers_.show({});
  if (result == 1) return complete(data.last(unread));
  connection_.write(buffers_.written());
  buffers_.clear_written();
  if (SSL_get_error(ssl_.get(), result) == SSL_ERROR_WANT_READ) return;
  connection_.flush();  // our alert
  refuse(failure());
}

// Whoever called this must only return: the connection speaks something else now.
void ClientHandshake::complete(std::span<char> rest) {
  SSL_set_app_data(ssl_.get(), nullptr);  // nothing more will be found
  std::string first(buffers_.written());  // leaves with the listener's first words
  buffers_.clear_written();
  if (first.size() > Handshake::kMostHeld) connection_.write(std::exchange(first, {}));
  connection_.encrypt(std::make_unique<Channel>(std::move(ssl_), buffers_, nullptr, findings_.host,
                                                std::move(first)));
  std::exchange(listener_, nullptr)->secured(rest, findings_.wants_certificate);
}

void ClientHandshake::refuse(std::string reason) {
  if (listener_ != nullptr) std::exchange(listener_, nullptr)->refused(std::move(reason));
}

std::string ClientHandshake::failure() const {
  if (!findings_.objection.empty()) return findings_.objection;
  const int reason = ERR_GET_REASON(ERR_peek_error());
  const bool alert = reason > SSL_AD_REASON_OFFSET && reason < SSL_AD_REASON_OFFSET + 256;
  std::string text = (alert ? "the server refuses TLS: " : "TLS failed: ") + error_text();
  if (alert && findings_.wants_certificate)
    text += "; it asked for a certificate of the client's, and there is none to show";
  return text;
}

void ClientHandshake::end_of_input() { lost(); }

void ClientHandshake::lost() {
  refuse(heard_ ? "the server closed the connection during the TLS handshake"
                : "the server closed the connection before it answered with TLS");
}

}  // namespace server::tls
