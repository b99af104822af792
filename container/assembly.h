// Puts one application together from its configuration: libraries, endpoints, routes, filters.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "container/bridge.h"
#include "container/config/application_config.h"
#include "container/mapping.h"
#include "container/types.h"
#include "server/log.h"

namespace container {

struct AssemblyOptions {
  const Types::BuiltIn& built_in;
  std::filesystem::path folder;  // of the application; empty: it has none
  PluginOptions plugins;
  server::Log log;  // of its endpoints and filters
  Interfaces interfaces = {};
  std::string scope = {};  // of its topics: host and context path
  std::shared_ptr<SessionTable> sessions = nullptr;
  std::string route = {};  // the Engine's jvmRoute
};

// Completes `application`, which knows its context path. Throws ConfigError. Control thread.
std::shared_ptr<const Application> assemble(const ApplicationConfig& config,
                                            Application application,
                                            const AssemblyOptions& options);

}  // namespace container
