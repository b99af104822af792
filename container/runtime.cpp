// The running server: loops, workers, engine and connectors from one configuration, until it is
// told to stop.
#include "container/runtime.h"

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <thread>

#include "container/config/effective.h"
#include "container/connector_options.h"
#include "container/status_text.h"
#include "container/tls_options.h"

namespace container {

namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

constexpr auto kTick = std::chrono::milliseconds(50);
constexpr const char* kTriedAgain = "It is tried again until the certificates can be used.";

sigset_t control_signals() {
  sigset_t set;
  sigemptyset(&set);
  for (int number : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&set, number);
  return set;
}

// The next control signal within `wait`; 0 = none.
int next_signal(std::chrono::milliseconds wait) {
  const sigset_t set = control_signals();
  const timespec time{wait.count() / 1000, (wait.count() % 1000) * 1'000'000};
  const int number = ::sigtimedwait(&set, nullptr, &time);
  return number < 0 ? 0 : number;
}

// A signal that ends the server waits to be taken.
bool stop_is_pending() {
  sigset_t pending;
  sigemptyset(&pending);
  ::sigpending(&pending);
  return sigismember(&pending, SIGTERM) == 1 || sigismember(&pending, SIGINT) == 1;
}

}  // namespace

fs::path Runtime::base_of(const fs::path& config) {
  const fs::path folder = fs::absolute(config).lexically_normal().parent_path();
  return folder.filename() == "conf" ? folder.parent_path() : folder;
}

Runtime::Runtime(RuntimeOptions options, server::Logs& logs)
    : options_(std::move(options)),
      base_(options_.base.empty() ? base_of(options_.config) : fs::absolute(options_.base)),
      logs_(logs),
      log_(logs.log("margay.server")),
      access_logs_(base_, logs.log("margay.access")) {
  const sigset_t set = control_signals();
  ::pthread_sigmask(SIG_BLOCK, &set, nullptr);
  ::signal(SIGPIPE, SIG_IGN);
  std::vector<Diagnostic> warnings;
  config_ = read_server_config(options_.config, options_.substitutions, warnings);
  for (const Diagnostic& warning : warnings) log_.warn("{}", to_string(warning));
  if (!config_.control.empty())
    control_ = std::make_unique<Control>((base_ / config_.control).lexically_normal());
  build_server(config_);
}

void Runtime::build_server(const ServerConfig& config) {
  std::size_t count = 1;
  for (const ConnectorConfig& connector : config.service.connectors)
    count = std::max(count, loops_of(connector));
  std::vector<server::Loop*> all;
  for (std::size_t i = 0; i < count; ++i) {
    loops_.push_back(std::make_unique<server::Loop>(i));
    loops_.back()->start();
    all.push_back(loops_.back().get());
  }
  stalls_ = std::make_unique<StallWatch>(all, log_);
  websockets_ = std::make_unique<WebSockets>(all);
  engine_ = std::make_unique<Engine>(all);
  engine_->use_acceptor(websockets_->acceptor());
  front_ = std::make_unique<Front>(*engine_, all, base_, log_);
  sessions_ = std::make_unique<SessionRegistry>(
      base_, logs_.log("margay.sessions"),
      [this](const std::vector<std::string>& bound) { websockets_->close_bound(bound); });
  deployer_ = std::make_unique<Deployer>(
      DeployerOptions{.base = base_,
                      .built_in = options_.built_in,
                      .substitutions = options_.substitutions,
                      .interfaces = {.status = status_.abi(), .websockets = &websockets_->table()},
                      .sessions = sessions_.get(),
                      .is_stopping = stop_is_pending},
      logs_);
  watch_files();
  mapping_ = deployer_->build(config, nullptr);
  sessions_->prepare(*mapping_);
  engine_->publish(mapping_);
  access_logs_.use(access_logs_.prepare(config.service.engine), *engine_);
  front_->use(front_->prepare(config.service, Front::Certificates::read),
              config.graceful_stop_await);
  if (!config.pid_file.empty()) std::ofstream(base_ / config.pid_file) << ::getpid() << '\n';
  tell_status();
  announce();
}

// To be called before what is watched is loaded, so that whatever changes meanwhile is a change.
void Runtime::watch_files() {
  const std::vector<fs::path> keys = tls_files(config_.service, base_);
  std::vector<fs::path> files = deployer_->named_files(config_);
  files.insert(files.end(), keys.begin(), keys.end());
  watcher_ = std::make_unique<Watcher>(WatcherOptions{.app_bases = deployer_->app_bases(config_),
                                                      .server_xml = options_.config,
                                                      .files = std::move(files)},
                                       files_);
  key_files_ = {keys.begin(), keys.end()};
  watcher_->begin();
  scan_interval_ = std::chrono::milliseconds(1000);
  bool deploys_late = false;
  for (const HostConfig& host : config_.service.engine.hosts) {
    if (!host.auto_deploy) continue;
    scan_interval_ = std::min(scan_interval_, std::max(kTick, host.auto_deploy_interval));
    deploys_late |= !host.deploy_on_startup;
  }
  deploys_late_ = deploys_late && mapping_ == nullptr;
}

void Runtime::announce() const {
  for (const Front::View& gate : front_->gates())
    for (const HostMapping& host : mapping_->entries)
      for (const auto& application : host.applications)
        log_.info("  {}{}", gate.connector->title(),
                  application->context_path.empty() ? "/" : application->context_path);
}

// All or nothing: what can fail comes first, and what was made until then is dropped.
void Runtime::apply(ServerConfig config, Front::Certificates certificates) {
  std::shared_ptr<const Mapping> mapping = deployer_->build(config, mapping_.get());
  AccessLogs::Plan logs = access_logs_.prepare(config.service.engine);
  Front::Plan front = front_->prepare(config.service, certificates);
  config_ = std::move(config);
  const std::shared_ptr<const Mapping> old = std::exchange(mapping_, std::move(mapping));
  sessions_->prepare(*mapping_);
  engine_->publish(mapping_);
  websockets_->retire(*old, *mapping_);
  sessions_->retain(*mapping_);
  access_logs_.use(std::move(logs), *engine_);
  front_->use(std::move(front), config_.graceful_stop_await);
  tell_status();
}

// What is made once: a reload goes on with what there is.
void Runtime::warn_of_restart(const ServerConfig& fresh) const {
  const auto warn = [&](const ConfigElement& element, const std::string& attribute) {
    log_.warn("{}: '{}' changes with a restart only", to_string(position_of(element, attribute)),
              attribute);
  };
  for (const std::string& attribute : differing_attributes("Server", config_, fresh))
    if (attribute == "pidFile" || attribute == "control") warn(fresh, attribute);
  for (const ConnectorConfig& connector : fresh.service.connectors)
    if (loops_of(connector) > loops_.size())
      log_.warn("{}: 'loops' grows with a restart only; it has {} until then",
                to_string(position_of(connector, "loops")), loops_.size());
}

// What goes on as it was, and why, when it fails.
ControlReply Runtime::reload(bool config_too) {
  if (config_too) server_xml_wants_.clear();
  try {
    ServerConfig fresh = config_;
    if (config_too) {
      std::vector<Diagnostic> warnings;
      fresh = read_server_config(options_.config, options_.substitutions, warnings);
      for (const Diagnostic& warning : warnings) log_.warn("{}", to_string(warning));
      warn_of_restart(fresh);
      // Made once, so later reloads compare with what is in use.
      fresh.pid_file = config_.pid_file;
      fresh.control = config_.control;
    }
    apply(std::move(fresh), config_too ? Front::Certificates::read : Front::Certificates::keep);
    if (config_too) {
      watch_files();
      key_retry_.over();
      server_xml_retry_.over();
    }
    log_.info("mapping {} is in use", mapping_->generation);
    ControlReply reply{.good = deployer_->failures().empty(),
                       .text = "mapping " + std::to_string(mapping_->generation) + " is in use\n"};
    for (const std::string& failure : deployer_->failures()) reply.text += failure + '\n';
    return reply;
  } catch (const CertificateError& error) {
    if (server_xml_retry_.failed(Clock::now(), error.what()))
      log_.error("nothing was changed: {}\n{}", error.what(), kTriedAgain);
    return {.good = false,
            .text = std::string("nothing was changed: ") + error.what() + '\n' + kTriedAgain};
  } catch (const std::exception& error) {
    if (config_too) {
      server_xml_retry_.over();
      server_xml_wants_ = deployer_->take_wants();
    }
    log_.error("nothing was changed: {}", error.what());
    return {.good = false, .text = std::string("nothing was changed: ") + error.what()};
  }
}

// Certificates and keys were replaced. A pair that does not fit, or cannot be read, leaves the one
// before in use.
void Runtime::read_certificates() {
  try {
    front_->use(front_->prepare(config_.service, Front::Certificates::read),
                config_.graceful_stop_await);
    tell_status();
    next_expiry_check_ = {};
    key_retry_.over();
  } catch (const std::exception& error) {
    if (key_retry_.failed(Clock::now(), error.what()))
      log_.error("the certificates before stay in use: {}\n{}", error.what(), kTriedAgain);
  }
}

// It names certificates that could not be used, and that nobody watches therefore.
void Runtime::try_server_xml() {
  try {
    std::vector<Diagnostic> said_before;
    const ServerConfig wanted =
        read_server_config(options_.config, options_.substitutions, said_before);
    for (const ConnectorConfig& connector : wanted.service.connectors) load_tls(connector, base_);
  } catch (const std::exception& error) {
    if (server_xml_retry_.failed(Clock::now(), error.what()))
      log_.error("nothing was changed: {}", error.what());
    return;
  }
  reload(true);
}

// Takes the files of certificates out of what changed; false: there were none.
bool Runtime::keys_changed(Changes& changes) const {
  return std::erase_if(changes.changed_files,
                       [&](const fs::path& file) { return key_files_.contains(file); }) > 0;
}

// Every day from two weeks before the end on.
void Runtime::warn_of_expiry(Clock::time_point now) {
  if (now < next_expiry_check_) return;
  next_expiry_check_ = now + std::chrono::hours(24);
  const auto today = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
  for (const Front::View& gate : front_->gates()) {
    if (gate.tls == nullptr) continue;
    for (const server::tls::Context::Validity& one : gate.tls->certificates()) {
      const auto left = std::chrono::duration_cast<std::chrono::hours>(one.not_after - today);
      if (one.not_after <= today)
        log_.error("{}: the certificate in {} ended on {}", gate.connector->title(), one.file,
                   utc_text(one.not_after));
      else if (left < std::chrono::hours(24 * 14))
        log_.warn("{}: the certificate in {} ends on {}, in {} days", gate.connector->title(),
                  one.file, utc_text(one.not_after), left.count() / 24);
    }
  }
}

// Users and keys that have changed are known without a new mapping.
void Runtime::refresh_security(const Mapping& mapping) {
  for (const HostMapping& host : mapping.entries) {
    if (host.security->realm != nullptr) host.security->realm->refresh();
    for (const auto& application : host.applications)
      if (application->security != nullptr) application->security->refresh();
  }
}

// What SIGHUP and `margay reload` mean.
ControlReply Runtime::reload_all() {
  log_.info("reloading");
  access_logs_.reopen();
  return reload(true);
}

ControlReply Runtime::obey(std::string_view command) {
  if (command == "status")
    return {
        .good = true,
        .text = status_text(
            {.config = fs::absolute(options_.config).lexically_normal().string(),
             .uptime = std::chrono::duration_cast<std::chrono::seconds>(Clock::now() - started_),
             .gates = front_->gates(),
             .mapping = *mapping_,
             .sockets = websockets_->hub().open_sockets(),
             .tunneled = websockets_->hub().tunneled_sockets()})};
  if (command == "stop") {
    stop_asked_ = true;
    return {.good = true, .text = "stopping"};
  }
  if (command == "reload") {
    if (stop_asked_) return {.good = false, .text = "the server is stopping"};
    return reload_all();
  }
  return {.good = false, .text = "the commands are: stop, reload, status"};
}

void Runtime::serve_control() {
  if (control_ == nullptr) return;
  control_->serve([this](std::string_view command) { return obey(command); }, Clock::now());
}

void Runtime::tell_status() {
  StatusSources sources{.engine = engine_.get(),
                        .mapping = mapping_.get(),
                        .generations = engine_->generations(),
                        .gates = front_->gates(),
                        .loops = loops_.size(),
                        .sockets = &websockets_->hub()};
  status_.use(std::move(sources));
  tell_health();
}

void Runtime::tell_health() {
  const auto failed = [](const auto& application) {
    return std::any_of(application->endpoints.begin(), application->endpoints.end(),
                       [](const MappedEndpoint& one) { return one.type == nullptr; });
  };
  bool complete = true;
  for (const HostMapping& host : mapping_->entries)
    complete &= std::none_of(host.applications.begin(), host.applications.end(), failed);
  const unsigned stopping = stop_asked_ ? unsigned{MARGAY_STOPPING} : 0;
  const unsigned incomplete = complete ? 0 : unsigned{MARGAY_INCOMPLETE};
  status_.use_health(stopping | incomplete);
}

void Runtime::reap() {
  const std::size_t superseded = engine_->reap();
  const std::vector<std::shared_ptr<void>> ended = front_->reap();
  if (std::exchange(superseded_, superseded) != superseded || !ended.empty()) tell_status();
}

void Runtime::tick() {
  const auto now = Clock::now();
  stalls_->look({config_.loop_stall_warning, config_.worker_stall_warning}, *front_, status_);
  reap();
  if (mapping_ != nullptr) sessions_->tick(*mapping_);
  warn_of_expiry(now);
  if (deployer_->tick(*mapping_)) reload(false);
  if (now < next_scan_) return;
  next_scan_ = now + scan_interval_;
  refresh_security(*mapping_);
  Changes changes = watcher_->scan(now);
  for (const std::string& warning : changes.warnings) log_.warn("{}", warning);
  for (const auto& path : changes.removed) log_.info("undeploying {}", path.string());
  const bool reads_keys = keys_changed(changes) || key_retry_.is_due(now);
  const std::shared_ptr<const Mapping> before = mapping_;
  const bool config_too = have_changed(server_xml_wants_, now) || changes.server_xml_changed;
  const bool comes_back = deployer_->wants_have_changed(now);
  if (!changes.empty() || std::exchange(deploys_late_, false) || comes_back || config_too)
    reload(config_too);
  else if (server_xml_retry_.is_due(now))
    try_server_xml();
  const bool has_read_all = config_too && mapping_ != before;
  if (reads_keys && !has_read_all) read_certificates();
}

void Runtime::run() {
  for (;;) {
    switch (next_signal(kTick)) {
      case SIGTERM:
      case SIGINT:
        return stop();
      case SIGHUP:
        reload_all();
        break;
      default:
        tick();
    }
    serve_control();
    if (stop_asked_) return stop();
  }
}

void Runtime::stop() {
  stop_asked_ = true;
  tell_health();
  if (config_.drain_delay.count() > 0) {
    log_.info("stopping in {} ms: health checks say DOWN from now on", config_.drain_delay.count());
    if (!await(config_.drain_delay, [] { return false; })) return;
  }
  log_.info("stopping: waiting up to {} ms for {} connections", config_.graceful_stop_await.count(),
            front_->connections());
  engine_->drain();
  front_->drain();
  await(config_.graceful_stop_await, [this] { return front_->connections() == 0; });
}

// Serves the control socket meanwhile. False: another signal asks to end at once.
bool Runtime::await(std::chrono::milliseconds time, const std::function<bool()>& done) {
  const auto deadline = Clock::now() + time;
  while (!done() && Clock::now() < deadline) {
    const int number = next_signal(std::chrono::milliseconds(10));
    if (number == SIGTERM || number == SIGINT) {
      log_.warn("second signal: cutting what is still open");
      return false;
    }
    serve_control();
  }
  return true;
}

Runtime::~Runtime() {
  status_.use({});
  if (front_ != nullptr) front_->close();
  if (!config_.pid_file.empty()) ::unlink((base_ / config_.pid_file).c_str());
  if (engine_ == nullptr || mapping_ == nullptr) return;
  sessions_->stop();
  // Instances go while the loops still run: what their threads release has a place to arrive.
  deployer_->end();
  mapping_.reset();
  engine_->publish(std::make_shared<const Mapping>());
  const auto deadline = Clock::now() + std::chrono::seconds(10);
  while (engine_->reap() > 0 || front_->in_use() > 0) {
    if (Clock::now() > deadline) {
      log_.error("exchanges are still held by plugins; ending without them");
      logs_.flush();
      std::fflush(nullptr);
      ::_exit(EXIT_FAILURE);
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  front_.reset();
  access_logs_.use({}, *engine_);
}

}  // namespace container
