// What server.xml says: plain values, read once at start and at every reload; `schema` says what
// each attribute means.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "container/config/application_config.h"
#include "container/config/config_element.h"
#include "container/config/tls_config.h"

namespace container {

struct ExecutorConfig : ConfigElement {
  std::string name;
  std::string name_prefix = "margay-exec-";
  int max_threads = 200;
  int min_spare_threads = 10;
  std::chrono::milliseconds max_idle_time{60'000};
  int max_queue_size = 10'000;
};

enum class SolidusHandling : std::uint8_t { reject, decode, passthrough };
enum class ProxyProtocol : std::uint8_t { off, optional, required };
enum class ContinueTiming : std::uint8_t { immediately, on_read };

struct ConnectorConfig : ConfigElement {
  bool enabled = true;
  // Listening.
  int port = 8080;
  std::string address;  // empty: every address
  std::string unix_domain_socket_path;
  std::string unix_domain_socket_path_permissions;  // `rw-rw-rw-`; empty: by umask
  bool use_inherited_channel = false;
  int loops = 0;  // 0: one per core
  int accept_count = 1024;
  int max_connections = 8192;  // -1: no limit
  bool tcp_no_delay = true;
  std::string executor;  // empty: a pool of its own with the defaults

  // Limits.
  SizeBytes max_http_header_size = 8192;
  int max_header_count = 100;
  SizeBytes max_trailer_size = 8192;
  SizeBytes max_extension_size = 8192;
  std::vector<std::string> allowed_trailer_headers;
  SizeBytes max_post_size = 2'097'152;
  int max_parameter_count = 1000;  // -1: no limit
  SizeBytes max_swallow_size = 2'097'152;
  int max_keep_alive_requests = -1;  // -1: no limit
  int max_pipelined_requests = 16;

  // Times.
  std::chrono::milliseconds connection_timeout{20'000};
  std::chrono::milliseconds keep_alive_timeout{
      20'000};  // follows connection_timeout when not given
  std::chrono::milliseconds connection_upload_timeout{300'000};
  SizeBytes min_upload_rate = 256;  // bytes per second; 0: not checked
  std::chrono::milliseconds write_timeout{60'000};
  std::chrono::milliseconds async_timeout{30'000};

  // Protocol.
  ContinueTiming continue_response_timing = ContinueTiming::immediately;
  bool allow_trace = false;
  SolidusHandling encoded_solidus_handling = SolidusHandling::reject;
  SolidusHandling encoded_reverse_solidus_handling = SolidusHandling::reject;
  bool allow_backslash = false;
  bool use_sendfile = true;
  std::string server;  // empty: no Server header

  // What applications see behind a proxy.
  ProxyProtocol proxy_protocol = ProxyProtocol::off;
  std::vector<std::string> proxy_protocol_trusted{
      // as internalProxies of remote-ip
      "10.0.0.0/8",  "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16", "100.64.0.0/10",
      "127.0.0.0/8", "::1",           "fe80::/10",      "fc00::/7"};
  std::string scheme = "http";
  bool secure = false;
  std::string proxy_name;
  int proxy_port = 0;       // 0: not set
  int redirect_port = 443;  // 0: there is none

  // TLS and HTTP/2.
  bool ssl_enabled = false;
  std::string default_ssl_host_config_name = "_default_";  // in lower case
  bool strict_sni = true;
  std::chrono::milliseconds handshake_timeout{20'000};
  int max_handshakes = 256;  // on each loop
  std::vector<SslHostConfig> ssl_hosts;
  std::optional<UpgradeProtocolConfig> upgrade_protocol;  // none: HTTP/1.1 only
};

struct AccessLogConfig : ConfigElement {
  bool enabled = true;
  std::string pattern = "common";
  std::string directory = "logs";
  std::string prefix = "access_log";
  std::string suffix;
  std::string file_date_format = ".yyyy-MM-dd";
  bool rotatable = true;
  bool rename_on_rotate = false;
  int max_days = -1;  // -1: kept for ever
  bool buffered = true;
  std::string condition_if;
  std::string condition_unless;
  SizeBytes queue_limit = 4'194'304;
};

struct ContextConfig : ApplicationConfig {
  std::string path;  // "" or `/a/b`
  // Relative to the host's app_base, or absolute; empty: the folder of its name there, if any.
  std::string doc_base;
};

struct HostConfig : ConfigElement {
  std::string name;
  std::string app_base = "apps";
  std::string work_dir = "work";
  bool auto_deploy = true;
  bool deploy_on_startup = true;
  std::chrono::milliseconds auto_deploy_interval{1000};
  std::chrono::milliseconds start_timeout{60'000};  // -1: none
  bool fail_if_endpoint_fails = true;
  std::vector<LocatedText> aliases;  // exact names and `*.example.org`
  std::vector<LibraryConfig> libraries;
  std::vector<FilterConfig> filters;
  std::vector<AccessLogConfig> access_logs;
  std::vector<MimeMappingConfig> mime_mappings;  // of all applications
  std::vector<ContextConfig> contexts;
  std::optional<ErrorReportConfig> error_report;
  std::optional<RealmConfig> realm;
};

struct EngineConfig : ConfigElement {
  std::string name = "Margay";
  std::string default_host = "localhost";
  std::string jvm_route;  // empty: none
  std::vector<LibraryConfig> libraries;
  std::vector<FilterConfig> filters;
  std::vector<AccessLogConfig> access_logs;
  std::vector<HostConfig> hosts;
  std::optional<RealmConfig> realm;
};

struct ServiceConfig : ConfigElement {
  std::string name = "Margay";
  std::vector<ExecutorConfig> executors;
  std::vector<ConnectorConfig> connectors;
  EngineConfig engine;
};

struct ServerConfig : ConfigElement {
  std::string pid_file;  // empty: none
  std::string control;   // path of the control socket; empty: none
  std::chrono::milliseconds drain_delay{0};
  std::chrono::milliseconds graceful_stop_await{30'000};
  std::chrono::milliseconds loop_stall_warning{100};
  std::chrono::milliseconds worker_stall_warning{5000};
  ServiceConfig service;
};

}  // namespace container
