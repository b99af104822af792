// Users that a session remembers: logins by FORM, and what login() and logout() of plugins do.
#include "container/login_use.h"

#include <algorithm>
#include <string>
#include <utility>

#include <margay/form.h>
#include <margay/text.h>

#include "container/invocation.h"
#include "container/security/other_site.h"

namespace container {

namespace {

using margay::str;
using margay::view;

bool is_safe(std::string_view method) {
  return method == "GET" || method == "HEAD" || method == "OPTIONS";
}

}  // namespace

// --- who it is
// --------------------------------------------------------------------------------------

security::PrincipalPointer LoginUse::recall() {
  HttpSession* const session = invocation_.sessions().find();
  if (session == nullptr) return nullptr;
  note_logouts(*session);
  const security::LoginPointer login = session->login();
  if (login == nullptr) return nullptr;
  const security::Realm* const realm = invocation_.application()->security->realm.get();
  const bool same_realm = realm != nullptr && realm->number() == login->realm;
  security::PrincipalPointer user;  // nobody where there is no realm any more
  if (same_realm)
    user = login->user;
  else if (realm != nullptr)
    user = realm->adopt(login->user);
  if (user == nullptr || user->is_outdated()) {
    if (session->log_out()) invocation_.sessions().close_sockets();
    note_logouts(*session);
    return nullptr;
  }
  if (!same_realm)
    session->renew_login(
        login, std::make_shared<const security::Login>(security::Login{user, realm->number()}));
  return user;
}

void LoginUse::note_logouts(const HttpSession& session) {
  looked_at_ = &session;
  logouts_ = session.logouts();
}

void LoginUse::use(security::PrincipalPointer user) {
  if (auto before = invocation_.become(std::move(user)); before != nullptr)
    earlier_.push_back(std::move(before));
}

// The id that was known before the login is worth nothing behind it. A session of somebody else
// ends, as what it holds is theirs.
margay_result LoginUse::keep(security::PrincipalPointer user) {
  SessionUse& sessions = invocation_.sessions();
  HttpSession* session = sessions.find();
  std::optional<security::SavedRequest> waits;
  if (session != nullptr)
    if (const std::string owner = session->owner(); !owner.empty() && owner != user->name) {
      // What waits since the logout is of who logs in now.
      if (session->login() == nullptr) waits = session->give_awaited();
      sessions.invalidate();
      session = nullptr;
    }
  const margay_result result = session == nullptr ? sessions.create(session) : sessions.change_id();
  if (result != MARGAY_OK) return result;
  if (waits) session->await_login(std::move(*waits), {});
  note_logouts(*session);
  const std::uint64_t realm = invocation_.application()->security->realm->number();
  session->log_in(std::make_shared<const security::Login>(security::Login{user, realm}));
  use(std::move(user));
  return MARGAY_OK;
}

// --- FORM
// -------------------------------------------------------------------------------------------

bool LoginUse::is_of_other_site() const {
  return security::comes_from_other_site(invocation_.exchange().request,
                                         {.scheme = invocation_.info(MARGAY_SCHEME),
                                          .host = invocation_.server_name,
                                          .port = invocation_.server_port});
}

bool LoginUse::can_wait() const {
  const server::RequestHead& head = invocation_.exchange().request;
  const std::string_view mode = head.find("sec-fetch-mode");
  return !invocation_.is_handshake() && head.method != "TRACE" &&
         (mode.empty() || mode == "navigate");
}

void LoginUse::send_to_login() {
  if (!can_wait()) return unauthorized();
  const server::RequestHead& head = invocation_.exchange().request;
  // It would be made again with the user's rights, though the session's cookie did not come along.
  if (!is_safe(head.method) && is_of_other_site()) {
    invocation_.send_error(403, "This came from a page of another site.");
    return;
  }
  const security::FormRules& form = *invocation_.application()->security->form;
  const std::string_view body = invocation_.exchange().buffered_body();
  if (head.has_body && (invocation_.streams_body() || body.size() > form.most_saved)) {
    invocation_.send_error(413, "Log in first: this is too long to be kept until then.");
    return;
  }
  security::SavedRequest saved{.method = std::string(head.method == "HEAD" ? "GET" : head.method),
                               .reference = std::string(head.target),
                               .path = std::string(view(invocation_.request.path)),
                               .query = std::string(view(invocation_.request.query)),
                               .fields = {},
                               .body = std::string(body)};
  if (!saved.is_plain())
    for (const server::Field& field : head.fields)
      if (security::SavedRequest::is_saved(field.name))
        saved.fields.emplace_back(field.name, field.value);
  SessionUse& sessions = invocation_.sessions();
  HttpSession* session = sessions.find();
  std::optional<std::chrono::seconds> patience;
  if (session == nullptr) {
    if (sessions.create(session) != MARGAY_OK) return busy();
    patience = form.patience;
  }
  session->await_login(std::move(saved), patience);
  redirect(form.login_page);
}

void LoginUse::take_form() {
  const server::Exchange& exchange = invocation_.exchange();
  if (exchange.request.method != "POST") {
    invocation_.header(MARGAY_SET, "Allow", "POST");
    invocation_.send_error(405, "The form of a login page is sent with POST.");
    return;
  }
  if (is_of_other_site()) {
    invocation_.send_error(403, "This came from a page of another site.");
    return;
  }
  const security::Security& security = *invocation_.application()->security;
  const security::FormRules& form = *security.form;
  const HttpSession* const session = invocation_.sessions().find();
  const std::string target = session == nullptr ? std::string() : session->awaited_target();
  if (target.empty() && form.landing_page.empty()) {
    if (session == nullptr)
      invocation_.send_error(408, "The login took too long, or cookies are off. Begin again.");
    else
      invocation_.send_error(400, "Nothing was asked for that needs this login.");
    return;
  }
  const auto credentials = security::read_login_form(
      exchange.request.find(server::Known::content_type), exchange.buffered_body(), form.encoding);
  if (!credentials) return redirect(form.error_page);
  const security::Answer answer =
      security.realm->authenticate({.user = credentials->user,
                                    .password = credentials->password,
                                    .address = invocation_.remote_address()});
  switch (answer.outcome) {
    case security::Outcome::busy:
    case security::Outcome::failed:
      return busy();
    case security::Outcome::refused:
      return redirect(form.error_page);
    case security::Outcome::accepted:
      break;
  }
  if (keep(answer.principal) != MARGAY_OK) return busy();
  if (target.empty())
    redirect(form.landing_page);
  else
    redirect_to(target);
}

void LoginUse::unauthorized() {
  server::Exchange& exchange = invocation_.exchange();
  invocation_.application()->security->authenticator->challenge(exchange.response(),
                                                                exchange.arena(), {});
  invocation_.send_error(401, {});
}

void LoginUse::busy() {
  invocation_.header(MARGAY_SET, "Retry-After", "1");
  invocation_.send_error(503, {});
}

void LoginUse::redirect(std::string_view page) {
  const auto query = page.find('?');
  std::string location(view(invocation_.request.context_path));
  location += page.substr(0, query);
  location = margay::detail::path_encode(location);
  if (query != page.npos) location += page.substr(query);
  redirect_to(location);
}

void LoginUse::redirect_to(std::string_view location) {
  server::Exchange& exchange = invocation_.exchange();
  exchange.response().status = 303;
  invocation_.header(MARGAY_SET, "Location", location);
  invocation_.header(MARGAY_SET, "Cache-Control", "no-store");
  invocation_.finish();
}

// --- the request that waited
// ------------------------------------------------------------------------

void LoginUse::restore() {
  const server::RequestHead& head = invocation_.exchange().request;
  if (head.method != "GET" || head.has_body || invocation_.is_handshake()) return;
  HttpSession* const session = invocation_.sessions().find();
  if (session != nullptr && session->awaits_login()) remake(*session);
}

// What the request was is as it came then; whose it is, such as its cookies, is as it comes now.
void LoginUse::remake(HttpSession& session) {
  const auto saved =
      session.take_awaited(invocation_.exchange().request.target, view(invocation_.request.path),
                           view(invocation_.request.query));
  if (!saved || saved->is_plain()) return;
  server::Exchange& exchange = invocation_.exchange();
  server::Arena& arena = exchange.arena();
  server::RequestHead& head = exchange.request;
  auto* const fields = arena.array<server::Field>(head.fields.size() + saved->fields.size() + 1);
  std::size_t count = 0;
  const auto add = [&](std::string_view name, std::string_view value) {
    fields[count++] = {name, value};
  };
  for (const server::Field& field : head.fields) {
    const std::string_view name = field.name;
    // What the browser has of the page is no answer to what it sent then.
    const bool dropped = security::SavedRequest::is_saved(name) || name.starts_with("if-") ||
                         name == "range" || name == "content-length";
    if (!dropped) add(name, field.value);
  }
  for (const auto& [name, value] : saved->fields) add(arena.copy(name), arena.copy(value));
  add("content-length", arena.copy(std::to_string(saved->body.size())));
  head.method = arena.copy(saved->method);
  head.set_fields({fields, count});
  exchange.replay(saved->body);
  margay_request& request = invocation_.request;
  request.method = str(head.method);
  request.fields = reinterpret_cast<const margay_field*>(fields);
  request.field_count = static_cast<std::uint32_t>(count);
  request.content_length = head.content_length;
  // For the filter csrf: what was kept has the token of the session before.
  invocation_.set_attribute("margay.login.replayed", "true");
}

// --- what plugins ask for
// ---------------------------------------------------------------------------

margay_result LoginUse::log_in(std::string_view user, std::string_view password) {
  const Application* const application = invocation_.application();
  const security::Security* const security =
      application == nullptr ? nullptr : application->security.get();
  if (security == nullptr || security->realm == nullptr || !invocation_.exchange().on_worker() ||
      invocation_.is_committed())
    return MARGAY_FAILED;
  const security::Answer answer = security->realm->authenticate(
      {.user = user, .password = password, .address = invocation_.remote_address()});
  switch (answer.outcome) {
    case security::Outcome::accepted:
      break;
    case security::Outcome::refused:
      return MARGAY_CLOSED;
    case security::Outcome::busy:
      return MARGAY_FULL;
    case security::Outcome::failed:
      return MARGAY_FAILED;
  }
  const margay_result result = keep(answer.principal);
  return result == MARGAY_CLOSED ? MARGAY_FAILED : result;
}

margay_result LoginUse::log_out() {
  const Application* const application = invocation_.application();
  if (application == nullptr || application->security == nullptr) return MARGAY_FAILED;
  if (HttpSession* const session = invocation_.sessions().find(); session != nullptr) {
    if (session->log_out()) invocation_.sessions().close_sockets();
    note_logouts(*session);
  }
  use(nullptr);
  return MARGAY_OK;
}

margay_result LoginUse::authenticate() {
  if (!invocation_.principal().empty()) return MARGAY_OK;
  const Application* const application = invocation_.application();
  if (application == nullptr || application->security == nullptr || invocation_.is_committed())
    return MARGAY_FAILED;
  const int status = invocation_.insist_on_user();
  if (status == 0) return MARGAY_OK;
  if (status == 500) return MARGAY_FAILED;
  if (status == 401 && application->security->form) {
    send_to_login();
  } else {
    invocation_.complete_refusal(status);
    invocation_.send_error(status, {});
  }
  return MARGAY_CLOSED;
}

}  // namespace container
