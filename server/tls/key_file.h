// A private key out of its file. For the .cpp files of this folder.
#pragma once

#include <string>
#include <string_view>

#include "server/tls/openssl.h"

namespace server::tls {

struct ReadKey {
  OwnedKey key;            // null: error_text() says why
  bool encrypted = false;  // a password was asked for
};

// PEM. An empty password opens nothing that is encrypted.
ReadKey read_key(const std::string& file, std::string_view password);

}  // namespace server::tls
