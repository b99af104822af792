// What a TLS connection agreed on, for those who are not on its loop.
#include "server/tls/facts.h"

#include <algorithm>
#include <span>

#include "server/tls/openssl.h"

namespace server::tls {

namespace {

std::string hexadecimal(std::span<const unsigned char> bytes) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  for (const unsigned char byte : bytes) {
    text += kDigits[byte >> 4];
    text += kDigits[byte & 15];
  }
  return text;
}

std::string der_of(const X509* certificate) {
  unsigned char* bytes = nullptr;
  const int size = i2d_X509(certificate, &bytes);
  std::string der(reinterpret_cast<const char*>(bytes),
                  static_cast<std::size_t>(std::max(size, 0)));
  OPENSSL_free(bytes);
  return der;
}

std::string serial_of(const X509* certificate) {
  const Owned<BIGNUM, &BN_free> number(
      ASN1_INTEGER_to_BN(X509_get0_serialNumber(certificate), nullptr));
  char* const digits = BN_bn2hex(number.get());
  std::string text(digits);
  OPENSSL_free(digits);
  return text;
}

PeerCertificate read(const X509* certificate) {
  PeerCertificate read;
  read.der = der_of(certificate);
  read.subject = name_text(X509_get_subject_name(certificate));
  read.issuer = name_text(X509_get_issuer_name(certificate));
  read.serial = serial_of(certificate);
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  X509_digest(certificate, EVP_sha256(), digest, &size);
  read.fingerprint = hexadecimal({digest, size});
  read.not_before = time_of(X509_get0_notBefore(certificate));
  read.not_after = time_of(X509_get0_notAfter(certificate));
  return read;
}

}  // namespace

Facts read_facts(ssl_st& ssl, std::string_view server_name) {
  Facts facts;
  facts.protocol = SSL_get_version(&ssl);
  facts.cipher = SSL_get_cipher_name(&ssl);
  facts.cipher_suite = SSL_CIPHER_standard_name(SSL_get_current_cipher(&ssl));
  facts.key_size = SSL_get_cipher_bits(&ssl, nullptr);
  facts.resumed = SSL_session_reused(&ssl) == 1;
  unsigned size = 0;
  const unsigned char* const id = SSL_SESSION_get_id(SSL_get_session(&ssl), &size);
  facts.session_id = hexadecimal({id, size});
  facts.server_name = server_name;
  const X509* const own = SSL_get0_peer_certificate(&ssl);
  if (own == nullptr) return facts;
  facts.certificates.push_back(read(own));
  // A server's chain begins with its own certificate, a client's does not.
  const STACK_OF(X509)* const chain = SSL_get_peer_cert_chain(&ssl);
  for (int i = 0; i < sk_X509_num(chain); ++i)
    if (const X509* const one = sk_X509_value(chain, i); X509_cmp(one, own) != 0)
      facts.certificates.push_back(read(one));
  if (const long result = SSL_get_verify_result(&ssl); result != X509_V_OK)
    facts.distrust = X509_verify_cert_error_string(result);
  return facts;
}

std::string pem_of(const PeerCertificate& certificate) {
  constexpr std::size_t kLine = 48;  // bytes that make 64 characters
  std::string pem = "-----BEGIN CERTIFICATE-----\n";
  std::string_view rest = certificate.der;
  while (!rest.empty()) {
    const std::string_view piece = rest.substr(0, kLine);
    rest.remove_prefix(piece.size());
    unsigned char line[65];
    const int size = EVP_EncodeBlock(line, reinterpret_cast<const unsigned char*>(piece.data()),
                                     static_cast<int>(piece.size()));
    pem.append(reinterpret_cast<const char*>(line), static_cast<std::size_t>(size)) += '\n';
  }
  return pem += "-----END CERTIFICATE-----\n";
}

}  // namespace server::tls
