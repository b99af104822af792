// OpenSSL's handles as owners, its errors, names and times as ours. For the .cpp files of this
// folder only.
#pragma once

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <chrono>
#include <memory>
#include <string>

namespace server::tls {

template <auto Free>
struct Freed {
  template <class T>
  void operator()(T* handle) const {
    Free(handle);
  }
};
template <class T, auto Free>
using Owned = std::unique_ptr<T, Freed<Free>>;

using OwnedBio = Owned<BIO, &BIO_free>;
using OwnedContext = Owned<SSL_CTX, &SSL_CTX_free>;
using OwnedKey = Owned<EVP_PKEY, &EVP_PKEY_free>;
using OwnedSsl = Owned<SSL, &SSL_free>;
using OwnedCertificate = Owned<X509, &X509_free>;

// The oldest reason in this thread's queue, which is emptied: "no start line".
std::string error_text();

std::string name_text(const X509_NAME* name);  // RFC 2253

std::chrono::sys_seconds time_of(const ASN1_TIME* time);

}  // namespace server::tls
