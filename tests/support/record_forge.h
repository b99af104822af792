// Records of TLS 1.2 that OpenSSL's client would not send, with the keys it has agreed on.
#pragma once

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>

#include "tests/support/certificates.h"

namespace tests {

// For AES-128-GCM with SHA-256 (RFC 5288), and a client that has sent its Finished and nothing
// since; it can send nothing by itself afterwards.
class RecordForge {
 public:
  static constexpr unsigned char kAlert = 21, kHandshake = 22, kData = 23;

  explicit RecordForge(SSL* ssl) {
    unsigned char master[SSL_MAX_MASTER_KEY_LENGTH];
    const std::size_t size =
        SSL_SESSION_get_master_key(SSL_get_session(ssl), master, sizeof master);
    unsigned char client[SSL3_RANDOM_SIZE], server[SSL3_RANDOM_SIZE];
    SSL_get_client_random(ssl, client, sizeof client);
    SSL_get_server_random(ssl, server, sizeof server);
    char digest[] = "SHA256";
    char label[] = "key expansion";
    const OSSL_PARAM parameters[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest, 0),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SECRET, master, size),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SEED, label, sizeof label - 1),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SEED, server, sizeof server),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SEED, client, sizeof client),
        OSSL_PARAM_construct_end()};
    const OpensslHandle<EVP_KDF, &EVP_KDF_free> kdf(EVP_KDF_fetch(nullptr, "TLS1-PRF", nullptr));
    const OpensslHandle<EVP_KDF_CTX, &EVP_KDF_CTX_free> context(EVP_KDF_CTX_new(kdf.get()));
    if (EVP_KDF_derive(context.get(), block_.data(), block_.size(), parameters) != 1)
      throw std::runtime_error("no keys for forged records");
  }

  std::string record(unsigned char type, std::string_view plain) {
    constexpr std::size_t kTag = 16;
    const std::array<unsigned char, 8> number = number_of(sequence_++);
    const std::size_t size = plain.size();
    const unsigned char about[] = {type, 3, 3, static_cast<unsigned char>(size >> 8U),
                                   static_cast<unsigned char>(size)};
    std::array<unsigned char, 12> nonce;  // the agreed part, and one that is sent
    std::copy_n(block_.begin() + kClientIv, 4, nonce.begin());
    std::copy(number.begin(), number.end(), nonce.begin() + 4);
    std::string sealed(size + kTag, '\0');
    auto* const to = reinterpret_cast<unsigned char*>(sealed.data());
    const OpensslHandle<EVP_CIPHER_CTX, &EVP_CIPHER_CTX_free> cipher(EVP_CIPHER_CTX_new());
    int done = 0;
    EVP_EncryptInit_ex(cipher.get(), EVP_aes_128_gcm(), nullptr, block_.data(), nonce.data());
    EVP_EncryptUpdate(cipher.get(), nullptr, &done, number.data(), 8);
    EVP_EncryptUpdate(cipher.get(), nullptr, &done, about, sizeof about);
    EVP_EncryptUpdate(cipher.get(), to, &done, reinterpret_cast<const unsigned char*>(plain.data()),
                      static_cast<int>(size));
    EVP_EncryptFinal_ex(cipher.get(), to + done, &done);
    EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_AEAD_GET_TAG, kTag, to + size);
    const std::size_t length = number.size() + sealed.size();
    std::string whole{static_cast<char>(type), 3, 3, static_cast<char>(length >> 8U),
                      static_cast<char>(length)};
    whole.append(reinterpret_cast<const char*>(number.data()), number.size());
    return whole + sealed;
  }

 private:
  static constexpr std::size_t kClientIv = 32;  // behind both keys

  static std::array<unsigned char, 8> number_of(std::uint64_t value) {
    std::array<unsigned char, 8> bytes;
    for (std::size_t i = 0; i < 8; ++i)
      bytes[i] = static_cast<unsigned char>(value >> (56 - 8 * i));
    return bytes;
  }

  std::array<unsigned char, 40> block_;
  std::uint64_t sequence_ = 1;  // behind Finished
};

}  // namespace tests
