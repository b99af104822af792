// What a client of TLS trusts and shows: loaded once for all its connections.
#pragma once

#include <compare>
#include <memory>
#include <string>

#include <tl/expected.hpp>

#include "server/tls/channel.h"

struct ssl_ctx_st;

namespace server::tls {

// All files are PEM.
struct ClientOptions {
  std::string ca_file;           // who may sign servers' certificates; empty: as the system has it
  std::string certificate_file;  // with those that signed it, for servers that ask; empty: none
  std::string key_file;          // empty: in certificate_file
  std::string key_password;
  bool verify = true;  // false: anybody may pose as the server; for tests

  auto operator<=>(const ClientOptions&) const = default;
};

// What comes to light about one server while hands are shaken.
struct Findings {
  std::string host;                // who it should be
  std::string objection;           // a sentence on its certificate; empty: it is good
  bool wants_certificate = false;  // it asked for one, and there is none to show
};

// Immutable; any thread; shared by the loops. Speaks TLS 1.2 and 1.3, offers http/1.1 by ALPN.
class ClientContext {
 public:
  // Reads all files. The unexpected is a sentence that names the file.
  static tl::expected<std::shared_ptr<const ClientContext>, std::string> load(
      const ClientOptions& options);
  ~ClientContext();
  ClientContext(const ClientContext&) = delete;
  ClientContext& operator=(const ClientContext&) = delete;

  // A new connection's, before its handshake, which `findings` and this must outlive; their host is
  // a name or an address. Null: no memory.
  SslPointer connect(Findings& findings) const;

 private:
  class Callbacks;
  struct FreeContext {
    void operator()(ssl_ctx_st* context) const;
  };
  explicit ClientContext(const ClientOptions& options);
  std::string load_files();     // why not; empty: done
  std::string trusted() const;  // "what this system trusts"

  const ClientOptions options_;
  std::unique_ptr<ssl_ctx_st, FreeContext> context_;
};

}  // namespace server::tls
