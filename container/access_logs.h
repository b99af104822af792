// The access logs that server.xml asks for, through its changes.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "container/access_log.h"
#include "container/config/server_config.h"
#include "container/engine.h"
#include "server/log.h"

namespace container {

// Control thread.
class AccessLogs {
 public:
  AccessLogs(std::filesystem::path base, server::Log log)
      : base_(std::move(base)), log_(std::move(log)) {}

  // One log of a configuration: the open one where nothing changed, else a new one.
  struct Opened {
    std::string values;  // of its element, with the host it belongs to
    std::string host;    // empty: the Engine's
    std::shared_ptr<AccessLog> log;
  };
  using Plan = std::vector<Opened>;

  // Opens what is new and touches nothing else. Throws for a pattern or folder that is no good.
  Plan prepare(const EngineConfig& engine) const;
  // From now on these are written; those that are not among them end.
  void use(Plan plan, Engine& engine);

  void reopen();  // after logrotate

 private:
  std::shared_ptr<AccessLog> open(const AccessLogConfig& config) const;

  const std::filesystem::path base_;
  const server::Log log_;
  Plan opened_;
};

}  // namespace container
