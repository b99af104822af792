// One exchange on its way through filters and endpoint: the chain.
#include "container/invocation.h"

#include <algorithm>
#include <utility>

#include "container/application_bridge.h"
#include "container/security/covered.h"
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
    : exchange_(exchange), host_(host_functions), start_(start), routed_(start.endpoint) {}

void Invocation::map(const std::vector<MappedFilter>& filters) {
  mapping_ = true;
  for (const MappedFilter& one : filters) {
    std::string_view path{request.path.data, request.path.size};
    path.remove_prefix(request.context_path.size);
    if (one.map != nullptr && takes_part(one, MARGAY_REQUEST, path.empty() ? "/" : path))
      one.map(one.self, &host_, handle(*this), &request);
  }
  mapping_ = false;
}

std::size_t Invocation::filter_count() const {
  return (start_.host == nullptr ? 0 : start_.host->filters.size()) +
         (start_.application == nullptr ? 0 : start_.application->filters.size());
}

void Invocation::choose_filters(margay_dispatcher dispatcher, std::string_view path,
                                std::string_view path_in_context) {
  dispatcher_ = static_cast<std::uint32_t>(dispatcher);
  request.dispatcher = dispatcher_;
  const std::size_t most = filter_count();
  if (most == 0) return;
  Step* steps = exchange_.arena().array<Step>(step_count_ + most);
  std::copy_n(steps_, step_count_, steps);
  steps_ = steps;
  std::uint32_t outer = 0;
  const std::uint32_t count =
      choose(dispatcher_, path, path_in_context, steps_ + step_count_, outer);
  guarded_ = step_count_ + outer;
  for (std::uint32_t i = step_count_; i < step_count_ + count; ++i)
    transforms_ |= steps_[i].use->type->body != nullptr;
  step_count_ += count;
}

// Servlet rules (features of Tomcat's ApplicationFilterFactory): all that match by path in order of
// declaration, then all that name the endpoint; each once. Those of Engine and Host come first:
// `outer` of them. An empty path is a dispatch by name, which patterns do not match.
std::uint32_t Invocation::choose(std::uint32_t dispatcher, std::string_view path,
                                 std::string_view path_in_context, Step* into,
                                 std::uint32_t& outer) {
  std::uint32_t count = 0;
  const auto add = [&](const MappedFilter& use) {
    for (std::uint32_t i = 0; i < count; ++i)
      if (into[i].use->self == use.self && into[i].use->type == use.type) return;
    into[count++] = {&use, nullptr};
  };
  const auto by_path = [&](const MappedFilter& use, std::string_view its_path) {
    timed_ |= use.type->done != nullptr;  // it may still come in by another dispatch
    if (!its_path.empty() && takes_part(use, dispatcher, its_path)) add(use);
  };
  if (start_.host != nullptr)
    for (const MappedFilter& use : start_.host->filters) by_path(use, path);
  outer = count;
  if (start_.application == nullptr) return count;
  for (const MappedFilter& use : start_.application->filters) by_path(use, path_in_context);
  const std::string* const name = start_.websocket != nullptr  ? &start_.websocket->name
                                  : start_.endpoint != nullptr ? &start_.endpoint->name
                                                               : nullptr;
  if (name == nullptr) return count;
  for (const MappedFilter& use : start_.application->filters)
    if (names_endpoint(use, dispatcher, *name)) add(use);
  return count;
}

bool Invocation::needs_worker() const {
  if (takes_login_ || (admission_ && admission_->needs_worker())) return true;
  if (start_.websocket != nullptr && !start_.websocket->greets_on_loop) return true;
  return must_move(start_.endpoint, steps_, step_count_);
}

bool Invocation::must_move(const MappedEndpoint* endpoint, const Step* steps,
                           std::uint32_t count) const {
  if (endpoint != nullptr && endpoint->type != nullptr && !endpoint->on_loop) return true;
  return std::any_of(steps, steps + count, [](const Step& step) {
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
  // It will be 401: nobody before the application can know a user, and nothing is kept for a login.
  if (admission_ && admission_->lacks_user() && principal_.empty() && guarded_ == 0 &&
      !saves_body())
    return server::Body::ignored;
  if (start_.endpoint == nullptr || start_.endpoint->type == nullptr) return server::Body::ignored;
  return streams_body() ? server::Body::streamed : server::Body::buffered;
}

const server::Log* Invocation::log() const {
  return start_.websocket != nullptr  ? &start_.websocket->log
         : start_.endpoint != nullptr ? &start_.endpoint->log
                                      : nullptr;
}

const char* Invocation::title() const {
  if (start_.websocket != nullptr) return start_.websocket->title.c_str();
  return start_.endpoint == nullptr ? "error page" : start_.endpoint->title.c_str();
}

// --- turns
// -----------------------------------------------------------------------------------------

// Once, and once more behind each move to a worker.
void Invocation::serve(server::Exchange&) {
  moving_ = false;
  show_body(start_.endpoint);
  run_chain();
  end_turn();
}

// The whole body, for an endpoint that does not read it piece by piece and its filters.
void Invocation::show_body(const MappedEndpoint* endpoint) {
  const bool buffered = endpoint != nullptr && endpoint->type != nullptr &&
                        (endpoint->type->flags & MARGAY_STREAM_BODY) == 0;
  const std::string_view body = buffered ? exchange_.buffered_body() : std::string_view{};
  request.body = {body.data(), body.size()};
}

void Invocation::run_chain() {
  for (;;) {
    if (position_ == guarded_ && !in_error_ && (turn_away() || !sessions_.await_turn())) return;
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
    if (is_over()) return;
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

void Invocation::complete_refusal(int status) {
  need_admission().complete(status, exchange_.response(), exchange_.arena());
}

bool Invocation::reaches_cors_filter() const {
  return std::any_of(steps_ + guarded_, steps_ + step_count_, [](const Step& step) {
    return std::string_view(step.use->type->name) == "cors";
  });
}

// What has to hold before the application itself sees the request, but behind the filters of Engine
// and Host, of which one may know who a proxy spoke for; once, as dispatches within the server need
// no leave. Neither do error pages: a request that was refused before never comes as far as this.
bool Invocation::turn_away() {
  if (!admission_ || std::exchange(admitted_, true)) return false;
  if (const auto status = admission_->confidential(exchange_.request.method);
      status && redirect_to_tls(*status))
    return true;
  if (takes_login_) return logins_.take_form(), true;
  if (admission_->may_be_preflight(exchange_.request)) {
    const CorsPreflight allowed = admission_->preflights();
    unjudged_ = allowed == CorsPreflight::filter && reaches_cors_filter();
    if (allowed == CorsPreflight::always || unjudged_) return false;
  }
  return turn_away_user();
}

bool Invocation::turn_away_user() {
  const int status = admission_->decide(evidence(), principal_);
  if (const auto& user = admission_->user(); user != nullptr) {
    principal_ = exchange_.arena().copy(user->name);
    if (!user->claims.empty()) set_attribute("margay.claims", user->claims);
  }
  if (status == 0) {
    if (admission_->is_private(exchange_.request.method) &&
        !exchange_.response().has("Cache-Control"))
      exchange_.response().set(exchange_.arena(), "Cache-Control", "private");
    return false;
  }
  if (status == 401 && admission_->security()->form) return logins_.send_to_login(), true;
  admission_->complete(status, exchange_.response(), exchange_.arena());
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
  // No filter has answered what called itself a pre-flight.
  if (!in_error_ && std::exchange(unjudged_, false) && turn_away_user()) return;
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
  if (const std::int64_t wait = endpoint.availability->wait(); wait != 0) {
    answer_unavailable(*this, wait);
    return;
  }
  called_ = true;
  if (exchange_.request.method == "TRACE" && !in_error_) return trace();
  const std::uint32_t suspended = exchange_.suspensions();  // a filter may still hold one
  const margay_result result =
      endpoint.type->service(endpoint.instance(), &host_, handle(*this), &request);
  if (result == MARGAY_FAILED) return fail();
  if (exchange_.suspensions() == suspended) finish();
}

void Invocation::shake_hands() {
  handshake_ = exchange_.arena().make<Handshake>(*this, host_, *start_.websocket, *start_.upgrades);
  handshake_->run();
}

void Invocation::switch_protocols() {
  called_ = true;
  exchange_.response().status = 101;
  commit(0, std::nullopt);
  transforms_ = false;
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
  while (dispatches_ != nullptr && dispatches_->pending && !moving_ && !exchange_.ended())
    run_pending();
  if (moving_) return;
  if (!exchange_.ended() && exchange_.suspended() && (unflushed_ || !exchange_.body().empty()))
    flush();
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

std::string_view Invocation::loggable_target() {
  const security::Security* const security =
      start_.application == nullptr ? nullptr : start_.application->security.get();
  const std::string_view name =
      security == nullptr ? std::string_view{} : security->authenticator->secret_parameter();
  const std::string_view target = exchange_.request.target;
  return name.empty() ? target : security::covered(target, name, exchange_.arena());
}

void Invocation::abandoned(server::Exchange&) {
  if (sessions_.waits_for_turn()) {
    sessions_.give_up_turn();
    return end_turn();
  }
  if (!exchange_.ended() && log() != nullptr)
    log()->error(
        "{}: {} for {} {}", title(),
        exchange_.suspended() ? "no answer within asyncTimeout" : "nobody is left to answer",
        exchange_.request.method, loggable_target());
  fail();
  end_turn();
}

void Invocation::fail() {
  if (exchange_.ended() || is_passed_on()) return;
  if (is_committed()) {
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
  const margay_outcome outcome{sizeof outcome, exchange_.answer_head().status, exchange_.sent(),
                               micros, exchange_.aborted() ? 1u : 0u};
  for (std::uint32_t i = entered_; i-- > 0;)
    if (const auto moment = steps_[i].use->type->done; moment != nullptr)
      moment(steps_[i].use->self, &steps_[i].state, &request, &outcome);
  for (const IncludedSteps* one = included_; one != nullptr; one = one->next)
    for (std::uint32_t i = one->entered; i-- > 0;)
      if (const auto moment = one->steps[i].use->type->done; moment != nullptr)
        moment(one->steps[i].use->self, &one->steps[i].state, &request, &outcome);
  sessions_.leave();
}

}  // namespace container
