// One object of a plugin type with the configuration it was made from.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <margay/abi_websocket.h>
#include <tl/expected.hpp>

#include "container/bridge.h"
#include "container/plugin.h"
#include "container/websocket_bridge.h"

namespace container {

struct InstanceOptions {
  std::string name;
  std::string context_path;
  std::string folder;
  std::vector<std::pair<std::string, std::string>> parameters;
  server::Log log;
  Interfaces interfaces = {};
  std::string scope = {};
  SessionListeners* listeners = nullptr;
};

struct CreateFailure {
  std::string parameter;  // to blame; may be empty
  std::string message;
};

// Made and destroyed on the control thread; `self` serves many threads in between. Keeps its
// library mapped. `Type` is one of the contract's types with `create` and `destroy`.
template <class Type>
class Instance {
 public:
  static tl::expected<std::shared_ptr<const Instance>, CreateFailure> create(
      std::shared_ptr<const Plugin> plugin, const Type& type, InstanceOptions options) {
    std::shared_ptr<Instance> made(new Instance(std::move(plugin), type, std::move(options)));
    margay_failure failure{sizeof failure, {}, {}};
    made->self_ = type.create(&host_functions(), &made->config_.abi, &failure);
    failure.parameter[sizeof failure.parameter - 1] = failure.message[sizeof failure.message - 1] =
        '\0';
    if (made->self_ == nullptr)
      return tl::unexpected(CreateFailure{
          failure.parameter, failure.message[0] == '\0' ? "no reason was given" : failure.message});
    made->config_.self = made->self_;
    return std::shared_ptr<const Instance>(std::move(made));
  }

  ~Instance() {
    if (self_ != nullptr) type_.destroy(self_);
    end_clients_of(config_);
  }
  Instance(const Instance&) = delete;
  Instance& operator=(const Instance&) = delete;

  const Type& type() const { return type_; }
  void* self() const { return self_; }

 private:
  Instance(std::shared_ptr<const Plugin> plugin, const Type& type, InstanceOptions options)
      : plugin_(std::move(plugin)), type_(type), options_(std::move(options)) {
    const auto text = [](const std::string& from) { return margay_str{from.data(), from.size()}; };
    for (const auto& [name, value] : options_.parameters)
      fields_.push_back({text(name), text(value)});
    config_.abi = {sizeof config_.abi,
                   static_cast<std::uint32_t>(fields_.size()),
                   fields_.data(),
                   text(options_.name),
                   text(options_.context_path),
                   text(options_.folder)};
    config_.log = options_.log;
    config_.interfaces = options_.interfaces;
    config_.scope = options_.scope;
    config_.listeners = options_.listeners;
  }

  std::shared_ptr<const Plugin> plugin_;  // outlives self_
  const Type& type_;
  InstanceOptions options_;
  std::vector<margay_field> fields_;
  BridgedConfig config_;
  void* self_ = nullptr;
};

using EndpointInstance = Instance<margay_endpoint_type>;
using FilterInstance = Instance<margay_filter_type>;
using WebSocketInstance = Instance<margay_websocket_type>;
using InterceptorInstance = Instance<margay_interceptor_type>;

}  // namespace container
