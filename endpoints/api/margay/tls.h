// What was agreed on a connection that is encrypted, and whose certificate its peer has.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <margay/abi_tls.h>
#include <margay/text.h>

namespace margay {

// Views stay good as long as those of the Tls it is part of.
class Certificate {
 public:
  explicit Certificate(const margay_certificate& raw) : raw_(raw) {}

  std::string_view subject() const { return view(raw_.subject); }  // RFC 2253: "CN=Ada,O=Example"
  std::string_view issuer() const { return view(raw_.issuer); }
  std::string_view serial() const { return view(raw_.serial); }            // hexadecimal, capitals
  std::string_view fingerprint() const { return view(raw_.fingerprint); }  // SHA-256, hexadecimal
  std::chrono::sys_seconds not_before() const { return time(raw_.not_before); }
  std::chrono::sys_seconds not_after() const { return time(raw_.not_after); }
  std::string_view der() const { return view(raw_.der); }
  std::string pem() const;

 private:
  static std::chrono::sys_seconds time(std::int64_t seconds) {
    return std::chrono::sys_seconds(std::chrono::seconds(seconds));
  }

  margay_certificate raw_;
};

// A value; its views stay good as long as the exchange, or the handshake, that was asked.
class Tls {
 public:
  Tls(const margay_tls& raw, std::vector<Certificate> certificates)
      : raw_(raw), certificates_(std::move(certificates)) {}

  std::string_view protocol() const { return view(raw_.protocol); }  // "TLSv1.3"
  // "TLS_AES_128_GCM_SHA256", "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256": IANA's name.
  std::string_view cipher_suite() const { return view(raw_.cipher_suite); }
  int key_size() const { return static_cast<int>(raw_.key_size); }       // bits
  std::string_view session_id() const { return view(raw_.session_id); }  // hexadecimal; may be ""
  bool is_resumed() const { return raw_.resumed != 0; }
  // The name the client asked for (SNI), in lower case; "" for none.
  std::string_view server_name() const { return view(raw_.server_name); }

  // The client's certificate; of a WebSocketClient, the server's. Null: it was not asked for one,
  // or has none.
  const Certificate* peer() const { return certificates_.empty() ? nullptr : &certificates_[0]; }
  // It was signed by those the server trusts. Without that (optionalNoCA) its names are what
  // anybody may have written, and `distrust` says why.
  bool is_trusted() const { return peer() != nullptr && distrust().empty(); }
  std::string_view distrust() const { return view(raw_.distrust); }
  // The peer's, and behind it those that signed it, as far as the peer sent them; of a session that
  // was resumed maybe the first only.
  std::span<const Certificate> certificates() const { return certificates_; }

 private:
  margay_tls raw_;
  std::vector<Certificate> certificates_;
};

// RFC 7468.
inline std::string Certificate::pem() const {
  static constexpr char kDigits[] =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  constexpr std::size_t kLine = 48;  // bytes that make 64 digits
  const std::string_view bytes = der();
  std::string text = "-----BEGIN CERTIFICATE-----\n";
  for (std::size_t at = 0; at < bytes.size(); at += 3) {
    const std::size_t count = std::min<std::size_t>(3, bytes.size() - at);
    unsigned bits = 0;
    for (std::size_t i = 0; i < 3; ++i)
      bits = bits << 8 | (i < count ? static_cast<unsigned char>(bytes[at + i]) : 0u);
    for (std::size_t digit = 0; digit < 4; ++digit)
      text += digit <= count ? kDigits[bits >> (18 - 6 * digit) & 63] : '=';
    if ((at + 3) % kLine == 0 || at + 3 >= bytes.size()) text += '\n';
  }
  return text += "-----END CERTIFICATE-----\n";
}

namespace detail {

// `facts(margay_tls*)` and `certificate(index, margay_certificate*)` of the contract.
template <class Facts, class CertificateAt>
std::optional<Tls> tls_of(const Facts& facts, const CertificateAt& certificate) {
  margay_tls raw{};
  raw.size = sizeof raw;
  if (facts(&raw) != MARGAY_OK) return std::nullopt;
  std::vector<Certificate> certificates;
  margay_certificate one{};
  one.size = sizeof one;
  for (std::uint32_t i = 0; i < raw.certificate_count && certificate(i, &one) == MARGAY_OK; ++i)
    certificates.emplace_back(one);
  return Tls(raw, std::move(certificates));
}

}  // namespace detail
}  // namespace margay
