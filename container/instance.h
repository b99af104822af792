// One object of a plugin type with the configuration it was made from.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <margay/abi_application.h>
#include <margay/abi_security.h>
#include <margay/abi_websocket.h>
#include <tl/expected.hpp>

#include "container/bridge.h"
#include "container/plugin.h"
#include "container/session_listeners.h"
#include "container/websocket_bridge.h"

namespace container {

struct InstanceOptions {
  std::string name;
  std::string context_path;
  std::string folder;
  std::vector<std::pair<std::string, std::string>> parameters;  // first those it inherits
  server::Log log;
  Interfaces interfaces = {};
  std::string scope = {};
  SessionListeners* listeners = nullptr;
  ApplicationState* application = nullptr;
  std::size_t inherited = 0;  // so many of the parameters are the application's
};

struct CreateFailure {
  std::string parameter;  // to blame; may be empty
  std::string message;
  std::int64_t unavailable = 0;  // seconds until it may be tried again; -1: never; 0: not known
};

CreateFailure failure_of(margay_failure& told);

// What an instance is made with and refers to as long as anybody of its code may run. Stays where
// it is.
class InstanceConfig {
 public:
  explicit InstanceConfig(InstanceOptions options);
  InstanceConfig(const InstanceConfig&) = delete;
  InstanceConfig& operator=(const InstanceConfig&) = delete;

  const InstanceOptions& options() const { return options_; }
  BridgedConfig& bridged() { return bridged_; }

 private:
  InstanceOptions options_;
  std::vector<margay_field> fields_;
  BridgedConfig bridged_;
};

// Made on a thread that the control thread waits for, and destroyed on the control thread; `self`
// serves many threads in between. Keeps its library mapped. `Type` is one of the contract's types
// with `create` and `destroy`.
template <class Type>
class Instance {
 public:
  static tl::expected<std::shared_ptr<const Instance>, CreateFailure> create(
      std::shared_ptr<const Plugin> plugin, const Type& type, InstanceOptions options) {
    return create(std::move(plugin), type, std::make_shared<InstanceConfig>(std::move(options)));
  }
  // With a config that may be used again when this fails.
  static tl::expected<std::shared_ptr<const Instance>, CreateFailure> create(
      std::shared_ptr<const Plugin> plugin, const Type& type,
      std::shared_ptr<InstanceConfig> config) {
    std::shared_ptr<Instance> made(new Instance(std::move(plugin), type, std::move(config)));
    BridgedConfig& its = made->config_->bridged();
    SessionListeners* const listeners = made->config_->options().listeners;
    SessionListeners heard;  // by one that fails: nobody may call it any more
    its.listeners = listeners == nullptr ? nullptr : &heard;
    its.library = made->plugin_.get();
    margay_failure failure{};
    failure.size = sizeof failure;
    made->self_ = type.create(&host_functions(), &its.abi, &failure);
    its.listeners = nullptr;
    if (made->self_ == nullptr) return tl::unexpected(failure_of(failure));
    if (listeners != nullptr) listeners->take(heard);
    its.self = made->self_;
    return std::shared_ptr<const Instance>(std::move(made));
  }

  ~Instance() {
    if (self_ != nullptr) type_.destroy(self_);
    end_clients_of(config_->bridged());
  }
  Instance(const Instance&) = delete;
  Instance& operator=(const Instance&) = delete;

  const Type& type() const { return type_; }
  void* self() const { return self_; }

 private:
  Instance(std::shared_ptr<const Plugin> plugin, const Type& type,
           std::shared_ptr<InstanceConfig> config)
      : plugin_(std::move(plugin)), type_(type), config_(std::move(config)) {}

  std::shared_ptr<const Plugin> plugin_;  // outlives self_
  const Type& type_;
  std::shared_ptr<InstanceConfig> config_;
  void* self_ = nullptr;
};

using EndpointInstance = Instance<margay_endpoint_type>;
using FilterInstance = Instance<margay_filter_type>;
using WebSocketInstance = Instance<margay_websocket_type>;
using RealmInstance = Instance<margay_realm_type>;
using InterceptorInstance = Instance<margay_interceptor_type>;
using ListenerInstance = Instance<margay_listener_type>;

}  // namespace container
