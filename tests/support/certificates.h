// Keys, certificates and revocation lists for tests, made anew, in files that go with their owner.
#pragma once

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "server/tls/options.h"

namespace tests {

template <auto Free>
struct FreeOpenssl {
  template <class T>
  void operator()(T* handle) const {
    Free(handle);
  }
};
template <class T, auto Free>
using OpensslHandle = std::unique_ptr<T, FreeOpenssl<Free>>;

using Key = OpensslHandle<EVP_PKEY, &EVP_PKEY_free>;
using Certificate = OpensslHandle<X509, &X509_free>;

// A certificate with its key, in memory and in two files.
struct Identity {
  Key key;
  Certificate certificate;
  std::string key_file;
  std::string certificate_file;

  server::tls::CertificateOptions options() const {
    server::tls::CertificateOptions options;
    options.certificate_file = certificate_file;
    options.key_file = key_file;
    return options;
  }
};

class Certificates {
 public:
  enum class Kind { ec, rsa };
  struct Wish {
    std::string name;  // the subject's, and the one host it is for, an IPv4 address maybe
    const Identity* issuer;
    Kind kind;
    bool authority;
    long from_day, to_day;  // from now
    std::string password;   // of the key's file
  };
  static Wish wish(const std::string& name, const Identity* issuer = nullptr,
                   Kind kind = Kind::ec) {
    return {name, issuer, kind, false, -1, 30, ""};
  }

  Certificates() {
    static int number = 0;
    folder_ = std::filesystem::temp_directory_path() /
              ("margay-tls-test-" + std::to_string(::getpid()) + "-" + std::to_string(++number));
    std::filesystem::create_directories(folder_);
  }
  ~Certificates() { std::filesystem::remove_all(folder_); }
  Certificates(const Certificates&) = delete;
  Certificates& operator=(const Certificates&) = delete;

  std::string path(const std::string& name) const { return (folder_ / name).string(); }
  std::string write(const std::string& name, const std::string& text) const {
    std::ofstream(path(name), std::ios::binary) << text;
    return path(name);
  }
  static std::string text_of(const std::string& file) {
    std::ifstream in(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }

  Identity make(const Wish& wish) {
    const std::string stem = std::to_string(++made_);
    Identity made{fresh_key(wish.kind), Certificate(X509_new()), path(stem + ".key"),
                  path(stem + ".pem")};
    const Identity& issuer = wish.issuer != nullptr ? *wish.issuer : made;
    fill(made, issuer, wish);
    sign(X509_sign(made.certificate.get(), issuer.key.get(), EVP_sha256()));
    const File certificate(made.certificate_file);
    PEM_write_bio_X509(certificate.bio.get(), made.certificate.get());
    const File key(made.key_file);
    const auto* password = reinterpret_cast<const unsigned char*>(wish.password.data());
    PEM_write_bio_PrivateKey(key.bio.get(), made.key.get(),
                             wish.password.empty() ? nullptr : EVP_aes_128_cbc(),
                             wish.password.empty() ? nullptr : password,
                             static_cast<int>(wish.password.size()), nullptr, nullptr);
    return made;
  }
  Identity make(const std::string& name, const Identity* issuer = nullptr, Kind kind = Kind::ec) {
    return make(wish(name, issuer, kind));
  }
  Identity make_authority(const std::string& name) {
    Wish its = wish(name);
    its.authority = true;
    return make(its);
  }

  // A file of what `issuer` has revoked.
  std::string revoke(const Identity& issuer, const std::vector<const Identity*>& revoked) {
    const OpensslHandle<X509_CRL, &X509_CRL_free> list(X509_CRL_new());
    X509_CRL_set_version(list.get(), 1);
    X509_CRL_set_issuer_name(list.get(), X509_get_subject_name(issuer.certificate.get()));
    const Moment last(-1), next(30);
    X509_CRL_set1_lastUpdate(list.get(), last.time.get());
    X509_CRL_set1_nextUpdate(list.get(), next.time.get());
    for (const Identity* one : revoked) {
      X509_REVOKED* const entry = X509_REVOKED_new();
      X509_REVOKED_set_serialNumber(entry, X509_get_serialNumber(one->certificate.get()));
      X509_REVOKED_set_revocationDate(entry, last.time.get());
      X509_CRL_add0_revoked(list.get(), entry);
    }
    sign(X509_CRL_sign(list.get(), issuer.key.get(), EVP_sha256()));
    std::string name = path(std::to_string(++made_) + ".crl");
    PEM_write_bio_X509_CRL(File(name).bio.get(), list.get());
    return name;
  }

 private:
  struct File {
    explicit File(const std::string& name) : bio(BIO_new_file(name.c_str(), "w")) {
      if (bio == nullptr) throw std::runtime_error("cannot write " + name);
    }
    OpensslHandle<BIO, &BIO_free> bio;
  };
  struct Moment {
    explicit Moment(long days)
        : time(X509_time_adj_ex(nullptr, static_cast<int>(days), 0, nullptr)) {}
    OpensslHandle<ASN1_TIME, &ASN1_TIME_free> time;
  };

  static void sign(int size) {
    if (size <= 0) throw std::runtime_error("OpenSSL does not sign");
  }
  static Key fresh_key(Kind kind) {
    Key key(kind == Kind::rsa ? EVP_RSA_gen(2048) : EVP_EC_gen("P-256"));
    if (key == nullptr) throw std::runtime_error("OpenSSL makes no key");
    return key;
  }
  void fill(const Identity& made, const Identity& issuer, const Wish& wish) {
    X509* const its = made.certificate.get();
    X509_set_version(its, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(its), 1000 + made_);
    const Moment from(wish.from_day), to(wish.to_day);
    X509_set1_notBefore(its, from.time.get());
    X509_set1_notAfter(its, to.time.get());
    X509_NAME_add_entry_by_txt(X509_get_subject_name(its), "CN", MBSTRING_UTF8,
                               reinterpret_cast<const unsigned char*>(wish.name.c_str()), -1, -1,
                               0);
    X509_set_issuer_name(its, X509_get_subject_name(issuer.certificate.get()));
    X509_set_pubkey(its, made.key.get());
    add(its, NID_basic_constraints, wish.authority ? "critical,CA:TRUE" : "CA:FALSE");
    const bool address = wish.name.find_first_not_of("0123456789.") == wish.name.npos;
    if (!wish.authority) add(its, NID_subject_alt_name, (address ? "IP:" : "DNS:") + wish.name);
  }
  static void add(X509* to, int what, const std::string& text) {
    X509_EXTENSION* const extension = X509V3_EXT_conf_nid(nullptr, nullptr, what, text.c_str());
    X509_add_ext(to, extension, -1);
    X509_EXTENSION_free(extension);
  }

  std::filesystem::path folder_;
  int made_ = 0;
};

}  // namespace tests
