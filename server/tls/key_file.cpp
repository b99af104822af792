// A private key out of its file.
#include "server/tls/key_file.h"

#include <openssl/pem.h>

#include <cstring>

namespace server::tls {

namespace {

struct Password {
  std::string_view text;
  bool asked = false;

  static int give(char* into, int size, int, void* self) {
    auto& its = *static_cast<Password*>(self);
    its.asked = true;
    if (its.text.empty() || its.text.size() > static_cast<std::size_t>(size)) return -1;
    std::memcpy(into, its.text.data(), its.text.size());
    return static_cast<int>(its.text.size());
  }
};

}  // namespace

ReadKey read_key(const std::string& file, std::string_view password) {
  Password given{password};
  const OwnedBio bio(BIO_new_file(file.c_str(), "r"));
  OwnedKey key(bio == nullptr
                   ? nullptr
                   : PEM_read_bio_PrivateKey(bio.get(), nullptr, &Password::give, &given));
  return {std::move(key), given.asked};
}

}  // namespace server::tls
