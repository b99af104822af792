// The session of one exchange.
#include "container/session_use.h"

#include <margay/text.h>

#include <utility>

#include "container/invocation.h"
#include "container/session_listeners.h"
#include "container/session_table.h"

namespace container {

namespace {

// Cookies of one name from several paths; more are not the work of a browser.
constexpr int kMaxCandidates = 8;

SessionMoment now() { return std::chrono::steady_clock::now(); }
using margay::str;

}  // namespace

// Ids are only looked up: one that a client made up is nobody's, and never becomes a session's.
void SessionUse::look() {
  if (std::exchange(looked_, true)) return;
  const Application* application = invocation_.application();
  if (application == nullptr || application->sessions == nullptr) return;
  const SessionRules& rules = application->session_rules;
  if (!rules.cookies) return;
  int candidates = 0;
  for (const server::Field& field : invocation_.exchange().request.fields) {
    if (std::string_view(field.name) != "cookie") continue;
    margay::detail::each_cookie(field.value, [&](std::string_view name, std::string_view value) {
      if (session_ != nullptr || name != rules.cookie_name || ++candidates > kMaxCandidates) return;
      session_ = application->sessions->find(value.substr(0, value.find('.')), now());
    });
  }
}

HttpSession* SessionUse::find() {
  look();
  return session_ != nullptr && session_->is_valid() ? session_.get() : nullptr;
}

margay_result SessionUse::create(HttpSession*& made) {
  made = find();
  if (made != nullptr) return MARGAY_OK;
  const Application* application = invocation_.application();
  if (application == nullptr || application->sessions == nullptr) return MARGAY_FAILED;
  if (invocation_.is_committed()) return MARGAY_CLOSED;
  std::shared_ptr<HttpSession> fresh =
      application->sessions->create(application->session_rules, now());
  if (fresh == nullptr) return MARGAY_FULL;
  if (session_ != nullptr) ended_.push_back(std::move(session_));
  session_ = std::move(fresh);
  cookie_due_ = true;
  made = session_.get();
  tell({.event = MARGAY_SESSION_CREATED});
  return MARGAY_OK;
}

margay_result SessionUse::change_id() {
  if (find() == nullptr) return session_ == nullptr ? MARGAY_FAILED : MARGAY_CLOSED;
  if (invocation_.is_committed()) return MARGAY_CLOSED;
  const Application& application = *invocation_.application();
  std::string old_id;
  if (!application.sessions->change_id(session_, application.session_rules.id_bytes, old_id))
    return MARGAY_CLOSED;
  cookie_due_ = true;
  tell({.event = MARGAY_SESSION_ID_CHANGED, .old_id = str(old_id)});
  return MARGAY_OK;
}

margay_result SessionUse::invalidate() {
  look();
  if (session_ == nullptr) return MARGAY_FAILED;
  if (!session_->end()) return MARGAY_CLOSED;
  const Application& application = *invocation_.application();
  application.sessions->forget(*session_);
  cookie_due_ = false;
  tell({.event = MARGAY_SESSION_DESTROYED});
  application.sessions->close_sockets({&session_, 1});
  return MARGAY_OK;
}

void SessionUse::close_sockets() {
  look();
  if (session_ != nullptr) invocation_.application()->sessions->close_sockets({&session_, 1});
}

margay_result SessionUse::set_attribute(std::string_view name, std::string_view value) {
  look();
  if (session_ == nullptr || name.empty()) return MARGAY_FAILED;
  const AttributeOutcome outcome = session_->set_attribute(name, value);
  switch (outcome.change) {
    case AttributeChange::ended:
      return MARGAY_CLOSED;
    case AttributeChange::full:
      return MARGAY_FULL;
    case AttributeChange::added:
      tell({.event = MARGAY_SESSION_ATTRIBUTE_ADDED, .name = str(name), .value = str(value)});
      return MARGAY_OK;
    default:
      tell({.event = MARGAY_SESSION_ATTRIBUTE_REPLACED,
            .name = str(name),
            .value = str(value),
            .old_value = str(*outcome.before)});
      return MARGAY_OK;
  }
}

margay_result SessionUse::remove_attribute(std::string_view name) {
  look();
  if (session_ == nullptr) return MARGAY_FAILED;
  const AttributeOutcome outcome = session_->remove_attribute(name);
  if (outcome.change == AttributeChange::ended) return MARGAY_CLOSED;
  if (outcome.change == AttributeChange::removed)
    tell({.event = MARGAY_SESSION_ATTRIBUTE_REMOVED,
          .name = str(name),
          .value = str(*outcome.before)});
  return MARGAY_OK;
}

void SessionUse::tell(margay_session_change change) const {
  const SessionListeners& listeners = *invocation_.application()->session_listeners;
  if (listeners.empty()) return;
  change.session = handle(*session_);
  listeners.tell(change);
}

// --- the cookie
// -------------------------------------------------------------------------------

void SessionUse::write_cookie() {
  if (!std::exchange(cookie_due_, false)) return;
  const SessionRules& rules = invocation_.application()->session_rules;
  if (!rules.cookies || !session_->is_valid()) return;
  const bool secure = invocation_.info(MARGAY_SCHEME) == "https";
  margay::Cookie cookie{.name = rules.cookie_name, .value = session_->id()};
  if (!rules.route.empty()) cookie.value += '.' + rules.route;
  cookie.path = rules.cookie_path;
  cookie.domain = rules.cookie_domain;
  cookie.secure = secure;
  cookie.http_only = rules.http_only;
  // What browsers refuse of a cookie that is not secure is left out of it.
  cookie.partitioned = rules.partitioned && secure;
  cookie.same_site = rules.same_site == margay::SameSite::none && !secure ? margay::SameSite::unset
                                                                          : rules.same_site;
  server::Exchange& exchange = invocation_.exchange();
  try {
    exchange.response().add(exchange.arena(), "Set-Cookie", margay::to_string(cookie));
  } catch (const std::invalid_argument&) {
    // A __Host- or __Secure- name over plain http: no browser would take it.
  }
}

void SessionUse::leave() {
  pass_turn();
  if (session_ != nullptr) session_->leave(now());
  session_.reset();
  ended_.clear();
}

// --- turns
// ------------------------------------------------------------------------------------

bool SessionUse::await_turn() {
  if (std::exchange(asked_for_turn_, true)) return !waits_;
  const Application* application = invocation_.application();
  if (application == nullptr || application->sessions == nullptr) return true;
  const MappedEndpoint* endpoint = invocation_.endpoint();
  const SessionRules& rules = application->session_rules;
  const bool wanted = rules.synchronize || (endpoint != nullptr && endpoint->synchronize);
  if (!wanted || find() == nullptr) return true;
  turn_ = session_;
  if (turn_->try_turn()) return has_turn_ = true;
  server::Exchange& exchange = invocation_.exchange();
  waiter_ = {.right = &exchange.suspend(), .invocation = &invocation_};
  waits_ = true;
  switch (turn_->take_turn(waiter_, rules.turn_queue)) {
    case Turn::waits:
      exchange.watch(true);  // who goes meanwhile gives the place up
      return false;
    case Turn::mine:
      waits_ = false;
      waiter_.right->release();
      return has_turn_ = true;
    case Turn::full:
      waits_ = false;
      turn_.reset();
      waiter_.right->release();
      invocation_.header(MARGAY_SET, "Retry-After", "1");
      invocation_.send_error(503, "Too many requests of this session wait for each other.");
  }
  return false;
}

void SessionUse::turn_came(bool gone) {
  waits_ = false;
  has_turn_ = true;
  if (gone || gave_up_)
    pass_turn();
  else
    invocation_.go_on();
  waiter_.right->release();
}

void SessionUse::pass_turn() {
  if (!std::exchange(has_turn_, false)) return;
  TurnWaiter* const next = turn_->pass_turn();
  turn_.reset();
  if (next == nullptr) return;
  void (*const come)(void*, margay_exchange*) = [](void* waiter, margay_exchange* exchange) {
    static_cast<TurnWaiter*>(waiter)->invocation->sessions().turn_came(exchange == nullptr);
  };
  next->right->resume(reinterpret_cast<void (*)()>(come), next);
}

// When its turn is on the way already, turn_came passes it on.
void SessionUse::give_up_turn() {
  waits_ = false;
  gave_up_ = true;
  const bool left = turn_->leave_queue(waiter_);
  if (!invocation_.exchange().ended() && !invocation_.exchange().aborted())
    invocation_.send_error(503, "Another request of this session took too long.");
  if (!left) return;
  turn_.reset();
  waiter_.right->release();
}

}  // namespace container
