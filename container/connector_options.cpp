// What <Connector> and <Executor> of server.xml mean for connector, entrance and pool.
#include "container/connector_options.h"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <stdexcept>
#include <thread>

#include "container/tls_options.h"

namespace container {

namespace {

std::uint64_t milliseconds(std::chrono::milliseconds value) {
  return static_cast<std::uint64_t>(value.count());
}

server::http1::Options http1_options(const ConnectorConfig& config) {
  server::http1::Options options;
  options.head = {.bytes = config.max_http_header_size,
                  .fields = static_cast<std::size_t>(config.max_header_count)};
  options.chunks = {.extension_bytes = config.max_extension_size,
                    .trailer_bytes = config.max_trailer_size,
                    .trailers = config.allowed_trailer_headers};
  options.rules.allow_trace = config.allow_trace;
  options.exchange.write_timeout = config.write_timeout;
  options.exchange.async_timeout = config.async_timeout;
  options.connection_timeout = milliseconds(config.connection_timeout);
  options.upload_timeout = milliseconds(config.connection_upload_timeout);
  options.keep_alive_timeout = milliseconds(config.keep_alive_timeout);
  options.write_timeout = milliseconds(config.write_timeout);
  options.min_upload_rate = config.min_upload_rate;
  options.max_swallow = config.max_swallow_size;
  options.max_keep_alive_requests = config.max_keep_alive_requests;
  options.max_pipelined = static_cast<std::uint32_t>(config.max_pipelined_requests);
  options.continue_on_read = config.continue_response_timing == ContinueTiming::on_read;
  options.use_sendfile = config.use_sendfile;
  options.server = config.server;
  return options;
}

std::optional<server::ProxyProtocolOptions> proxy_protocol(const ConnectorConfig& config) {
  if (config.proxy_protocol == ProxyProtocol::off) return std::nullopt;
  server::ProxyProtocolOptions options;
  options.may_be_absent = config.proxy_protocol == ProxyProtocol::optional;
  for (const std::string& one : config.proxy_protocol_trusted)
    options.trusted.push_back(server::AddressBlock::parse(one).value());
  return options;
}

TargetRules target_rules(const ConnectorConfig& config) {
  const auto separator = [](SolidusHandling handling) {
    switch (handling) {
      case SolidusHandling::decode:
        return EncodedSeparator::decode;
      case SolidusHandling::passthrough:
        return EncodedSeparator::passthrough;
      case SolidusHandling::reject:
        break;
    }
    return EncodedSeparator::reject;
  };
  TargetRules rules;
  rules.encoded_solidus = separator(config.encoded_solidus_handling);
  rules.encoded_reverse_solidus = separator(config.encoded_reverse_solidus_handling);
  rules.allow_backslash = config.allow_backslash;
  return rules;
}

}  // namespace

server::ConnectorOptions connector_options(const ConnectorConfig& config, int inherited) {
  server::ConnectorOptions options;
  options.address = config.address;
  options.port = static_cast<std::uint16_t>(config.port);
  options.unix_domain_socket = config.unix_domain_socket_path;
  options.unix_domain_socket_permissions = config.unix_domain_socket_path_permissions;
  options.inherited_descriptor = inherited;
  options.accept_count = config.accept_count;
  options.max_connections = config.max_connections;
  options.tcp_no_delay = config.tcp_no_delay;
  options.proxy_protocol = proxy_protocol(config);
  options.http1 = http1_options(config);
  if (config.upgrade_protocol) options.http2 = http2_options(*config.upgrade_protocol);
  return options;
}

EntranceRules entrance_rules(const ConnectorConfig& config) {
  EntranceRules rules;
  rules.target = target_rules(config);
  if (find_origin(config, "scheme") != nullptr) rules.scheme = config.scheme;
  if (config.secure) rules.scheme = "https";
  rules.proxy_name = config.proxy_name;
  rules.proxy_port = static_cast<std::uint16_t>(config.proxy_port);
  rules.strict_sni = config.strict_sni;
  rules.redirect_port = static_cast<std::uint16_t>(config.redirect_port);
  rules.body_limit = static_cast<std::size_t>(config.max_post_size);
  rules.max_parameters = std::to_string(config.max_parameter_count);
  return rules;
}

server::WorkersOptions workers_options(const ExecutorConfig& config) {
  return {.name_prefix = config.name_prefix,
          .max_threads = static_cast<std::size_t>(config.max_threads),
          .min_spare_threads = static_cast<std::size_t>(config.min_spare_threads),
          .max_idle_time = config.max_idle_time,
          .max_queue_size = static_cast<std::size_t>(config.max_queue_size)};
}

std::size_t loops_of(const ConnectorConfig& config) {
  return config.loops > 0 ? static_cast<std::size_t>(config.loops)
                          : std::max(1u, std::thread::hardware_concurrency());
}

// Descriptors from 3 on belong to us when LISTEN_PID says so.
int inherited_descriptor(int number) {
  const char* pid = ::getenv("LISTEN_PID");
  const char* count = ::getenv("LISTEN_FDS");
  if (pid == nullptr || count == nullptr || std::atol(pid) != ::getpid() ||
      std::atoi(count) <= number)
    throw std::runtime_error(
        "useInheritedChannel is set, but no listening socket was handed over (LISTEN_FDS)");
  return 3 + number;
}

}  // namespace container
