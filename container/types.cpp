// Where the types that a configuration names are looked up, and made objects.
#include "container/types.h"

#include <algorithm>
#include <climits>
#include <cstddef>

#include "container/config/tomcat_names.h"

namespace container {

namespace {

const margay_endpoint_type* find_in(const Plugin& plugin, const std::string& type,
                                    const margay_endpoint_type*) {
  return plugin.find_endpoint(type);
}

const margay_filter_type* find_in(const Plugin& plugin, const std::string& type,
                                  const margay_filter_type*) {
  return plugin.find_filter(type);
}

const margay_websocket_type* find_in(const Plugin& plugin, const std::string& type,
                                     const margay_websocket_type*) {
  return plugin.find_websocket(type);
}

const margay_realm_type* find_in(const Plugin& plugin, const std::string& type,
                                 const margay_realm_type*) {
  return plugin.find_realm(type);
}

const margay_listener_type* find_in(const Plugin& plugin, const std::string& type,
                                    const margay_listener_type*) {
  return plugin.find_listener(type);
}

const margay_interceptor_type* find_in(const Plugin& plugin, const std::string& type,
                                       const margay_interceptor_type*) {
  return plugin.find_interceptor(type);
}

// For people who bring their web.xml along; else what to do.
std::string advice(const char* kind, std::string_view type) {
  if (std::string_view(kind) == "filter") {
    const std::string_view last = type.substr(type.rfind('.') + 1);
    if (const TomcatName* const known = find_tomcat_name(tomcat_classes(), "Filter", last))
      return "it is Tomcat's: " + std::string(known->instead);
  }
  return "`margay abi LIBRARY` prints what a library has";
}

}  // namespace

void complain(const SourcePosition& position, std::string message) {
  throw ConfigError(
      {Diagnostic{.position = position, .message = std::move(message), .excerpt = {}}});
}

std::vector<std::pair<std::string, std::string>> pairs(
    const std::vector<ParameterConfig>& parameters) {
  std::vector<std::pair<std::string, std::string>> result;
  for (const ParameterConfig& one : parameters) result.emplace_back(one.name, one.value);
  return result;
}

Pattern parse_pattern(const LocatedText& text, PatternUse use) {
  auto parsed = Pattern::parse(text.text, use);
  if (!parsed) complain(text.position, "URL pattern '" + text.text + "': " + parsed.error().text);
  return *parsed;
}

MappedFilter map_filter(const std::string& name, const FilterScope& scope,
                        const FilterInstance& instance) {
  const margay_filter_type& type = instance.type();
  MappedFilter use{.name = name, .type = &type, .self = instance.self()};
  if (type.size > offsetof(margay_filter_type, map)) use.map = type.map;
  for (const LocatedText& path : scope.paths) {
    use.patterns.push_back(parse_pattern(path, PatternUse::filter));
    const Pattern& one = use.patterns.back();
    use.everywhere |= one.kind() == Pattern::Kind::prefix && one.literal().empty();
  }
  use.endpoints = scope.endpoints;
  use.dispatchers = 0;
  for (const Dispatcher one : scope.dispatchers)
    use.dispatchers |= 1u << static_cast<unsigned>(one);
  return use;
}

void sort_by_start_order(std::vector<const StartOrder*>& configs) {
  const auto order = [](const StartOrder& one) {
    return one.load_on_startup < 0 ? INT_MAX : one.load_on_startup;
  };
  std::stable_sort(configs.begin(), configs.end(), [&](const StartOrder* a, const StartOrder* b) {
    if (order(*a) != order(*b)) return order(*a) < order(*b);
    return stands_before(a->position, b->position);
  });
}

void Types::load(const LibraryConfig& config, const std::filesystem::path& folder,
                 const PluginOptions& options) {
  PluginOptions its = options;
  its.unload = config.unload == UnloadPolicy::automatic;
  auto plugin = Plugin::load(folder / config.file, its);
  if (!plugin) complain(position_of(config, "file"), plugin.error());
  libraries_.emplace_back(config.name, *plugin);
}

template <class Type, class Config>
Types::Found<Type> Types::find(const Config& config, const char* kind) const {
  Found<Type> found;
  bool named = config.library.empty();
  for (const auto& [name, plugin] : libraries_) {
    if (!config.library.empty() && name != config.library) continue;
    named = true;
    const Type* type = find_in(*plugin, config.type, static_cast<const Type*>(nullptr));
    if (type == nullptr) continue;
    if (found.type != nullptr)
      complain(config.position, "several libraries have " + std::string(kind) + " type '" +
                                    config.type + "'; say which one with the attribute 'library'");
    found = {type, plugin};
  }
  if (!named)
    complain(position_of(config, "library"), "there is no library '" + config.library + "' here");
  if (found.type == nullptr && config.library.empty())
    for (const auto& plugin : built_in_)
      if (const Type* type = find_in(*plugin, config.type, static_cast<const Type*>(nullptr)))
        found = {type, plugin, true};
  if (found.type == nullptr)
    complain(position_of(config, "type"), "no library has the " + std::string(kind) + " type '" +
                                              config.type + "'; " + advice(kind, config.type));
  return found;
}

Types::Found<margay_endpoint_type> Types::endpoint(const EndpointConfig& config) const {
  return find<margay_endpoint_type>(config, "endpoint");
}

Types::Found<margay_filter_type> Types::filter(const FilterConfig& config) const {
  return find<margay_filter_type>(config, "filter");
}

Types::Found<margay_websocket_type> Types::websocket(const WebSocketConfig& config) const {
  return find<margay_websocket_type>(config, "WebSocket");
}

Types::Found<margay_interceptor_type> Types::interceptor(const InterceptorConfig& config) const {
  return find<margay_interceptor_type>(config, "interceptor");
}

Types::Found<margay_realm_type> Types::realm(const RealmConfig& config) const {
  return find<margay_realm_type>(config, "realm");
}

Types::Found<margay_listener_type> Types::listener(const ListenerConfig& config) const {
  return find<margay_listener_type>(config, "listener");
}

Types::Found<margay_endpoint_type> Types::built_in_endpoint(const std::string& type) const {
  for (const auto& plugin : built_in_)
    if (const auto* found = plugin->find_endpoint(type); found != nullptr)
      return {found, plugin, true};
  return {};
}

}  // namespace container
