// OpenSSL's context of one SSLHostConfig, made from its files.
#include "server/tls/host.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>

#include "server/tls/key_file.h"
#include "server/tls/protocol_list.h"

namespace server::tls {

namespace {

// Forward secrecy and authenticated encryption only, for certificates of both kinds.
constexpr const char* kCiphers = "ECDHE+AESGCM:ECDHE+CHACHA20";

// All that are safe, the one that costs least first.
constexpr const char* kSuites =
    "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256";

// What OpenSSL takes when it is told none.
constexpr const char* kGroups = "X25519:P-256:X448:P-521:P-384";

bool is_command(const std::string& name, const char* which) {
  return OPENSSL_strcasecmp(name.c_str(), which) == 0;  // as OpenSSL compares them
}

std::string key_type(EVP_PKEY* key) {
  const int bits = EVP_PKEY_get_bits(key);
  if (EVP_PKEY_is_a(key, "RSA")) return "RSA " + std::to_string(bits);
  char group[64] = "";
  std::size_t size = 0;
  EVP_PKEY_get_group_name(key, group, sizeof group, &size);
  const char* const name = EVP_PKEY_get0_type_name(key);
  return size != 0 ? "EC " + std::string(group, size) : name == nullptr ? "unknown" : name;
}

// Everything of one host, so that each step can say which setting failed.
class Loader {
 public:
  Loader(const HostOptions& options, std::size_t index, std::vector<std::string>& files,
         std::vector<Context::Validity>& certificates)
      : options_(options), index_(index), files_(files), certificates_(certificates) {}

  OwnedContext run(std::vector<std::pair<X509*, std::vector<unsigned char>>>& ocsp,
                   std::string& groups) {
    context_.reset(SSL_CTX_new(TLS_server_method()));
    if (context_ == nullptr) fail("hostName", error_text());
    set_rules();
    set_versions();
    set_ciphers();
    if (options_.certificates.empty())
      fail("certificateFile", "the host has no certificate; add a <Certificate>");
    for (std::size_t i = 0; i < options_.certificates.size(); ++i) load_certificate(i, ocsp);
    set_verification();
    set_session_scope();
    run_commands();
    groups = std::move(groups_);
    return std::move(context_);
  }

 private:
  [[noreturn]] void fail(const char* setting, const std::string& reason) {
    ERR_clear_error();
    throw LoadError(index_, certificate_, setting, reason);
  }

  const std::string& listed(const std::string& file, const char* setting) {
    if (std::find(files_.begin(), files_.end(), file) == files_.end()) files_.push_back(file);
    if (const std::ifstream opened(file); !opened)
      fail(setting, "cannot read '" + file + "': " + std::strerror(errno));
    return file;
  }

  void set_rules() {
    SSL_CTX* const context = context_.get();
    SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    std::uint64_t rules = SSL_OP_NO_COMPRESSION | SSL_OP_NO_SESSION_RESUMPTION_ON_RENEGOTIATION;
    if (!options_.insecure_renegotiation) rules |= SSL_OP_NO_RENEGOTIATION;
    if (options_.honor_cipher_order) rules |= SSL_OP_CIPHER_SERVER_PREFERENCE;
    if (options_.honor_cipher_order) rules |= SSL_OP_PRIORITIZE_CHACHA;
    if (!options_.session_tickets) rules |= SSL_OP_NO_TICKET;
    SSL_CTX_set_options(context, rules);
    SSL_CTX_set_timeout(context, static_cast<long>(options_.session_timeout));
    SSL_CTX_set_session_cache_mode(
        context, options_.session_cache_size == 0 ? SSL_SESS_CACHE_OFF : SSL_SESS_CACHE_SERVER);
    if (options_.session_cache_size > 0)
      SSL_CTX_sess_set_cache_size(context, static_cast<long>(options_.session_cache_size));
  }

  void set_versions() {
    const auto bits = parse_protocols(options_.protocols);
    if (!bits) fail("protocols", bits.error());
    constexpr std::uint64_t kOff[] = {SSL_OP_NO_TLSv1, SSL_OP_NO_TLSv1_1, SSL_OP_NO_TLSv1_2,
                                      SSL_OP_NO_TLSv1_3};
    SSL_CTX_set_min_proto_version(context_.get(), TLS1_VERSION);
    SSL_CTX_set_max_proto_version(context_.get(), TLS1_3_VERSION);
    for (std::size_t i = 0; i < kVersions.size(); ++i)
      if ((*bits & kVersions[i].bit) == 0) SSL_CTX_set_options(context_.get(), kOff[i]);
  }

  void set_ciphers() {
    const char* const ciphers = options_.ciphers.empty() ? kCiphers : options_.ciphers.c_str();
    if (SSL_CTX_set_cipher_list(context_.get(), ciphers) != 1)
      fail("ciphers", "OpenSSL knows none of '" + options_.ciphers + "': " + error_text());
    if (SSL_CTX_set_ciphersuites(context_.get(), suites_of(options_)) != 1)
      fail("cipherSuites", "'" + options_.cipher_suites +
                               "' is no list of TLS 1.3 suites; write them as "
                               "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384");
    if (options_.groups.empty()) return;
    groups_ = options_.groups;
    std::replace(groups_.begin(), groups_.end(), ',', ':');
    if (SSL_CTX_set1_groups_list(context_.get(), groups_.c_str()) != 1)
      fail("groups", "OpenSSL does not know all of '" + options_.groups +
                         "'; write for example X25519:P-256");
  }

  void load_certificate(std::size_t i,
                        std::vector<std::pair<X509*, std::vector<unsigned char>>>& ocsp) {
    certificate_ = i;
    const CertificateOptions& its = options_.certificates[i];
    if (its.certificate_file.empty())
      fail("certificateFile", "no file of the certificate is named");
    const std::string& file = listed(its.certificate_file, "certificateFile");
    if (SSL_CTX_use_certificate_chain_file(context_.get(), file.c_str()) != 1)
      fail("certificateFile", "'" + file + "' holds no certificate in PEM: " + error_text());
    X509* const own = SSL_CTX_get0_certificate(context_.get());
    EVP_PKEY* const public_key = X509_get0_pubkey(own);
    check_type(its, key_type(public_key));
    note(own, public_key, file);
    load_key(its, own);
    if (!its.chain_file.empty()) load_chain(listed(its.chain_file, "certificateChainFile"));
    if (!its.ocsp_file.empty()) ocsp.emplace_back(own, read_ocsp(its.ocsp_file));
    certificate_.reset();
  }

  void check_type(const CertificateOptions& its, const std::string& type) {
    const std::string kind = type.substr(0, type.find(' '));
    if (its.key_type.empty() || its.key_type == kind) return;
    const bool known = kind == "RSA" || kind == "EC" || kind == "DSA";
    fail("type", "the certificate in '" + its.certificate_file + "' has a key of type " + type +
                     ", not " + its.key_type + "; " +
                     (known ? "write type=\"" + kind + "\", or leave it out" : "leave 'type' out"));
  }

  void note(X509* certificate, EVP_PKEY* public_key, const std::string& file) {
    const std::string type = key_type(public_key);
    const std::string kind = type.substr(0, type.find(' '));
    if (std::find(kinds_.begin(), kinds_.end(), kind) != kinds_.end())
      fail("certificateFile", "the host has another certificate with a key of type " + kind +
                                  " already; several must differ in it");
    kinds_.push_back(kind);
    certificates_.push_back(
        {options_.host_name, file, name_text(X509_get_subject_name(certificate)), type,
         time_of(X509_get0_notBefore(certificate)), time_of(X509_get0_notAfter(certificate))});
  }

  std::string password_of(const CertificateOptions& its) {
    if (its.key_password_file.empty()) return its.key_password;
    std::string password;
    std::ifstream file(listed(its.key_password_file, "certificateKeyPasswordFile"));
    std::getline(file, password);
    while (!password.empty() && password.back() == '\r') password.pop_back();
    return password;
  }

  void load_key(const CertificateOptions& its, X509* certificate) {
    const bool apart = !its.key_file.empty();
    const char* const setting = apart ? "certificateKeyFile" : "certificateFile";
    const std::string& file = apart ? listed(its.key_file, setting) : its.certificate_file;
    std::string password = password_of(its);
    const ReadKey read = read_key(file, password);
    const bool given = !password.empty();
    OPENSSL_cleanse(password.data(), password.size());
    if (read.key == nullptr && read.encrypted)
      fail(!given                          ? setting
           : its.key_password_file.empty() ? "certificateKeyPassword"
                                           : "certificateKeyPasswordFile",
           given ? "the password does not open '" + file + "'"
                 : "'" + file +
                       "' is encrypted; give certificateKeyPassword or certificateKeyPasswordFile");
    if (read.key == nullptr) fail(setting, "'" + file + "' holds no key in PEM: " + error_text());
    if (X509_check_private_key(certificate, read.key.get()) != 1)
      fail(setting, "the key in '" + file + "' is not that of the certificate in '" +
                        its.certificate_file + "'");
    if (SSL_CTX_use_PrivateKey(context_.get(), read.key.get()) != 1)
      fail(setting, "the key in '" + file + "' cannot be used: " + error_text());
  }

  void load_chain(const std::string& file) {
    const OwnedBio bio(BIO_new_file(file.c_str(), "r"));
    SSL_CTX_clear_chain_certs(context_.get());
    std::size_t count = 0;
    while (X509* one = PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr)) {
      SSL_CTX_add0_chain_cert(context_.get(), one);
      ++count;
    }
    ERR_clear_error();
    if (count == 0) fail("certificateChainFile", "'" + file + "' holds no certificate in PEM");
  }

  std::vector<unsigned char> read_ocsp(const std::string& name) {
    std::ifstream file(listed(name, "certificateOcspFile"), std::ios::binary);
    std::vector<unsigned char> bytes{std::istreambuf_iterator<char>(file), {}};
    constexpr unsigned char kSequence = 0x30;
    if (bytes.empty() || bytes.front() != kSequence)
      fail("certificateOcspFile", "'" + name + "' is no OCSP response in DER");
    return bytes;
  }

  void set_verification() {
    SSL_CTX* const context = context_.get();
    if (!options_.ca_file.empty()) {
      const std::string& file = listed(options_.ca_file, "caCertificateFile");
      if (SSL_CTX_load_verify_file(context, file.c_str()) != 1)
        fail("caCertificateFile", "'" + file + "' holds no certificate in PEM: " + error_text());
      SSL_CTX_set_client_CA_list(context, SSL_load_client_CA_file(file.c_str()));
    }
    if (!options_.ca_path.empty() &&
        SSL_CTX_load_verify_dir(context, options_.ca_path.c_str()) != 1)
      fail("caCertificatePath", "'" + options_.ca_path + "': " + error_text());
    load_revocations();
    const bool strict = options_.verification == Verification::required ||
                        options_.verification == Verification::optional;
    if (strict && options_.ca_file.empty() && options_.ca_path.empty())
      fail("certificateVerification",
           "client certificates are verified with caCertificateFile or caCertificatePath, and "
           "neither is given");
    if (options_.verification == Verification::none) return;
    int mode = SSL_VERIFY_PEER | SSL_VERIFY_CLIENT_ONCE;
    if (options_.verification == Verification::required) mode |= SSL_VERIFY_FAIL_IF_NO_PEER_CERT;
    constexpr auto anybody = [](int, X509_STORE_CTX*) { return 1; };
    SSL_CTX_set_verify(context, mode, strict ? nullptr : +anybody);
    SSL_CTX_set_verify_depth(context, options_.verification_depth);
  }

  // A resumed session is not verified again. So it is good only for the host, and under the rules
  // and with the authorities, that it was made with: another host may ask for other certificates,
  // and a change of files or of rules must not let yesterday's sessions in. Folders count by name.
  void set_session_scope() {
    std::string scope = options_.host_name;
    if (options_.verification != Verification::none) {
      scope += '\n' + std::to_string(static_cast<int>(options_.verification)) + '\n' +
               std::to_string(options_.verification_depth) + '\n' + options_.ca_path + '\n' +
               options_.crl_path;
      for (const std::string* const file : {&options_.ca_file, &options_.crl_file}) {
        std::ifstream in(*file, std::ios::binary);
        scope += '\n' + std::string(std::istreambuf_iterator<char>(in), {});
      }
    }
    for (const auto& [name, value] : options_.commands) scope += '\n' + name + ' ' + value;
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    EVP_Digest(scope.data(), scope.size(), digest, &size, EVP_sha256(), nullptr);
    static_assert(SSL_MAX_SID_CTX_LENGTH >= 32);
    SSL_CTX_set_session_id_context(context_.get(), digest, size);
  }

  void load_revocations() {
    if (options_.crl_file.empty() && options_.crl_path.empty()) return;
    X509_STORE* const store = SSL_CTX_get_cert_store(context_.get());
    if (!options_.crl_file.empty()) {
      const std::string& file = listed(options_.crl_file, "certificateRevocationListFile");
      X509_LOOKUP* const lookup = X509_STORE_add_lookup(store, X509_LOOKUP_file());
      if (lookup == nullptr || X509_load_crl_file(lookup, file.c_str(), X509_FILETYPE_PEM) < 1)
        fail("certificateRevocationListFile",
             "'" + file + "' holds no revocation list in PEM: " + error_text());
    }
    if (!options_.crl_path.empty() && X509_STORE_load_path(store, options_.crl_path.c_str()) != 1)
      fail("certificateRevocationListPath", "'" + options_.crl_path + "': " + error_text());
    X509_STORE_set_flags(store, X509_V_FLAG_CRL_CHECK);
  }

  void run_commands() {
    if (options_.commands.empty()) return;
    const Owned<SSL_CONF_CTX, &SSL_CONF_CTX_free> commands(SSL_CONF_CTX_new());
    SSL_CONF_CTX_set_ssl_ctx(commands.get(), context_.get());
    SSL_CONF_CTX_set_flags(commands.get(), SSL_CONF_FLAG_FILE | SSL_CONF_FLAG_SERVER |
                                               SSL_CONF_FLAG_CERTIFICATE |
                                               SSL_CONF_FLAG_SHOW_ERRORS);
    for (const auto& [name, value] : options_.commands) {
      const int result = SSL_CONF_cmd(commands.get(), name.c_str(), value.c_str());
      if (result == -2) fail("OpenSSLConfCmd", "OpenSSL has no command '" + name + "'");
      if (result <= 0)
        fail("OpenSSLConfCmd",
             "OpenSSL does not take '" + value + "' for " + name + ": " + error_text());
      if (is_command(name, "Groups") || is_command(name, "Curves")) groups_ = value;
    }
    if (SSL_CONF_CTX_finish(commands.get()) != 1) fail("OpenSSLConfCmd", error_text());
  }

  const HostOptions& options_;
  const std::size_t index_;
  std::vector<std::string>& files_;
  std::vector<Context::Validity>& certificates_;
  OwnedContext context_;
  std::string groups_ = kGroups;
  std::optional<std::size_t> certificate_;
  std::vector<std::string> kinds_;
};

}  // namespace

const char* suites_of(const HostOptions& options) {
  return options.cipher_suites.empty() ? kSuites : options.cipher_suites.c_str();
}

std::unique_ptr<Context::Host> Context::Host::load(const HostOptions& options, std::size_t index,
                                                   std::vector<std::string>& files,
                                                   std::vector<Validity>& certificates) {
  auto host = std::make_unique<Host>();
  host->context = Loader(options, index, files, certificates).run(host->ocsp, host->groups);
  return host;
}

}  // namespace server::tls
