// Puts one application together from its configuration: libraries, endpoints, routes, filters.
#include "container/assembly.h"

#include <algorithm>
#include <map>
#include <optional>

namespace container {

namespace {

namespace fs = std::filesystem;

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
    add_routes();
    add_filters();
    for (const ErrorPageConfig& page : config_.error_pages)
      application_.error_pages.push_back({page.status, page.location});
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
            options_.status};
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
      routes_.push_back({parse_pattern(path, PatternUse::endpoint), index});
      places_.push_back(path.position);
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
    for (const Route& route : routes_)
      if (route.pattern.text() == "/" || route.pattern.text() == "/*") return;
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
  }

  void add_routes() {
    auto table = RouteTable::build(routes_);
    if (!table) complain(places_[table.error().second], table.error().text);
    application_.routes = std::move(*table);
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

  const ApplicationConfig& config_;
  const AssemblyOptions& options_;
  Application application_;
  const std::string title_;
  Types types_;
  std::vector<Route> routes_;
  std::vector<SourcePosition> places_;  // of the routes
};

}  // namespace

std::shared_ptr<const Application> assemble(const ApplicationConfig& config,
                                            Application application,
                                            const AssemblyOptions& options) {
  return Assembly(config, std::move(application), options).run();
}

}  // namespace container
