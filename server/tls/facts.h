// What a TLS connection agreed on, for those who are not on its loop.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

struct ssl_st;

namespace server::tls {

struct PeerCertificate {
  std::string der;
  std::string subject;  // RFC 2253
  std::string issuer;
  std::string serial;                   // hexadecimal
  std::string fingerprint;              // SHA-256, hexadecimal
  std::chrono::sys_seconds not_before;  // nanoseconds end in 2262, certificates in 9999
  std::chrono::sys_seconds not_after;
};

// Constant once it is made; any thread.
struct Facts {
  std::string_view protocol;      // "TLSv1.3"
  std::string_view cipher_suite;  // IANA's name: "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"
  std::string_view cipher;        // OpenSSL's: "ECDHE-RSA-AES128-GCM-SHA256"
  int key_size = 0;               // bits of the cipher's key
  bool resumed = false;
  std::string session_id;   // hexadecimal; empty where there is none
  std::string server_name;  // SNI, lower case; empty: none
  // The peer's certificate, then what it sent of those that signed it; a resumed session may have
  // kept the first only. Empty: none was asked for or sent.
  std::vector<PeerCertificate> certificates;
  // Why OpenSSL does not trust the first of them, which was taken all the same (optionalNoCA).
  // Empty: it does, or there is none.
  std::string_view distrust;
};

// Behind the handshake. Reads certificates only when there are some.
Facts read_facts(ssl_st& ssl, std::string_view server_name);

std::string pem_of(const PeerCertificate& certificate);  // RFC 7468

}  // namespace server::tls
