// Which host, application, filters and endpoint a request is for: one immutable snapshot.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <margay/abi_websocket.h>

#include "container/application_state.h"
#include "container/availability.h"
#include "container/config/origin_rules.h"
#include "container/context_table.h"
#include "container/error_views.h"
#include "container/host_table.h"
#include "container/keeps.h"
#include "container/pattern.h"
#include "container/residents.h"
#include "container/route_table.h"
#include "container/security/security.h"
#include "container/session_count.h"
#include "container/session_listeners.h"
#include "container/session_rules.h"
#include "container/session_table.h"
#include "container/websocket_peer.h"
#include "server/log.h"
#include "server/websocket/limits.h"
#include "server/websocket/message_reader.h"
#include "server/websocket/options.h"

namespace container {

class Plugin;
struct Latecomers;

// A filter as it is mapped: the object and where it takes part.
struct MappedFilter {
  std::string name;
  const margay_filter_type* type = nullptr;
  void* self = nullptr;
  std::vector<Pattern> patterns;
  std::vector<std::string> endpoints;  // names; only for filters of an application
  std::uint32_t dispatchers = MARGAY_REQUEST;
  bool everywhere = false;                          // some pattern takes every path
  decltype(margay_filter_type::map) map = nullptr;  // `type` may be too old to have one
};

inline bool any_maps(const std::vector<MappedFilter>& filters) {
  return std::any_of(filters.begin(), filters.end(),
                     [](const MappedFilter& one) { return one.map != nullptr; });
}

struct MappedEndpoint {
  const margay_endpoint_type* type = nullptr;  // null: answers `unavailable` with 503
  void* self = nullptr;                        // null: it has not been created yet
  std::string name;
  std::string title;               // "/shop: cart", for the watchdog and the log
  std::vector<std::string> paths;  // its URL patterns, for the status
  std::string unavailable;         // why, in the log; clients hear 503
  bool on_loop = false;
  bool implied = false;      // static files, which nobody asked for
  bool synchronize = false;  // requests of one session one after another
  // Of a buffered body, longer is answered 413; none: the connector's maxPostSize.
  std::optional<std::size_t> body_limit = std::nullopt;
  server::Log log{};  // of its application
  std::unique_ptr<Availability> availability = std::make_unique<Availability>();

  // To be called when it is available.
  // 200: it may be called. 503, 404: it is not available, for a while or for ever.
  int readiness() const {
    if (type == nullptr) return 503;
    const std::int64_t wait = availability->wait();
    return wait == 0 ? 200 : wait == Availability::kForEver ? 404 : 503;
  }
  void* instance() const { return self != nullptr ? self : availability->self(); }
};

struct MappedInterceptor {
  std::string name;
  const margay_interceptor_type* type = nullptr;
  void* self = nullptr;
};

struct MappedWebSocket {
  const margay_websocket_type* type = nullptr;
  void* self = nullptr;
  std::string name;
  std::string title;               // as of an endpoint
  std::vector<std::string> paths;  // for the status
  bool on_loop = false;            // where its sessions are called
  bool greets_on_loop = false;     // the same of handshakes: no interceptor needs a worker either
  OriginRules origins{};
  std::vector<std::string> subprotocols{};
  bool require_subprotocol = false;
  std::vector<MappedInterceptor> interceptors{};
  server::websocket::Options options{};
  std::shared_ptr<const server::websocket::Limits> limits{};  // of sessions that set none
  server::websocket::ReaderLimits reader_limits{};
  std::shared_ptr<SessionCount> sessions{};
  std::shared_ptr<LoopPeers> loop_peers{};  // where sessions are called on their loops
  server::Log log{};                        // of its application
};

struct ErrorPage {
  int status = 0;         // 0: every status without a page of its own
  std::string exception;  // the name of a type, instead of a status; empty: none
  std::string location;
};

// One deployed application. Immutable; kept by every mapping it belongs to and as long as it has
// residents, and with it its plugin generations: the last owner, always on the control thread,
// destroys the instances, and tells listeners behind filters and endpoints.
struct Application {
  std::string context_path;  // "" for the root
  std::string version;
  std::shared_ptr<ApplicationState> state{};  // outlives all that know it
  std::vector<MappedEndpoint> endpoints;
  RouteTable routes;  // index: position in `endpoints`
  std::vector<MappedWebSocket> websockets;
  RouteTable sockets;  // index: position in `websockets`; looked up for their handshakes only
  std::vector<MappedFilter> filters;
  bool maps = false;  // any_maps(filters)
  std::vector<ErrorPage> error_pages;
  ErrorViews error_views;
  std::optional<ErrorPolicy> error_policy;  // none: the host's
  std::vector<security::Guard> guards;
  RouteTable guarded;                                  // index: position in `guards`
  std::shared_ptr<const security::Security> security;  // null: it knows no users
  std::string fingerprint;  // of configuration and library files: equal means carried over
  std::vector<std::shared_ptr<const Plugin>> plugins;  // its libraries
  Keeps keeps{};                                       // instances, and ends of listeners
  std::shared_ptr<Latecomers> latecomers{};            // null: there are none
  std::unique_ptr<Residents> residents = std::make_unique<Residents>();
  SessionRules session_rules = {};
  std::shared_ptr<SessionTable> sessions = nullptr;  // of the context; null: it has none
  // Ends before the instances.
  std::unique_ptr<SessionListeners> session_listeners = std::make_unique<SessionListeners>();
};

// The filters that an Engine or a Host puts before all of its applications. Immutable, owned and
// carried over as an Application is.
struct FilterSet {
  std::string fingerprint;
  std::shared_ptr<security::Realm> realm{};  // null: none
  AllRolesMode all_roles = AllRolesMode::strict;
  std::string realm_fingerprint{};
  std::vector<MappedFilter> filters;
  std::vector<std::shared_ptr<const Plugin>> plugins;
  Keeps keeps{};
};

struct HostMapping {
  std::string name;
  ContextTable contexts;  // index: position in `applications`
  std::vector<std::shared_ptr<const Application>> applications;
  std::vector<MappedFilter> filters;  // the Engine's, then the Host's
  bool maps = false;                  // any_maps(filters)
  std::shared_ptr<const FilterSet> own_filters;
  std::shared_ptr<const FilterSet> security;  // its own or the Engine's: whose realm counts
  ErrorPolicy error_policy;
  std::shared_ptr<const ErrorViews> error_views;  // null: none
};

// Owns everything that a reload replaces. Published to each loop; exchanges hold a lease on it.
struct Mapping {
  std::uint64_t generation = 0;
  HostTable hosts;  // index: position in `entries`
  std::vector<HostMapping> entries;
  std::string default_host;
  std::shared_ptr<const FilterSet> engine_filters;
  std::vector<std::string> secret_parameters;  // of any application; logs do not show their values
};

}  // namespace container
