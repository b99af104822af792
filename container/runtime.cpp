// The running server: loops, workers, engine and connectors from one configuration, until it is
// told to stop.
#include "container/runtime.h"

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <thread>

#include "container/status_text.h"

namespace container {

namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

constexpr auto kTick = std::chrono::milliseconds(50);

std::uint64_t milliseconds(std::chrono::milliseconds value) {
  return static_cast<std::uint64_t>(value.count());
}

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

server::http1::Options http1_options(const ConnectorConfig& config) {
  server::http1::Options options;
  options.head = {.bytes = config.max_http_header_size,
                  .fields = static_cast<std::size_t>(config.max_header_count)};
  options.chunks = {.extension_bytes = config.max_extension_size,
                    .trailer_bytes = config.max_trailer_size,
                    .trailers = config.allowed_trailer_headers};
  options.rules.allow_trace = config.allow_trace;
  options.exchange.write_timeout = config.write_timeout;
  options.exchange.async_timeout = config.async_timeout;
  options.connection_timeout = milliseconds(config.connection_timeout);
  options.keep_alive_timeout = milliseconds(config.keep_alive_timeout);
  options.write_timeout = milliseconds(config.write_timeout);
  options.min_upload_rate = config.min_upload_rate;
  options.max_swallow = config.max_swallow_size;
  options.max_keep_alive_requests = config.max_keep_alive_requests;
  options.max_pipelined = static_cast<std::uint32_t>(config.max_pipelined_requests);
  options.continue_on_read = config.continue_response_timing == ContinueTiming::on_read;
  options.use_sendfile = config.use_sendfile;
  options.server = config.server;
  return options;
}

server::ConnectorOptions connector_options(const ConnectorConfig& config, int inherited) {
  server::ConnectorOptions options;
  options.address = config.address;
  options.port = static_cast<std::uint16_t>(config.port);
  options.unix_domain_socket = config.unix_domain_socket_path;
  options.unix_domain_socket_permissions = config.unix_domain_socket_path_permissions;
  options.inherited_descriptor = inherited;
  options.accept_count = config.accept_count;
  options.max_connections = config.max_connections;
  options.tcp_no_delay = config.tcp_no_delay;
  options.http1 = http1_options(config);
  return options;
}

TargetRules target_rules(const ConnectorConfig& config) {
  const auto separator = [](SolidusHandling handling) {
    switch (handling) {
      case SolidusHandling::decode:
        return EncodedSeparator::decode;
      case SolidusHandling::passthrough:
        return EncodedSeparator::passthrough;
      case SolidusHandling::reject:
        break;
    }
    return EncodedSeparator::reject;
  };
  TargetRules rules;
  rules.encoded_solidus = separator(config.encoded_solidus_handling);
  rules.encoded_reverse_solidus = separator(config.encoded_reverse_solidus_handling);
  rules.allow_backslash = config.allow_backslash;
  return rules;
}

std::size_t loops_of(const ConnectorConfig& config) {
  return config.loops > 0 ? static_cast<std::size_t>(config.loops)
                          : std::max(1u, std::thread::hardware_concurrency());
}

// sd_listen_fds(3): descriptors from 3 on belong to us when LISTEN_PID says so.
int inherited_descriptor(int number) {
  const char* pid = ::getenv("LISTEN_PID");
  const char* count = ::getenv("LISTEN_FDS");
  if (pid == nullptr || count == nullptr || std::atol(pid) != ::getpid() ||
      std::atoi(count) <= number)
    throw std::runtime_error(
        "useInheritedChannel is set, but no listening socket was handed over (LISTEN_FDS)");
  return 3 + number;
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
      log_(logs.log("margay.server")) {
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
  const ServiceConfig& service = config.service;
  server::WorkersOptions pool;
  if (!service.executors.empty()) {
    const ExecutorConfig& executor = service.executors.front();
    pool = {.name_prefix = executor.name_prefix,
            .max_threads = static_cast<std::size_t>(executor.max_threads),
            .min_spare_threads = static_cast<std::size_t>(executor.min_spare_threads),
            .max_idle_time = executor.max_idle_time,
            .max_queue_size = static_cast<std::size_t>(executor.max_queue_size)};
  }
  workers_ = std::make_unique<server::Workers>(pool);
  std::size_t count = 1;
  for (const ConnectorConfig& connector : service.connectors)
    count = std::max(count, loops_of(connector));
  std::vector<server::Loop*> all;
  for (std::size_t i = 0; i < count; ++i) {
    loops_.push_back(std::make_unique<server::Loop>(i));
    loops_.back()->start();
    all.push_back(loops_.back().get());
  }
  seen_busy_.resize(count);
  busy_ticks_.resize(count);
  EngineOptions engine;
  DeployerOptions deployer{.base = base_,
                           .built_in = options_.built_in,
                           .substitutions = options_.substitutions,
                           .status = status_.abi()};
  if (!service.connectors.empty()) {
    engine.target = target_rules(service.connectors.front());
  }
  engine_ = std::make_unique<Engine>(engine, all, *workers_);
  open_access_logs(service.engine);
  deployer_ = std::make_unique<Deployer>(deployer, logs_);

  WatcherOptions watched{.app_bases = deployer_->app_bases(config),
                         .server_xml = options_.config,
                         .files = deployer_->named_files(config)};
  watcher_ = std::make_unique<Watcher>(std::move(watched), files_);
  watcher_->begin();
  mapping_ = deployer_->build(config, nullptr);
  engine_->publish(mapping_);

  int inherited = 0;
  for (const ConnectorConfig& connector : service.connectors) {
    const int descriptor = connector.use_inherited_channel ? inherited_descriptor(inherited++) : -1;
    std::vector<server::Loop*> its(all.begin(),
                                   all.begin() + static_cast<std::ptrdiff_t>(loops_of(connector)));
    connectors_.push_back(std::make_unique<server::Connector>(
        connector_options(connector, descriptor), its, *engine_));
    connectors_.back()->listen();
  }
  if (!config.pid_file.empty()) std::ofstream(base_ / config.pid_file) << ::getpid() << '\n';
  tell_status();
  announce();
}

void Runtime::open_access_logs(const EngineConfig& engine) {
  const auto open = [&](const AccessLogConfig& config) {
    if (!config.enabled) return;
    AccessLogOptions options{.pattern = config.pattern,
                             .place = {.directory = (base_ / config.directory).lexically_normal(),
                                       .prefix = config.prefix,
                                       .suffix = config.suffix,
                                       .file_date_format = config.file_date_format,
                                       .rotatable = config.rotatable,
                                       .rename_on_rotate = config.rename_on_rotate,
                                       .max_days = config.max_days},
                             .condition_if = config.condition_if,
                             .condition_unless = config.condition_unless,
                             .buffered = config.buffered,
                             .queue_limit = config.queue_limit};
    AccessLogHooks hooks;
    hooks.on_error = [log = logs_.log("margay.access")](std::string_view text) {
      log.error("{}", text);
    };
    access_logs_.push_back(std::make_unique<AccessLog>(std::move(options), std::move(hooks)));
    engine_->add_access_log(*access_logs_.back());
  };
  for (const AccessLogConfig& one : engine.access_logs) open(one);
  for (const HostConfig& host : engine.hosts)
    for (const AccessLogConfig& one : host.access_logs) open(one);
}

void Runtime::announce() const {
  for (const auto& connector : connectors_) {
    log_.info("listening on {}", connector->title());
    for (const HostMapping& host : mapping_->entries)
      for (const auto& application : host.applications)
        log_.info("  {}{}", connector->title(),
                  application->context_path.empty() ? "/" : application->context_path);
  }
}

// What goes on as it was, and why, when it fails.
ControlReply Runtime::reload(bool config_too) {
  try {
    if (config_too) {
      std::vector<Diagnostic> warnings;
      ServerConfig fresh = read_server_config(options_.config, options_.substitutions, warnings);
      for (const Diagnostic& warning : warnings) log_.warn("{}", to_string(warning));
      config_ = std::move(fresh);
    }
    mapping_ = deployer_->build(config_, mapping_.get());
    engine_->publish(mapping_);
    tell_status();
    log_.info("mapping {} is in use", mapping_->generation);
    ControlReply reply{.good = deployer_->failures().empty(),
                       .text = "mapping " + std::to_string(mapping_->generation) + " is in use\n"};
    for (const std::string& failure : deployer_->failures()) reply.text += failure + '\n';
    return reply;
  } catch (const std::exception& error) {
    log_.error("nothing was changed: {}", error.what());
    return {.good = false, .text = std::string("nothing was changed: ") + error.what()};
  }
}

// What SIGHUP and `margay reload` mean.
ControlReply Runtime::reload_all() {
  log_.info("reloading");
  for (const auto& one : access_logs_) one->reopen();
  return reload(true);
}

ControlReply Runtime::obey(std::string_view command) {
  if (command == "status")
    return {
        .good = true,
        .text = status_text(
            {.config = fs::absolute(options_.config).lexically_normal().string(),
             .uptime = std::chrono::duration_cast<std::chrono::seconds>(Clock::now() - started_),
             .connectors = connectors_,
             .mapping = *mapping_})};
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
                        .connectors = {},
                        .executors = {{"default", workers_.get()}},
                        .loops = loops_.size()};
  for (const auto& one : connectors_) sources.connectors.push_back(one.get());
  status_.use(std::move(sources));
}

void Runtime::reap() {
  const std::size_t superseded = engine_->reap();
  if (std::exchange(superseded_, superseded) != superseded) tell_status();
}

void Runtime::tick() {
  const auto now = Clock::now();
  watch_handlers();
  reap();
  if (now < next_scan_) return;
  next_scan_ = now + std::chrono::milliseconds(250);
  const Changes changes = watcher_->scan(now);
  for (const std::string& warning : changes.warnings) log_.warn("{}", warning);
  for (const auto& path : changes.removed) log_.info("undeploying {}", path.string());
  if (changes.empty()) return;
  reload(changes.server_xml_changed);
}

// Names handlers that hold a loop or a worker longer than they should.
void Runtime::watch_handlers() {
  const int limit = static_cast<int>(std::max<std::int64_t>(1, config_.loop_stall_warning / kTick));
  for (std::size_t i = 0; i < loops_.size(); ++i) {
    server::Loop::Busy& busy = loops_[i]->busy();
    const char* with = busy.with.load(std::memory_order_relaxed);
    const std::pair now{busy.calls.load(std::memory_order_relaxed), with};
    const bool same = with != nullptr && seen_busy_[i] == now;
    seen_busy_[i] = now;
    const int before = std::exchange(busy_ticks_[i], same ? busy_ticks_[i] + 1 : 0);
    if ((before == 0) != (busy_ticks_[i] == 0)) status_.use_busy(i, same ? with : "");
    if (busy_ticks_[i] == limit)
      log_.warn("{} holds loop {} for more than {} ms: it must not block", with, i,
                config_.loop_stall_warning.count());
  }
  workers_->watch(
      config_.worker_stall_warning, [&](const char* title, std::chrono::nanoseconds elapsed) {
        log_.warn("{} has been holding a worker for {} s", title, elapsed.count() / 1'000'000'000);
      });
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
  log_.info("stopping: waiting up to {} ms for {} connections", config_.graceful_stop_await.count(),
            connectors_.empty() ? 0 : connectors_.front()->connections());
  for (const auto& connector : connectors_) connector->drain();
  const auto deadline = Clock::now() + config_.graceful_stop_await;
  const auto open = [&] {
    return std::any_of(connectors_.begin(), connectors_.end(),
                       [](const auto& one) { return one->connections() > 0; });
  };
  while (open() && Clock::now() < deadline) {
    const int number = next_signal(std::chrono::milliseconds(10));
    if (number == SIGTERM || number == SIGINT) {
      log_.warn("second signal: cutting what is still open");
      break;
    }
    serve_control();
  }
}

Runtime::~Runtime() {
  status_.use({});
  for (const auto& connector : connectors_) connector->close();
  connectors_.clear();
  if (!config_.pid_file.empty()) ::unlink((base_ / config_.pid_file).c_str());
  if (engine_ == nullptr || mapping_ == nullptr) return;
  // Instances go while the loops still run: what their threads release has a place to arrive.
  mapping_.reset();
  engine_->publish(std::make_shared<const Mapping>());
  const auto deadline = Clock::now() + std::chrono::seconds(10);
  while (engine_->reap() > 0) {
    if (Clock::now() > deadline) {
      log_.error("exchanges are still held by plugins; ending without them");
      std::fflush(nullptr);
      ::_exit(0);
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  workers_.reset();
}

}  // namespace container
