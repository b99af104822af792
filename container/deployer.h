// From configuration to a mapping: applications and filters are made, and carried over where
// nothing changed.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "container/bridge.h"
#include "container/config/read_config.h"
#include "container/mapping.h"
#include "container/session_registry.h"
#include "container/types.h"
#include "server/log.h"

namespace container {

struct DeployerOptions {
  std::filesystem::path base;  // relative paths of server.xml start here
  Types::BuiltIn built_in;
  Substitutions substitutions;
  Interfaces interfaces = {};
  SessionRegistry* sessions = nullptr;  // null: no application has any
};

// Control thread.
class Deployer {
 public:
  Deployer(DeployerOptions options, server::Logs& logs);

  // A mapping for this configuration. An application that cannot be deployed is reported and keeps
  // its earlier version, if `previous` has one, or answers 503; the others do not notice. Throws
  // ConfigError when the Engine or a Host itself cannot be built: `previous` stays good then.
  std::shared_ptr<const Mapping> build(const ServerConfig& config, const Mapping* previous);

  // What failed in the last build, one text for each application.
  const std::vector<std::string>& failures() const { return failures_; }

  // Folders whose applications follow what lies there, and single files that server.xml names.
  std::vector<std::filesystem::path> app_bases(const ServerConfig& config) const;
  std::vector<std::filesystem::path> named_files(const ServerConfig& config) const;

 private:
  // Where one application comes from.
  struct Source {
    std::string path, version;
    std::filesystem::path folder;            // empty: none
    const ContextConfig* context = nullptr;  // in server.xml; else app.xml in the folder
  };

  std::vector<Source> sources(const HostConfig& host, bool first) const;
  std::shared_ptr<const FilterSet> filters(const std::vector<LibraryConfig>& libraries,
                                           const std::vector<FilterConfig>& configs,
                                           const std::optional<RealmConfig>& realm,
                                           const std::filesystem::path& work,
                                           const std::shared_ptr<const FilterSet>& earlier) const;
  void add_applications(const HostConfig& host, const Mapping* previous, HostMapping& mapping);
  std::shared_ptr<const Application> deploy(const HostConfig& host, const Source& source,
                                            const FilterSet& around,
                                            std::shared_ptr<const Application> earlier);
  ApplicationConfig config_of(const Source& source) const;
  PluginOptions plugin_options(const HostConfig& host) const;
  void use_error_report(const ErrorReportConfig& config, HostMapping& host) const;
  std::filesystem::path resolve(const std::string& path) const;

  DeployerOptions options_;
  server::Logs& logs_;
  server::Log log_;
  std::string route_;  // the Engine's jvmRoute
  std::uint64_t generation_ = 0;
  std::vector<std::string> failures_;
};

}  // namespace container
