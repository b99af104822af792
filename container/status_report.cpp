// What the status endpoint tells: the parts of the running server and their figures, as JSON.
#include "container/status_report.h"

#include <unistd.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "container/plugin.h"
#include "container/status_text.h"

namespace container {

namespace {

using Json = nlohmann::ordered_json;

Json tls_section(const server::Connector& connector, const server::tls::Context& context) {
  Json certificates = Json::array();
  for (const server::tls::Context::Validity& one : context.certificates())
    certificates.push_back({{"host", one.host_name},
                            {"file", one.file},
                            {"subject", one.subject},
                            {"keyType", one.key_type},
                            {"notBefore", utc_text(one.not_before)},
                            {"notAfter", utc_text(one.not_after)}});
  const server::Connector::Handshakes handshakes = connector.handshakes();
  return {{"handshakes", handshakes.done},
          {"resumed", handshakes.resumed},
          {"failed", handshakes.failed},
          {"underWay", handshakes.under_way},
          {"certificates", std::move(certificates)}};
}

Json connectors(const StatusSources& sources) {
  Json all = Json::array();
  for (const Front::View& gate : sources.gates) {
    const server::Connector& one = *gate.connector;
    all.push_back({{"title", one.title()},
                   {"connections", one.connections()},
                   {"accepted", one.accepted()},
                   {"requests", gate.entrance->requests()},
                   {"maxConnections", one.options().max_connections},
                   {"draining", one.draining()},
                   {"http2Abuses", one.http2_abuses()},
                   {"executor", gate.pool->name}});
    if (gate.tls != nullptr) all.back()["tls"] = tls_section(one, *gate.tls);
  }
  return all;
}

Json loops(const StatusSources& sources, const std::vector<std::string>& busy,
           std::uint64_t& requests) {
  Json all = Json::array();
  for (std::size_t i = 0; i < sources.loops; ++i) {
    const std::uint64_t served = sources.engine->requests_on(i);
    requests += served;
    const bool held = i < busy.size() && !busy[i].empty();
    all.push_back(
        {{"index", i}, {"requests", served}, {"busy", held ? Json(busy[i]) : Json(nullptr)}});
  }
  return all;
}

Json stuck(const server::Workers& workers) {
  Json all = Json::array();
  for (const server::Workers::Stuck& one : workers.stuck())
    all.push_back(
        {{"handler", one.title},
         {"seconds", std::chrono::duration_cast<std::chrono::seconds>(one.elapsed).count()}});
  return all;
}

Json executors(const StatusSources& sources) {
  Json all = Json::array();
  std::vector<const Front::Pool*> told;
  for (const Front::View& gate : sources.gates) {
    const Front::Pool* pool = gate.pool;
    if (std::find(told.begin(), told.end(), pool) != told.end()) continue;  // shared
    told.push_back(pool);
    const server::Workers::Figures figures = pool->workers->figures();
    all.push_back({{"name", pool->name},
                   {"threads", figures.threads},
                   {"maxThreads", pool->workers->options().max_threads},
                   {"busy", figures.busy},
                   {"stuck", stuck(*pool->workers)},
                   {"queued", figures.queued},
                   {"maxQueueSize", pool->workers->options().max_queue_size},
                   {"refused", figures.refused}});
  }
  return all;
}

Json filters(const std::vector<MappedFilter>& mapped) {
  Json all = Json::array();
  for (const MappedFilter& one : mapped) {
    Json paths = Json::array();
    for (const Pattern& pattern : one.patterns) paths.push_back(pattern.text());
    all.push_back({{"name", one.name}, {"paths", paths}, {"endpoints", one.endpoints}});
  }
  return all;
}

Json application(const Application& one) {
  Json endpoints = Json::array();
  std::string reason;
  for (const MappedEndpoint& endpoint : one.endpoints) {
    if (endpoint.type == nullptr) {
      reason = endpoint.unavailable;
      continue;
    }
    const std::string trouble = endpoint.availability->reason();
    endpoints.push_back({{"name", endpoint.name},
                         {"paths", endpoint.paths},
                         {"dispatch", endpoint.on_loop ? "loop" : "worker"},
                         {"available", trouble.empty()}});
    if (!trouble.empty()) endpoints.back()["reason"] = trouble;
  }
  Json websockets = Json::array();
  for (const MappedWebSocket& socket : one.websockets)
    websockets.push_back({{"name", socket.name},
                          {"paths", socket.paths},
                          {"dispatch", socket.on_loop ? "loop" : "worker"},
                          {"open", socket.sessions->open()}});
  Json told{{"path", one.context_path.empty() ? "/" : one.context_path},
            {"version", one.version},
            {"available", reason.empty()}};
  if (!reason.empty()) told["reason"] = reason;
  told["endpoints"] = std::move(endpoints);
  told["websockets"] = std::move(websockets);
  told["filters"] = filters(one.filters);
  if (one.sessions != nullptr) {
    const SessionTable::Figures figures = one.sessions->figures();
    told["sessions"] = {{"live", figures.live},
                        {"created", figures.created},
                        {"expired", figures.expired},
                        {"rejected", figures.rejected}};
  }
  return told;
}

Json hosts(const Mapping& mapping) {
  Json all = Json::array();
  for (const HostMapping& host : mapping.entries) {
    Json applications = Json::array();
    for (const auto& one : host.applications) applications.push_back(application(*one));
    all.push_back({{"name", host.name},
                   {"filters", filters(host.filters)},
                   {"applications", std::move(applications)}});
  }
  return all;
}

Json plugins(const Mapping& mapping) {
  Json all = Json::array();
  const auto add = [&](const std::vector<std::shared_ptr<const Plugin>>& some) {
    for (const auto& one : some)
      all.push_back({{"name", one->table().name},
                     {"version", one->table().version},
                     {"file", one->file().string()},
                     {"generation", one->generation()}});
  };
  if (mapping.engine_filters != nullptr) add(mapping.engine_filters->plugins);
  for (const HostMapping& host : mapping.entries) {
    if (host.own_filters != nullptr) add(host.own_filters->plugins);
    for (const auto& one : host.applications) add(one->plugins);
  }
  return all;
}

}  // namespace

StatusReport::StatusReport()
    : interface_{.abi = {sizeof(margay_status),
                         [](const margay_status* self, void (*take)(void*, margay_str), void* arg) {
                           const std::string text =
                               reinterpret_cast<const Interface*>(self)->report->json();
                           take(arg, {text.data(), text.size()});
                         },
                         [](const margay_status* self) {
                           return reinterpret_cast<const Interface*>(self)->report->health();
                         }},
                 .report = this} {}

void StatusReport::use(StatusSources sources) {
  const std::scoped_lock lock(mutex_);
  sources_ = std::move(sources);
}

void StatusReport::use_busy(std::size_t loop, const char* handler) {
  const std::scoped_lock lock(mutex_);
  if (busy_.size() <= loop) busy_.resize(loop + 1);
  busy_[loop] = handler;
}

std::string StatusReport::json() const {
  const auto uptime = std::chrono::steady_clock::now() - started_;
  Json told{{"version", MARGAY_VERSION},
            {"pid", ::getpid()},
            {"start", utc_text(std::chrono::floor<std::chrono::seconds>(start_))},
            {"uptimeSeconds", std::chrono::duration_cast<std::chrono::seconds>(uptime).count()}};
  const std::scoped_lock lock(mutex_);
  if (sources_.engine != nullptr && sources_.mapping != nullptr) {
    std::uint64_t requests = 0;
    Json its_loops = loops(sources_, busy_, requests);
    told["requests"] = requests;
    told["connectors"] = connectors(sources_);
    told["loops"] = std::move(its_loops);
    told["executors"] = executors(sources_);
    told["hosts"] = hosts(*sources_.mapping);
    told["plugins"] = plugins(*sources_.mapping);
    told["generations"] = sources_.generations;
    if (sources_.sockets != nullptr)
      told["webSockets"] = {{"open", sources_.sockets->open_sockets()},
                            {"overHttp2", sources_.sockets->tunneled_sockets()},
                            {"compressorBytes", sources_.sockets->compressor_bytes()}};
  }
  // Names and reasons come from files and plugins: what is not UTF-8 is replaced.
  return told.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace container
