// One exchange on its way through filters and endpoint: the chain.
#include "container/invocation.h"

#include <algorithm>

#include "container/trace.h"

namespace container {

namespace {

bool takes_part(const MappedFilter& use, std::uint32_t dispatcher, std::string_view path) {
  if ((use.dispatchers & dispatcher) == 0) return false;
  return use.everywhere ||
         std::any_of(use.patterns.begin(), use.patterns.end(),
                     [&](const Pattern& one) { return one.matches_filter(path); });
}

bool names_endpoint(const MappedFilter& use, std::uint32_t dispatcher,
                    const MappedEndpoint* endpoint) {
  return endpoint != nullptr && (use.dispatchers & dispatcher) != 0 &&
         std::find(use.endpoints.begin(), use.endpoints.end(), endpoint->name) !=
             use.endpoints.end();
}

}  // namespace

Invocation::Invocation(server::Exchange& exchange, const margay_host& host_functions, Start start)
    : exchange_(exchange), host_(host_functions), start_(start) {}

// Servlet rules (features of Tomcat's ApplicationFilterFactory): all that match by path in order of
// declaration, then all that name the endpoint; each once. Those of Engine and Host come first.
void Invocation::choose_filters(margay_dispatcher dispatcher, std::string_view path,
                                std::string_view path_in_context) {
  dispatcher_ = static_cast<std::uint32_t>(dispatcher);
  request.dispatcher = dispatcher_;
  const std::size_t outer = start_.host == nullptr ? 0 : start_.host->filters.size();
  const std::size_t inner = start_.application == nullptr ? 0 : start_.application->filters.size();
  if (outer + inner == 0) return;
  Step* steps = exchange_.arena().array<Step>(step_count_ + outer + inner);
  std::copy_n(steps_, step_count_, steps);
  steps_ = steps;
  const auto first = step_count_;
  const auto add = [&](const MappedFilter& use) {
    for (std::uint32_t i = first; i < step_count_; ++i)
      if (steps_[i].use->self == use.self && steps_[i].use->type == use.type) return;
    steps_[step_count_++] = {&use, nullptr};
    transforms_ |= use.type->body != nullptr;
  };
  const auto by_path = [&](const MappedFilter& use, std::string_view its_path) {
    timed_ |= use.type->done != nullptr;  // it may still come in by another dispatch
    if (takes_part(use, dispatcher_, its_path)) add(use);
  };
  for (std::size_t i = 0; i < outer; ++i) by_path(start_.host->filters[i], path);
  for (std::size_t i = 0; i < inner; ++i) by_path(start_.application->filters[i], path_in_context);
  for (std::size_t i = 0; i < inner; ++i)
    if (names_endpoint(start_.application->filters[i], dispatcher_, start_.endpoint))
      add(start_.application->filters[i]);
}

bool Invocation::needs_worker() const {
  if (start_.endpoint != nullptr && start_.endpoint->type != nullptr && !start_.endpoint->on_loop)
    return true;
  return std::any_of(steps_, steps_ + step_count_, [](const Step& step) {
    return (step.use->type->flags & MARGAY_ON_LOOP) == 0;
  });
}

server::Body Invocation::body() const {
  if (start_.endpoint == nullptr || start_.endpoint->type == nullptr) return server::Body::ignored;
  return (start_.endpoint->type->flags & MARGAY_STREAM_BODY) != 0 ? server::Body::streamed
                                                                  : server::Body::buffered;
}

const char* Invocation::title() const {
  return start_.endpoint == nullptr ? "error page" : start_.endpoint->title.c_str();
}

// --- turns
// -----------------------------------------------------------------------------------------

void Invocation::serve(server::Exchange&) {
  run_chain();
  end_turn();
}

void Invocation::run_chain() {
  while (position_ < step_count_) {
    Step& step = steps_[position_++];
    entered_ = position_;
    if (step.use->type->before == nullptr) continue;
    switch (step.use->type->before(step.use->self, &step.state, &host_, handle(*this), &request)) {
      case MARGAY_OK:
        break;
      case MARGAY_SUSPENDED:
        return;
      case MARGAY_CLOSED:
        if (!exchange_.suspended()) finish();
        return;
      default:
        return fail("a filter failed");
    }
    if (exchange_.ended()) return;
  }
  call_endpoint();
}

void Invocation::call_endpoint() {
  if (start_.error != 0) {
    send_error(start_.error, start_.error_message);
    return;
  }
  const MappedEndpoint& endpoint = *start_.endpoint;
  if (endpoint.type == nullptr) {
    send_error(503, {});
    return;
  }
  called_ = true;
  if (exchange_.request.method == "TRACE" && !in_error_) return trace();
  const std::string_view body = exchange_.buffered_body();
  if ((endpoint.type->flags & MARGAY_STREAM_BODY) == 0) request.body = {body.data(), body.size()};
  const margay_result result =
      endpoint.type->service(endpoint.self, &host_, handle(*this), &request);
  if (result == MARGAY_FAILED) return fail("the endpoint failed");
  if (!exchange_.suspended()) finish();
}

// RFC 9110 section 9.3.8: the connector let it through (allowTrace), so no endpoint needs to know.
void Invocation::trace() {
  exchange_.response().set(exchange_.arena(), "Content-Type", "message/http");
  render_trace(exchange_.request, exchange_.body());
  finish();
}

// What a turn wrote is sent at its end, also when the answer goes on later.
void Invocation::end_turn() {
  if (!exchange_.ended() && exchange_.suspended() && !exchange_.body().empty()) flush();
}

void Invocation::resumed(server::Exchange&, void (*run)(), void* argument, bool gone) {
  const auto closure = reinterpret_cast<void (*)(void*, margay_exchange*)>(run);
  closure(argument, gone ? nullptr : handle(*this));
  if (!gone) end_turn();
}

void Invocation::event(server::Exchange&, server::Event what) {
  if (file_right_ != nullptr) {
    const bool writable = what == server::Event::writable;
    if (writable || exchange_.aborted()) go_on_with_file();
    if (writable) return;
  }
  if (event_ != nullptr) event_(event_argument_, handle(*this), static_cast<int>(what));
  end_turn();
}

void Invocation::abandoned(server::Exchange&) { fail("nobody finished the answer"); }

void Invocation::fail(const char*) {
  if (exchange_.committed()) {
    exchange_.reset_connection();
  } else {
    send_error(500, {});
  }
}

margay_result Invocation::proceed() {
  if (called_ || exchange_.ended()) return MARGAY_FAILED;
  run_chain();
  return MARGAY_OK;
}

margay_result Invocation::watch(void (*watcher)(void*, margay_exchange*, int), void* argument,
                                void (*gone)(void*)) {
  if (event_gone_ != nullptr) event_gone_(event_argument_);
  event_ = watcher;
  event_argument_ = argument;
  event_gone_ = gone;
  exchange_.watch(watcher != nullptr || file_right_ != nullptr);
  return MARGAY_OK;
}

void Invocation::done(std::uint64_t micros) {
  watch(nullptr, nullptr, nullptr);
  const margay_outcome outcome{sizeof outcome, exchange_.response().status, exchange_.sent(),
                               micros, exchange_.aborted() ? 1u : 0u};
  for (std::uint32_t i = entered_; i-- > 0;)
    if (const auto moment = steps_[i].use->type->done; moment != nullptr)
      moment(steps_[i].use->self, &steps_[i].state, &request, &outcome);
}

}  // namespace container
