// From configuration to a mapping: applications and filters are made, and carried over where
// nothing changed.
#include "container/deployer.h"

#include <algorithm>
#include <map>

#include "container/assembly.h"
#include "container/config/application_name.h"
#include "container/config/effective.h"
#include "container/fingerprint.h"
#include "container/latecomers.h"
#include "container/security/make_realm.h"
#include "server/message.h"

namespace container {

namespace {

namespace fs = std::filesystem;

bool has_manifest(const fs::path& folder) {
  std::error_code ignored;
  return !folder.empty() && fs::is_regular_file(folder / "app.xml", ignored);
}

// Without a `docBase` it is the folder of its name, where that holds an application. A path that no
// folder would be deployed at, such as /.. or /ROOT, has none.
fs::path folder_of(const fs::path& app_base, const ContextConfig& context) {
  if (!context.doc_base.empty()) return (app_base / context.doc_base).lexically_normal();
  const std::string name = folder_name(context.path);
  if (name.starts_with('.') || parse_application_name(name).path != context.path) return {};
  const fs::path folder = app_base / name;
  return has_manifest(folder) ? folder : fs::path();
}

// Where the filter `rewrite` of an Engine or Host has its rules; nothing: another filter, or the
// rules are in server.xml. Of an application they belong to its folder.
std::optional<fs::path> rules_of(const FilterConfig& filter, const fs::path& base) {
  if (filter.type != "rewrite" || !filter.library.empty()) return std::nullopt;
  fs::path file = "conf/rewrite.config";
  for (const ParameterConfig& one : filter.parameters) {
    if (one.name == "rules") return std::nullopt;
    if (one.name == "file") file = one.value;
  }
  return (base / file).lexically_normal();
}

// The paths of `one` are no longer those of any of `others`.
void take_over_paths(const SecurityConstraintConfig& one,
                     std::vector<SecurityConstraintConfig>& others) {
  for (SecurityConstraintConfig& other : others)
    std::erase_if(other.paths, [&](const LocatedText& path) {
      return std::any_of(one.paths.begin(), one.paths.end(),
                         [&](const LocatedText& mine) { return mine.text == path.text; });
    });
}

// Stands in for one that cannot be deployed. It has no fingerprint, so the next build tries again.
std::shared_ptr<const Application> unavailable(const std::string& path, const std::string& version,
                                               const std::string& title, const char* reason,
                                               std::shared_ptr<SessionTable> sessions) {
  auto broken = std::make_shared<Application>();
  broken->context_path = path;
  broken->version = version;
  broken->sessions = std::move(sessions);  // they wait for it to come back
  broken->endpoints.push_back({.name = {},
                               .title = title + ": unavailable",
                               .paths = {},
                               .unavailable = reason,
                               .on_loop = true});
  broken->routes = *RouteTable::build(std::vector<Route>{{*Pattern::parse("/*"), 0}});
  return broken;
}

}  // namespace

struct Deployer::Beginning {
  ApplicationConfig config;
  AssemblyOptions options;
  std::shared_ptr<Application> application;
  std::shared_ptr<WantedFiles> wants;
};

Deployer::Deployer(DeployerOptions options, server::Logs& logs)
    : options_(std::move(options)),
      logs_(logs),
      log_(logs.log("margay.deployer")),
      starts_({.log = log_, .gives_up = options_.is_stopping, .last_words = [&logs] {
                 logs.flush();
               }}) {}

fs::path Deployer::resolve(const std::string& path) const {
  return (options_.base / path).lexically_normal();
}

PluginOptions Deployer::plugin_options(const HostConfig& host) const {
  return {.work = resolve(host.work_dir) / "plugins",
          .on_resident = [log = log_](std::string_view text) { log.warn("{}", text); }};
}

void Deployer::remove_dead_copies(const EngineConfig& engine) const {
  for (const HostConfig& host : engine.hosts) {
    const fs::path work = plugin_options(host).work;
    if (const std::size_t count = container::remove_dead_copies(work); count > 0)
      log_.info("removed {} copies of libraries in {} that a killed server had left", count,
                work.string());
  }
}

std::vector<fs::path> Deployer::app_bases(const ServerConfig& config) const {
  std::vector<fs::path> folders;
  for (const HostConfig& host : config.service.engine.hosts)
    if (host.auto_deploy) folders.push_back(resolve(host.app_base));
  return folders;
}

std::vector<fs::path> Deployer::named_files(const ServerConfig& config) const {
  std::vector<fs::path> files;
  const auto add = [&](const std::vector<LibraryConfig>& libraries, const fs::path& folder) {
    for (const LibraryConfig& one : libraries)
      files.push_back((folder / one.file).lexically_normal());
  };
  const EngineConfig& engine = config.service.engine;
  const auto add_rules = [&](const std::vector<FilterConfig>& filters) {
    for (const FilterConfig& one : filters)
      if (const auto file = rules_of(one, options_.base)) files.push_back(*file);
  };
  add(engine.libraries, options_.base);
  add_rules(engine.filters);
  for (const HostConfig& host : engine.hosts) {
    add(host.libraries, options_.base);
    if (host.error_report && !host.error_report->views.empty())
      for (const fs::path& page : ErrorViews::files_of_host(resolve(host.error_report->views)))
        files.push_back(page);
    add_rules(host.filters);
    for (const ContextConfig& context : host.contexts) {
      const fs::path folder = folder_of(resolve(host.app_base), context);
      add(context.libraries, folder);
      if (!has_manifest(folder)) continue;
      for (const fs::path& one : files_of_folder(folder)) files.push_back(one);
    }
  }
  std::sort(files.begin(), files.end());
  files.erase(std::unique(files.begin(), files.end()), files.end());
  return files;
}

void Deployer::use_error_report(const ErrorReportConfig& config, HostMapping& host) const {
  host.error_policy = config.policy();
  if (config.views.empty()) return;
  try {
    host.error_views = std::make_shared<ErrorViews>(ErrorViews::of_host(resolve(config.views)));
  } catch (const std::exception& error) {
    complain(position_of(config, "views"), std::string("attribute 'views': ") + error.what());
  }
}

namespace {

void add_secret_parameters(const HostMapping& host, std::vector<std::string>& all) {
  for (const auto& application : host.applications) {
    if (application->security == nullptr) continue;
    const std::string name(application->security->authenticator->secret_parameter());
    if (!name.empty() && std::find(all.begin(), all.end(), name) == all.end()) all.push_back(name);
  }
}

}  // namespace

std::shared_ptr<const Mapping> Deployer::build(const ServerConfig& config,
                                               const Mapping* previous) {
  failures_.clear();
  failed_.clear();
  awaited_.clear();
  trying_.clear();
  auto mapping = std::make_shared<Mapping>();
  mapping->generation = generation_ + 1;
  const EngineConfig& engine = config.service.engine;
  route_ = engine.jvm_route;
  std::vector<HostEntry> names;
  std::optional<std::uint32_t> fallback;
  if (previous == nullptr) remove_dead_copies(engine);
  for (const HostConfig& host : engine.hosts) {
    HostMapping entry;
    entry.name = host.name;
    if (host.error_report) use_error_report(*host.error_report, entry);
    std::shared_ptr<const FilterSet> before;
    for (std::size_t i = 0; previous != nullptr && i < previous->entries.size(); ++i)
      if (previous->entries[i].name == host.name) before = previous->entries[i].own_filters;
    if (mapping->engine_filters == nullptr)  // one set for all hosts, by the first's rules
      mapping->engine_filters =
          filters("the Engine", engine.libraries, engine.filters, engine.realm, host,
                  previous == nullptr ? nullptr : previous->engine_filters);
    entry.own_filters =
        filters("host " + host.name, host.libraries, host.filters, host.realm, host, before);
    entry.filters = mapping->engine_filters->filters;
    entry.filters.insert(entry.filters.end(), entry.own_filters->filters.begin(),
                         entry.own_filters->filters.end());
    entry.maps = any_maps(entry.filters);
    entry.security =
        entry.own_filters->realm != nullptr ? entry.own_filters : mapping->engine_filters;
    add_applications(host, previous, entry);
    add_secret_parameters(entry, mapping->secret_parameters);
    const auto index = static_cast<std::uint32_t>(mapping->entries.size());
    names.push_back({host.name, index});
    for (const LocatedText& alias : host.aliases) names.push_back({alias.text, index});
    if (server::equal_ignoring_case(host.name, engine.default_host)) {
      fallback = index;
      mapping->default_host = host.name;
    }
    mapping->entries.push_back(std::move(entry));
  }
  auto hosts = HostTable::build(names, fallback);
  if (!hosts) complain(engine.position, hosts.error());
  mapping->hosts = std::move(*hosts);
  // What was taken back or replaced meanwhile ends, or does so when it is done.
  std::erase_if(late_, [&](const auto& one) { return !awaited_.contains(one.first); });
  std::erase_if(told_, [&](const auto& one) { return !failed_.contains(one.first); });
  wants_ = std::exchange(trying_, {});
  ++generation_;
  return mapping;
}

std::shared_ptr<const FilterSet> Deployer::filters(
    const std::string& owner, const std::vector<LibraryConfig>& libraries,
    const std::vector<FilterConfig>& configs, const std::optional<RealmConfig>& realm,
    const HostConfig& host, const std::shared_ptr<const FilterSet>& earlier) {
  std::string print;
  std::vector<fs::path> files;
  for (const LibraryConfig& one : libraries) {
    print += values_text("Library", one);
    files.push_back(options_.base / one.file);
  }
  for (const FilterConfig& one : configs) {
    print += values_text("Filter", one);
    if (const auto rules = rules_of(one, options_.base)) print += fingerprint({*rules});
  }
  const std::string libraries_print = fingerprint(files);
  const std::string realm_print = realm ? values_text("Realm", *realm) + libraries_print : "";
  print += libraries_print + realm_print;
  if (earlier != nullptr && earlier->fingerprint == print) return earlier;
  auto made = std::make_shared<FilterSet>();
  made->fingerprint = std::move(print);
  if (realm) {
    made->realm_fingerprint = realm_print;
    made->all_roles = realm->all_roles_mode;
    // Who is locked out stays so when only filters have changed.
    if (earlier != nullptr && earlier->realm_fingerprint == realm_print)
      made->realm = earlier->realm;
  }
  if (libraries.empty() && configs.empty() && (!realm || made->realm != nullptr)) return made;
  const auto make = [made, libraries, configs, realm, built_in = options_.built_in,
                     base = options_.base, substitutions = options_.substitutions,
                     interfaces = options_.interfaces, plugins = plugin_options(host),
                     logs = &logs_](StartStep& step) {
    Types types(built_in);
    for (const LibraryConfig& one : libraries) {
      step.now("loading " + one.file);
      types.load(one, base, plugins);
      made->plugins.push_back(types.libraries().back().second);
    }
    std::vector<const StartOrder*> order;
    for (const FilterConfig& one : configs) order.push_back(&one);
    sort_by_start_order(order);
    std::map<const FilterConfig*, std::shared_ptr<const FilterInstance>> instances;
    for (const StartOrder* next : order) {
      const auto& one = static_cast<const FilterConfig&>(*next);
      step.now("creating '" + one.name + "'");
      auto parameters = pairs(one.parameters);
      if (const auto rules = rules_of(one, base)) {
        std::erase_if(parameters, [](const auto& each) { return each.first == "file"; });
        parameters.emplace_back("file", rules->string());
      }
      instances[&one] = make_instance(
          one, types.filter(one),
          {one.name, "", "", std::move(parameters), logs->log("app." + one.name), interfaces});
      made->keeps.push_back(instances[&one]);
    }
    for (const FilterConfig& one : configs) {
      made->filters.push_back(map_filter(one.name, one, *instances.at(&one)));
      made->filters.back().everywhere |= one.paths.empty();
    }
    if (!realm || made->realm != nullptr) return;
    step.now("creating the realm");
    made->realm =
        security::make_realm(*realm, types, base, substitutions,
                             {"realm", "", "", {}, logs->log("margay.realm"), interfaces});
  };
  trying_.push_back(std::make_shared<WantedFiles>(realm && made->realm == nullptr
                                                      ? users_files(*realm, options_.base)
                                                      : std::vector<fs::path>()));
  try {
    starts_.run(owner, host.start_timeout, make, {});
    trying_.pop_back();
  } catch (const StartTimeout& error) {
    throw std::runtime_error(owner + ": " + error.what());
  }
  return made;
}

// What server.xml says wins over a folder for the same path; of several versions the last in
// alphabetical order is the newest.
std::vector<Deployer::Source> Deployer::sources(const HostConfig& host, bool first) const {
  std::map<std::string, Source> by_path;
  const bool scanned = first ? host.deploy_on_startup : host.deploy_on_startup || host.auto_deploy;
  std::error_code ignored;
  std::vector<fs::path> folders;
  if (scanned)
    for (const auto& entry : fs::directory_iterator(resolve(host.app_base), ignored))
      if (has_manifest(entry.path()) && entry.path().filename().string()[0] != '.')
        folders.push_back(entry.path());
  std::sort(folders.begin(), folders.end());
  for (const fs::path& folder : folders) {
    const ApplicationName name = parse_application_name(folder.filename().string());
    by_path[name.path] = {name.path, name.version, folder, nullptr};
  }
  for (const ContextConfig& context : host.contexts)
    by_path[context.path] = {context.path, "", folder_of(resolve(host.app_base), context),
                             &context};
  std::vector<Source> result;
  for (auto& [path, source] : by_path) result.push_back(std::move(source));
  return result;
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
        if (one->context_path == path && !one->fingerprint.empty()) return one;
    return nullptr;
  };
  std::vector<ContextEntry> paths;
  for (const Source& source : sources(host, previous == nullptr)) {
    paths.push_back({source.path, static_cast<std::uint32_t>(mapping.applications.size())});
    mapping.applications.push_back(deploy(host, source, *mapping.security, earlier(source.path)));
  }
  auto contexts = ContextTable::build(paths);
  if (!contexts) complain(host.position, contexts.error());
  mapping.contexts = std::move(*contexts);
}

// The manifest in its folder, or what server.xml says. Where both are there, server.xml may only
// add parameters and constraints, which win.
ApplicationConfig Deployer::config_of(const Source& source) const {
  if (source.context != nullptr && !has_manifest(source.folder)) return *source.context;
  std::vector<Diagnostic> warnings;
  ApplicationConfig config =
      read_application_config(source.folder / "app.xml", options_.substitutions, warnings);
  for (const Diagnostic& warning : warnings) log_.warn("{}", to_string(warning));
  if (source.context == nullptr) return config;
  const ContextConfig& context = *source.context;
  if (!context.libraries.empty() || !context.endpoints.empty() || !context.websockets.empty() ||
      !context.filters.empty() || !context.filter_mappings.empty() || !context.listeners.empty() ||
      !context.error_pages.empty() || !context.welcome_files.empty() ||
      !context.mime_mappings.empty())
    complain(context.position,
             "the folder " + source.folder.string() +
                 " has an app.xml, so this <Context> may only have <Parameter>, <Manager> and what "
                 "says who may come in; move the rest of it there");
  for (const ParameterConfig& one : context.parameters) {
    std::erase_if(config.parameters, [&](const auto& other) { return other.name == one.name; });
    config.parameters.push_back(one);
  }
  config.deny_uncovered_methods |= context.deny_uncovered_methods;
  if (context.login) config.login = context.login;
  if (context.realm) config.realm = context.realm;
  config.roles.insert(config.roles.end(), context.roles.begin(), context.roles.end());
  for (const SecurityConstraintConfig& one : context.constraints) {
    take_over_paths(one, config.constraints);
    config.constraints.push_back(one);
  }
  if (context.manager) config.manager = context.manager;
  if (context.start_timeout) config.start_timeout = context.start_timeout;
  if (context.fail_if_endpoint_fails)
    config.fail_if_endpoint_fails = context.fail_if_endpoint_fails;
  if (!context.work_dir.empty()) config.work_dir = context.work_dir;
  return config;
}

// `work/apps/HOST/a#b` for the context path /a/b.
fs::path Deployer::work_folder(const HostConfig& host, const std::string& path,
                               const ApplicationConfig& config) const {
  if (!config.work_dir.empty()) return resolve(config.work_dir);
  return resolve(host.work_dir) / "apps" / host.name / folder_name(path);
}

// Carries over what has not changed. One that fails is replaced by the earlier one, or by what
// answers 503.
std::shared_ptr<const Application> Deployer::deploy(const HostConfig& host, const Source& source,
                                                    const FilterSet& around,
                                                    std::shared_ptr<const Application> earlier) {
  std::string print = around.realm_fingerprint;
  if (source.context != nullptr) {
    print += values_text("Context", *source.context);
    std::vector<fs::path> files;
    for (const LibraryConfig& one : source.context->libraries)
      files.push_back(source.folder / one.file);
    print += fingerprint(files);
  }
  if (!source.folder.empty()) print += folder_fingerprint(source.folder);
  print += route_;
  for (const MimeMappingConfig& one : host.mime_mappings) print += values_text("MimeMapping", one);
  if (earlier != nullptr && earlier->version == source.version && earlier->fingerprint == print)
    return earlier;
  const std::string title = source.path.empty() ? "/" : source.path;
  const std::string key = host.name + source.path;
  const std::shared_ptr<SessionTable> sessions =
      options_.sessions == nullptr ? nullptr : options_.sessions->table(key);
  std::string made_of = print;
  try {
    std::shared_ptr<const Application> made = take_late(key, print);
    if (made == nullptr) {
      auto beginning = std::make_shared<Beginning>();
      beginning->config = config_of(source);
      const ApplicationConfig& config = beginning->config;
      beginning->application = std::make_shared<Application>(
          Application{.context_path = source.path, .version = source.version});
      beginning->application->fingerprint = std::move(print);
      beginning->options = {.built_in = options_.built_in,
                            .folder = source.folder,
                            .plugins = plugin_options(host),
                            .log = logs_.log("app." + title),
                            .interfaces = options_.interfaces,
                            .scope = key,
                            .base = options_.base,
                            .substitutions = options_.substitutions,
                            .realm = around.realm,
                            .all_roles = around.all_roles,
                            .sessions = sessions,
                            .route = route_,
                            .work_folder = work_folder(host, source.path, config),
                            .fail_if_endpoint_fails = host.fail_if_endpoint_fails,
                            .mime_mappings = host.mime_mappings};
      const auto files = security_files(config, options_.base, source.folder);
      // A build takes all that has changed in the host, which waits for a reload then.
      beginning->wants =
          std::make_shared<WantedFiles>(host.auto_deploy ? files : std::vector<fs::path>());
      made_of += fingerprint(files);
      trying_.push_back(beginning->wants);
      made = start(key, "application " + title, config.start_timeout.value_or(host.start_timeout),
                   std::move(beginning));
      trying_.pop_back();
    }
    // Somebody may have taken the folder away meanwhile; then the next look at it will tell.
    const bool in_folder = source.context == nullptr || has_manifest(source.folder);
    log_.info("application {} deployed on {} from {}", title, host.name,
              in_folder ? source.folder.string() : to_string(source.context->position));
    return made;
  } catch (const std::exception& error) {
    tell_failure(key,
                 "application " + title +
                     (earlier != nullptr ? " was not replaced, the earlier one goes on: "
                                         : " is unavailable: ") +
                     error.what(),
                 made_of);
    if (earlier != nullptr) return earlier;
    return unavailable(source.path, source.version, title, error.what(), sessions);
  }
}

// It is tried again with every build, but the log says the same of the same only once.
void Deployer::tell_failure(const std::string& key, const std::string& failure,
                            const std::string& made_of) {
  const std::string told = failure + '\n' + made_of;
  if (std::exchange(told_[key], told) != told) log_.error("{}", failure);
  failed_.insert(key);
  failures_.push_back(failure);
}

// What is left of it by a failure ends here, on the control thread.
std::shared_ptr<const Application> Deployer::start(const std::string& key, const std::string& title,
                                                   std::chrono::milliseconds limit,
                                                   std::shared_ptr<Beginning> beginning) {
  const auto is_over = [this, key, beginning](std::exception_ptr error) {
    const auto mine = late_.find(key);
    if (mine == late_.end() || mine->second.beginning != beginning) return;  // another has come
    mine->second.is_over = has_news_ = true;
    mine->second.error = std::move(error);
  };
  try {
    starts_.run(
        title, limit,
        [beginning](StartStep& step) {
          assemble(beginning->config, *beginning->application, beginning->options, step);
        },
        is_over);
  } catch (const StartTimeout&) {
    late_[key] = {.beginning = beginning};
    awaited_.insert(key);
    throw;
  }
  return beginning->application;
}

// One that took too long, if it is done by now and nothing has changed meanwhile.
std::shared_ptr<const Application> Deployer::take_late(const std::string& key,
                                                       const std::string& print) {
  const auto found = late_.find(key);
  if (found == late_.end()) return nullptr;
  const bool is_the_same = found->second.beginning->application->fingerprint == print;
  if (is_the_same && !found->second.is_over) {
    awaited_.insert(key);
    throw StartTimeout("it still starts");
  }
  const Late late = std::move(found->second);
  late_.erase(found);
  if (!is_the_same) return nullptr;
  if (late.error) {
    trying_.push_back(late.beginning->wants);
    std::rethrow_exception(late.error);
  }
  return late.beginning->application;
}

bool Deployer::tick(const Mapping& mapping) {
  starts_.tick();
  const auto now = std::chrono::steady_clock::now();
  for (const HostMapping& host : mapping.entries)
    for (const auto& application : host.applications)
      if (application->latecomers != nullptr)
        for (Latecomer& one : application->latecomers->waiting)
          if (!one.is_tried && now >= one.next && !starts_.is_full()) try_again(application, one);
  return std::exchange(has_news_, false);
}

bool Deployer::wants_have_changed(Watcher::Time now) const {
  const bool of_mapping = have_changed(wants_, now), of_failure = have_changed(trying_, now);
  return of_mapping || of_failure;
}

void Deployer::try_again(const std::shared_ptr<const Application>& application, Latecomer& one) {
  using Made = tl::expected<std::shared_ptr<const EndpointInstance>, CreateFailure>;
  one.is_tried = true;
  const auto made = std::make_shared<std::optional<Made>>();
  const auto create = [application, made, &one](StartStep&) {
    *made = EndpointInstance::create(one.owner, *one.type, one.config);
  };
  const auto created = [application, made, &one](const std::exception_ptr&) {
    if (!*made) return put_off(*application, one, {"", "it could not be tried"});
    if (!**made) return put_off(*application, one, (*made)->error());
    come(*application, one, std::move(***made));
    application->latecomers->waiting.remove_if(
        [&](const Latecomer& each) { return &each == &one; });
  };
  try {
    starts_.launch(application->endpoints[one.endpoint].title, create, created);
  } catch (const std::exception& error) {  // no thread
    put_off(*application, one, {"", error.what()});
  }
}

void Deployer::end() {
  starts_.tick();
  late_.clear();
}

}  // namespace container
