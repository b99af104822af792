// From configuration to a mapping: loads libraries, makes instances, carries over what did not
// change.
#include "container/deployer.h"

#include <algorithm>
#include <fstream>
#include <map>
#include <sstream>

#include "container/config/application_name.h"

namespace container {

namespace {

namespace fs = std::filesystem;

[[noreturn]] void complain(const SourcePosition& position, std::string message) {
  throw ConfigError(
      {Diagnostic{.position = position, .message = std::move(message), .excerpt = {}}});
}

std::vector<std::pair<std::string, std::string>> pairs(
    const std::vector<ParameterConfig>& parameters) {
  std::vector<std::pair<std::string, std::string>> result;
  for (const ParameterConfig& one : parameters) result.emplace_back(one.name, one.value);
  return result;
}

// Libraries and built-in tables where the types of one application are looked up.
class Types {
 public:
  Types(const std::vector<std::shared_ptr<const Plugin>>& built_in) : built_in_(built_in) {}

  void load(const LibraryConfig& config, const fs::path& folder, const PluginOptions& options) {
    PluginOptions its = options;
    its.unload = config.unload == UnloadPolicy::automatic;
    auto plugin = Plugin::load(folder / config.file, its);
    if (!plugin) complain(position_of(config, "file"), plugin.error());
    libraries_.emplace_back(config.name, *plugin);
  }

  const std::vector<std::pair<std::string, std::shared_ptr<const Plugin>>>& libraries() const {
    return libraries_;
  }

  // The type an element names, in the library it names or in the only one that has it.
  template <class Config, class Find>
  auto find(const Config& config, const char* kind, Find find) const {
    decltype(find(*libraries_.front().second)) type = nullptr;
    std::shared_ptr<const Plugin> owner;
    std::string known;
    bool named = config.library.empty();
    for (const auto& [name, plugin] : libraries_) {
      if (!config.library.empty() && name != config.library) continue;
      named = true;
      const auto* found = find(*plugin);
      if (found == nullptr) continue;
      if (type != nullptr)
        complain(config.position, "several libraries have " + std::string(kind) + " type '" +
                                      config.type +
                                      "'; say which one with the attribute 'library'");
      type = found;
      owner = plugin;
    }
    if (!named)
      complain(position_of(config, "library"), "there is no library '" + config.library + "' here");
    if (type == nullptr && config.library.empty()) {
      for (const auto& plugin : built_in_) {
        if (const auto* found = find(*plugin); found != nullptr) {
          type = found;
          owner = plugin;
        }
      }
    }
    if (type == nullptr)
      complain(position_of(config, "type"),
               "no library has the " + std::string(kind) + " type '" + config.type +
                   "'; `margay abi LIBRARY` prints what a library has");
    return std::pair(type, owner);
  }

 private:
  const std::vector<std::shared_ptr<const Plugin>>& built_in_;
  std::vector<std::pair<std::string, std::shared_ptr<const Plugin>>> libraries_;
};

template <class Type, class Config>
std::shared_ptr<const Instance<Type>> make(const Config& config, const Type& type,
                                           std::shared_ptr<const Plugin> plugin,
                                           InstanceOptions options) {
  auto made = Instance<Type>::create(std::move(plugin), type, std::move(options));
  if (made) return *made;
  SourcePosition at = config.position;
  for (const ParameterConfig& one : config.parameters)
    if (one.name == made.error().parameter) at = position_of(one, "value");
  complain(at, "'" + config.name + "' could not be created: " + made.error().message);
}

Pattern pattern(const LocatedText& text, PatternUse use) {
  auto parsed = Pattern::parse(text.text, use);
  if (!parsed) complain(text.position, "URL pattern '" + text.text + "': " + parsed.error().text);
  return *parsed;
}

MappedFilter map_filter(const std::string& name, const FilterScope& scope,
                        const FilterInstance& instance) {
  MappedFilter use{.name = name, .type = &instance.type(), .self = instance.self()};
  for (const LocatedText& path : scope.paths) {
    use.patterns.push_back(pattern(path, PatternUse::filter));
    const Pattern& one = use.patterns.back();
    use.everywhere |= one.kind() == Pattern::Kind::prefix && one.literal().empty();
  }
  use.endpoints = scope.endpoints;
  use.dispatchers = 0;
  for (const Dispatcher one : scope.dispatchers)
    use.dispatchers |= 1u << static_cast<unsigned>(one);
  return use;
}

// What decides whether an application is still the same: its manifest and its libraries, by
// content.
std::string fingerprint(const fs::path& folder) {
  std::vector<fs::path> files{folder / "app.xml"};
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(folder / "lib", ignored))
    if (entry.path().extension() == ".so") files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  std::string all;
  for (const fs::path& file : files) {
    std::ifstream in(file, std::ios::binary);
    std::uint64_t hash = 14695981039346656037u;
    std::vector<char> piece(64 * 1024);
    while (in.read(piece.data(), static_cast<std::streamsize>(piece.size())), in.gcount() > 0)
      for (std::streamsize i = 0; i < in.gcount(); ++i)
        hash = (hash ^ static_cast<unsigned char>(piece[static_cast<std::size_t>(i)])) *
               1099511628211u;
    all += file.filename().string() + ":" + std::to_string(hash) + ";";
  }
  return all;
}

}  // namespace

Deployer::Deployer(DeployerOptions options, server::Logs& logs)
    : options_(std::move(options)), logs_(logs), log_(logs.log("margay.deployer")) {}

fs::path Deployer::resolve(const std::string& path) const {
  return (options_.base / path).lexically_normal();
}

std::shared_ptr<const Mapping> Deployer::build(const ServerConfig& config,
                                               const Mapping* previous) {
  failures_.clear();
  auto mapping = std::make_shared<Mapping>();
  mapping->generation = ++generation_;
  const EngineConfig& engine = config.service.engine;
  std::vector<HostEntry> names;
  std::optional<std::uint32_t> fallback;
  for (const HostConfig& host : engine.hosts) {
    HostMapping entry;
    entry.name = host.name;
    entry.show_server_info = host.error_report && host.error_report->show_server_info;
    const auto add_filters = [&](const auto& level) {
      Types types(options_.built_in);
      for (const LibraryConfig& library : level.libraries)
        types.load(library, options_.base, {.work = resolve(host.work_dir) / "plugins"});
      for (const auto& [name, plugin] : types.libraries()) mapping->plugins.push_back(plugin);
      for (const FilterConfig& filter : level.filters) {
        const auto [type, plugin] = types.find(
            filter, "filter", [&](const Plugin& one) { return one.find_filter(filter.type); });
        const auto instance =
            make<margay_filter_type>(filter, *type, plugin,
                                     {filter.name, "", "", pairs(filter.parameters),
                                      logs_.log("app." + filter.name), options_.status});
        entry.filters.push_back(map_filter(filter.name, filter, *instance));
        mapping->keeps.push_back(instance);
      }
    };
    add_filters(engine);
    add_filters(host);
    add_applications(host, previous, entry);
    const auto index = static_cast<std::uint32_t>(mapping->entries.size());
    names.push_back({host.name, index});
    for (const LocatedText& alias : host.aliases) names.push_back({alias.text, index});
    if (host.name == engine.default_host) fallback = index;
    mapping->entries.push_back(std::move(entry));
  }
  auto hosts = HostTable::build(names, fallback);
  if (!hosts) complain(engine.position, hosts.error());
  mapping->hosts = std::move(*hosts);
  return mapping;
}

void Deployer::add_applications(const HostConfig& host, const Mapping* previous,
                                HostMapping& mapping) {
  const HostMapping* before = nullptr;
  if (previous != nullptr)
    for (const HostMapping& one : previous->entries)
      if (one.name == host.name) before = &one;
  const auto earlier = [&](const std::string& path) -> std::shared_ptr<const Application> {
    if (before != nullptr)
      for (const auto& one : before->applications)
        if (one->context_path == path) return one;
    return nullptr;
  };
  std::map<std::string, std::shared_ptr<const Application>> by_path;
  for (const ContextConfig& context : host.contexts) {
    const fs::path folder =
        context.doc_base.empty() ? fs::path{} : resolve(host.app_base) / context.doc_base;
    by_path[context.path] = deploy(host, context.path, "", folder, &context, nullptr);
  }
  std::error_code ignored;
  std::vector<fs::path> folders;
  for (const auto& entry : fs::directory_iterator(resolve(host.app_base), ignored))
    if (fs::is_regular_file(entry.path() / "app.xml", ignored)) folders.push_back(entry.path());
  std::sort(folders.begin(), folders.end());  // of several versions the last is the newest
  for (const fs::path& folder : folders) {
    const ApplicationName name = parse_application_name(folder.filename().string());
    const auto old = earlier(name.path);
    if (old != nullptr && old->version == name.version && !old->fingerprint.empty() &&
        old->fingerprint == fingerprint(folder)) {
      by_path[name.path] = old;
      continue;
    }
    auto made = deploy(host, name.path, name.version, folder, nullptr, old.get());
    by_path[name.path] = made != nullptr ? made : old;
  }
  std::vector<ContextEntry> paths;
  for (auto& [path, application] : by_path) {
    paths.push_back({path, static_cast<std::uint32_t>(mapping.applications.size())});
    mapping.applications.push_back(std::move(application));
  }
  auto contexts = ContextTable::build(paths);
  if (!contexts) complain(host.position, contexts.error());
  mapping.contexts = std::move(*contexts);
}

// Null when it failed and there is an earlier one to keep.
std::shared_ptr<const Application> Deployer::deploy(const HostConfig& host, const std::string& path,
                                                    const std::string& version,
                                                    const fs::path& folder,
                                                    const ApplicationConfig* inline_config,
                                                    const Application* earlier) {
  Application application{.context_path = path, .version = version};
  const std::string title = path.empty() ? "/" : path;
  try {
    if (inline_config != nullptr)
      return assemble(host, *inline_config, std::move(application), folder);
    application.fingerprint = fingerprint(folder);
    std::vector<Diagnostic> warnings;
    const ApplicationConfig config =
        read_application_config(folder / "app.xml", options_.substitutions, warnings);
    for (const Diagnostic& warning : warnings) log_.warn("{}", to_string(warning));
    auto made = assemble(host, config, std::move(application), folder);
    log_.info("application {} deployed on {} from {}", title, host.name, folder.string());
    return made;
  } catch (const std::exception& error) {
    failures_.push_back("application " + title +
                        (earlier != nullptr ? " was not replaced, the earlier one goes on: "
                                            : " is unavailable: ") +
                        error.what());
    log_.error("{}", failures_.back());
    if (earlier != nullptr) return nullptr;
    auto broken = std::make_shared<Application>();
    broken->context_path = path;
    broken->version = version;
    broken->endpoints.push_back({.name = {},
                                 .title = title + ": unavailable",
                                 .paths = {},
                                 .unavailable = error.what(),
                                 .on_loop = true});
    broken->routes = *RouteTable::build(std::vector<Route>{{*Pattern::parse("/*"), 0}});
    return broken;
  }
}

std::shared_ptr<const Application> Deployer::assemble(const HostConfig& host,
                                                      const ApplicationConfig& config,
                                                      Application application,
                                                      const fs::path& folder) {
  const std::string title = application.context_path.empty() ? "/" : application.context_path;
  const server::Log log = logs_.log("app." + title);
  Types types(options_.built_in);
  for (const LibraryConfig& library : config.libraries)
    types.load(library, folder,
               {.work = resolve(host.work_dir) / "plugins",
                .on_resident = [log = log_](std::string_view text) { log.warn("{}", text); }});
  for (const auto& [name, plugin] : types.libraries()) application.plugins.push_back(plugin);
  const auto options = [&](const std::string& name,
                           const std::vector<ParameterConfig>& parameters) {
    auto all = pairs(config.parameters);
    for (auto& own : pairs(parameters)) {
      std::erase_if(all, [&](const auto& one) { return one.first == own.first; });
      all.push_back(std::move(own));
    }
    return InstanceOptions{name,
                           application.context_path,
                           folder.empty() ? "" : fs::absolute(folder).string(),
                           std::move(all),
                           log,
                           options_.status};
  };
  std::vector<Route> routes;
  std::vector<SourcePosition> places;
  for (const EndpointConfig& endpoint : config.endpoints) {
    const auto [type, plugin] = types.find(
        endpoint, "endpoint", [&](const Plugin& one) { return one.find_endpoint(endpoint.type); });
    const auto instance = make<margay_endpoint_type>(endpoint, *type, plugin,
                                                     options(endpoint.name, endpoint.parameters));
    application.keeps.push_back(instance);
    const auto index = static_cast<std::uint32_t>(application.endpoints.size());
    std::vector<std::string> paths;
    for (const LocatedText& path : endpoint.paths) {
      paths.push_back(path.text);
      routes.push_back({pattern(path, PatternUse::endpoint), index});
      places.push_back(path.position);
    }
    application.endpoints.push_back({.type = type,
                                     .self = instance->self(),
                                     .name = endpoint.name,
                                     .title = title + ": " + endpoint.name,
                                     .paths = std::move(paths),
                                     .unavailable = {},
                                     .on_loop = (type->flags & MARGAY_ON_LOOP) != 0 &&
                                                endpoint.dispatch != DispatchChoice::worker,
                                     .body_limit = static_cast<std::size_t>(
                                         endpoint.max_body.value_or(options_.max_post_size))});
  }
  auto table = RouteTable::build(routes);
  if (!table) complain(places[table.error().second], table.error().text);
  application.routes = std::move(*table);
  std::map<std::string, std::shared_ptr<const FilterInstance>> filters;
  for (const FilterConfig& filter : config.filters) {
    const auto [type, plugin] = types.find(
        filter, "filter", [&](const Plugin& one) { return one.find_filter(filter.type); });
    filters[filter.name] =
        make<margay_filter_type>(filter, *type, plugin, options(filter.name, filter.parameters));
    application.keeps.push_back(filters[filter.name]);
  }
  for (const FilterUse& use : filter_uses(config))
    application.filters.push_back(map_filter(*use.filter, *use.scope, *filters.at(*use.filter)));
  for (const ErrorPageConfig& page : config.error_pages)
    application.error_pages.push_back({page.status, page.location});
  return std::make_shared<const Application>(std::move(application));
}

}  // namespace container
