// Puts one application together from its configuration: libraries, endpoints, WebSockets, routes,
// filters.
#include "container/assembly.h"

#include <algorithm>
#include <map>
#include <optional>

#include "container/security/make_realm.h"
#include "container/session_mapping.h"
#include "container/websocket_mapping.h"

namespace container {

namespace {

namespace fs = std::filesystem;

// Routes with where they are written.
class PlacedRoutes {
 public:
  void add(const LocatedText& path, PatternUse use, std::uint32_t index) {
    routes_.push_back({parse_pattern(path, use), index});
    places_.push_back(path.position);
  }
  bool has_default() const {
    return std::any_of(routes_.begin(), routes_.end(), [](const Route& route) {
      return route.pattern.text() == "/" || route.pattern.text() == "/*";
    });
  }
  RouteTable build() const {
    auto table = RouteTable::build(routes_);
    if (table) return std::move(*table);
    const SourcePosition& first = places_[table.error().first];
    complain(places_[table.error().second],
             table.error().text + "; the other is on line " + std::to_string(first.line));
  }

 private:
  std::vector<Route> routes_;
  std::vector<SourcePosition> places_;
};

class Assembly {
 public:
  Assembly(const ApplicationConfig& config, Application application, const AssemblyOptions& options)
      : config_(config),
        options_(options),
        application_(std::move(application)),
        title_(application_.context_path.empty() ? "/" : application_.context_path),
        types_(options.built_in) {}

  std::shared_ptr<const Application> run() {
    for (const LibraryConfig& library : config_.libraries)
      types_.load(library, options_.folder, options_.plugins);
    for (const auto& [name, plugin] : types_.libraries()) application_.plugins.push_back(plugin);
    for (const EndpointConfig& endpoint : config_.endpoints)
      add_endpoint(endpoint, types_.endpoint(endpoint));
    add_default_endpoint();
    application_.routes = routes_.build();
    for (const WebSocketConfig& socket : config_.websockets) add_websocket(socket);
    application_.sockets = sockets_.build();
    add_filters();
    add_constraints();
    add_security();
    application_.session_rules = session_rules(config_, application_.context_path, options_.route);
    application_.sessions = options_.sessions;
    add_error_pages();
    application_.maps = any_maps(application_.filters);
    return std::make_shared<const Application>(std::move(application_));
  }

 private:
  // The application's parameters with its own over them.
  InstanceOptions instance_options(const std::string& name,
                                   const std::vector<ParameterConfig>& parameters) const {
    auto all = pairs(config_.parameters);
    for (auto& own : pairs(parameters)) {
      std::erase_if(all, [&](const auto& one) { return one.first == own.first; });
      all.push_back(std::move(own));
    }
    return {name,
            application_.context_path,
            options_.folder.empty() ? "" : fs::absolute(options_.folder).string(),
            std::move(all),
            options_.log,
            options_.interfaces,
            options_.scope,
            application_.session_listeners.get()};
  }

  void add_endpoint(const EndpointConfig& endpoint,
                    const Types::Found<margay_endpoint_type>& found) {
    InstanceOptions options = instance_options(endpoint.name, endpoint.parameters);
    if (found.built_in && endpoint.type == "files") add_welcome_files(options);
    const auto instance = make_instance(endpoint, found, std::move(options));
    application_.keeps.push_back(instance);
    const auto index = static_cast<std::uint32_t>(application_.endpoints.size());
    std::vector<std::string> paths;
    for (const LocatedText& path : endpoint.paths) {
      paths.push_back(path.text);
      routes_.add(path, PatternUse::endpoint, index);
    }
    std::optional<std::size_t> body_limit;
    if (endpoint.max_body) body_limit = static_cast<std::size_t>(*endpoint.max_body);
    application_.endpoints.push_back({.type = found.type,
                                      .self = instance->self(),
                                      .name = endpoint.name,
                                      .title = title_ + ": " + endpoint.name,
                                      .paths = std::move(paths),
                                      .unavailable = {},
                                      .on_loop = (found.type->flags & MARGAY_ON_LOOP) != 0 &&
                                                 endpoint.dispatch != DispatchChoice::worker,
                                      .synchronize = endpoint.synchronize_on_session,
                                      .body_limit = body_limit,
                                      .log = options_.log});
  }

  // Its own `index` wins over the application's <WelcomeFile>s.
  void add_welcome_files(InstanceOptions& options) const {
    const bool given = std::any_of(options.parameters.begin(), options.parameters.end(),
                                   [](const auto& one) { return one.first == "index"; });
    if (given || config_.welcome_files.empty()) return;
    std::string names;
    for (const LocatedText& file : config_.welcome_files)
      names += (names.empty() ? "" : ",") + file.text;
    options.parameters.emplace_back("index", std::move(names));
  }

  // As Tomcat's default servlet: what `static` holds is served where nothing else answers.
  void add_default_endpoint() {
    std::error_code ignored;
    if (options_.folder.empty() || !fs::is_directory(options_.folder / "static", ignored)) return;
    if (routes_.has_default()) return;
    const auto found = types_.built_in_endpoint("files");
    if (found.type == nullptr) return;
    EndpointConfig endpoint;
    endpoint.position = config_.position;
    endpoint.name = "default";
    endpoint.type = "files";
    endpoint.paths.emplace_back();
    endpoint.paths.back().position = config_.position;
    endpoint.paths.back().text = "/";
    add_endpoint(endpoint, found);
    application_.endpoints.back().implied = true;
  }

  void add_websocket(const WebSocketConfig& socket) {
    const auto instance = make_instance(socket, types_.websocket(socket),
                                        instance_options(socket.name, socket.parameters));
    application_.keeps.push_back(instance);
    const auto index = static_cast<std::uint32_t>(application_.websockets.size());
    for (const LocatedText& path : socket.paths) sockets_.add(path, PatternUse::websocket, index);
    MappedWebSocket mapped =
        map_websocket(socket, *instance, title_, options_.log, *application_.residents);
    for (const InterceptorConfig& one : socket.interceptors) {
      const auto interceptor =
          make_instance(one, types_.interceptor(one), instance_options(one.name, one.parameters));
      application_.keeps.push_back(interceptor);
      add_interceptor(mapped, one.name, *interceptor);
    }
    application_.websockets.push_back(std::move(mapped));
  }

  void add_filters() {
    std::map<std::string, std::shared_ptr<const FilterInstance>> filters;
    for (const FilterConfig& filter : config_.filters) {
      filters[filter.name] = make_instance(filter, types_.filter(filter),
                                           instance_options(filter.name, filter.parameters));
      application_.keeps.push_back(filters[filter.name]);
    }
    for (const FilterUse& use : filter_uses(config_))
      application_.filters.push_back(map_filter(*use.filter, *use.scope, *filters.at(*use.filter)));
  }

  void add_error_pages() {
    for (const ErrorPageConfig& page : config_.error_pages)
      application_.error_pages.push_back({page.status, page.exception_type, page.location});
    if (config_.error_report) application_.error_policy = config_.error_report->policy();
    if (options_.folder.empty()) return;
    try {
      application_.error_views =
          ErrorViews::of_application(options_.folder / "templates", options_.folder / "static");
    } catch (const std::exception& error) {
      complain(config_.position, error.what());
    }
  }

  // One guard for each pattern, with the rules of all constraints that have it.
  void add_constraints() {
    PlacedRoutes routes;
    std::map<std::string, std::uint32_t> by_pattern;
    for (const SecurityConstraintConfig& one : config_.constraints) {
      for (const LocatedText& path : one.paths) {
        const auto index = static_cast<std::uint32_t>(application_.guards.size());
        const auto [known, fresh] = by_pattern.emplace(path.text, index);
        if (fresh) {
          application_.guards.emplace_back(config_.deny_uncovered_methods);
          routes.add(path, PatternUse::endpoint, index);
        }
        application_.guards[known->second].add(
            {.methods = one.methods,
             .omissions = one.omissions,
             .roles = one.roles,
             .confidential = one.transport_guarantee != TransportGuarantee::none,
             .redirect_status = one.redirect_status});
      }
    }
    application_.guarded = routes.build();
  }

  void add_security() {
    std::shared_ptr<security::Realm> realm = options_.realm;
    AllRolesMode all_roles = options_.all_roles;
    if (config_.realm) {
      realm = security::make_realm(*config_.realm, types_, options_.base,
                                   instance_options("realm", {}));
      all_roles = config_.realm->all_roles_mode;
    }
    application_.security = security::make_security(
        config_, std::move(realm), all_roles,
        options_.folder.empty() ? options_.base : options_.folder, options_.log);
  }

  const ApplicationConfig& config_;
  const AssemblyOptions& options_;
  Application application_;
  const std::string title_;
  Types types_;
  PlacedRoutes routes_;
  PlacedRoutes sockets_;
};

}  // namespace

std::shared_ptr<const Application> assemble(const ApplicationConfig& config,
                                            Application application,
                                            const AssemblyOptions& options) {
  return Assembly(config, std::move(application), options).run();
}

}  // namespace container
