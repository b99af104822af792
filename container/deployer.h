// From configuration to a mapping: applications and filters are made, and carried over where
// nothing changed.
#pragma once

#include <exception>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "container/bridge.h"
#include "container/config/read_config.h"
#include "container/mapping.h"
#include "container/session_registry.h"
#include "container/starts.h"
#include "container/types.h"
#include "container/wanted_files.h"
#include "server/log.h"

namespace container {

struct Latecomer;

struct DeployerOptions {
  std::filesystem::path base;  // relative paths of server.xml start here
  Types::BuiltIn built_in;
  Substitutions substitutions;
  Interfaces interfaces = {};
  SessionRegistry* sessions = nullptr;  // null: no application has any
  // Whether the server is told to stop, which ends waiting for what starts.
  std::function<bool()> is_stopping = [] { return false; };
};

// Control thread.
class Deployer {
 public:
  Deployer(DeployerOptions options, server::Logs& logs);

  // A mapping for this configuration. An application that cannot be deployed is reported and keeps
  // its earlier version, if `previous` has one, or answers 503; the others do not notice. Throws
  // ConfigError when the Engine or a Host itself cannot be built: `previous` stays good then.
  std::shared_ptr<const Mapping> build(const ServerConfig& config, const Mapping* previous);

  // To be called again and again. Endpoints of `mapping` that could not be created are tried again
  // when their time has come. True: an application that took too long to start is there now, and
  // another `build` takes it.
  bool tick(const Mapping& mapping);
  // To be called every autoDeployInterval or so. True: users or keys have changed without which
  // something could not be made, and another `build` may succeed.
  bool wants_have_changed(Watcher::Time now) const;
  // After a `build` that threw: what it could not do without, which this does not look at then.
  Wants take_wants() { return std::exchange(trying_, {}); }
  // Lets go of what has started and was not taken, as nothing will be built any more.
  void end();

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

  // An application on its way, with all that its start may use.
  struct Beginning;
  struct Late {
    std::shared_ptr<Beginning> beginning;
    bool is_over = false;
    std::exception_ptr error{};
  };

  std::vector<Source> sources(const HostConfig& host, bool first) const;
  std::shared_ptr<const FilterSet> filters(const std::string& owner,
                                           const std::vector<LibraryConfig>& libraries,
                                           const std::vector<FilterConfig>& configs,
                                           const std::optional<RealmConfig>& realm,
                                           const HostConfig& host,
                                           const std::shared_ptr<const FilterSet>& earlier);
  void add_applications(const HostConfig& host, const Mapping* previous, HostMapping& mapping);
  std::shared_ptr<const Application> deploy(const HostConfig& host, const Source& source,
                                            const FilterSet& around,
                                            std::shared_ptr<const Application> earlier);
  std::shared_ptr<const Application> start(const std::string& key, const std::string& title,
                                           std::chrono::milliseconds limit,
                                           std::shared_ptr<Beginning> beginning);
  std::shared_ptr<const Application> take_late(const std::string& key, const std::string& print);
  void tell_failure(const std::string& key, const std::string& failure, const std::string& made_of);
  void try_again(const std::shared_ptr<const Application>& application, Latecomer& one);
  ApplicationConfig config_of(const Source& source) const;
  std::filesystem::path work_folder(const HostConfig& host, const std::string& path,
                                    const ApplicationConfig& config) const;
  PluginOptions plugin_options(const HostConfig& host) const;
  void remove_dead_copies(const EngineConfig& engine) const;
  void use_error_report(const ErrorReportConfig& config, HostMapping& host) const;
  std::filesystem::path resolve(const std::string& path) const;

  DeployerOptions options_;
  server::Logs& logs_;
  server::Log log_;
  std::string route_;  // the Engine's jvmRoute
  std::uint64_t generation_ = 0;
  std::vector<std::string> failures_;
  std::set<std::string> failed_;             // the same by host and context path
  std::map<std::string, std::string> told_;  // by those: what the log says of it, and of what
  std::map<std::string, Late> late_;         // by host and context path
  std::set<std::string> awaited_;            // keys of those that this build still wants
  bool has_news_ = false;                    // some of them are over
  Wants wants_;                              // of what failed in the last mapping
  Wants trying_;                             // of what this build is at, and of what failed in it
  Starts starts_;                            // ends first
};

}  // namespace container
