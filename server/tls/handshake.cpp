// TLS before it is agreed: feeds OpenSSL until there is a channel, then gives the connection on.
#include "server/tls/handshake.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "server/ascii.h"
#include "server/socket_connection.h"
#include "server/tls/openssl.h"

namespace server::tls {

namespace {

// For who speaks HTTP where TLS is spoken, which OpenSSL notices by the method.
constexpr std::string_view kPlainAnswer =
    "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\nContent-Length: 57\r\n"
    "Connection: close\r\n\r\n"
    "This port speaks TLS: write https:// instead of http://.\n";

std::string server_name_of(SSL* ssl) {
  const char* const name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
  return name == nullptr ? "" : lowered(name);
}

}  // namespace

Handshake::Handshake(SocketConnection& connection, Handshakes& handshakes,
                     std::shared_ptr<const Context> context)
    : connection_(connection), handshakes_(handshakes), context_(std::move(context)) {
  connection_.arm(context_->options().handshake_timeout);
}

Handshake::~Handshake() = default;

void Handshake::bytes(std::span<char> data) {
  if (stage_ == Stage::waiting || (stage_ == Stage::fresh && !handshakes_.may_begin(*this))) {
    stage_ = Stage::waiting;
    connection_.pause();
    if (kept_.size() + data.size() > kMostInput) return connection_.close();
    kept_.append(data.data(), data.size());
    return;
  }
  stage_ = Stage::under_way;
  step(data);
}

void Handshake::go_on() {
  stage_ = Stage::fresh;
  std::string kept = std::move(kept_);
  kept_.clear();
  connection_.resume();
  bytes(kept);
  connection_.flush();
}

void Handshake::step(std::span<char> data) {
  if (ssl_ == nullptr) {
    ssl_ = context_->accept();
    if (ssl_ == nullptr) return connection_.close();
    BIO* const bio = handshakes_.buffers_.bio();
    BIO_up_ref(bio);
    SSL_set_bio(ssl_.get(), bio, bio);
  }
  RecordBuffers& buffers = handshakes_.buffers_;
  ERR_clear_error();
  buffers.show({data.data(), data.size()});
  const int result = SSL_do_handshake(ssl_.get());
  const std::size_t unread = buffers.unread();
  buffers.show({});
  if (result == 1) return complete(data.last(unread));
  connection_.write(buffers.written());
  buffers.clear_written();
  if (SSL_get_error(ssl_.get(), result) != SSL_ERROR_WANT_READ) fail();
}

// Whoever called this must only return: the connection speaks something else now.
void Handshake::complete(std::span<char> rest) {
  HandshakeCounts& counts = handshakes_.counts_;
  counts.done.fetch_add(1, std::memory_order_relaxed);
  if (SSL_session_reused(ssl_.get()) == 1) counts.resumed.fetch_add(1, std::memory_order_relaxed);
  handshakes_.leave(*this);
  stage_ = Stage::over;
  connection_.disarm();
  RecordBuffers& buffers = handshakes_.buffers_;
  std::string server_name = server_name_of(ssl_.get());
  std::string first(buffers.written());
  buffers.clear_written();
  if (rest.empty() || first.size() > kMostHeld) connection_.write(std::exchange(first, {}));
  auto channel = std::make_unique<Channel>(std::move(ssl_), buffers, context_,
                                           std::move(server_name), std::move(first));
  const std::string alpn(channel->alpn());
  connection_.encrypt(std::move(channel));
  std::unique_ptr<Protocol> next = handshakes_.speakers_.speaker(connection_, alpn);
  if (next == nullptr) return connection_.close();
  connection_.become(std::move(next));
  if (draining_) connection_.protocol()->drain();
  if (!rest.empty()) connection_.take_records(rest);
}

void Handshake::fail() {
  handshakes_.counts_.failed.fetch_add(1, std::memory_order_relaxed);
  if (ERR_GET_REASON(ERR_peek_error()) == SSL_R_HTTP_REQUEST) connection_.write(kPlainAnswer);
  char address[46];
  handshakes_.log_.debug("connection {}: no TLS with {}: {}", connection_.number(),
                         connection_.remote().text(address), error_text());
  handshakes_.leave(*this);
  stage_ = Stage::over;
  connection_.linger();  // what a client of TLS 1.3 may have asked already must not cut the alert
}

void Handshake::end_of_input() { connection_.close(); }

void Handshake::timeout() {
  handshakes_.counts_.failed.fetch_add(1, std::memory_order_relaxed);
  handshakes_.log_.debug("connection {}: the TLS handshake took too long", connection_.number());
  connection_.close();
}

// Whoever has just connected is about to ask; the deadline holds, and the next protocol hears of
// it.
void Handshake::drain() { draining_ = true; }

void Handshake::lost() {
  handshakes_.leave(*this);
  stage_ = Stage::over;
}

}  // namespace server::tls
