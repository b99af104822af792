// The certificates and rules of one secure connector: which host a client means, and what OpenSSL
// asks meanwhile.
#include "server/tls/context.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/rand.h>

#include <algorithm>
#include <cstring>
#include <span>

#include "server/ascii.h"
#include "server/tls/host.h"
#include "server/tls/openssl.h"

namespace server::tls {

namespace {

// RFC 6066 section 3: a list of names with their types; there is one type.
std::string_view server_name_in(std::span<const unsigned char> extension) {
  constexpr std::size_t kHead = 5;  // length of the list, type, length of the name
  if (extension.size() < kHead || extension[2] != TLSEXT_NAMETYPE_host_name) return {};
  const std::size_t size = static_cast<std::size_t>(extension[3]) << 8U | extension[4];
  if (size > extension.size() - kHead) return {};
  return {reinterpret_cast<const char*>(extension.data()) + kHead, size};
}

}  // namespace

// What OpenSSL calls during handshakes. The application's pointer of each SSL is its Context.
class Context::Callbacks {
 public:
  static const Context& context_of(const SSL* ssl) {
    return *static_cast<const Context*>(SSL_get_app_data(ssl));
  }

  // Before anything is chosen: the client may mean another host, and all its rules then hold.
  static int client_hello(SSL* ssl, int*, void*) {
    const unsigned char* bytes = nullptr;
    std::size_t size = 0;
    if (SSL_client_hello_get0_ext(ssl, TLSEXT_TYPE_server_name, &bytes, &size) != 1)
      return SSL_CLIENT_HELLO_SUCCESS;
    const Context& context = context_of(ssl);
    const std::size_t host = context.host_of(server_name_in({bytes, size}));
    if (host != context.default_) change_host(ssl, context, host);
    return SSL_CLIENT_HELLO_SUCCESS;
  }

  // SSL_set_SSL_CTX takes over certificates and little else.
  static void change_host(SSL* ssl, const Context& context, std::size_t host) {
    SSL_CTX* const its = context.hosts_[host]->context.get();
    SSL_set_SSL_CTX(ssl, its);
    SSL_clear_options(ssl, SSL_get_options(ssl));
    SSL_set_options(ssl, SSL_CTX_get_options(its));
    SSL_set_min_proto_version(ssl, static_cast<int>(SSL_CTX_get_min_proto_version(its)));
    SSL_set_max_proto_version(ssl, static_cast<int>(SSL_CTX_get_max_proto_version(its)));
    SSL_set_verify(ssl, SSL_CTX_get_verify_mode(its), SSL_CTX_get_verify_callback(its));
    SSL_set_verify_depth(ssl, SSL_CTX_get_verify_depth(its));
    X509_VERIFY_PARAM_set1(SSL_get0_param(ssl), SSL_CTX_get0_param(its));
    const HostOptions& options = context.options_.hosts[host];
    if (options.cipher_suites != context.options_.hosts[context.default_].cipher_suites)
      SSL_set_ciphersuites(ssl, suites_of(options));
    if (const Host& other = *context.hosts_[host];
        other.groups != context.hosts_[context.default_]->groups)
      SSL_set1_groups_list(ssl, other.groups.c_str());
  }

  // Satisfies RFC 6066's wish that the name is acknowledged.
  static int server_name(SSL* ssl, int*, void*) {
    return SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name) != nullptr ? SSL_TLSEXT_ERR_OK
                                                                         : SSL_TLSEXT_ERR_NOACK;
  }

  // RFC 7301 section 3.2: our order; when none fits, the handshake ends.
  static int alpn(SSL* ssl, const unsigned char** out, unsigned char* size,
                  const unsigned char* offered, unsigned offered_size, void*) {
    static constexpr unsigned char kAll[] = "\x02h2\x08http/1.1\x08http/1.0";
    constexpr std::size_t kH2 = 3;
    const bool http2 = context_of(ssl).options_.http2;
    const unsigned char* const ours = http2 ? kAll : kAll + kH2;
    const auto ours_size = static_cast<unsigned>(sizeof kAll - 1 - (http2 ? 0 : kH2));
    unsigned char* chosen = nullptr;
    if (SSL_select_next_proto(&chosen, size, ours, ours_size, offered, offered_size) !=
        OPENSSL_NPN_NEGOTIATED)
      return SSL_TLSEXT_ERR_ALERT_FATAL;
    *out = chosen;
    return SSL_TLSEXT_ERR_OK;
  }

  static int staple(SSL* ssl, void* its_host) {
    const auto& host = *static_cast<const Host*>(its_host);
    for (const auto& [certificate, answer] : host.ocsp) {
      if (certificate != SSL_get_certificate(ssl)) continue;
      void* const copy = OPENSSL_memdup(answer.data(), answer.size());  // OpenSSL frees it
      if (copy == nullptr) return SSL_TLSEXT_ERR_NOACK;
      SSL_set_tlsext_status_ocsp_resp(ssl, copy, static_cast<long>(answer.size()));
      return SSL_TLSEXT_ERR_OK;
    }
    return SSL_TLSEXT_ERR_NOACK;
  }

  // RFC 5077 section 4. 0: no ticket, or one that is not ours; 2: taken, and replaced, as TLS 1.3
  // wants it each time (RFC 8446 appendix C.4).
  static int ticket_key(SSL* ssl, unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher,
                        EVP_MAC_CTX* mac, int encrypt) {
    TicketKeys& keys = *context_of(ssl).ticket_keys_;
    std::optional<TicketKeys::Found> found;
    if (encrypt != 0) {
      found = {keys.newest(), true};
      std::copy(found->key.name.begin(), found->key.name.end(), name);
      if (RAND_bytes(iv, EVP_CIPHER_get_iv_length(keys.cipher())) != 1) return -1;
    } else {
      found = keys.find(name);
      if (!found) return 0;
    }
    char digest[] = "SHA256";
    const OSSL_PARAM parameters[] = {
        OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, found->key.mac.data(),
                                          found->key.mac.size()),
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
        OSSL_PARAM_construct_end()};
    if (EVP_MAC_CTX_set_params(mac, parameters) != 1 ||
        EVP_CipherInit_ex(cipher, keys.cipher(), nullptr, found->key.cipher.data(), iv, encrypt) !=
            1)
      return -1;
    return found->is_newest && SSL_version(ssl) < TLS1_3_VERSION ? 1 : 2;
  }

  static void set(Host& host) {
    SSL_CTX* const its = host.context.get();
    SSL_CTX_set_client_hello_cb(its, &client_hello, nullptr);
    SSL_CTX_set_tlsext_servername_callback(its, &server_name);
    SSL_CTX_set_alpn_select_cb(its, &alpn, nullptr);
    SSL_CTX_set_tlsext_ticket_key_evp_cb(its, &ticket_key);
    if (!host.ocsp.empty()) {
      SSL_CTX_set_tlsext_status_cb(its, &staple);
      SSL_CTX_set_tlsext_status_arg(its, &host);
    }
  }
};

Context::Context(const Options& options) : options_(options) {}

Context::~Context() = default;

std::shared_ptr<const Context> Context::load(const Options& options, const Context* predecessor) {
  std::shared_ptr<Context> context(new Context(options));
  context->ticket_keys_ =
      predecessor != nullptr ? predecessor->ticket_keys_ : std::make_shared<TicketKeys>();
  bool has_default = false;
  for (std::size_t i = 0; i < options.hosts.size(); ++i) {
    context->hosts_.push_back(
        Host::load(options.hosts[i], i, context->files_, context->certificates_));
    Callbacks::set(*context->hosts_.back());
    if (options.hosts[i].host_name != options.default_host) continue;
    context->default_ = i;
    has_default = true;
  }
  if (!has_default)
    throw LoadError(0, std::nullopt, "hostName",
                    "no SSLHostConfig has the default's name '" + options.default_host + "'");
  return context;
}

std::size_t Context::host_of(std::string_view name) const {
  if (options_.hosts.size() == 1 || name.empty()) return default_;
  std::string wanted = lowered(name);
  if (wanted.back() == '.') wanted.pop_back();
  const auto find = [&](std::string_view host_name) {
    return std::find_if(options_.hosts.begin(), options_.hosts.end(),
                        [&](const HostOptions& host) { return host.host_name == host_name; });
  };
  auto found = find(wanted);
  if (const auto dot = wanted.find('.'); found == options_.hosts.end() && dot != wanted.npos)
    found = find('*' + wanted.substr(dot));
  return found == options_.hosts.end() ? default_
                                       : static_cast<std::size_t>(found - options_.hosts.begin());
}

SslPointer Context::accept() const {
  SslPointer ssl(SSL_new(hosts_[default_]->context.get()));
  if (ssl == nullptr) return nullptr;
  SSL_set_app_data(ssl.get(), const_cast<Context*>(this));
  SSL_set_accept_state(ssl.get());
  return ssl;
}

}  // namespace server::tls
