// The certificates and rules of one secure connector, loaded and checked.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "server/tls/channel.h"
#include "server/tls/options.h"
#include "server/tls/ticket_keys.h"

namespace server::tls {

// Says which setting is wrong, so that the reader of a configuration can point at it.
class LoadError : public std::runtime_error {
 public:
  LoadError(std::size_t its_host, std::optional<std::size_t> its_certificate,
            const char* its_setting, const std::string& reason)
      : std::runtime_error(reason),
        host(its_host),
        certificate(its_certificate),
        setting(its_setting) {}

  std::size_t host;                        // in Options::hosts
  std::optional<std::size_t> certificate;  // in its certificates
  const char* setting;                     // Tomcat's attribute: "certificateKeyFile"
};

// Immutable; shared by all loops and by the connections that were opened with it.
class Context {
 public:
  // Reads all files. Throws LoadError. `predecessor`, when there is one, gives its ticket keys on,
  // so that clients can resume sessions over a change of certificates.
  static std::shared_ptr<const Context> load(const Options& options,
                                             const Context* predecessor = nullptr);
  ~Context();

  const Options& options() const { return options_; }

  struct Validity {
    std::string host_name;
    std::string file;
    std::string subject;                  // RFC 2253
    std::string key_type;                 // "RSA 2048", "EC prime256v1"
    std::chrono::sys_seconds not_before;  // nanoseconds end in 2262, certificates in 9999
    std::chrono::sys_seconds not_after;
  };
  const std::vector<Validity>& certificates() const { return certificates_; }

  // All files that were read, to be watched for changes.
  const std::vector<std::string>& files() const { return files_; }

  // The host (in options().hosts) that `name` belongs to, of SNI or of a Host field without port,
  // in any case: the exact name, else `*.` and what follows its first label, else the default.
  std::size_t host_of(std::string_view name) const;

  // A new connection's, before its handshake; this must outlive that. Null: no memory.
  SslPointer accept() const;

 private:
  class Callbacks;
  friend class Callbacks;
  struct Host;
  explicit Context(const Options& options);

  const Options options_;
  std::vector<Validity> certificates_;
  std::vector<std::string> files_;
  std::vector<std::unique_ptr<Host>> hosts_;  // as in the options
  std::size_t default_ = 0;
  std::shared_ptr<TicketKeys> ticket_keys_;
};

}  // namespace server::tls
