// What a client of TLS trusts and shows: loaded once for all its connections.
#include "server/tls/client_context.h"

#include <arpa/inet.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <new>
#include <utility>

#include "server/tls/key_file.h"
#include "server/tls/openssl.h"

namespace server::tls {

namespace {

using OwnedNames = Owned<GENERAL_NAMES, &GENERAL_NAMES_free>;

constexpr unsigned char kHttp1[] = "\x08http/1.1";

std::string complaint_about(const std::string& file) {
  if (const std::ifstream opened(file); opened) return {};
  return "cannot read '" + file + "': " + std::strerror(errno);
}

bool is_address(const std::string& host) {
  unsigned char room[sizeof(in6_addr)];
  return ::inet_pton(AF_INET, host.c_str(), room) == 1 ||
         ::inet_pton(AF_INET6, host.c_str(), room) == 1;
}

std::string text_of(const ASN1_TIME* time) {
  const OwnedBio memory(BIO_new(BIO_s_mem()));
  ASN1_TIME_print(memory.get(), time);
  char* text = nullptr;
  const long size = BIO_get_mem_data(memory.get(), &text);
  return {text, static_cast<std::size_t>(size)};
}

std::string text_of(const GENERAL_NAME* name) {
  int type = 0;
  const auto* const value = static_cast<const ASN1_STRING*>(GENERAL_NAME_get0_value(name, &type));
  const unsigned char* const bytes = ASN1_STRING_get0_data(value);
  const int size = ASN1_STRING_length(value);
  if (type == GEN_DNS)
    return {reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(size)};
  char room[INET6_ADDRSTRLEN] = "";
  if (size == 4) ::inet_ntop(AF_INET, bytes, room, sizeof room);
  if (size == 16) ::inet_ntop(AF_INET6, bytes, room, sizeof room);
  return room;
}

// "a.example, *.b.example, 10.0.0.1", or the subject when it names no hosts.
std::string names_in(const X509* certificate) {
  constexpr int kShown = 4;
  const OwnedNames names(static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
  std::string text;
  int count = 0;
  for (int i = 0; i < sk_GENERAL_NAME_num(names.get()); ++i) {
    const GENERAL_NAME* const name = sk_GENERAL_NAME_value(names.get(), i);
    if (name->type != GEN_DNS && name->type != GEN_IPADD) continue;
    if (++count > kShown) return text + " and others";
    text += (text.empty() ? "" : ", ") + text_of(name);
  }
  return text.empty() ? name_text(X509_get_subject_name(certificate)) : text;
}

std::string quoted(const X509_NAME* name) { return "'" + name_text(name) + "'"; }

}  // namespace

// What OpenSSL calls during handshakes. The application's pointer of an SSL is its Findings, of an
// SSL_CTX its ClientContext.
class ClientContext::Callbacks {
 public:
  static int check(int good, X509_STORE_CTX* store) {
    if (good == 1) return 1;
    SSL* const ssl =
        static_cast<SSL*>(X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx()));
    auto& findings = *static_cast<Findings*>(SSL_get_app_data(ssl));
    const auto& context =
        *static_cast<const ClientContext*>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl)));
    if (findings.objection.empty()) findings.objection = objection(store, findings.host, context);
    return 0;
  }

  // Only asked when there is none.
  static int certificate(SSL* ssl, X509**, EVP_PKEY**) {
    static_cast<Findings*>(SSL_get_app_data(ssl))->wants_certificate = true;
    return 0;
  }

 private:
  static std::string objection(X509_STORE_CTX* store, const std::string& host,
                               const ClientContext& context) {
    const X509* const its = X509_STORE_CTX_get_current_cert(store);
    const int error = X509_STORE_CTX_get_error(store);
    const std::string whose = X509_STORE_CTX_get_error_depth(store) == 0
                                  ? "the server's certificate"
                                  : "the certificate of " + quoted(X509_get_subject_name(its)) +
                                        ", which the server's certificate comes from,";
    switch (error) {
      case X509_V_ERR_CERT_HAS_EXPIRED:
        return whose + " expired on " + text_of(X509_get0_notAfter(its));
      case X509_V_ERR_CERT_NOT_YET_VALID:
        return whose + " is not valid before " + text_of(X509_get0_notBefore(its));
      case X509_V_ERR_HOSTNAME_MISMATCH:
      case X509_V_ERR_IP_ADDRESS_MISMATCH:
        return whose + " is for " + names_in(its) + ", not for '" + host + "'";
      case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
        return whose + " is not trusted: it is self-signed, and not in " + context.trusted();
      case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
        return whose + " is not trusted: it is not in " + context.trusted();
      case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
      case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
      case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
        return whose + " is not trusted: its issuer, " + quoted(X509_get_issuer_name(its)) +
               ", is not in " + context.trusted();
      default:
        return whose + " is not accepted: " + X509_verify_cert_error_string(error);
    }
  }
};

void ClientContext::FreeContext::operator()(ssl_ctx_st* context) const { SSL_CTX_free(context); }

ClientContext::ClientContext(const ClientOptions& options)
    : options_(options), context_(SSL_CTX_new(TLS_client_method())) {
  if (context_ == nullptr) throw std::bad_alloc();
  SSL_CTX* const context = context_.get();
  SSL_CTX_set_app_data(context, this);
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_set_options(context, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_alpn_protos(context, kHttp1, sizeof kHttp1 - 1);
  SSL_CTX_set_client_cert_cb(context, &Callbacks::certificate);
  if (options_.verify) SSL_CTX_set_verify(context, SSL_VERIFY_PEER, &Callbacks::check);
  // Whatever is in the file is trusted, not only what is self-signed.
  X509_VERIFY_PARAM* const rules = SSL_CTX_get0_param(context);
  X509_VERIFY_PARAM_set_flags(rules, X509_V_FLAG_PARTIAL_CHAIN);
  X509_VERIFY_PARAM_set_hostflags(rules, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
}

ClientContext::~ClientContext() = default;

tl::expected<std::shared_ptr<const ClientContext>, std::string> ClientContext::load(
    const ClientOptions& options) {
  std::shared_ptr<ClientContext> context(new ClientContext(options));
  if (std::string why = context->load_files(); !why.empty()) {
    ERR_clear_error();
    return tl::unexpected(std::move(why));
  }
  return context;
}

std::string ClientContext::load_files() {
  SSL_CTX* const context = context_.get();
  const std::string& ca = options_.ca_file;
  if (ca.empty()) {
    SSL_CTX_set_default_verify_paths(context);
    ERR_clear_error();  // a system without any is told of when something is to be trusted
  } else if (std::string why = complaint_about(ca); !why.empty()) {
    return why;
  } else if (SSL_CTX_load_verify_file(context, ca.c_str()) != 1) {
    return "'" + ca + "' holds no certificate in PEM: " + error_text();
  }
  const std::string& file = options_.certificate_file;
  const std::string& key_file = options_.key_file.empty() ? file : options_.key_file;
  if (file.empty())
    return key_file.empty() ? "" : "a key is named, '" + key_file + "', but no certificate";
  for (const std::string* const one : {&file, &key_file})
    if (std::string why = complaint_about(*one); !why.empty()) return why;
  if (SSL_CTX_use_certificate_chain_file(context, file.c_str()) != 1)
    return "'" + file + "' holds no certificate in PEM: " + error_text();
  const ReadKey read = read_key(key_file, options_.key_password);
  if (read.key == nullptr && read.encrypted)
    return options_.key_password.empty()
               ? "the key in '" + key_file + "' is encrypted, and no password is given"
               : "the password does not open the key in '" + key_file + "'";
  if (read.key == nullptr) return "'" + key_file + "' holds no key in PEM: " + error_text();
  if (SSL_CTX_use_PrivateKey(context, read.key.get()) != 1)
    return "the key in '" + key_file + "' is not that of the certificate in '" + file + "'";
  return {};
}

std::string ClientContext::trusted() const {
  return options_.ca_file.empty() ? "what this system trusts" : "'" + options_.ca_file + "'";
}

SslPointer ClientContext::connect(Findings& findings) const {
  SslPointer made(SSL_new(context_.get()));
  SSL* const ssl = made.get();
  if (ssl == nullptr) return nullptr;
  SSL_set_app_data(ssl, &findings);
  SSL_set_connect_state(ssl);
  // Neither the zone of an address nor the root's dot is part of a certificate's names.
  std::string name = findings.host.substr(0, findings.host.find('%'));
  const bool address = is_address(name);
  if (!address && name.ends_with('.')) name.pop_back();
  if (!address && SSL_set_tlsext_host_name(ssl, name.c_str()) != 1) return nullptr;
  if (!options_.verify) return made;
  const int named = address ? X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), name.c_str())
                            : SSL_set1_host(ssl, name.c_str());
  return named == 1 ? std::move(made) : nullptr;
}

}  // namespace server::tls
