// Takes each exchange to its host, application and endpoint, on the mapping its loop has.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "container/access_log.h"
#include "container/host_memo.h"
#include "container/invocation.h"
#include "container/mapping.h"
#include "container/target.h"
#include "server/loop.h"
#include "server/service.h"
#include "server/workers.h"

namespace container {

struct EngineOptions {
  TargetRules target;
};

// Tomcat's Engine. `handle` and its like run on the loops, the rest on the control thread.
class Engine final : public server::Service {
 public:
  Engine(EngineOptions options, std::vector<server::Loop*> loops, server::Workers& workers);
  ~Engine();  // after the connectors: no exchange may be left

  // Gives every loop the new mapping. The old one ends, in reap(), when its last exchange is over.
  void publish(std::shared_ptr<const Mapping> mapping);
  // Mappings that are superseded and still have exchanges. Frees those that have none. Control
  // thread.
  std::size_t reap();

  // Access logs of the Engine, before traffic begins.
  void add_access_log(AccessLog& log);

  void handle(server::Exchange& exchange) override;
  void refuse(server::Exchange& exchange, int status, std::string_view reason) override;
  void finished(server::Exchange& exchange) override;

  std::uint64_t requests_on(std::size_t loop) const {  // any thread
    return per_loop_[loop].requests.load(std::memory_order_relaxed);
  }
  std::vector<std::uint64_t> generations() const;  // of the mappings that live; control thread

 private:
  // One mapping on one loop: a plain count of the exchanges that use it, the loop's own.
  struct Lease {
    const Mapping* mapping = nullptr;
    std::size_t exchanges = 0;
    bool superseded = false;
    std::atomic<bool> over{false};
  };
  struct Generation {
    std::shared_ptr<const Mapping> mapping;
    std::vector<std::unique_ptr<Lease>> leases;  // by loop
  };
  struct alignas(64) PerLoop {
    Lease* lease = nullptr;
    HostMemo hosts;
    RouteMatch match;  // of the request being routed; too large to be cleared for each
    std::vector<std::unique_ptr<AccessLog::Appender>> appenders;
    std::atomic<std::uint64_t> requests{0};
  };
  // Container state of one exchange: the invocation with what the engine needs at its end.
  struct Visit;

  Visit& open(server::Exchange& exchange, Invocation::Start start);
  void reject_with(Visit& visit, int status);
  void reject(server::Exchange& exchange, Invocation::Start start, int status,
              std::string_view message);
  void route(server::Exchange& exchange, const Mapping& mapping);
  void log_access(server::Exchange& exchange, Visit& visit, std::uint64_t now);

  const EngineOptions options_;
  const std::vector<server::Loop*> loops_;
  server::Workers& workers_;
  std::vector<PerLoop> per_loop_;
  std::vector<Generation> generations_;  // the last is current; control thread
};

}  // namespace container
