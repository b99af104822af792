// What <SSLHostConfig> and <UpgradeProtocol> of server.xml mean for a connector, and the
// certificates behind them.
#include "container/tls_options.h"

#include <string>

namespace container {

namespace {

namespace fs = std::filesystem;
namespace tls = server::tls;

std::string resolved(const std::string& path, const fs::path& base) {
  return path.empty() ? path : (base / path).lexically_normal().string();
}

tls::Verification verification(VerificationChoice choice) {
  switch (choice) {
    case VerificationChoice::optional:
      return tls::Verification::optional;
    case VerificationChoice::optional_no_ca:
      return tls::Verification::optional_no_ca;
    case VerificationChoice::required:
      return tls::Verification::required;
    case VerificationChoice::none:
      break;
  }
  return tls::Verification::none;
}

tls::CertificateOptions certificate_options(const CertificateConfig& config, const fs::path& base) {
  tls::CertificateOptions options;
  options.certificate_file = resolved(config.file, base);
  options.key_file = resolved(config.key_file, base);
  options.key_password = config.key_password;
  options.key_password_file = resolved(config.key_password_file, base);
  options.chain_file = resolved(config.chain_file, base);
  options.ocsp_file = resolved(config.ocsp_file, base);
  switch (config.type) {
    case CertificateType::rsa:
      options.key_type = "RSA";
      break;
    case CertificateType::ec:
      options.key_type = "EC";
      break;
    case CertificateType::dsa:
      options.key_type = "DSA";
      break;
    case CertificateType::undefined:
      break;
  }
  return options;
}

tls::HostOptions host_options(const SslHostConfig& config, const fs::path& base) {
  tls::HostOptions options;
  options.host_name = config.host_name;
  for (const CertificateConfig& one : config.certificates)
    options.certificates.push_back(certificate_options(one, base));
  options.protocols = config.protocols;
  options.ciphers = config.ciphers;
  options.cipher_suites = config.cipher_suites;
  options.groups = config.groups;
  options.honor_cipher_order = config.honor_cipher_order;
  options.session_tickets = !config.disable_session_tickets;
  options.session_timeout = static_cast<std::uint64_t>(config.session_timeout.count() / 1000);
  options.session_cache_size = config.session_cache_size;
  options.insecure_renegotiation = config.insecure_renegotiation;
  options.verification = verification(config.verification);
  options.verification_depth = config.verification_depth;
  options.ca_file = resolved(config.ca_file, base);
  options.ca_path = resolved(config.ca_path, base);
  options.crl_file = resolved(config.crl_file, base);
  options.crl_path = resolved(config.crl_path, base);
  for (const OpenSslConfig& block : config.openssl)
    for (const OpenSslCommandConfig& one : block.commands)
      options.commands.emplace_back(one.name, one.value);
  return options;
}

// Where to point for what Context::load says.
SourcePosition place_of(const ConnectorConfig& config, const tls::LoadError& error) {
  if (error.host >= config.ssl_hosts.size()) return config.position;
  const SslHostConfig& host = config.ssl_hosts[error.host];
  if (!error.certificate || *error.certificate >= host.certificates.size())
    return position_of(host, error.setting);
  return position_of(host.certificates[*error.certificate], error.setting);
}

}  // namespace

tls::Options tls_options(const ConnectorConfig& config, const fs::path& base) {
  tls::Options options;
  for (const SslHostConfig& host : config.ssl_hosts)
    options.hosts.push_back(host_options(host, base));
  options.default_host = config.default_ssl_host_config_name;
  options.http2 = config.upgrade_protocol.has_value();
  options.handshake_timeout = static_cast<std::uint64_t>(config.handshake_timeout.count());
  options.max_handshakes = static_cast<std::size_t>(config.max_handshakes);
  return options;
}

server::http2::Options http2_options(const UpgradeProtocolConfig& config) {
  const auto number = [](auto value) { return static_cast<std::uint32_t>(value); };
  const auto time = [](std::chrono::milliseconds value) {
    return static_cast<std::uint64_t>(value.count());
  };
  server::http2::Options options;
  options.max_concurrent_streams = number(config.max_concurrent_streams);
  options.initial_window_size = number(config.initial_window_size);
  options.max_frame_size = number(config.max_frame_size);
  options.header_table_size = number(config.header_table_size);
  options.keep_alive_timeout = time(config.keep_alive_timeout);
  options.read_timeout = time(config.read_timeout);
  options.write_timeout = time(config.write_timeout);
  options.stream_read_timeout = time(config.stream_read_timeout);
  options.stream_write_timeout = time(config.stream_write_timeout);
  options.drain_timeout = time(config.drain_timeout);
  options.overhead_count_factor = number(config.overhead_count_factor);
  options.overhead_reset_factor = number(config.overhead_reset_factor);
  options.overhead_continuation_threshold = number(config.overhead_continuation_threshold);
  options.overhead_data_threshold = number(config.overhead_data_threshold);
  options.overhead_window_update_threshold = number(config.overhead_window_update_threshold);
  options.max_continuations = number(config.max_continuations);
  options.max_queued_answers = number(config.max_queued_answers);
  return options;
}

std::shared_ptr<const tls::Context> load_tls(const ConnectorConfig& config, const fs::path& base,
                                             const tls::Context* predecessor) {
  if (!config.ssl_enabled) return nullptr;
  try {
    return tls::Context::load(tls_options(config, base), predecessor);
  } catch (const tls::LoadError& error) {
    Diagnostic diagnostic;
    diagnostic.position = place_of(config, error);
    diagnostic.message = std::string("'") + error.setting + "': " + error.what();
    throw CertificateError({diagnostic});
  }
}

std::vector<fs::path> tls_files(const ServiceConfig& service, const fs::path& base) {
  std::vector<fs::path> files;
  const auto add = [&](const std::string& file) {
    if (!file.empty()) files.emplace_back(file);
  };
  for (const ConnectorConfig& connector : service.connectors) {
    if (!connector.ssl_enabled) continue;
    for (const tls::HostOptions& host : tls_options(connector, base).hosts) {
      add(host.ca_file);
      add(host.crl_file);
      for (const tls::CertificateOptions& one : host.certificates)
        for (const std::string* file : {&one.certificate_file, &one.key_file,
                                        &one.key_password_file, &one.chain_file, &one.ocsp_file})
          add(*file);
    }
  }
  return files;
}

}  // namespace container
