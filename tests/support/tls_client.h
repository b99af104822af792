// A TLS client for tests: OpenSSL over a blocking socket, or over whatever carries its records.
#pragma once

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <chrono>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tests/support/certificates.h"
#include "tests/support/client.h"

namespace tests {

using TlsSession = OpensslHandle<SSL_SESSION, &SSL_SESSION_free>;

// What a client says in its hello, and whom it trusts.
struct TlsWishes {
  std::string server_name;             // SNI; empty: none
  std::vector<std::string> alpn;       // in its order
  int least = 0, most = 0;             // TLS1_2_VERSION; 0: as OpenSSL likes
  std::string ciphers;                 // of TLS 1.2
  std::string groups;                  // "P-384"
  const Identity* identity = nullptr;  // its certificate
  std::vector<const Identity*> chain;  // sent behind it
  std::string trusted;                 // a file of authorities; empty: anybody
  SSL_SESSION* session = nullptr;      // to be resumed
  bool wants_status = false;           // OCSP
  std::string signatures;              // "rsa_pss_rsae_sha256"; empty: all
};

// The engine without a socket: `heard` takes the server's records, `to_say` gives the client's.
class TlsEngine {
 public:
  explicit TlsEngine(const TlsWishes& wishes) : context_(SSL_CTX_new(TLS_client_method())) {
    SSL_CTX_set_min_proto_version(context_.get(), wishes.least);
    SSL_CTX_set_max_proto_version(context_.get(), wishes.most);
    SSL_CTX_set_security_level(context_.get(), 0);  // tests ask for what is old, too
    if (!wishes.trusted.empty()) {
      require(SSL_CTX_load_verify_file(context_.get(), wishes.trusted.c_str()));
      SSL_CTX_set_verify(context_.get(), SSL_VERIFY_PEER, nullptr);
    }
    ssl_.reset(SSL_new(context_.get()));
    SSL_set_bio(ssl_.get(), BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
    for (BIO* bio : {SSL_get_rbio(ssl_.get()), SSL_get_wbio(ssl_.get())})
      BIO_set_mem_eof_return(bio, -1);
    SSL_set_connect_state(ssl_.get());
    say(wishes);
  }

  SSL* ssl() { return ssl_.get(); }

  void heard(std::string_view records) {
    if (!records.empty())
      BIO_write(SSL_get_rbio(ssl_.get()), records.data(), static_cast<int>(records.size()));
  }
  std::string to_say() {
    BIO* const bio = SSL_get_wbio(ssl_.get());
    std::string text(BIO_ctrl_pending(bio), '\0');
    BIO_read(bio, text.data(), static_cast<int>(text.size()));
    return text;
  }

  // True when the handshake is done; else more must be heard, or `why` says that it failed.
  bool step() {
    ERR_clear_error();
    const int result = SSL_do_handshake(ssl_.get());
    if (result != 1) note(result);
    return result == 1;
  }
  bool failed() const { return !why_.empty(); }
  const std::string& why() const { return why_; }

  std::string records(std::string_view plain) {
    write(plain);
    return to_say();
  }
  void write(std::string_view plain) {
    std::size_t done = 0;
    if (!plain.empty()) require(SSL_write_ex(ssl_.get(), plain.data(), plain.size(), &done));
  }
  // Decrypts all that was heard.
  std::string read() {
    std::string text;
    char piece[16 * 1024];
    for (;;) {
      std::size_t got = 0;
      ERR_clear_error();
      if (SSL_read_ex(ssl_.get(), piece, sizeof piece, &got) == 1) {
        text.append(piece, got);
        continue;
      }
      note(0);
      return text;
    }
  }
  bool said_goodbye() const {  // the server
    return (SSL_get_shutdown(ssl_.get()) & SSL_RECEIVED_SHUTDOWN) != 0 && why_.empty();
  }

  TlsSession session() { return TlsSession(SSL_get1_session(ssl_.get())); }
  bool resumed() const { return SSL_session_reused(ssl_.get()) == 1; }
  std::string version() const { return SSL_get_version(ssl_.get()); }
  std::string cipher() const { return SSL_get_cipher_name(ssl_.get()); }
  std::string alpn() const {
    const unsigned char* name = nullptr;
    unsigned size = 0;
    SSL_get0_alpn_selected(ssl_.get(), &name, &size);
    return {reinterpret_cast<const char*>(name), size};
  }
  // The server's certificate is this.
  bool is(const Identity& identity) const {
    X509* const its = SSL_get0_peer_certificate(ssl_.get());
    return its != nullptr && X509_cmp(its, identity.certificate.get()) == 0;
  }
  std::string status() const {  // the stapled OCSP answer
    const unsigned char* bytes = nullptr;
    const auto size = SSL_get_tlsext_status_ocsp_resp(ssl_.get(), &bytes);
    return size <= 0
               ? ""
               : std::string(reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(size));
  }

 private:
  static void require(long result) {
    if (result == 1) return;
    throw std::runtime_error("the TLS client: " + oldest_error());
  }
  static std::string oldest_error() {
    const char* const reason = ERR_reason_error_string(ERR_peek_error());
    return reason == nullptr ? "unknown" : reason;
  }
  void note(int result) {
    switch (SSL_get_error(ssl_.get(), result)) {
      case SSL_ERROR_WANT_READ:
      case SSL_ERROR_WANT_WRITE:
      case SSL_ERROR_ZERO_RETURN:
        return;
      default:
        why_ = oldest_error();
    }
  }
  void say(const TlsWishes& wishes) {
    if (!wishes.server_name.empty())
      SSL_set_tlsext_host_name(ssl_.get(), wishes.server_name.c_str());
    std::string names;
    for (const std::string& name : wishes.alpn) names += static_cast<char>(name.size()) + name;
    if (!names.empty())
      SSL_set_alpn_protos(ssl_.get(), reinterpret_cast<const unsigned char*>(names.data()),
                          static_cast<unsigned>(names.size()));
    if (!wishes.ciphers.empty()) require(SSL_set_cipher_list(ssl_.get(), wishes.ciphers.c_str()));
    if (!wishes.groups.empty()) require(SSL_set1_groups_list(ssl_.get(), wishes.groups.c_str()));
    if (!wishes.signatures.empty())
      require(SSL_set1_sigalgs_list(ssl_.get(), wishes.signatures.c_str()));
    if (wishes.identity != nullptr) {
      require(SSL_use_certificate(ssl_.get(), wishes.identity->certificate.get()));
      require(SSL_use_PrivateKey(ssl_.get(), wishes.identity->key.get()));
      for (const Identity* one : wishes.chain)
        require(SSL_add1_chain_cert(ssl_.get(), one->certificate.get()));
    }
    if (wishes.session != nullptr) require(SSL_set_session(ssl_.get(), wishes.session));
    if (wishes.wants_status) SSL_set_tlsext_status_type(ssl_.get(), TLSEXT_STATUSTYPE_ocsp);
  }

  OpensslHandle<SSL_CTX, &SSL_CTX_free> context_;
  OpensslHandle<SSL, &SSL_free> ssl_;
  std::string why_;
};

// On a socket of its own.
class TlsClient {
 public:
  static constexpr std::chrono::seconds kPatience{20};

  // `piece`: the most bytes of one send(2), so that records come in pieces; 0: as they are.
  explicit TlsClient(std::uint16_t port, const TlsWishes& wishes = {}, std::size_t piece = 0,
                     int receive_buffer = 0)
      : engine(wishes), socket(port, receive_buffer), piece_(piece) {}

  TlsEngine engine;
  Client socket;

  bool shake_hands() {
    for (;;) {
      const bool done = engine.step();
      const bool sent = say_records(engine.to_say());
      if (done) return true;
      if (engine.failed() || !sent || !listen()) return false;
    }
  }
  bool say(std::string_view plain) {
    while (!plain.empty()) {  // so that memory holds little of it
      const std::string_view some = plain.substr(0, 64 * 1024);
      plain.remove_prefix(some.size());
      if (!say_records(engine.records(some))) return false;
    }
    return true;
  }
  bool say_records(std::string_view records) {
    while (!records.empty()) {
      const std::string_view some = piece_ == 0 ? records : records.substr(0, piece_);
      records.remove_prefix(some.size());
      if (!socket.send(some)) return false;
    }
    return true;
  }
  void say_goodbye() {  // close_notify
    SSL_shutdown(engine.ssl());
    say_records(engine.to_say());
  }

  // One answer with a Content-Length. What came until the end, when that is earlier.
  std::string answer() {
    for (;;) {
      const std::size_t size = whole();
      if (size != 0) {
        std::string one = heard.substr(0, size);
        heard.erase(0, size);
        return one;
      }
      if (!hear()) return std::exchange(heard, {});
    }
  }
  std::string ask(std::string_view request) { return say(request) ? answer() : std::string(); }
  // Until the server's end, of TLS or of TCP.
  std::string rest() {
    while (!engine.said_goodbye() && hear()) {
    }
    return std::exchange(heard, {});
  }
  // Records of one recv(2) of at most `room` bytes. False at the end.
  bool hear(std::size_t room = 64 * 1024) {
    if (!listen(room)) return false;
    heard += engine.read();
    say_records(engine.to_say());  // of TLS itself
    return !engine.failed();
  }

  std::string heard;  // plain

 private:
  bool listen(std::size_t room = 64 * 1024) {
    if (!socket.receive(kPatience, room)) return false;
    engine.heard(std::exchange(socket.buffer(), {}));
    return true;
  }
  std::size_t whole() const {
    const auto end = heard.find("\r\n\r\n");
    const auto length = heard.find("Content-Length: ");
    if (end == std::string::npos || length > end) return 0;
    const std::size_t size = end + 4 + std::strtoul(heard.c_str() + length + 16, nullptr, 10);
    return heard.size() < size ? 0 : size;
  }

  const std::size_t piece_;
};

}  // namespace tests
