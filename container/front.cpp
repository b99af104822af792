// Where requests come in, as server.xml has it: connectors, their entrances and thread pools,
// through its changes.
#include "container/front.h"

#include <algorithm>
#include <stdexcept>

#include "container/config/effective.h"
#include "container/connector_options.h"
#include "container/engine.h"
#include "container/tls_options.h"

namespace container {

namespace {

using Clock = std::chrono::steady_clock;

const ExecutorConfig* executor_of(const ServiceConfig& service, const ConnectorConfig& connector) {
  for (const ExecutorConfig& one : service.executors)
    if (one.name == connector.executor) return &one;
  return nullptr;
}

std::string place_of(const ConnectorConfig& config) {
  if (config.use_inherited_channel) return "inherited";
  if (!config.unix_domain_socket_path.empty()) return config.unix_domain_socket_path;
  return config.address + ":" + std::to_string(config.port);
}

// Everything but what set_tls changes under open connections.
std::string plain_values(ConnectorConfig config) {
  config.ssl_hosts.clear();
  return values_text("Connector", config);
}

bool keeps(const Front::Plan& plan, const std::shared_ptr<Front::Gate>& gate) {
  return std::any_of(plan.begin(), plan.end(),
                     [&](const Front::Planned& planned) { return planned.gate == gate; });
}

}  // namespace

Front::Front(Engine& engine, std::vector<server::Loop*> loops, std::filesystem::path base,
             server::Log log)
    : engine_(engine), loops_(std::move(loops)), base_(std::move(base)), log_(std::move(log)) {}

std::vector<std::shared_ptr<Front::Pool>> Front::pools() const {
  std::vector<std::shared_ptr<Pool>> all;
  const auto add = [&](const Gate& gate) {
    if (std::find(all.begin(), all.end(), gate.pool) == all.end()) all.push_back(gate.pool);
  };
  for (const auto& one : gates_) add(*one);
  for (const Retired& one : retired_) add(*one.gate);
  return all;
}

// The pool a connector names, which others may share and which goes on while its <Executor> stays
// the same; else one of its own.
std::shared_ptr<Front::Pool> Front::pool(const ServiceConfig& service,
                                         const ConnectorConfig& connector,
                                         std::vector<std::shared_ptr<Pool>>& fresh) const {
  const ExecutorConfig* executor = executor_of(service, connector);
  if (executor == nullptr)
    return std::make_shared<Pool>(
        Pool{"connector " + place_of(connector), "",
             std::make_unique<server::Workers>(server::WorkersOptions{})});
  const std::string values = values_text("Executor", *executor);
  for (const auto& known : {pools(), fresh})
    for (const auto& one : known)
      if (one->values == values) return one;
  fresh.push_back(std::make_shared<Pool>(
      Pool{executor->name, values, std::make_unique<server::Workers>(workers_options(*executor))}));
  return fresh.back();
}

Front::Plan Front::prepare(const ServiceConfig& service, Certificates certificates) {
  Plan plan;
  std::vector<std::shared_ptr<Pool>> fresh;
  int inherited = 0;
  for (const ConnectorConfig& config : service.connectors) {
    std::string values = plain_values(config);
    if (const ExecutorConfig* executor = executor_of(service, config); executor != nullptr)
      values += values_text("Executor", *executor);
    const int number = config.use_inherited_channel ? inherited++ : -1;
    const auto same = std::find_if(gates_.begin(), gates_.end(), [&](const auto& one) {
      return one->values == values && !keeps(plan, one);
    });
    if (same != gates_.end())
      plan.push_back(reuse(*same, config, certificates));
    else
      plan.push_back({open(config, values, pool(service, config, fresh), number), {}, nullptr});
  }
  return plan;
}

Front::Planned Front::reuse(std::shared_ptr<Gate> gate, const ConnectorConfig& config,
                            Certificates certificates) const {
  Planned planned{std::move(gate), values_text("Connector", config), nullptr};
  const Gate& known = *planned.gate;
  if (certificates == Certificates::read || known.tls_values != planned.tls_values)
    planned.tls = load_tls(config, base_, known.tls.get());
  return planned;
}

std::shared_ptr<Front::Gate> Front::open(const ConnectorConfig& config, const std::string& values,
                                         std::shared_ptr<Pool> pool, int inherited) const {
  auto gate = std::make_shared<Gate>();
  gate->values = values;
  gate->tls_values = values_text("Connector", config);
  gate->place = place_of(config);
  gate->pool = std::move(pool);
  gate->entrance = std::make_unique<Entrance>(entrance_rules(config), engine_, *gate->pool->workers,
                                              loops_.size());
  server::ConnectorOptions options =
      connector_options(config, inherited < 0 ? -1 : inherited_descriptor(inherited));
  options.http1.log = log_;
  options.tls = gate->tls = load_tls(config, base_);
  const auto count = std::min(loops_of(config), loops_.size());
  gate->connector = std::make_unique<server::Connector>(
      std::move(options),
      std::vector<server::Loop*>(loops_.begin(),
                                 loops_.begin() + static_cast<std::ptrdiff_t>(count)),
      *gate->entrance);
  const auto former = std::find_if(gates_.begin(), gates_.end(), [&](const auto& one) {
    return inherited < 0 && one->place == gate->place;
  });
  try {
    gate->connector->listen(former == gates_.end() ? nullptr : (*former)->connector.get());
  } catch (const std::runtime_error& error) {
    throw std::runtime_error(to_string(config.position) + ": " + error.what());
  }
  return gate;
}

void Front::use(Plan plan, std::chrono::milliseconds patience) {
  for (Planned& planned : plan) {
    Gate& gate = *planned.gate;
    if (std::find(gates_.begin(), gates_.end(), planned.gate) == gates_.end())
      log_.info("listening on {}", gate.connector->title());
    if (planned.tls == nullptr) continue;
    gate.tls = std::move(planned.tls);
    gate.tls_values = std::move(planned.tls_values);
    gate.connector->set_tls(gate.tls);
    log_.info("new connections to {} are shown the certificates as they are now",
              gate.connector->title());
  }
  for (const auto& one : gates_) {
    if (keeps(plan, one)) continue;
    for (const auto& [heir, values, certificates] : plan)
      if (heir->place == one->place) heir->connector->take_path_from(*one->connector);
    log_.info("{} accepts nothing more; {} connections may finish", one->connector->title(),
              one->connector->connections());
    one->connector->drain();
    retired_.push_back({one, Clock::now() + patience});
  }
  gates_.clear();
  for (Planned& planned : plan) gates_.push_back(std::move(planned.gate));
}

std::vector<std::shared_ptr<void>> Front::reap() {
  std::vector<std::shared_ptr<void>> ended;
  std::erase_if(retired_, [&](const Retired& one) {
    Gate& gate = *one.gate;
    if (gate.connector == nullptr) {
      if (gate.entrance->in_use() > 0) return false;
      ended.push_back(one.gate);
      return true;
    }
    if (gate.connector->connections() == 0)
      ended.push_back(std::move(gate.connector));
    else if (Clock::now() >= one.deadline)
      gate.connector->close();
    return false;
  });
  return ended;
}

void Front::drain() {
  for (const auto& one : gates_) one->connector->drain();
}

void Front::close() {
  for (const Retired& one : retired_)
    if (one.gate->connector != nullptr) one.gate->connector->close();
  for (const auto& one : gates_) one->connector->close();
  for (const Retired& one : retired_) one.gate->connector.reset();
  for (const auto& one : gates_) one->connector.reset();
}

std::size_t Front::connections() const {
  std::size_t all = 0;
  for (const View& one : gates()) all += one.connector->connections();
  return all;
}

// Where there are none, no loop touches an Entrance any more.
std::size_t Front::in_use() const {
  std::size_t all = 0;
  for (const auto& one : gates_) all += one->entrance->in_use();
  for (const Retired& one : retired_) all += one.gate->entrance->in_use();
  return all;
}

std::vector<Front::View> Front::gates() const {
  std::vector<View> all;
  const auto add = [&](const Gate& gate) {
    if (gate.connector != nullptr)
      all.push_back({gate.connector.get(), gate.entrance.get(), gate.pool.get(), gate.tls.get()});
  };
  for (const auto& one : gates_) add(*one);
  for (const Retired& one : retired_) add(*one.gate);
  return all;
}

std::vector<server::Workers::Stuck> Front::watch(std::chrono::nanoseconds limit) {
  std::vector<server::Workers::Stuck> all;
  for (const auto& one : pools())
    for (server::Workers::Stuck& stuck : one->workers->watch(limit))
      all.push_back(std::move(stuck));
  return all;
}

}  // namespace container
