// One exchange whose answer is an error: the page that an application has for it, or the server's.
#include <chrono>

#include "container/error_page.h"
#include "container/error_views.h"
#include "container/handshake.h"
#include "container/invocation.h"

#include <margay/text.h>

namespace container {

namespace {

constexpr std::string_view kTooLate = "The answer took too long.";

using margay::view;

}  // namespace

margay_result Invocation::send_error(int code, std::string_view message) {
  return is_passed_on() ? MARGAY_FAILED : report(code, message, nullptr);
}

margay_result Invocation::thrown(const margay_thrown& what) {
  if (dispatches_ != nullptr) dispatches_->pending.reset();  // who threw did not get that far
  if (is_passed_on()) return MARGAY_FAILED;
  return report(what.status, what.is_answer != 0 ? view(what.message) : std::string_view{}, &what);
}

margay_result Invocation::report(int code, std::string_view message, const margay_thrown* what) {
  if (code < 400 || code > 599) return MARGAY_FAILED;
  if (includes()) {  // told to the includer, which may still answer
    dispatches_->include_status = code;
    dispatches_->include_over = true;
    return MARGAY_OK;
  }
  if (exchange_.committed() || headed_) return MARGAY_FAILED;
  exchange_.body().clear();
  const bool found_nothing = code == 404 && called_ && !in_error_;
  if (found_nothing && start_.or_websocket) {
    offer_websocket(exchange_);
    code = 426;
    message = kOnlyWebSockets;
  }
  server::ResponseHead& head = exchange_.response();
  for (const std::string_view name :
       {"content-type", "content-length", "content-encoding", "etag", "last-modified"})
    head.remove(name);
  head.status = code;
  if (exchange_.aborted()) return finish();  // nobody reads it; the log has the status
  if (!in_error_) {
    server::Arena& arena = exchange_.arena();
    ReportedError& error = dispatches().error;
    error = {.status = code,
             .message = arena.copy(message),
             .path = view(request.path),
             .method = view(request.method),
             .query = view(request.query)};
    if (start_.endpoint != nullptr) error.endpoint = start_.endpoint->name;
    if (start_.websocket != nullptr) error.endpoint = start_.websocket->name;
    if (what != nullptr && what->type_count > 0) error.exception = arena.copy(view(what->types[0]));
    if (what != nullptr) {
      error.detail = arena.copy(view(what->message));
      error.trace = arena.copy(view(what->trace));
    }
    if (const ErrorPage* page = error_page(code, what); page != nullptr && error_dispatch(*page))
      return MARGAY_OK;
  }
  render_error_body(code, message);
  return finish();
}

// Servlet 6 section 10.9.2: by the type of what was thrown, its bases, the same of its root cause;
// then by status, then what is for all.
const ErrorPage* Invocation::error_page(int code, const margay_thrown* what) const {
  if (start_.application == nullptr) return nullptr;
  const std::vector<ErrorPage>& pages = start_.application->error_pages;
  for (std::uint32_t i = 0; what != nullptr && i < what->type_count; ++i)
    for (const ErrorPage& page : pages)
      if (!page.exception.empty() && page.exception == view(what->types[i])) return &page;
  const ErrorPage* for_all = nullptr;
  for (const ErrorPage& page : pages) {
    if (!page.exception.empty()) continue;
    if (page.status == code) return &page;
    if (page.status == 0) for_all = &page;
  }
  return for_all;
}

// Servlet ERROR dispatch: the page configured for the error answers, the status stays.
bool Invocation::error_dispatch(const ErrorPage& page) {
  const Aim target = aim(page.location);
  if (target.endpoint == nullptr || target.endpoint->readiness() != 200) return false;
  in_error_ = true;
  // A request that was refused before the constraints has the user that it brought.
  if (principal_.empty() && admission_ && admission_->user() != nullptr)
    principal_ = exchange_.arena().copy(admission_->user()->name);
  waiting_ = false;  // a filter that has not decided yet is not asked any more
  request.method = {"GET", 3};
  follow(target, MARGAY_ERROR_PAGE);
  called_ = true;  // what the failed request was cannot be changed any more
  go_on_dispatched();
  return true;
}

const ErrorPolicy& Invocation::error_policy() const {
  static constexpr ErrorPolicy kUsual;
  const Application* const application = start_.application;
  if (application != nullptr && application->error_policy) return *application->error_policy;
  return start_.host != nullptr ? start_.host->error_policy : kUsual;
}

void Invocation::render_error_body(int code, std::string_view message) {
  const server::RequestHead& head = exchange_.request;
  const bool nested = in_error_;
  const ReportedError& error = dispatches().error;
  const std::string_view failed = nested ? error.path : view(request.path);
  const Application* const application = start_.application;
  const ErrorReport report =
      told({.status = code,
            .path = failed.empty() ? std::string_view{"/"} : failed,
            .message = message,
            .detail = error.detail,
            .exception = error.exception,
            .trace = error.trace,
            .errors = attribute("margay.errors").value_or(std::string_view{}),
            .accept = head.find(server::Known::accept),
            .server_info = "Margay",
            .now = std::chrono::system_clock::now()},
           error_policy(), error.query);
  const ErrorViews::View* page =
      application == nullptr ? nullptr : application->error_views.find(code);
  if (page == nullptr && start_.host != nullptr && start_.host->error_views != nullptr)
    page = start_.host->error_views->find(code);
  std::function<void(std::string&)> draw;
  if (page != nullptr) draw = [&](std::string& out) { render_error_view(*page, report, out); };
  const ErrorBody body = render_error(report, exchange_.body(), draw);
  if (body.size != 0)
    exchange_.response().set(exchange_.arena(), "Content-Type", body.content_type);
  exchange_.response().add(exchange_.arena(), "Vary", "Accept");
}

// --- answers that do not come in time
// -----------------------------------------------------------

void Invocation::overdue(server::Exchange&, int status) {
  if (sessions_.waits_for_turn()) {
    sessions_.give_up_turn();
    return end_turn();
  }
  log_overdue();
  if (send_error(status, kTooLate) != MARGAY_OK) fail();
  end_turn();
}

void Invocation::substitute(const server::Exchange& exchange, server::Substitute& answer) {
  log_overdue();
  const std::string_view target = exchange.request.target;
  const ErrorReport report = told({.status = answer.head.status,
                                   .path = target.substr(0, target.find('?')),
                                   .message = kTooLate,
                                   .accept = exchange.request.find(server::Known::accept),
                                   .server_info = "Margay",
                                   .now = std::chrono::system_clock::now()},
                                  error_policy(), {});
  const ErrorBody body = render_error(report, answer.body);
  if (body.size != 0) answer.head.set(answer.arena, "Content-Type", body.content_type);
  answer.head.add(answer.arena, "Vary", "Accept");
}

// Not the query, which may have a token.
void Invocation::log_overdue() const {
  if (routed_ == nullptr) return;
  const std::string_view target = exchange_.request.target;
  routed_->log.warn("{}: no answer in time for {} {}", routed_->title, exchange_.request.method,
                    target.substr(0, target.find('?')));
}

}  // namespace container
