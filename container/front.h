// Where requests come in, as server.xml has it: connectors, their entrances and thread pools,
// through its changes.
#pragma once

#include <chrono>
#include <filesystem>
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
  // The loops and the engine outlive this. `base`: where the paths of certificates start.
  Front(Engine& engine, std::vector<server::Loop*> loops, std::filesystem::path base,
        server::Log log);

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
    std::string values;      // of its <Connector> without TLS, and of the pool it names
    std::string tls_values;  // of all of the <Connector>
    std::shared_ptr<const server::tls::Context> tls;  // of new connections; null: plain
    std::string place;  // where it listens, in the words of server.xml
    std::shared_ptr<Pool> pool;
    std::unique_ptr<Entrance> entrance;
    std::unique_ptr<server::Connector> connector;
  };
  struct Planned {
    std::shared_ptr<Gate> gate;
    std::string tls_values;                           // of the gate from now on
    std::shared_ptr<const server::tls::Context> tls;  // the same; null: what it has already
  };
  using Plan = std::vector<Planned>;
  enum class Certificates : std::uint8_t { keep, read };  // of what is configured as it was

  // Listens where the configuration says so and nobody of ours does yet, or not as it says now.
  // Throws std::runtime_error when a socket cannot be opened, ConfigError when a certificate cannot
  // be used; nothing is changed then.
  Plan prepare(const ServiceConfig& service, Certificates certificates);
  // From now on these are served. The others accept nothing more and may finish what they have
  // until `patience` is over.
  void use(Plan plan, std::chrono::milliseconds patience);
  // What is not used any more, for the caller to drop; connectors before their entrances, in
  // different calls.
  std::vector<std::shared_ptr<void>> reap();

  void drain();
  void close();  // cuts every connection
  std::size_t connections() const;
  std::size_t in_use() const;  // exchanges that are not finished; once closed, 0 stays 0
  // One connector with what is behind it. The objects outlive the call of reap() that ends them
  // until its result is dropped.
  struct View {
    const server::Connector* connector;
    const Entrance* entrance;
    const Pool* pool;
    const server::tls::Context* tls;  // null: plain
  };
  std::vector<View> gates() const;  // with those that are draining
  // Of all pools, as Workers::watch.
  std::vector<server::Workers::Stuck> watch(std::chrono::nanoseconds limit);

 private:
  struct Retired {
    std::shared_ptr<Gate> gate;
    std::chrono::steady_clock::time_point deadline;
  };

  Planned reuse(std::shared_ptr<Gate> gate, const ConnectorConfig& config,
                Certificates certificates) const;
  std::shared_ptr<Gate> open(const ConnectorConfig& config, const std::string& values,
                             std::shared_ptr<Pool> pool, int inherited) const;
  std::vector<std::shared_ptr<Pool>> pools() const;
  std::shared_ptr<Pool> pool(const ServiceConfig& service, const ConnectorConfig& connector,
                             std::vector<std::shared_ptr<Pool>>& fresh) const;

  Engine& engine_;
  const std::vector<server::Loop*> loops_;
  const std::filesystem::path base_;
  const server::Log log_;
  std::vector<std::shared_ptr<Gate>> gates_;
  std::vector<Retired> retired_;
};

}  // namespace container
