// What <SSLHostConfig> and <UpgradeProtocol> of server.xml mean for a connector, and the
// certificates behind them.
#pragma once

#include <filesystem>
#include <memory>
#include <vector>

#include "container/config/diagnostic.h"
#include "container/config/server_config.h"
#include "server/http2/options.h"
#include "server/tls/context.h"

namespace container {

// Certificates and their like that cannot be used: a ConfigError that may pass when somebody is in
// the middle of replacing them.
class CertificateError : public ConfigError {
 public:
  using ConfigError::ConfigError;
};

// Files are relative to `base`.
server::tls::Options tls_options(const ConnectorConfig& config, const std::filesystem::path& base);
server::http2::Options http2_options(const UpgradeProtocolConfig& config);

// Reads the certificates of a connector with SSLEnabled; null for any other. Throws
// CertificateError with the place of the attribute that is to blame. `predecessor` as for
// Context::load.
std::shared_ptr<const server::tls::Context> load_tls(
    const ConnectorConfig& config, const std::filesystem::path& base,
    const server::tls::Context* predecessor = nullptr);

// The files that all connectors read, to be watched from before they are read.
std::vector<std::filesystem::path> tls_files(const ServiceConfig& service,
                                             const std::filesystem::path& base);

}  // namespace container
