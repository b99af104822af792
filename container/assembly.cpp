// Puts one application together from its configuration: libraries, endpoints, WebSockets, routes,
// filters.
#include "container/assembly.h"

#include <algorithm>
#include <functional>
#include <map>
#include <optional>

#include "container/latecomers.h"
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

// Tells a listener of the end.
class Started {
 public:
  explicit Started(std::shared_ptr<const ListenerInstance> listener)
      : listener_(std::move(listener)) {}
  ~Started() {
    if (listener_->type().stopping != nullptr) listener_->type().stopping(listener_->self());
  }
  Started(const Started&) = delete;
  Started& operator=(const Started&) = delete;

 private:
  std::shared_ptr<const ListenerInstance> listener_;
};

// The end of attributes: behind `stopping`, while what they refer to is still there.
struct EndOfAttributes {
  explicit EndOfAttributes(std::shared_ptr<ApplicationState> its) : state(std::move(its)) {}
  ~EndOfAttributes() { state->end(); }
  EndOfAttributes(const EndOfAttributes&) = delete;
  EndOfAttributes& operator=(const EndOfAttributes&) = delete;

  std::shared_ptr<ApplicationState> state;
};

class Assembly {
 public:
  Assembly(const ApplicationConfig& config, Application& application,
           const AssemblyOptions& options, StartStep& step)
      : config_(config),
        options_(options),
        step_(step),
        application_(application),
        title_(application_.context_path.empty() ? "/" : application_.context_path),
        types_(options.built_in) {}

  void run() {
    application_.state = std::make_shared<ApplicationState>(pairs(config_.parameters),
                                                            options_.work_folder, options_.log);
    for (const LibraryConfig& library : config_.libraries) {
      step_.now("loading " + library.file);
      types_.load(library, options_.folder, options_.plugins);
      application_.plugins.push_back(types_.libraries().back().second);
    }
    start_listeners();
    add_filters();
    create_endpoints();
    for (const EndpointConfig& endpoint : config_.endpoints) add_endpoint(endpoint);
    add_default_endpoint();
    application_.routes = routes_.build();
    for (const WebSocketConfig& socket : config_.websockets) add_websocket(socket);
    application_.sockets = sockets_.build();
    add_constraints();
    add_security();
    application_.session_rules = session_rules(config_, application_.context_path, options_.route);
    application_.sessions = options_.sessions;
    add_error_pages();
    application_.maps = any_maps(application_.filters);
  }

 private:
  // What was created of an endpoint, or why it was not.
  struct Created {
    Types::Found<margay_endpoint_type> found;
    std::shared_ptr<const EndpointInstance> instance;
    std::shared_ptr<InstanceConfig> config;
    CreateFailure failure{};
  };

  // The application's parameters with its own over them.
  InstanceOptions instance_options(const std::string& name,
                                   const std::vector<ParameterConfig>& parameters) const {
    auto all = pairs(config_.parameters);
    const auto own = pairs(parameters);
    for (const auto& mine : own)
      std::erase_if(all, [&](const auto& one) { return one.first == mine.first; });
    const std::size_t inherited = all.size();
    all.insert(all.end(), own.begin(), own.end());
    return {name,
            application_.context_path,
            options_.folder.empty() ? "" : fs::absolute(options_.folder).string(),
            std::move(all),
            options_.log,
            options_.interfaces,
            options_.scope,
            application_.session_listeners.get(),
            application_.state.get(),
            inherited};
  }

  // What is about to be created under this name.
  std::shared_ptr<InstanceConfig> next(InstanceOptions options) {
    step_.now("creating '" + options.name + "'");
    auto config = std::make_shared<InstanceConfig>(std::move(options));
    application_.state->keep(config);
    return config;
  }
  std::shared_ptr<InstanceConfig> next(const std::string& name,
                                       const std::vector<ParameterConfig>& parameters) {
    return next(instance_options(name, parameters));
  }

  // As the servlet specification has it: all are created, then told, and their ends come behind
  // those of everything else.
  void start_listeners() {
    std::vector<std::shared_ptr<const ListenerInstance>> listeners;
    for (const ListenerConfig& one : config_.listeners) {
      listeners.push_back(make_instance(one, types_.listener(one), next(one.name, one.parameters)));
      application_.keeps.push_back(listeners.back());
    }
    application_.keeps.push_back(std::make_shared<EndOfAttributes>(application_.state));
    for (std::size_t i = 0; i < listeners.size(); ++i) start(config_.listeners[i], listeners[i]);
  }

  void start(const ListenerConfig& config,
             const std::shared_ptr<const ListenerInstance>& listener) {
    step_.now("starting '" + config.name + "'");
    if (listener->type().started != nullptr) {
      margay_failure failure{};
      failure.size = sizeof failure;
      if (listener->type().started(listener->self(), &failure) != MARGAY_OK)
        complain(config, failure_of(failure), "start");
    }
    application_.keeps.push_back(std::make_shared<Started>(listener));
  }

  // Endpoints and WebSockets, by loadOnStartup.
  void create_endpoints() {
    std::vector<const StartOrder*> all;
    std::map<const StartOrder*, std::function<void()>> ways;
    for (const EndpointConfig& one : config_.endpoints) {
      all.push_back(&one);
      ways[&one] = [&] { endpoints_[&one] = create(one, types_.endpoint(one)); };
    }
    for (const WebSocketConfig& one : config_.websockets) {
      all.push_back(&one);
      ways[&one] = [&] {
        websockets_[&one] =
            make_instance(one, types_.websocket(one), next(one.name, one.parameters));
        application_.keeps.push_back(websockets_[&one]);
      };
    }
    sort_by_start_order(all);
    for (const StartOrder* one : all) ways[one]();
  }

  Created create(const EndpointConfig& endpoint, const Types::Found<margay_endpoint_type>& found) {
    InstanceOptions options = instance_options(endpoint.name, endpoint.parameters);
    if (found.built_in && endpoint.type == "files") {
      add_welcome_files(options);
      add_mime_mappings(options);
    }
    Created created{.found = found, .instance = nullptr, .config = next(std::move(options))};
    auto made = EndpointInstance::create(found.owner, *found.type, created.config);
    if (made) {
      created.instance = *made;
      application_.keeps.push_back(*made);
    } else {
      if (config_.fail_if_endpoint_fails.value_or(options_.fail_if_endpoint_fails))
        complain(endpoint, made.error(), "be created");
      created.failure = std::move(made.error());
    }
    return created;
  }

  void add_endpoint(const EndpointConfig& endpoint) {
    const Created& created = endpoints_.at(&endpoint);
    const auto index = static_cast<std::uint32_t>(application_.endpoints.size());
    std::vector<std::string> paths;
    for (const LocatedText& path : endpoint.paths) {
      paths.push_back(path.text);
      routes_.add(path, PatternUse::endpoint, index);
    }
    std::optional<std::size_t> body_limit;
    if (endpoint.max_body) body_limit = static_cast<std::size_t>(*endpoint.max_body);
    const margay_endpoint_type* type = created.found.type;
    application_.endpoints.push_back(
        {.type = type,
         .self = created.instance == nullptr ? nullptr : created.instance->self(),
         .name = endpoint.name,
         .title = title_ + ": " + endpoint.name,
         .paths = std::move(paths),
         .unavailable = {},
         .on_loop =
             (type->flags & MARGAY_ON_LOOP) != 0 && endpoint.dispatch != DispatchChoice::worker,
         .synchronize = endpoint.synchronize_on_session,
         .body_limit = body_limit,
         .log = options_.log});
    if (created.instance == nullptr) miss(index, created);
  }

  void miss(std::size_t index, const Created& created) {
    if (application_.latecomers == nullptr)
      application_.latecomers = std::make_shared<Latecomers>();
    application_.latecomers->waiting.push_back({.endpoint = index,
                                                .owner = created.found.owner,
                                                .type = created.found.type,
                                                .config = created.config});
    put_off(application_, application_.latecomers->waiting.back(), created.failure);
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

  // Of two for one extension the later one counts.
  void add_mime_mappings(InstanceOptions& options) const {
    std::string mappings;
    for (const auto* all : {&options_.mime_mappings, &config_.mime_mappings})
      for (const MimeMappingConfig& one : *all)
        mappings += (mappings.empty() ? "" : ",") + one.extension + "=" + one.type;
    if (!mappings.empty()) options.parameters.emplace_back("mimeMappings", std::move(mappings));
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
    endpoints_[&endpoint] = create(endpoint, found);
    add_endpoint(endpoint);
    application_.endpoints.back().implied = true;
  }

  void add_websocket(const WebSocketConfig& socket) {
    const WebSocketInstance& instance = *websockets_.at(&socket);
    const auto index = static_cast<std::uint32_t>(application_.websockets.size());
    for (const LocatedText& path : socket.paths) sockets_.add(path, PatternUse::websocket, index);
    MappedWebSocket mapped =
        map_websocket(socket, instance, title_, options_.log, *application_.residents);
    for (const InterceptorConfig& one : socket.interceptors) {
      const auto interceptor =
          make_instance(one, types_.interceptor(one), next(one.name, one.parameters));
      application_.keeps.push_back(interceptor);
      add_interceptor(mapped, one.name, *interceptor);
    }
    application_.websockets.push_back(std::move(mapped));
  }

  void add_filters() {
    std::vector<const StartOrder*> order;
    for (const FilterConfig& filter : config_.filters) order.push_back(&filter);
    sort_by_start_order(order);
    std::map<std::string, std::shared_ptr<const FilterInstance>> filters;
    for (const StartOrder* one : order) {
      const auto& filter = static_cast<const FilterConfig&>(*one);
      filters[filter.name] =
          make_instance(filter, types_.filter(filter), next(filter.name, filter.parameters));
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
      step_.now("creating the realm");
      realm = security::make_realm(*config_.realm, types_, options_.base, options_.substitutions,
                                   instance_options("realm", {}));
      all_roles = config_.realm->all_roles_mode;
    }
    application_.security = security::make_security(
        config_, std::move(realm), all_roles,
        options_.folder.empty() ? options_.base : options_.folder, options_.log);
  }

  const ApplicationConfig& config_;
  const AssemblyOptions& options_;
  StartStep& step_;
  Application& application_;
  const std::string title_;
  Types types_;
  PlacedRoutes routes_;
  PlacedRoutes sockets_;
  std::map<const EndpointConfig*, Created> endpoints_;
  std::map<const WebSocketConfig*, std::shared_ptr<const WebSocketInstance>> websockets_;
};

}  // namespace

void assemble(const ApplicationConfig& config, Application& application,
              const AssemblyOptions& options, StartStep& step) {
  Assembly(config, application, options, step).run();
}

}  // namespace container
