// From configuration to a mapping: loads libraries, makes instances, carries over what did not
// change.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "container/config/read_config.h"
#include "container/instance.h"
#include "container/mapping.h"
#include "container/plugin.h"
#include "server/log.h"

namespace container {

struct DeployerOptions {
  std::filesystem::path base;  // relative paths of server.xml start here
  std::vector<std::shared_ptr<const Plugin>> built_in;
  Substitutions substitutions;
  std::size_t max_post_size = 2 * 1024 * 1024;
  const margay_status* status = nullptr;
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

 private:
  struct Folder;
  std::shared_ptr<const Application> deploy(const HostConfig& host, const std::string& path,
                                            const std::string& version,
                                            const std::filesystem::path& folder,
                                            const ApplicationConfig* inline_config,
                                            const Application* earlier);
  std::shared_ptr<const Application> assemble(const HostConfig& host,
                                              const ApplicationConfig& config,
                                              Application application,
                                              const std::filesystem::path& folder);
  void add_applications(const HostConfig& host, const Mapping* previous, HostMapping& mapping);
  std::filesystem::path resolve(const std::string& path) const;

  DeployerOptions options_;
  server::Logs& logs_;
  server::Log log_;
  std::uint64_t generation_ = 0;
  std::vector<std::string> failures_;
};

}  // namespace container
