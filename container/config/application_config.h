// What app.xml, or <Context> in server.xml, says about one application. Plain values, read once by
// the deployer; `schema` says what each attribute means.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "container/config/config_element.h"
#include "container/config/error_policy.h"
#include "container/config/origin_rules.h"
#include "container/config/security_config.h"

namespace container {

enum class UnloadPolicy : std::uint8_t { automatic, never };

struct LibraryConfig : ConfigElement {
  std::string name;  // never empty once read
  std::string file;  // relative to the application's folder, without `..`
  UnloadPolicy unload = UnloadPolicy::automatic;
};

enum class DispatchChoice : std::uint8_t { declared, worker };

// When the instance of an element is created among its like: in this order, then in that of the
// document. -1: behind all that have a number.
struct StartOrder : ConfigElement {
  int load_on_startup = -1;
};

struct EndpointConfig : StartOrder {
  std::string name;     // never empty once read
  std::string type;     // never empty once read
  std::string library;  // empty: whichever library, or the server itself, has the type
  std::vector<LocatedText> paths;
  DispatchChoice dispatch = DispatchChoice::declared;
  std::optional<SizeBytes> max_body;  // unset: the connector's max_post_size
  bool synchronize_on_session = false;
  std::vector<ParameterConfig> parameters;
};

struct InterceptorConfig : ConfigElement {
  std::string name;     // never empty once read
  std::string type;     // never empty once read
  std::string library;  // as for EndpointConfig
  std::vector<ParameterConfig> parameters;
};

enum class OverflowChoice : std::uint8_t { refuse, drop_oldest, drop_newest, close };
enum class WebSocketCompression : std::uint8_t { off, pooled, dedicated };

// The reasons for the defaults are in server/websocket/options.h. Times: 0 is never.
struct WebSocketConfig : StartOrder {
  std::string name;     // never empty once read
  std::string type;     // never empty once read
  std::string library;  // as for EndpointConfig
  std::vector<LocatedText> paths;
  DispatchChoice dispatch = DispatchChoice::declared;

  OriginRules origins_allowed;  // attribute `origins`, a name that every element has already
  std::vector<std::string> subprotocols;  // empty: the type's
  bool require_subprotocol = false;
  int max_sessions = -1;

  SizeBytes max_text = 64 * 1024;
  SizeBytes max_binary = 64 * 1024;
  std::optional<SizeBytes> max_frame;  // unset: the larger of both
  std::chrono::milliseconds ping_interval{25'000};
  std::chrono::milliseconds pong_timeout{20'000};
  std::chrono::milliseconds max_idle_timeout{0};
  std::chrono::milliseconds open_timeout{0};
  std::chrono::milliseconds session_close_timeout{10'000};
  std::chrono::milliseconds send_timeout{20'000};
  std::chrono::milliseconds drain_timeout{10'000};

  SizeBytes send_queue_size = 1024 * 1024;
  int send_queue_messages = 1000;
  OverflowChoice overflow = OverflowChoice::refuse;
  int inbound_queue_messages = 16;

  WebSocketCompression compression = WebSocketCompression::off;
  SizeBytes compression_min_size = 1024;
  int compression_level = 3;
  int server_max_window_bits = 15;
  int client_max_window_bits = 15;

  std::vector<InterceptorConfig> interceptors;  // in the order of the document
  std::vector<ParameterConfig> parameters;
};

enum class Dispatcher : std::uint8_t { request, forward, include, error, async };

// Which requests a filter sees. Both lists may be filled; both empty: none.
struct FilterScope : StartOrder {
  std::vector<LocatedText> paths;
  std::vector<std::string> endpoints;
  std::vector<Dispatcher> dispatchers = {Dispatcher::request};
};

struct FilterConfig : FilterScope {
  std::string name;     // never empty once read
  std::string type;     // never empty once read
  std::string library;  // as for EndpointConfig
  std::vector<ParameterConfig> parameters;
};

struct FilterMappingConfig : FilterScope {
  std::string filter;
};

// The order of filters is the order of the document, over <Filter path> and <FilterMapping> alike.
struct FilterUse {
  const std::string* filter;
  const FilterScope* scope;
};

struct ListenerConfig : ConfigElement {
  std::string name;     // never empty once read
  std::string type;     // never empty once read
  std::string library;  // as for EndpointConfig
  std::vector<ParameterConfig> parameters;
};

struct ErrorPageConfig : ConfigElement {
  int status = 0;  // 0: every status without a page of its own
  std::string exception_type;
  std::string location;
};

struct ErrorReportConfig : ConfigElement {
  bool show_server_info = false;
  bool include_exception = false;
  IncludeMessage include_message = IncludeMessage::sent;
  IncludeChoice include_stacktrace = IncludeChoice::never;
  IncludeChoice include_binding_errors = IncludeChoice::never;
  IncludeChoice include_path = IncludeChoice::always;
  std::string views;  // of a host: a folder, relative to the server's base; empty: none

  ErrorPolicy policy() const {
    return {show_server_info,   include_exception,      include_message,
            include_stacktrace, include_binding_errors, include_path};
  }
};

// Of files whose name ends with '.' and this.
struct MimeMappingConfig : ConfigElement {
  std::string extension;  // without the dot
  std::string type;
};

enum class SameSiteChoice : std::uint8_t { unset, none, lax, strict };

// The reasons for the defaults are in container/session_rules.h.
struct ManagerConfig : ConfigElement {
  std::chrono::milliseconds session_timeout{1'800'000};  // 0 or less: never
  int max_active_sessions = -1;                          // -1: no limit
  int session_id_length = 16;                            // bytes
  int max_attributes = 128;                              // of one session
  SizeBytes max_session_size = 64 * 1024;                // the same, names and values
  bool synchronize_on_session = false;
  int max_waiting = 32;  // for their turn with one session

  bool cookies = true;
  std::string session_cookie_name = "JSESSIONID";
  std::string session_cookie_path;  // empty: the context path
  std::string session_cookie_domain;
  bool use_http_only = true;
  bool use_partitioned = false;
  SameSiteChoice same_site_cookies = SameSiteChoice::lax;

  std::string pathname;  // relative to the server's base; empty: nothing is kept
  bool save_on_restart = true;
  std::chrono::milliseconds save_interval{60'000};  // 0: when the server stops only
};

struct ApplicationConfig : ConfigElement {
  std::vector<ParameterConfig> parameters;
  std::vector<LibraryConfig> libraries;
  std::vector<ListenerConfig> listeners;
  std::vector<EndpointConfig> endpoints;
  std::vector<WebSocketConfig> websockets;
  std::vector<FilterConfig> filters;
  std::vector<FilterMappingConfig> filter_mappings;
  std::vector<ErrorPageConfig> error_pages;
  std::optional<ErrorReportConfig> error_report;  // none: the host's
  std::vector<LocatedText> welcome_files;
  std::vector<MimeMappingConfig> mime_mappings;
  bool deny_uncovered_methods = false;
  std::optional<std::chrono::milliseconds> start_timeout;  // unset: as the host says; -1: never
  std::optional<bool> fail_if_endpoint_fails;              // unset: the same
  std::string work_dir;  // relative to the server's base; empty: below the host's
  std::vector<SecurityConstraintConfig> constraints;
  std::vector<SecurityRoleConfig> roles;
  std::optional<LoginConfig> login;
  std::optional<RealmConfig> realm;
  std::optional<ManagerConfig> manager;  // none: the defaults
};

// Every use of a filter in document order. Borrows from `application`.
std::vector<FilterUse> filter_uses(const ApplicationConfig& application);

}  // namespace container
