// One exchange on its way from one endpoint of its application to another.
#include <algorithm>
#include <utility>

#include <margay/form.h>
#include <margay/text.h>

#include "container/invocation.h"
#include "container/target.h"

namespace container {

namespace {

using margay::str;
using margay::view;

std::string_view without_query(std::string_view target) {
  return target.substr(0, target.find('?'));
}

}  // namespace

Dispatches& Invocation::dispatches() {
  if (dispatches_ == nullptr) dispatches_ = exchange_.arena().make<Dispatches>();
  return *dispatches_;
}

DispatchPaths Invocation::paths() const {
  return {.request_uri = without_query(exchange_.request.target),
          .context_path = view(request.context_path),
          .servlet_path = view(request.servlet_path),
          .path_info = view(request.path_info),
          .query = view(request.query)};
}

const MappedEndpoint* Invocation::endpoint_named(std::string_view name) const {
  if (start_.application == nullptr) return nullptr;
  for (const MappedEndpoint& one : start_.application->endpoints)
    if (one.name == name) return &one;
  return nullptr;
}

// --- where a path leads
// --------------------------------------------------------------------------

Invocation::Aim Invocation::aim(std::string_view location) {
  server::Arena& arena = exchange_.arena();
  if (start_.application == nullptr) return {.is_path = false};
  if (!location.starts_with('/')) {
    std::string_view folder = view(request.path);
    folder.remove_prefix(std::min(request.context_path.size, folder.size()));
    folder = folder.substr(0, folder.rfind('/') + 1);
    std::string whole = margay::detail::path_encode(folder.empty() ? "/" : folder);
    location = arena.copy(whole.append(location));
  } else {
    location = arena.copy(location);
  }
  const std::span<char> room(arena.array<char>(location.size()), location.size());
  const auto target = parse_target(location, {}, room);
  if (!target) return {.is_path = false};
  return aim_at(target->path, target->query);
}

Invocation::Aim Invocation::aim_at(std::string_view path_in_context, std::string_view query) {
  server::Arena& arena = exchange_.arena();
  Aim aim{.path_in_context = path_in_context, .query = query};
  std::string whole(view(request.context_path));
  aim.paths.context_path = view(request.context_path);
  aim.paths.request_uri = arena.copy(whole.append(path_in_context));
  aim.paths.query = query;
  RouteMatch match;
  if (!start_.application->routes.lookup(path_in_context, match)) return aim;
  aim.endpoint = &start_.application->endpoints[match.index];
  aim.paths.servlet_path = match.servlet_path;
  aim.paths.path_info = match.path_info;
  if (const auto variables = match.variables(); !variables.empty()) {
    auto* parameters = arena.array<margay_field>(variables.size());
    for (std::size_t i = 0; i < variables.size(); ++i)
      parameters[i] = {str(variables[i].name), str(variables[i].value)};
    aim.parameters = parameters;
    aim.parameter_count = static_cast<std::uint32_t>(variables.size());
  }
  return aim;
}

int Invocation::leads_to(std::string_view path) {
  if (start_.application == nullptr || !path.starts_with('/')) return 0;
  RouteMatch match;
  if (!start_.application->routes.lookup(path, match)) return 0;
  if (&start_.application->endpoints[match.index] == start_.endpoint) return 0;
  return match.is_default ? 3 : match.is_extension ? 2 : 1;
}

bool Invocation::is_guarded_alike(std::string_view path) {
  const Application* const application = start_.application;
  if (application == nullptr || application->guards.empty() || request.dispatcher != MARGAY_REQUEST)
    return true;
  const auto guard_of = [&](std::string_view of) {
    RouteMatch match;
    return application->guarded.lookup(of, match) ? &application->guards[match.index] : nullptr;
  };
  const std::string here = std::string(view(request.servlet_path)).append(view(request.path_info));
  return guard_of(path) == guard_of(here.empty() ? "/" : here);
}

// --- forward
// -------------------------------------------------------------------------------------

// Makes the request one for what the aim says; by name only, its paths stay.
void Invocation::retell(const Aim& aim) {
  if (aim.paths.request_uri.empty()) return;
  request.path = str(aim.paths.request_uri);
  request.servlet_path = str(aim.paths.servlet_path);
  request.path_info = str(aim.paths.path_info);
  request.parameters = aim.parameters;
  request.parameter_count = aim.parameter_count;
  if (aim.query.empty()) return;
  std::string both(aim.query);
  if (request.query.size > 0) both.append("&").append(view(request.query));
  request.query = str(exchange_.arena().copy(both));
}

// The chain goes on with other filters and another endpoint.
void Invocation::follow(const Aim& aim, margay_dispatcher kind) {
  retell(aim);
  start_.endpoint = aim.endpoint;
  start_.websocket = nullptr;
  start_.or_websocket = false;
  start_.error = aim.endpoint == nullptr ? 404 : 0;
  start_.error_message = {};
  called_ = waiting_ = false;
  position_ = step_count_;
  show_body(aim.endpoint);
  choose_filters(kind, aim.paths.request_uri, aim.path_in_context);
}

// On this thread, or on a worker when something on the way may block.
void Invocation::go_on_dispatched() {
  if (!exchange_.on_worker() &&
      must_move(start_.endpoint, steps_ + position_, step_count_ - position_)) {
    moving_ = true;
    exchange_.move_to(*start_.workers);
    return;
  }
  run_chain();
}

margay_result Invocation::forward(std::string_view path) {
  if (is_over()) return MARGAY_CLOSED;
  if (headed_ || exchange_.committed() || includes() || start_.application == nullptr)
    return MARGAY_FAILED;
  exchange_.body().clear();
  dispatches().pending = {.kind = MARGAY_FORWARD, .path = exchange_.arena().copy(path)};
  return MARGAY_OK;
}

margay_result Invocation::forward_named(std::string_view name) {
  const MappedEndpoint* endpoint = endpoint_named(name);
  if (endpoint == nullptr && log() != nullptr)
    log()->error("{}: forward to '{}', which is no endpoint of this application", title(), name);
  if (endpoint == nullptr) return MARGAY_FAILED;
  const margay_result result = forward({});
  if (result == MARGAY_OK) dispatches_->pending->endpoint = endpoint;
  return result;
}

margay_result Invocation::redispatch(std::string_view path) {
  if (!exchange_.suspended()) return MARGAY_FAILED;
  const margay_result result = forward(path);
  if (result == MARGAY_OK) dispatches_->pending->kind = MARGAY_ASYNC;
  return result;
}

void Invocation::run_pending() {
  Dispatches& its = dispatches();
  const PendingDispatch next = *std::exchange(its.pending, std::nullopt);
  exchange_.body().clear();
  if (++its.count > kMaxDispatches) {
    if (log() != nullptr)
      log()->error("{}: more than {} dispatches of one request", title(), kMaxDispatches);
    send_error(500, {});
    return;
  }
  std::optional<DispatchPaths>& origin = next.kind == MARGAY_ASYNC ? its.async : its.forwarded;
  const DispatchPaths here = paths();
  Aim target;
  if (next.endpoint != nullptr) {
    target = {.endpoint = next.endpoint};
  } else if (next.path.empty()) {
    const DispatchPaths& first = its.async ? *its.async : its.forwarded ? *its.forwarded : here;
    const std::string path = std::string(first.servlet_path).append(first.path_info);
    target = aim_at(exchange_.arena().copy(path.empty() ? "/" : path), {});
  } else {
    target = aim(next.path);
  }
  if (!target.is_path) {
    if (log() != nullptr) log()->error("{}: '{}' is no path to dispatch to", title(), next.path);
    send_error(500, {});
    return;
  }
  if (!origin && next.endpoint == nullptr) origin = here;
  follow(target, next.kind);
  go_on_dispatched();
}

// --- include
// -------------------------------------------------------------------------------------

margay_result Invocation::include(std::string_view path, int& status) {
  const Aim target = aim(path);
  if (target.is_path) return include(target, status);
  if (log() != nullptr) log()->error("{}: '{}' is no path to include", title(), path);
  return MARGAY_FAILED;
}

margay_result Invocation::include_named(std::string_view name, int& status) {
  const MappedEndpoint* endpoint = endpoint_named(name);
  if (endpoint != nullptr) return include({.endpoint = endpoint}, status);
  if (log() != nullptr)
    log()->error("{}: include of '{}', which is no endpoint of this application", title(), name);
  return MARGAY_FAILED;
}

margay_result Invocation::include(const Aim& aim, int& status) {
  if (is_over()) return MARGAY_CLOSED;
  status = aim.endpoint == nullptr ? 404 : aim.endpoint->readiness();
  if (status != 200) return MARGAY_OK;
  Dispatches& its = dispatches();
  const MappedEndpoint* const includer = std::exchange(start_.endpoint, aim.endpoint);
  Step* const steps = exchange_.arena().array<Step>(filter_count());
  std::uint32_t outer = 0;
  const std::uint32_t count =
      choose(MARGAY_INCLUDE, aim.paths.request_uri, aim.path_in_context, steps, outer);
  const bool may_block = !exchange_.on_worker() && must_move(aim.endpoint, steps, count);
  if (its.depth == kMaxIncludes || may_block) {
    start_.endpoint = includer;
    if (log() != nullptr)
      log()->error("{}: '{}' cannot be included: {}", title(), aim.endpoint->name,
                   may_block ? "it may block, and this is the loop"
                             : "there are 16 includes within one another");
    return MARGAY_FAILED;
  }
  const margay_request seen = request;
  const DispatchPaths* const outer_paths = std::exchange(its.included, &aim.paths);
  const bool called = std::exchange(called_, true);
  const int outer_status = std::exchange(its.include_status, 200);
  ++its.depth;
  run_included(aim, steps, count);
  --its.depth;
  its.include_over = false;
  status = std::exchange(its.include_status, outer_status);
  called_ = called;
  its.included = outer_paths;
  request = seen;
  start_.endpoint = includer;
  return exchange_.ended() ? MARGAY_CLOSED : MARGAY_OK;
}

void Invocation::run_included(const Aim& aim, Step* steps, std::uint32_t count) {
  Dispatches& its = *dispatches_;
  request.dispatcher = MARGAY_INCLUDE;
  retell(aim);
  show_body(aim.endpoint);
  IncludedSteps* const entered =
      count == 0 ? nullptr
                 : exchange_.arena().make<IncludedSteps>(IncludedSteps{steps, 0, included_});
  if (entered != nullptr) included_ = entered;
  for (std::uint32_t i = 0; i < count; ++i) {
    Step& step = steps[i];
    entered->entered = i + 1;
    if (step.use->type->before == nullptr) continue;
    const margay_result result =
        step.use->type->before(step.use->self, &step.state, &host_, handle(*this), &request);
    if (result != MARGAY_OK && result != MARGAY_CLOSED) its.include_status = 500;
    if (result != MARGAY_OK || is_over()) return;
  }
  const margay_endpoint_type& type = *aim.endpoint->type;
  if (type.service(aim.endpoint->instance(), &host_, handle(*this), &request) == MARGAY_FAILED &&
      its.include_status < 400)
    its.include_status = 500;
}

}  // namespace container
