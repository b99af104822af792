// The running server: loops, workers, engine and connectors from one configuration, until it is
// told to stop.
#pragma once

#include <atomic>
#include <filesystem>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "container/access_logs.h"
#include "container/control.h"
#include "container/deployer.h"
#include "container/engine.h"
#include "container/front.h"
#include "container/retry.h"
#include "container/stall_watch.h"
#include "container/status_report.h"
#include "container/wanted_files.h"
#include "container/watcher.h"
#include "container/websockets.h"
#include "server/log.h"

namespace container {

struct RuntimeOptions {
  std::filesystem::path config;
  Substitutions substitutions;
  std::vector<std::shared_ptr<const Plugin>> built_in;
  std::filesystem::path base = {};  // where relative paths start; empty: base_of(config)
};

// Made and used by the control thread, which is main's. Signals: TERM and INT stop gracefully, a
// second one cuts at once; HUP reloads. The control socket is served between signals.
class Runtime {
 public:
  // Builds everything and listens. Throws ConfigError, or std::runtime_error when a port is taken.
  Runtime(RuntimeOptions options, server::Logs& logs);
  ~Runtime();

  // Serves until a signal stops it.
  void run();

  // The base folder of relative paths: beside server.xml, or above it when that lies in conf/.
  static std::filesystem::path base_of(const std::filesystem::path& config);

 private:
  void build_server(const ServerConfig& config);
  void apply(ServerConfig config, Front::Certificates certificates);
  void warn_of_restart(const ServerConfig& fresh) const;
  void watch_files();
  void announce() const;
  void tell_status();
  void tell_health();
  void reap();
  ControlReply reload(bool config_too);
  ControlReply reload_all();
  void read_certificates();
  void try_server_xml();
  bool keys_changed(Changes& changes) const;
  static void refresh_security(const Mapping& mapping);
  void warn_of_expiry(std::chrono::steady_clock::time_point now);
  ControlReply obey(std::string_view command);
  void serve_control();
  void tick();
  void stop();
  bool await(std::chrono::milliseconds time, const std::function<bool()>& done);

  RuntimeOptions options_;
  std::filesystem::path base_;
  std::chrono::steady_clock::time_point started_ = std::chrono::steady_clock::now();
  server::Logs& logs_;
  server::Log log_;
  ServerConfig config_;
  StatusReport status_;               // plugins that ask it live in the mappings
  std::unique_ptr<Control> control_;  // null: none is configured
  bool stop_asked_ = false;           // through the control socket
  AccessLogs access_logs_;
  std::vector<std::unique_ptr<server::Loop>> loops_;
  std::unique_ptr<WebSockets> websockets_;
  std::unique_ptr<SessionRegistry> sessions_;
  std::unique_ptr<Engine> engine_;
  std::unique_ptr<Front> front_;
  std::unique_ptr<Deployer> deployer_;
  std::shared_ptr<const Mapping> mapping_;
  DiskView files_;
  std::unique_ptr<Watcher> watcher_;
  std::set<std::filesystem::path> key_files_;  // among the watched: certificates and their like
  Retry key_retry_;                            // of those in use, whose change was no good
  Retry server_xml_retry_;                     // which names some that were no good
  Wants server_xml_wants_;                     // users that it names and that were no good
  std::chrono::steady_clock::time_point next_expiry_check_{};
  std::chrono::steady_clock::time_point next_scan_{};
  std::chrono::milliseconds scan_interval_{1000};
  bool deploys_late_ = false;  // some Host deploys its folders behind the start
  std::unique_ptr<StallWatch> stalls_;
  std::size_t superseded_ = 0;  // mappings, as the status was told
};

}  // namespace container
