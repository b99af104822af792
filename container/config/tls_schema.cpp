// The schema's tables of what <Connector> says about TLS and HTTP/2.
#include "container/config/tls_schema.h"

#include <utility>

#include "container/config/field.h"
#include "container/config/server_config.h"
#include "server/ascii.h"

namespace container {
namespace {

template <class Owner>
Field bytes(SizeBytes Owner::*member, SizeBytes least, SizeBytes most) {
  return scalar(
      "size, " + std::to_string(least) + " to " + std::to_string(most), member,
      [=](std::string_view value) -> tl::expected<SizeBytes, Complaint> {
        const auto size = parse_size(value, Limit::required);
        if (!size || (*size >= least && *size <= most)) return size;
        return tl::unexpected('\'' + std::string(value) + "' is not between " +
                              std::to_string(least) + " and " + std::to_string(most) + " bytes");
      },
      print_size);
}

// Host names have no case; one spelling makes them comparable.
template <class Owner>
Field host_name(std::string Owner::*member) {
  Field field = text(member);
  field.store = [member](ConfigElement& element, const Text& text) -> std::optional<FieldError> {
    std::string& name = as<Owner>(element).*member;
    name = server::lowered(text.value);
    return std::nullopt;
  };
  return field;
}

std::shared_ptr<const Element> certificate_element() {
  return element(
      {.name = "Certificate",
       .meaning = "A certificate with its key, in PEM files, whose paths are relative to the "
                  "server's folder. They are read again when they change.",
       .attributes =
           {{"certificateFile", required(path(&CertificateConfig::file)),
             "The certificate, and behind it those that signed it."},
            {"certificateKeyFile", or_else("`certificateFile`", path(&CertificateConfig::key_file)),
             "The private key. Only the server's user should be able to read it."},
            {"certificateKeyPassword", secret(text(&CertificateConfig::key_password)),
             "The key's password; write it as `${NAME}` to keep it out of the file. `margay "
             "config` "
             "shows `****`."},
            {"certificateKeyPasswordFile", path(&CertificateConfig::key_password_file),
             "A file whose first line is the key's password."},
            {"certificateChainFile", path(&CertificateConfig::chain_file),
             "Those that signed the certificate, when `certificateFile` has them not."},
            {"certificateOcspFile",
             path(&CertificateConfig::ocsp_file),
             "The DER answer of the certificate's OCSP responder, which clients are shown; "
             "something else has to keep it fresh.",
             {.name = "none"}},
            {"type",
             enumeration(&CertificateConfig::type, {{"UNDEFINED", CertificateType::undefined},
                                                    {"RSA", CertificateType::rsa},
                                                    {"EC", CertificateType::ec},
                                                    {"DSA", CertificateType::dsa}}),
             "The kind of its key. `UNDEFINED` is whatever the file has."}},
       .tomcat = "the same",
       .make = fresh<CertificateConfig>()});
}

std::shared_ptr<const Element> openssl_command_element() {
  return element({.name = "OpenSSLConfCmd",
                  .meaning = "One command as OpenSSL's SSL_CONF_cmd knows it.",
                  .attributes = {{"name", required(text(&OpenSslCommandConfig::name)),
                                  "The command, as in `Options` or `MinProtocol`."},
                                 {"value", text(&OpenSslCommandConfig::value), "Its value."}},
                  .tomcat = "the same",
                  .make = fresh<OpenSslCommandConfig>()});
}

std::shared_ptr<const Element> openssl_element() {
  return element(
      {.name = "OpenSSLConf",
       .meaning = "What OpenSSL is told beyond the attributes, in this order and after them.",
       .children = {any_number(&OpenSslConfig::commands, openssl_command_element())},
       .tomcat = "the same",
       .make = fresh<OpenSslConfig>()});
}

std::vector<Attribute> negotiation_attributes() {
  return {
      {"hostName", host_name(&SslHostConfig::host_name),
       "The name that clients ask for (SNI): exact, or `*.example.org` for every name with one "
       "more label."},
      {"protocols",
       text(&SslHostConfig::protocols),
       "Versions of TLS, joined by `+` and `-`: `TLSv1.2+TLSv1.3`, `TLSv1.3`, `all-TLSv1.2`.",
       {.fallback = "all"}},
      {"ciphers", or_else("those with forward secrecy and AEAD", text(&SslHostConfig::ciphers)),
       "Cipher suites of TLS 1.2, in OpenSSL's format."},
      {"cipherSuites", or_else("AES-128, AES-256, ChaCha20", text(&SslHostConfig::cipher_suites)),
       "Cipher suites of TLS 1.3, separated by colons."},
      {"groups", or_else("OpenSSL's", text(&SslHostConfig::groups)),
       "Groups of the key exchange in order of preference, separated by colons: `X25519:P-256`."},
      {"honorCipherOrder", boolean(&SslHostConfig::honor_cipher_order),
       "The server's order of ciphers counts instead of the client's."},
      {"disableSessionTickets", boolean(&SslHostConfig::disable_session_tickets),
       "Gives clients no tickets to resume sessions with."},
      {"sessionTimeout", seconds(&SslHostConfig::session_timeout),
       "How long a session may be resumed."},
      {"sessionCacheSize", integer(&SslHostConfig::session_cache_size, -1, 100'000'000),
       "Sessions of TLS 1.2 that are kept for clients without tickets; 0 has no limit, -1 is "
       "OpenSSL's (20,480)."},
      {"insecureRenegotiation", boolean(&SslHostConfig::insecure_renegotiation),
       "Lets clients of TLS 1.2 negotiate anew, without the protection of RFC 5746."}};
}

std::vector<Attribute> verification_attributes() {
  return {
      {"certificateVerification",
       enumeration(&SslHostConfig::verification,
                   {{"none", VerificationChoice::none},
                    {"optional", VerificationChoice::optional},
                    {"optionalNoCA", VerificationChoice::optional_no_ca},
                    {"required", VerificationChoice::required}}),
       "Whether clients show a certificate: `required` takes nobody without a good one, `optional` "
       "nobody with a bad one, `optionalNoCA` takes any, unchecked."},
      {"certificateVerificationDepth", integer(&SslHostConfig::verification_depth, 0, 100),
       "Most certificates between the client's and a trusted one."},
      {"caCertificateFile", path(&SslHostConfig::ca_file),
       "PEM file with those who may sign the certificates of clients."},
      {"caCertificatePath", path(&SslHostConfig::ca_path),
       "Folder of the same, with names as `openssl rehash` makes them."},
      {"certificateRevocationListFile", path(&SslHostConfig::crl_file),
       "PEM file with lists of certificates that were revoked."},
      {"certificateRevocationListPath", path(&SslHostConfig::crl_path),
       "Folder of the same, with names as `openssl rehash` makes them."}};
}

std::shared_ptr<const Element> ssl_host_element() {
  std::vector<Attribute> attributes = negotiation_attributes();
  for (Attribute& one : verification_attributes()) attributes.push_back(std::move(one));
  return element({.name = "SSLHostConfig",
                  .meaning = "What clients of one host name are shown. A certificate that is "
                             "replaced is shown from the next connection on.",
                  .attributes = std::move(attributes),
                  .children = {any_number(&SslHostConfig::certificates, certificate_element(), 1),
                               any_number(&SslHostConfig::openssl, openssl_element())},
                  .tomcat = "the same",
                  .make = fresh<SslHostConfig>()});
}

std::vector<Attribute> http2_limits() {
  return {
      {"className",
       required(
           enumeration(&UpgradeProtocolConfig::protocol,
                       {{"http2", UpgradeProtocolChoice::http2},
                        {"org.apache.coyote.http2.Http2Protocol", UpgradeProtocolChoice::http2}})),
       "`http2`, which Tomcat calls by the name of its class."},
      {"maxConcurrentStreams",
       integer(&UpgradeProtocolConfig::max_concurrent_streams, 1, 1'000'000),
       "Requests under way on one connection; more are refused, for the client to send again."},
      {"initialWindowSize", bytes(&UpgradeProtocolConfig::initial_window_size, 1, 2'147'483'647),
       "Bytes of a request body that a client may send ahead."},
      {"maxFrameSize",
       bytes(&UpgradeProtocolConfig::max_frame_size, 16'384, 16'777'215),
       "Longest frame that is taken.",
       {.name = "none", .fallback = "16384"}},
      {"headerTableSize",
       bytes(&UpgradeProtocolConfig::header_table_size, 0, 1'048'576),
       "Bytes of memory for the fields that a client repeats (HPACK).",
       {.name = "none", .fallback = "4096"}}};
}

std::vector<Attribute> http2_times() {
  return {
      {"keepAliveTimeout", duration(&UpgradeProtocolConfig::keep_alive_timeout, Limit::optional),
       "How long a connection without requests waits. -1 waits for ever."},
      {"readTimeout", duration(&UpgradeProtocolConfig::read_timeout, Limit::optional),
       "For the rest of a frame that has begun. -1 waits for ever."},
      {"writeTimeout", duration(&UpgradeProtocolConfig::write_timeout, Limit::optional),
       "How long a client may take nothing of what waits for it. -1 waits for ever."},
      {"streamReadTimeout", duration(&UpgradeProtocolConfig::stream_read_timeout, Limit::optional),
       "Longest silence in the middle of a request body. -1 waits for ever."},
      {"streamWriteTimeout",
       duration(&UpgradeProtocolConfig::stream_write_timeout, Limit::optional),
       "How long a client may leave one answer without room while it reads others. -1 waits for "
       "ever."},
      {"drainTimeout",
       duration(&UpgradeProtocolConfig::drain_timeout),
       "Longest time between the two goodbyes of a connection; a round trip ends it earlier.",
       {.fallback = "a round trip; its number is in nanoseconds"}}};
}

std::vector<Attribute> http2_overhead() {
  return {
      {"overheadCountFactor", integer(&UpgradeProtocolConfig::overhead_count_factor, 0, 1'000'000),
       "What a frame that brings nothing adds to the score that ends a connection; requests and "
       "their bodies lower it. 0 keeps no score."},
      {"overheadResetFactor", integer(&UpgradeProtocolConfig::overhead_reset_factor, 0, 1'000'000),
       "What a request that the client takes back adds."},
      {"overheadContinuationThreshold",
       bytes(&UpgradeProtocolConfig::overhead_continuation_threshold, 0, 16'777'215),
       "A CONTINUATION frame that is shorter adds to the score, unless it is the last."},
      {"overheadDataThreshold",
       bytes(&UpgradeProtocolConfig::overhead_data_threshold, 0, 16'777'215),
       "Frames of a body that are shorter on average add to the score."},
      {"overheadWindowUpdateThreshold",
       bytes(&UpgradeProtocolConfig::overhead_window_update_threshold, 0, 2'147'483'647),
       "Room that is granted in smaller pieces adds to the score."},
      {"maxContinuations",
       integer(&UpgradeProtocolConfig::max_continuations, 0, 10'000),
       "CONTINUATION frames of one head; more end the connection.",
       {.name = "none"}},
      {"maxQueuedAnswers",
       integer(&UpgradeProtocolConfig::max_queued_answers, 1, 1'000'000),
       "Answers to SETTINGS and PING that may wait for a client that reads nothing; more end the "
       "connection.",
       {.name = "none"}}};
}

std::shared_ptr<const Element> upgrade_protocol_element() {
  std::vector<Attribute> attributes = http2_limits();
  for (auto part : {http2_times, http2_overhead})
    for (Attribute& one : part()) attributes.push_back(std::move(one));
  return element(
      {.name = "UpgradeProtocol",
       .meaning = "Serves HTTP/2: with TLS to clients that choose it (ALPN), else to those that "
                  "begin with it (h2c by prior knowledge). Limits that are not here are those of "
                  "`<Connector>`.",
       .attributes = std::move(attributes),
       .tomcat = "the same",
       .make = fresh<UpgradeProtocolConfig>()});
}

}  // namespace

std::vector<Attribute> connector_tls_attributes() {
  return {{"SSLEnabled", boolean(&ConnectorConfig::ssl_enabled),
           "Serves TLS, with what `<SSLHostConfig>` says; requests are secure and their scheme is "
           "`https`."},
          {"defaultSSLHostConfigName", host_name(&ConnectorConfig::default_ssl_host_config_name),
           "The `hostName` of the `<SSLHostConfig>` for clients that ask for no host, or for an "
           "unknown one."},
          {"strictSni",
           boolean(&ConnectorConfig::strict_sni),
           "Answers 421 where the Host of a request belongs to another `<SSLHostConfig>` than its "
           "connection, whose rules would be got around else.",
           {.fallback = "true, with 400"}},
          {"handshakeTimeout",
           duration(&ConnectorConfig::handshake_timeout, Limit::optional),
           "For the whole TLS handshake. -1 waits for ever.",
           {.name = "connectionTimeout"}},
          {"maxHandshakes",
           integer(&ConnectorConfig::max_handshakes, 1, 1'000'000),
           "TLS handshakes under way on one loop; more wait, within their time.",
           {.name = "none"}}};
}

std::vector<Child> connector_tls_children() {
  return {any_number(&ConnectorConfig::ssl_hosts, ssl_host_element()),
          at_most_one(&ConnectorConfig::upgrade_protocol, upgrade_protocol_element())};
}

}  // namespace container
