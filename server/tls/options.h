// What a secure connector was told (Tomcat's SSLHostConfig and Certificate): plain values, checked
// by nobody yet.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace server::tls {

enum class Verification : std::uint8_t { none, optional, optional_no_ca, required };

// One certificate and its key, PEM files.
struct CertificateOptions {
  std::string certificate_file;  // the certificate, and behind it those that signed it
  std::string key_file;          // empty: in certificate_file
  std::string key_password;
  std::string key_password_file;  // its first line is the password
  std::string chain_file;         // those that signed it, when certificate_file has them not
  std::string ocsp_file;          // the responder's DER answer, stapled; empty: none
  std::string key_type;           // "RSA", "EC", "DSA": what the key must be; empty: anything
};

// The host of a certificate: what clients reach by its name in SNI.
struct HostOptions {
  std::string host_name = "_default_";           // exact or `*.domain`, in lower case
  std::vector<CertificateOptions> certificates;  // at least one; several differ in their key's type
  std::string protocols = "TLSv1.2+TLSv1.3";     // Tomcat's list: names, `all`, `+` and `-`
  std::string ciphers;                           // of TLS 1.2, OpenSSL's format; empty: ours
  std::string cipher_suites;                     // of TLS 1.3; empty: AES-128 first
  std::string groups;                            // for the key exchange; empty: OpenSSL's
  bool honor_cipher_order = true;
  bool session_tickets = true;
  std::uint64_t session_timeout = 86'400;  // s
  std::int64_t session_cache_size = -1;    // sessions of TLS 1.2 by id; -1: OpenSSL's 20,480
  bool insecure_renegotiation = false;
  Verification verification = Verification::none;
  int verification_depth = 10;
  std::string ca_file;
  std::string ca_path;
  std::string crl_file;
  std::string crl_path;
  std::vector<std::pair<std::string, std::string>> commands;  // SSL_CONF_cmd, in order
};

struct Options {
  std::vector<HostOptions> hosts;            // one of them is default_host
  std::string default_host = "_default_";    // for clients without SNI, or with an unknown one
  bool http2 = false;                        // offers h2 before http/1.1 by ALPN
  std::uint64_t handshake_timeout = 20'000;  // ms for the whole handshake
  std::size_t max_handshakes = 256;  // under way on one loop; the rest wait unread, within the time
};

}  // namespace server::tls
