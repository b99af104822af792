// Puts one application together from its configuration: libraries, endpoints, routes, filters.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "container/bridge.h"
#include "container/config/application_config.h"
#include "container/config/substitution.h"
#include "container/mapping.h"
#include "container/starts.h"
#include "container/types.h"
#include "server/log.h"

namespace container {

struct AssemblyOptions {
  Types::BuiltIn built_in;
  std::filesystem::path folder;  // of the application; empty: it has none
  PluginOptions plugins;
  server::Log log;  // of its endpoints and filters
  Interfaces interfaces = {};
  std::string scope = {};            // of its topics: host and context path
  std::filesystem::path base = {};   // of the server: where files of realms are
  Substitutions substitutions = {};  // what names in these stand for
  // Of the host or engine, for an application without its own; may be null.
  std::shared_ptr<security::Realm> realm = {};
  AllRolesMode all_roles = AllRolesMode::strict;
  std::shared_ptr<SessionTable> sessions = nullptr;
  std::string route = {};                             // the Engine's jvmRoute
  std::filesystem::path work_folder = {};             // of its own; empty: it has none
  bool fail_if_endpoint_fails = true;                 // unless the application says otherwise
  std::vector<MimeMappingConfig> mime_mappings = {};  // of the host; the application's win
};

// Completes `application`, which knows its context path, and tells `step` what it is at. Throws
// ConfigError; what is there of the application by then is for the control thread to destroy. Any
// thread, one at a time for each application.
void assemble(const ApplicationConfig& config, Application& application,
              const AssemblyOptions& options, StartStep& step);

}  // namespace container
