// How the requests of one connector come into the engine: by which rules, as what they appear, and
// where their endpoints may block.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "container/target.h"
#include "server/service.h"
#include "server/workers.h"

namespace container {

class Engine;

struct EntranceRules {
  TargetRules target;
  // What applications see behind a proxy.
  std::string scheme;            // empty: as the connection is
  std::string proxy_name;        // empty: from the Host field
  std::uint16_t proxy_port = 0;  // 0: from the Host field, or the scheme's own
  bool strict_sni = true;  // 421 for hosts that the connection's certificate was not chosen for
  std::uint16_t redirect_port = 443;         // where TLS is served, for plain requests; 0: nowhere
  std::size_t body_limit = 2 * 1024 * 1024;  // of a buffered body, where the endpoint sets none
  std::string max_parameters = "1000";       // maxParameterCount, as plugins ask for it
};

// The Service of one connector. Its rules never change, so that loops read them without asking.
class Entrance final : public server::Service {
 public:
  // All of them outlive the last exchange that came in here: see in_use().
  Entrance(EntranceRules rules, Engine& engine, server::Workers& workers, std::size_t loops)
      : rules_(std::move(rules)), engine_(engine), workers_(workers), per_loop_(loops) {}

  void handle(server::Exchange& exchange) override;
  void refuse(server::Exchange& exchange, int status, std::string_view reason) override;
  void finished(server::Exchange& exchange) override;

  const EntranceRules& rules() const { return rules_; }
  server::Workers& workers() const { return workers_; }

  // Exchanges that are not finished. Any thread; once the connector has gone, 0 stays 0.
  std::size_t in_use() const;
  std::uint64_t requests() const;  // any thread

 private:
  // Each loop's own to write, so that counting shares nothing.
  struct alignas(64) PerLoop {
    std::atomic<std::uint64_t> begun{0};
    std::atomic<std::uint64_t> finished{0};
  };

  const EntranceRules rules_;
  Engine& engine_;
  server::Workers& workers_;
  std::vector<PerLoop> per_loop_;
};

}  // namespace container
