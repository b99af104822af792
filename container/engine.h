// Takes each exchange to its host, application and endpoint, on the mapping its loop has.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "container/access_log.h"
#include "container/entrance.h"
#include "container/host_memo.h"
#include "container/invocation.h"
#include "container/mapping.h"
#include "server/loop.h"

namespace container {

// An access log, and whose requests it is to see.
struct AccessLogUse {
  AccessLog* log = nullptr;
  std::string host;  // a Host's name; empty: everybody's
};

// Tomcat's Engine. `handle` and its like run on the loops, the rest on the control thread.
class Engine final {
 public:
  explicit Engine(std::vector<server::Loop*> loops);
  ~Engine();  // after the connectors: no exchange may be left
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  // Gives every loop the new mapping. The old one ends, in reap(), when its last exchange is over.
  void publish(std::shared_ptr<const Mapping> mapping);
  // Frees superseded mappings without exchanges, and applications that they leave without
  // residents. How many of both still wait. Control thread.
  std::size_t reap();

  // Who opens the sessions of WebSockets; before the first mapping. Without one they are refused.
  void use_acceptor(Acceptor& acceptor) { upgrades_.acceptor = &acceptor; }
  // From now on no WebSocket is opened any more. Any thread.
  void drain() { upgrades_.draining.store(true, std::memory_order_relaxed); }

  // The access logs from now on. When it returns, every loop has handed over its lines for those
  // before, which may then end.
  void use_access_logs(const std::vector<AccessLogUse>& uses);

  // The service of the entrances.
  void handle(server::Exchange& exchange, Entrance& entrance);
  void refuse(server::Exchange& exchange, Entrance& entrance, int status, std::string_view reason);
  void finished(server::Exchange& exchange);

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
  struct HostAppender {
    HostAppender(AccessLog& log, std::string name) : appender(log), host(std::move(name)) {}
    AccessLog::Appender appender;
    std::string host;  // as in AccessLogUse
  };
  using Appenders = std::vector<std::unique_ptr<HostAppender>>;
  struct alignas(64) PerLoop {
    Lease* lease = nullptr;
    HostMemo hosts;
    RouteMatch match;   // of the request being routed; too large to be cleared for each
    RouteMatch beside;  // the same of what is looked up beside it
    Appenders appenders;
    security::TokenCache tokens;
    std::atomic<std::uint64_t> requests{0};
  };
  // Container state of one exchange: the invocation with what the engine needs at its end.
  struct Visit;

  void keep_occupied(const Mapping& ended);
  Visit& open(server::Exchange& exchange, Entrance& entrance, Invocation::Start start);
  void reject_with(Visit& visit, int status);
  void reject(server::Exchange& exchange, Entrance& entrance, int status, std::string_view message);
  void route(server::Exchange& exchange, Entrance& entrance, const Mapping& mapping);
  const RouteMatch& choose(Invocation::Start& start, const server::RequestHead& head,
                           std::string_view path, PerLoop& mine);
  static bool is_misdirected(const server::Exchange& exchange, const Entrance& entrance,
                             std::string_view host);
  static void constrain(Invocation& invocation, const Application& application,
                        std::string_view path, PerLoop& mine);
  static void name_server(Visit& visit, const HostPort& host);
  void log_access(server::Exchange& exchange, Visit& visit, std::uint64_t now);

  const std::vector<server::Loop*> loops_;
  std::vector<PerLoop> per_loop_;
  Upgrades upgrades_;
  // Of the control thread.
  bool logs_ = false;                                         // the loops have appenders
  std::vector<Generation> generations_;                       // the last is current
  std::vector<std::shared_ptr<const Application>> occupied_;  // of ended mappings, with residents
};

}  // namespace container
