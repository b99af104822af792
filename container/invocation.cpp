// One exchange on its way through filters and endpoint: the chain.
#include "container/invocation.h"

#include <algorithm>
#include <utility>

#include "container/trace.h"
#include "container/transport_guarantee.h"

namespace container {

namespace {

bool takes_part(const MappedFilter& use, std::uint32_t dispatcher, std::string_view path) {
  if ((use.dispatchers & dispatcher) == 0) return false;
  return use.everywhere ||
         std::any_of(use.patterns.begin(), use.patterns.end(),
                     [&](const Pattern& one) { return one.matches_filter(path); });
}

bool names_endpoint(const MappedFilter& use, std::uint32_t dispatcher, const std::string& name) {
  return (use.dispatchers & dispatcher) != 0 &&
         std::find(use.endpoints.begin(), use.endpoints.end(), name) != use.endpoints.end();
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
  guarded_ = step_count_;
  for (std::size_t i = 0; i < inner; ++i) by_path(start_.application->filters[i], path_in_context);
  const std::string* const name = start_.websocket != nullptr  ? &start_.websocket->name
                                  : start_.endpoint != nullptr ? &start_.endpoint->name
                                                               : nullptr;
  for (std::size_t i = 0; name != nullptr && i < inner; ++i)
    if (names_endpoint(start_.application->filters[i], dispatcher_, *name))
      add(start_.application->filters[i]);
}

bool Invocation::needs_worker() const {
  if (takes_login_ || (admission_ && admission_->needs_worker())) return true;
  if (start_.websocket != nullptr && !start_.websocket->greets_on_loop) return true;
  if (start_.endpoint != nullptr && start_.endpoint->type != nullptr && !start_.endpoint->on_loop)
    return true;
  return std::any_of(steps_, steps_ + step_count_, [](const Step& step) {
    return (step.use->type->flags & MARGAY_ON_LOOP) == 0;
  });
}

bool Invocation::streams_body() const {
  return start_.endpoint != nullptr && start_.endpoint->type != nullptr && !saves_body() &&
         (start_.endpoint->type->flags & MARGAY_STREAM_BODY) != 0;
}

// Whether it will be kept over a login. When a filter before the application may know the user,
// nobody can tell.
bool Invocation::saves_body() const {
  return guarded_ == 0 && admission_ && admission_->lacks_user() && admission_->security()->form &&
         logins_.can_wait();
}

std::size_t Invocation::body_limit(std::size_t usual) const {
  if (takes_login_) return security::FormRules::kMostForm;
  if (start_.endpoint == nullptr) return 0;
  const std::size_t limit = start_.endpoint->body_limit.value_or(usual);
  return saves_body() ? std::min(limit, admission_->security()->form->most_saved) : limit;
}

server::Body Invocation::body() const {
  if (takes_login_) return server::Body::buffered;
  if (admission_ && admission_->is_hopeless()) return server::Body::ignored;
  if (start_.endpoint == nullptr || start_.endpoint->type == nullptr) return server::Body::ignored;
  return streams_body() ? server::Body::streamed : server::Body::buffered;
}

const char* Invocation::title() const {
  if (start_.websocket != nullptr) return start_.websocket->title.c_str();
  return start_.endpoint == nullptr ? "error page" : start_.endpoint->title.c_str();
}

// --- turns
// -----------------------------------------------------------------------------------------

void Invocation::serve(server::Exchange&) {
  run_chain();
  end_turn();
}

void Invocation::run_chain() {
  for (;;) {
    if (position_ == guarded_ && (turn_away() || !sessions_.await_turn())) return;
    if (position_ == step_count_) break;
    Step& step = steps_[position_++];
    entered_ = position_;
    if (step.use->type->before == nullptr) continue;
    const std::uint32_t suspended = exchange_.suspensions();
    switch (step.use->type->before(step.use->self, &step.state, &host_, handle(*this), &request)) {
      case MARGAY_OK:
        break;
      case MARGAY_SUSPENDED:
        waiting_ = true;
        return;
      case MARGAY_CLOSED:
        waiting_ = exchange_.suspensions() != suspended;
        if (!waiting_) finish();
        return;
      default:
        return fail();
    }
    if (exchange_.ended()) return;
  }
  call_endpoint();
}

security::Evidence Invocation::evidence() {
  return {.head = exchange_.request,
          .query = {request.query.data, request.query.size},
          .address = remote_address(),
          .tls = tls_.get(),
          .is_handshake = start_.websocket != nullptr};
}

void Invocation::use_admission(const security::Guard* guard, const security::Security* security,
                               security::TokenCache& cache, std::string_view path) {
  admission_.emplace(guard, security);
  if (security != nullptr && security->form) {
    takes_login_ = security::FormRules::takes_form(path);
    if (security->form->is_page(path)) admission_->spare();
  }
  if (security != nullptr)
    if (auto user = logins_.recall(); user != nullptr) {
      admission_->remember(std::move(user));
      if (!takes_login_) logins_.restore();
    }
  admission_->look(evidence(), cache);
}

security::Admission& Invocation::need_admission() {
  return admission_ ? *admission_ : admission_.emplace(nullptr, start_.application->security.get());
}

security::PrincipalPointer Invocation::become(security::PrincipalPointer user) {
  principal_ = user == nullptr ? std::string_view{} : exchange_.arena().copy(user->name);
  return need_admission().become(std::move(user));
}

int Invocation::insist_on_user() {
  security::Admission& admission = need_admission();
  const int status = admission.insist(evidence(), exchange_.on_worker());
  if (status == 0) principal_ = exchange_.arena().copy(admission.user()->name);
  return status;
}

void Invocation::complete_refusal() {
  need_admission().complete(exchange_.response(), exchange_.arena());
}

bool Invocation::reaches_cors_filter() const {
  return std::any_of(steps_ + guarded_, steps_ + step_count_, [](const Step& step) {
    return std::string_view(step.use->type->name) == "cors";
  });
}

// What has to hold before the application itself sees the request, but behind the filters of Engine
// and Host, of which one may know who a proxy spoke for; once, as dispatches within the server need
// no leave.
bool Invocation::turn_away() {
  if (!admission_ || std::exchange(admitted_, true)) return false;
  if (const auto status = admission_->confidential(exchange_.request.method);
      status && redirect_to_tls(*status))
    return true;
  if (takes_login_) return logins_.take_form(), true;
  if (admission_->may_be_preflight(exchange_.request)) {
    const CorsPreflight allowed = admission_->preflights();
    if (allowed == CorsPreflight::always ||
        (allowed == CorsPreflight::filter && reaches_cors_filter()))
      return false;
  }
  const int status = admission_->decide(evidence(), principal_);
  if (const auto& user = admission_->user(); user != nullptr) {
    principal_ = exchange_.arena().copy(user->name);
    if (!user->claims.empty()) set_attribute("margay.claims", user->claims);
  }
  if (status == 0) return false;
  if (status == 401 && admission_->security()->form) return logins_.send_to_login(), true;
  if (status != 403) admission_->complete(exchange_.response(), exchange_.arena());
  send_error(status, {});
  return true;
}

// As Tomcat's RealmBase::hasUserDataPermission. Handshakes for `ws` are redirected too, and most
// clients fail at that.
bool Invocation::redirect_to_tls(int status) {
  if (info(MARGAY_SCHEME) == "https") return false;
  if (start_.redirect_port == 0 || server_name.empty()) {
    send_error(403, "This is served with TLS only.");
    return true;
  }
  const server::RequestHead& head = exchange_.request;
  server::ResponseHead& response = exchange_.response();
  response.status = redirect_status(status, head.method);
  response.set(exchange_.arena(), "Location",
               https_location(server_name, start_.redirect_port, head.target));
  finish();
  return true;
}

void Invocation::call_endpoint() {
  if (start_.websocket != nullptr) return shake_hands();
  if (start_.error != 0) {
    if (start_.error == 426) offer_websocket(exchange_);
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
  const std::uint32_t suspended = exchange_.suspensions();  // a filter may still hold one
  const margay_result result =
      endpoint.type->service(endpoint.self, &host_, handle(*this), &request);
  if (result == MARGAY_FAILED) return fail();
  if (exchange_.suspensions() == suspended) finish();
}

void Invocation::shake_hands() {
  handshake_ = exchange_.arena().make<Handshake>(*this, host_, *start_.websocket, *start_.upgrades);
  handshake_->run();
}

void Invocation::switch_protocols() {
  called_ = true;
  transforms_ = false;
  exchange_.response().status = 101;
  commit();
  exchange_.response().status = 101;  // a filter that wants another one refuses in `before`
}

// RFC 9110 section 9.3.8: the connector let it through (allowTrace), so no endpoint needs to know.
void Invocation::trace() {
  exchange_.response().set(exchange_.arena(), "Content-Type", "message/http");
  render_trace(exchange_.request, exchange_.body());
  finish();
}

// What a turn wrote is sent at its end, also when the answer goes on later. Behind the end nothing
// is to be heard any more, and the watchers may hold what keeps the exchange.
void Invocation::end_turn() {
  if (!exchange_.ended() && exchange_.suspended() && !exchange_.body().empty()) flush();
  if (!exchange_.ended() && !exchange_.aborted()) return;
  if (handshake_ != nullptr)
    handshake_->lost(exchange_.aborted() ? "The client has gone." : "It was answered otherwise.");
  if (exchange_.ended()) end_watching();
}

void Invocation::resumed(server::Exchange&, void (*run)(), void* argument, bool gone) {
  const auto closure = reinterpret_cast<void (*)(void*, margay_exchange*)>(run);
  closure(argument, gone ? nullptr : handle(*this));
  end_turn();
}

void Invocation::event(server::Exchange&, server::Event what) {
  const bool writable = what == server::Event::writable;
  const bool for_file = file_right_ != nullptr && writable;
  if (file_right_ != nullptr && (writable || exchange_.aborted())) go_on_with_file();
  if (watching_ != nullptr && !for_file) {
    told_ = static_cast<int>(what);
    told_replaced_ = false;
    const Watching watching = watching_[told_ - 1];
    if (watching.event != nullptr) watching.event(watching.argument, handle(*this));
    told_ = 0;
    if (told_replaced_) watching.end();
  }
  if (sessions_.waits_for_turn() && exchange_.aborted()) sessions_.give_up_turn();
  // Who sends nothing more cannot speak WebSocket either.
  if (handshake_ != nullptr && what == server::Event::aborted && handshake_->waits()) {
    handshake_->lost("The client has gone.");
    exchange_.reset_connection();
  }
  end_turn();
  if (exchange_.aborted() && what == server::Event::aborted) end_watching();
}

void Invocation::abandoned(server::Exchange&) {
  if (sessions_.waits_for_turn()) {
    sessions_.give_up_turn();
    return end_turn();
  }
  const server::Log* const log = start_.websocket != nullptr  ? &start_.websocket->log
                                 : start_.endpoint != nullptr ? &start_.endpoint->log
                                                              : nullptr;
  if (!exchange_.ended() && log != nullptr)
    log->error("{}: {} for {} {}", title(),
               exchange_.suspended() ? "no answer within asyncTimeout" : "nobody is left to answer",
               exchange_.request.method,
               admission_ ? admission_->loggable(exchange_.request.target, exchange_.arena())
                          : exchange_.request.target);
  fail();
  end_turn();
}

void Invocation::fail() {
  if (exchange_.ended()) return;
  if (exchange_.committed()) {
    exchange_.reset_connection();
  } else {
    send_error(500, {});
  }
}

margay_result Invocation::proceed() {
  if (exchange_.ended()) return MARGAY_FAILED;
  if (handshake_ != nullptr && !in_error_) return handshake_->proceed() ? MARGAY_OK : MARGAY_FAILED;
  if (!waiting_) return MARGAY_FAILED;
  waiting_ = false;
  run_chain();
  return MARGAY_OK;
}

margay_result Invocation::watch(int what, Watching watching) {
  const bool known = what >= MARGAY_READABLE && what <= MARGAY_ABORTED;
  if (!known || is_over()) {
    watching.end();
    return known ? MARGAY_CLOSED : MARGAY_FAILED;
  }
  if (watching_ == nullptr) {
    watching_ = exchange_.arena().array<Watching>(kEvents);
    std::fill_n(watching_, kEvents, Watching{});
  }
  const Watching old = std::exchange(watching_[what - 1], watching);
  if (what == told_ && !told_replaced_) {
    told_replaced_ = true;
  } else {
    old.end();
  }
  exchange_.watch(true);
  return MARGAY_OK;
}

void Invocation::end_watching() {
  exchange_.watch(false);
  Watching* const all = std::exchange(watching_, nullptr);
  for (int i = 0; all != nullptr && i < kEvents; ++i) all[i].end();
}

void Invocation::done(std::uint64_t micros) {
  end_watching();
  if (handshake_ != nullptr) {
    handshake_->lost("The client has gone.");
    handshake_->done();
  }
  const margay_outcome outcome{sizeof outcome, exchange_.response().status, exchange_.sent(),
                               micros, exchange_.aborted() ? 1u : 0u};
  for (std::uint32_t i = entered_; i-- > 0;)
    if (const auto moment = steps_[i].use->type->done; moment != nullptr)
      moment(steps_[i].use->self, &steps_[i].state, &request, &outcome);
  sessions_.leave();
}

}  // namespace container
