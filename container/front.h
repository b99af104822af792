// Where requests come in, as server.xml has it: connectors, their entrances and thread pools,
// through its changes.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "container/config/server_config.h"
#include "container/entrance.h"
#include "server/connector.h"
#include "server/log.h"
#include "server/loop.h"
#include "server/workers.h"

namespace container {

// Control thread. An exchange may outlive its connector, so what was replaced is kept until
// nothing uses it any more.
class Front {
 public:
  // The loops and the engine outlive this.
  Front(Engine& engine, std::vector<server::Loop*> loops, server::Log log);

  struct Pool {
    std::string name;    // "connector http://..." for a connector's own
    std::string values;  // of its <Executor>; empty: a connector's own
    std::unique_ptr<server::Workers> workers;
  };
  // One connector; ended in reverse order.
  struct Gate {
    Gate() = default;
    Gate(const Gate&) = delete;
    Gate& operator=(const Gate&) = delete;
    ~Gate() {  // also when a reload gives up behind listen()
      if (connector != nullptr) connector->close();
    }
    std::string values;  // of its <Connector> and of the pool it names
    std::string place;   // where it listens, in the words of server.xml
    std::shared_ptr<Pool> pool;
    std::unique_ptr<Entrance> entrance;
    std::unique_ptr<server::Connector> connector;
  };
  using Plan = std::vector<std::shared_ptr<Gate>>;

  // Listens where the configuration says so and nobody of ours does yet, or not as it says now.
  // Throws std::runtime_error when a socket cannot be opened; nothing is changed then.
  Plan prepare(const ServiceConfig& service);
  // From now on these are served. The others accept nothing more and may finish what they have
  // until `patience` is over.
  void use(Plan plan, std::chrono::milliseconds patience);
  // What is not used any more, for the caller to drop; connectors before their entrances, in
  // different calls.
  std::vector<std::shared_ptr<void>> reap();

  void drain();
  void close();  // cuts every connection
  std::size_t connections() const;
  // One connector with what is behind it. The objects outlive the call of reap() that ends them
  // until its result is dropped.
  struct View {
    const server::Connector* connector;
    const Entrance* entrance;
    const Pool* pool;
  };
  std::vector<View> gates() const;  // with those that are draining
  // Calls `report` as Workers::watch does.
  void watch(std::chrono::nanoseconds limit,
             const std::function<void(const char*, std::chrono::nanoseconds)>& report);

 private:
  struct Retired {
    std::shared_ptr<Gate> gate;
    std::chrono::steady_clock::time_point deadline;
  };

  std::shared_ptr<Gate> open(const ConnectorConfig& config, const std::string& values,
                             std::shared_ptr<Pool> pool, int inherited) const;
  std::vector<std::shared_ptr<Pool>> pools() const;
  std::shared_ptr<Pool> pool(const ServiceConfig& service, const ConnectorConfig& connector,
                             std::vector<std::shared_ptr<Pool>>& fresh) const;

  Engine& engine_;
  const std::vector<server::Loop*> loops_;
  const server::Log log_;
  Plan gates_;
  std::vector<Retired> retired_;
};

}  // namespace container
