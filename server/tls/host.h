// OpenSSL's context of one SSLHostConfig, made from its files. For the .cpp files of this folder.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "server/tls/context.h"
#include "server/tls/openssl.h"

namespace server::tls {

const char* suites_of(const HostOptions& options);  // of TLS 1.3

struct Context::Host {
  OwnedContext context;
  std::string groups;  // OpenSSL has no way to ask its context
  // By certificate, to be stapled; the certificates are the context's.
  std::vector<std::pair<X509*, std::vector<unsigned char>>> ocsp;

  // Reads the files of options.hosts[index] and lists them, and what they say of certificates.
  // Throws LoadError.
  static std::unique_ptr<Host> load(const HostOptions& options, std::size_t index,
                                    std::vector<std::string>& files,
                                    std::vector<Validity>& certificates);
};

}  // namespace server::tls
