// Takes each exchange to its host, application and endpoint, on the mapping its loop has.
#include "container/engine.h"

#include <time.h>

#include <algorithm>
#include <cassert>
#include <memory>

#include <margay/text.h>

#include "container/bridge.h"
#include "container/handshake.h"
#include "container/handshake_fields.h"
#include "container/host_name.h"
#include "container/security/covered.h"
#include "container/tls_names.h"
#include "server/tls/channel.h"

namespace container {

namespace {

std::uint64_t nanoseconds() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000 +
         static_cast<std::uint64_t>(now.tv_nsec);
}

using margay::str;

// Of the server as a whole.
constexpr std::string_view kMethods = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS";

bool fetches(std::string_view method) { return method == "GET" || method == "HEAD"; }

}  // namespace

struct Engine::Visit final : AccessFields {
  Visit(server::Exchange& its, Entrance& by, Lease& held, Invocation::Start start)
      : invocation(its, host_functions(), start), entrance(by), lease(held) {}
  std::optional<std::string_view> find(Source source, std::string_view name,
                                       std::size_t nth) const override;

  Invocation invocation;
  Entrance& entrance;
  Lease& lease;
  std::uint64_t begin = 0;  // ns; 0: nobody asks how long it takes
};

std::optional<std::string_view> Engine::Visit::find(Source source, std::string_view name,
                                                    std::size_t nth) const {
  auto& mine = const_cast<Invocation&>(invocation);
  const auto among = [&](std::span<const server::Field> fields) -> std::optional<std::string_view> {
    for (const server::Field& field : fields) {
      const std::string_view one = field.name;
      if (one.size() != name.size() ||
          !std::equal(one.begin(), one.end(), name.begin(),
                      [](char a, char b) { return (a | 0x20) == (b | 0x20); }))
        continue;
      if (nth-- == 0) return field.value;
    }
    return std::nullopt;
  };
  switch (source) {
    case Source::request_header:
      return among(mine.exchange().request.fields);
    case Source::response_header:
      return among(mine.exchange().answer_head().fields());
    case Source::request_attribute:
      return nth == 0 ? mine.attribute(name) : std::nullopt;
    case Source::tls:
      return nth == 0 ? tls_variable(mine.tls().get(), name, mine.exchange().arena())
                      : std::nullopt;
    default:
      return std::nullopt;
  }
}

Engine::Engine(std::vector<server::Loop*> loops)
    : loops_(std::move(loops)), per_loop_(loops_.size()) {}

// The loops go on for a while.
Engine::~Engine() { use_access_logs({}); }

// --- mappings
// --------------------------------------------------------------------------------------

void Engine::publish(std::shared_ptr<const Mapping> mapping) {
  Generation next{std::move(mapping), {}};
  for (std::size_t i = 0; i < loops_.size(); ++i) {
    next.leases.push_back(std::make_unique<Lease>());
    next.leases.back()->mapping = next.mapping.get();
    loops_[i]->call([this, i, lease = next.leases.back().get()] {
      per_loop_[i].hosts.forget();
      if (Lease* old = std::exchange(per_loop_[i].lease, lease); old != nullptr) {
        old->superseded = true;
        if (old->exchanges == 0) old->over.store(true, std::memory_order_release);
      }
    });
  }
  generations_.push_back(std::move(next));
}

std::size_t Engine::reap() {
  const auto over = [&](const Generation& one) {
    return &one != &generations_.back() &&
           std::all_of(one.leases.begin(), one.leases.end(), [](const auto& lease) {
             return lease->over.load(std::memory_order_acquire);
           });
  };
  std::erase_if(occupied_, [](const auto& one) { return one->residents->count() == 0; });
  for (auto one = generations_.begin(); one != generations_.end();) {
    if (!over(*one)) {
      ++one;
      continue;
    }
    keep_occupied(*one->mapping);
    one = generations_.erase(one);
  }
  return occupied_.size() + (generations_.empty() ? 0 : generations_.size() - 1);
}

// No exchange of the mapping can make another resident any more, so a count of 0 is final.
void Engine::keep_occupied(const Mapping& ended) {
  for (const HostMapping& host : ended.entries)
    for (const auto& one : host.applications)
      if (one->residents->count() != 0 &&
          std::find(occupied_.begin(), occupied_.end(), one) == occupied_.end())
        occupied_.push_back(one);
}

void Engine::use_access_logs(const std::vector<AccessLogUse>& uses) {
  if (uses.empty() && !std::exchange(logs_, false)) return;
  logs_ = !uses.empty();
  for (std::size_t i = 0; i < loops_.size(); ++i) {
    Appenders appenders;
    for (const AccessLogUse& use : uses)
      appenders.push_back(std::make_unique<HostAppender>(*use.log, use.host));
    loops_[i]->call([this, i, &appenders] {
      PerLoop& mine = per_loop_[i];
      mine.appenders.swap(appenders);
      appenders.clear();  // hands over
      if (mine.appenders.empty()) return loops_[i]->on_tick({});
      loops_[i]->on_tick([&mine] {
        bool holds_lines = false;
        for (const auto& one : mine.appenders) {
          one->appender.tick(std::chrono::steady_clock::now());
          holds_lines |= one->appender.holds_lines();
        }
        return holds_lines;
      });
    });
  }
}

// --- one exchange
// ------------------------------------------------------------------------------------

Engine::Visit& Engine::open(server::Exchange& exchange, Entrance& entrance,
                            Invocation::Start start) {
  PerLoop& mine = per_loop_[exchange.loop().index()];
  Visit* visit = exchange.arena().make<Visit>(exchange, entrance, *mine.lease, start);
  exchange.local = visit;
  ++mine.lease->exchanges;
  mine.requests.store(mine.requests.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
  if (!mine.appenders.empty()) visit->begin = nanoseconds();
  const server::RequestHead& head = exchange.request;
  visit->invocation.max_parameters = entrance.rules().max_parameters;
  margay_request& request = visit->invocation.request;
  request.size = sizeof request;
  request.method = str(head.method);
  request.target = str(head.target);
  request.content_length = head.content_length;
  request.fields = reinterpret_cast<const margay_field*>(head.fields.data());
  request.field_count = static_cast<std::uint32_t>(head.fields.size());
  if (!mine.appenders.empty()) visit->invocation.remote_address();
  if (const server::tls::Channel* channel = exchange.tls(); channel != nullptr)
    visit->invocation.use_tls(channel->facts());
  return *visit;
}

void Engine::handle(server::Exchange& exchange, Entrance& entrance) {
  const Lease* lease = per_loop_[exchange.loop().index()].lease;
  assert(lease != nullptr && "the connector listens before a mapping is published");
  route(exchange, entrance, *lease->mapping);
}

// As what the client asked for, or as what a proxy before us is known by.
void Engine::name_server(Visit& visit, const HostPort& host) {
  const EntranceRules& rules = visit.entrance.rules();
  Invocation& invocation = visit.invocation;
  invocation.use_scheme(rules.scheme);
  invocation.server_name = rules.proxy_name.empty() ? host.host : rules.proxy_name;
  const std::uint16_t usual = invocation.info(MARGAY_SCHEME) == "https" ? 443 : 80;
  invocation.server_port = rules.proxy_port != 0 ? rules.proxy_port : host.port.value_or(usual);
}

// Among WebSockets first, but only for their handshakes; another request for what is a WebSocket
// and nothing else hears so instead of 404.
const RouteMatch& Engine::choose(Invocation::Start& start, const server::RequestHead& head,
                                 std::string_view path, PerLoop& mine) {
  RouteMatch& match = mine.match;
  match.count = 0;
  match.servlet_path = match.path_info = {};
  start.error = 404;
  if (start.application == nullptr) return match;
  const Application& application = *start.application;
  const bool has_sockets = !application.websockets.empty();
  if (has_sockets && asks_for_websocket(head) && application.sockets.lookup(path, match)) {
    start.websocket = &application.websockets[match.index];
    start.upgrades = &upgrades_;
    start.error = 0;
    return match;
  }
  if (application.routes.lookup(path, match)) {
    start.endpoint = &application.endpoints[match.index];
    start.error = 0;
  }
  if (!has_sockets || (start.endpoint != nullptr && !match.is_default)) return match;
  if (application.sockets.lookup(path, mine.beside)) {
    // A page and its scripts stand beside the WebSocket.
    start.or_websocket = start.endpoint != nullptr && fetches(head.method) &&
                         (mine.beside.is_default || start.endpoint->implied);
    if (start.or_websocket) return match;
    start.endpoint = nullptr;
    start.error = 426;
    start.error_message = kOnlyWebSockets;
  }
  return match;
}

// A client that chose one <SSLHostConfig> and asks for the host of another would get around what
// that one asks of clients (RFC 9110 section 15.5.20).
bool Engine::is_misdirected(const server::Exchange& exchange, const Entrance& entrance,
                            std::string_view host) {
  if (!entrance.rules().strict_sni) return false;
  const server::tls::Channel* channel = exchange.tls();
  return channel != nullptr && !channel->serves(host);
}

// What has to hold before the application itself sees the request.
void Engine::constrain(Invocation& invocation, const Application& application,
                       std::string_view path, PerLoop& mine) {
  const bool guarded = !application.guards.empty() && application.guarded.lookup(path, mine.beside);
  const security::Security* const security = application.security.get();
  // A client with a cookie may have logged in.
  const bool looks =
      security != nullptr &&
      (security->preemptive || invocation.exchange().request.has(server::Known::cookie) ||
       (security->form && security::FormRules::takes_form(path)));
  if (!guarded && !looks) return;
  invocation.use_admission(guarded ? &application.guards[mine.beside.index] : nullptr, security,
                           mine.tokens, path);
}

void Engine::route(server::Exchange& exchange, Entrance& entrance, const Mapping& mapping) {
  const server::RequestHead& head = exchange.request;
  server::Arena& arena = exchange.arena();
  const std::span<char> room(arena.array<char>(head.target.size()), head.target.size());
  const auto asterisk = head.method == "OPTIONS" ? Asterisk::allowed : Asterisk::refused;
  const auto target = parse_target(head.target, entrance.rules().target, room, asterisk);
  if (!target) return reject(exchange, entrance, 400, sentence(target.error().fault));
  PerLoop& mine = per_loop_[exchange.loop().index()];
  const auto host = mine.hosts.find(
      target->authority.empty() ? head.find(server::Known::host) : target->authority, mapping);
  if (!host) return reject(exchange, entrance, 400, sentence(host.error()));
  if (is_misdirected(exchange, entrance, host->name.host))
    return reject(exchange, entrance, 421, "Connect anew for this host.");

  Invocation::Start start{.host = host->mapping};
  Visit& visit = open(exchange, entrance, start);
  Invocation& invocation = visit.invocation;
  name_server(visit, host->name);
  margay_request& request = invocation.request;
  request.path = str(target->path);
  request.query = str(target->query);
  const auto path = [&] { return std::string_view{request.path.data, request.path.size}; };
  // RFC 9110 section 9.3.7: of the server as a whole.
  if (target->form == TargetForm::asterisk) {
    exchange.response().set(arena, "Allow", kMethods);
    return reject_with(visit, 200);
  }
  if (start.host != nullptr && start.host->maps) invocation.map(start.host->filters);
  const auto context = start.host == nullptr ? std::nullopt : start.host->contexts.lookup(path());
  std::string_view rest = path();
  if (context) {
    start.application = start.host->applications[context->index].get();
    rest = context->rest;
    request.context_path = str(context->context_path);
    if (start.application->maps) {
      invocation.map(start.application->filters);
      rest = path().substr(context->context_path.size());
    }
  }
  const RouteMatch& match = choose(start, head, rest.empty() ? "/" : rest, mine);
  const bool found = start.endpoint != nullptr || start.websocket != nullptr;
  start.workers = &entrance.workers();
  start.redirect_port = entrance.rules().redirect_port;
  invocation.use(start);
  if (context) {
    request.servlet_path = str(match.servlet_path);
    request.path_info = str(match.path_info);
  }
  if (const auto variables = match.variables(); found && !variables.empty()) {
    auto* parameters = arena.array<margay_field>(variables.size());
    for (std::size_t i = 0; i < variables.size(); ++i)
      parameters[i] = {str(variables[i].name), str(variables[i].value)};
    request.parameters = parameters;
    request.parameter_count = static_cast<std::uint32_t>(variables.size());
  }
  if (start.application != nullptr)
    constrain(invocation, *start.application, rest.empty() ? "/" : rest, mine);
  invocation.choose_filters(MARGAY_REQUEST, path(), rest.empty() ? "/" : rest);
  if (visit.begin == 0 && invocation.is_timed()) visit.begin = nanoseconds();
  // mapperContextRootRedirectEnabled; an endpoint that takes `/*` needs no slash to be addressed,
  // that of the root alone does.
  const bool takes_all = match.servlet_path.empty() && (match.is_default || match.count > 0);
  const bool takes_root = found && (takes_all || start.websocket != nullptr);
  if (context && rest.empty() && !context->context_path.empty() && !takes_root) {
    std::string location(context->context_path);
    location += '/';
    if (request.query.size != 0)
      location.append("?").append(request.query.data, request.query.size);
    exchange.response().set(arena, "Location", location);
    return reject_with(visit, 302);
  }
  exchange.start(invocation, invocation.needs_worker() ? &entrance.workers() : nullptr,
                 invocation.body(), invocation.body_limit(entrance.rules().body_limit));
}

void Engine::reject_with(Visit& visit, int status) {
  visit.invocation.exchange().response().status = status;
  visit.invocation.finish();
}

// Before a host was found: Engine-level and the default host's logs hear of it.
void Engine::reject(server::Exchange& exchange, Entrance& entrance, int status,
                    std::string_view message) {
  Visit& visit = open(exchange, entrance, {});
  visit.invocation.request.path =
      str(exchange.request.target.substr(0, exchange.request.target.find('?')));
  visit.invocation.send_error(status, message);
}

void Engine::refuse(server::Exchange& exchange, Entrance& entrance, int status,
                    std::string_view reason) {
  // RFC 9110 section 15.5.6. The only method refused before its resource is known is TRACE.
  if (status == 405) exchange.response().set(exchange.arena(), "Allow", kMethods);
  if (exchange.local == nullptr) return reject(exchange, entrance, status, reason);
  auto& visit = *static_cast<Visit*>(exchange.local);
  if (status == 503) exchange.response().set(exchange.arena(), "Retry-After", "1");
  visit.invocation.send_error(status, reason);
}

void Engine::finished(server::Exchange& exchange) {
  auto* visit = static_cast<Visit*>(exchange.local);
  if (visit == nullptr) return;
  const std::uint64_t elapsed = visit->begin == 0 ? 0 : nanoseconds() - visit->begin;
  visit->invocation.done(elapsed / 1000);
  if (!per_loop_[exchange.loop().index()].appenders.empty()) log_access(exchange, *visit, elapsed);
  Lease& lease = visit->lease;
  exchange.local = nullptr;
  std::destroy_at(visit);  // the arena would not
  if (--lease.exchanges == 0 && lease.superseded) lease.over.store(true, std::memory_order_release);
}

void Engine::log_access(server::Exchange& exchange, Visit& visit, std::uint64_t elapsed) {
  Invocation& invocation = visit.invocation;
  const server::RequestHead& head = exchange.request;
  const auto took = std::chrono::nanoseconds(elapsed);
  AccessRecord record;
  record.remote_address = record.peer_address = record.remote_host = invocation.remote_address();
  record.method = head.method;
  record.target = head.target;
  for (const std::string& name : visit.lease.mapping->secret_parameters)
    record.target = security::covered(record.target, name, exchange.arena());
  const auto query = record.target.find('?');
  record.path = record.target.substr(0, query);
  if (query != record.target.npos) record.query = record.target.substr(query + 1);
  record.protocol = head.protocol;
  record.host = invocation.server_name;
  record.user = invocation.principal();
  record.status = exchange.answer_head().status;
  record.bytes_sent = exchange.sent();
  record.elapsed = took;
  record.begin = std::chrono::system_clock::now() -
                 std::chrono::duration_cast<std::chrono::system_clock::duration>(took);
  record.connection_id = exchange.id >> 24;
  record.connection = exchange.aborted() ? ConnectionState::aborted : ConnectionState::kept;
  record.fields = &visit;
  const HostMapping* host = invocation.host();
  const std::string_view whose =
      host != nullptr ? host->name : std::string_view(visit.lease.mapping->default_host);
  for (const auto& one : per_loop_[exchange.loop().index()].appenders)
    if (one->host.empty() || one->host == whose) one->appender.append(record);
}

std::vector<std::uint64_t> Engine::generations() const {
  std::vector<std::uint64_t> numbers;
  for (const Generation& one : generations_) numbers.push_back(one.mapping->generation);
  return numbers;
}

}  // namespace container
