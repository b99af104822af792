// Where the types that a configuration names are looked up, and made objects.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "container/config/application_config.h"
#include "container/config/diagnostic.h"
#include "container/instance.h"
#include "container/mapping.h"
#include "container/plugin.h"

namespace container {

[[noreturn]] void complain(const SourcePosition& position, std::string message);

std::vector<std::pair<std::string, std::string>> pairs(
    const std::vector<ParameterConfig>& parameters);

Pattern parse_pattern(const LocatedText& text, PatternUse use);
MappedFilter map_filter(const std::string& name, const FilterScope& scope,
                        const FilterInstance& instance);

// The libraries of one application, Host or Engine, and behind them what is linked into the server.
// Whatever does not fit is thrown as a ConfigError with its place. One thread.
class Types {
 public:
  using BuiltIn = std::vector<std::shared_ptr<const Plugin>>;

  explicit Types(const BuiltIn& built_in) : built_in_(built_in) {}

  void load(const LibraryConfig& config, const std::filesystem::path& folder,
            const PluginOptions& options);
  const std::vector<std::pair<std::string, std::shared_ptr<const Plugin>>>& libraries() const {
    return libraries_;
  }

  // The type an element names, in the library it names or in the only one that has it.
  template <class Type>
  struct Found {
    const Type* type = nullptr;
    std::shared_ptr<const Plugin> owner;
    bool built_in = false;
  };
  Found<margay_endpoint_type> endpoint(const EndpointConfig& config) const;
  Found<margay_filter_type> filter(const FilterConfig& config) const;
  Found<margay_websocket_type> websocket(const WebSocketConfig& config) const;
  Found<margay_interceptor_type> interceptor(const InterceptorConfig& config) const;
  Found<margay_realm_type> realm(const RealmConfig& config) const;
  Found<margay_listener_type> listener(const ListenerConfig& config) const;
  // Among what is linked in only.
  Found<margay_endpoint_type> built_in_endpoint(const std::string& type) const;

 private:
  template <class Type, class Config>
  Found<Type> find(const Config& config, const char* kind) const;

  const BuiltIn& built_in_;
  std::vector<std::pair<std::string, std::shared_ptr<const Plugin>>> libraries_;
};

// At the parameter to blame, or at the element. `what` was to happen: "be created".
template <class Config>
[[noreturn]] void complain(const Config& config, const CreateFailure& failure, const char* what) {
  SourcePosition at = config.position;
  for (const ParameterConfig& one : config.parameters)
    if (one.name == failure.parameter) at = position_of(one, "value");
  complain(at, "'" + config.name + "' could not " + what + ": " + failure.message);
}

template <class Type, class Config>
std::shared_ptr<const Instance<Type>> make_instance(const Config& config,
                                                    const Types::Found<Type>& found,
                                                    std::shared_ptr<InstanceConfig> its) {
  auto made = Instance<Type>::create(found.owner, *found.type, std::move(its));
  if (!made) complain(config, made.error(), "be created");
  return *made;
}

template <class Type, class Config>
std::shared_ptr<const Instance<Type>> make_instance(const Config& config,
                                                    const Types::Found<Type>& found,
                                                    InstanceOptions options) {
  return make_instance(config, found, std::make_shared<InstanceConfig>(std::move(options)));
}

// Elements of one document into the order in which they are created.
void sort_by_start_order(std::vector<const StartOrder*>& configs);

}  // namespace container
