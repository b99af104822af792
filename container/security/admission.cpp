// Whether one request may go on to its application, and as whom.
#include "container/security/admission.h"

#include <algorithm>
#include <utility>

namespace container::security {

void Admission::look(const Evidence& evidence, TokenCache& cache) {
  demand_ = demand(evidence.head.method);
  if (security_ == nullptr || finding_.kind == Finding::Kind::user) return;
  if (demand_ != Guard::Demand::user && !security_->preemptive) return;
  Authenticator& authenticator = *security_->authenticator;
  if (!authenticator.has_credentials(evidence)) return;
  if (authenticator.checks_on_loop())
    finding_ = authenticator.check(evidence, &cache);
  else
    undecided_ = true;
}

bool Admission::is_hopeless() const {
  if (demand_ == Guard::Demand::impossible) return true;
  return finding_.kind == Finding::Kind::refused;
}

int Admission::decide(const Evidence& evidence, std::string_view others) {
  if (demand_ == Guard::Demand::impossible) return 403;
  if (security_ == nullptr) return demand_ == Guard::Demand::user ? 403 : 0;
  if (std::exchange(undecided_, false) && others.empty())
    finding_ = security_->authenticator->check(evidence, nullptr);
  by_filter_ = !others.empty() && finding_.kind == Finding::Kind::nobody;
  if (by_filter_)
    finding_ = {Finding::Kind::user,
                std::make_shared<const Principal>(Principal{.name = std::string(others)})};
  if (finding_.kind == Finding::Kind::nobody && demand_ != Guard::Demand::user) return 0;
  if (const int status = refusal(); status != 0 || demand_ != Guard::Demand::user) return status;
  return guard_->admits(evidence.head.method, *finding_.user, security_->roles) ? 0 : 403;
}

int Admission::refusal() const {
  switch (finding_.kind) {
    case Finding::Kind::busy:
    case Finding::Kind::failed:
      return 503;
    case Finding::Kind::refused:
    case Finding::Kind::stale:
    case Finding::Kind::nobody:
      return 401;
    case Finding::Kind::user:
      break;
  }
  return 0;
}

int Admission::insist(const Evidence& evidence, bool may_block) {
  if (security_ == nullptr) return 403;
  Authenticator& authenticator = *security_->authenticator;
  if (finding_.kind == Finding::Kind::nobody && authenticator.has_credentials(evidence)) {
    if (!may_block && !authenticator.checks_on_loop()) return 500;
    finding_ = authenticator.check(evidence, nullptr);
  }
  return refusal();
}

PrincipalPointer Admission::become(PrincipalPointer user) {
  by_filter_ = false;
  const auto kind = user == nullptr ? Finding::Kind::nobody : Finding::Kind::user;
  return std::exchange(finding_, Finding{kind, std::move(user), {}}).user;
}

void Admission::complete(int status, server::ResponseHead& head, server::Arena& arena) const {
  if (security_ == nullptr || (status == 403 && by_filter_)) return;
  if (status == 403)
    security_->authenticator->forbid(head, arena, finding_);
  else if (finding_.kind == Finding::Kind::busy || finding_.kind == Finding::Kind::failed)
    head.set(arena, "Retry-After", "1");
  else
    security_->authenticator->challenge(head, arena, finding_);
}

std::optional<int> Admission::confidential(std::string_view method) const {
  return guard_ == nullptr ? std::nullopt : guard_->confidential(method);
}

// As Tomcat's AuthenticatorBase.isCorsPreflight.
bool Admission::may_be_preflight(const server::RequestHead& head) const {
  return head.method == "OPTIONS" && !head.find("origin").empty() &&
         !head.find("access-control-request-method").empty();
}

std::string_view Admission::auth_type() const {
  return finding_.user == nullptr || by_filter_ ? std::string_view{}
                                                : security_->authenticator->type();
}

std::unique_ptr<const HeldToken> Admission::held_token() const {
  if (finding_.user == nullptr || by_filter_ || !security_->authenticator->has_tokens())
    return nullptr;
  return std::make_unique<const HeldToken>(security_->authenticator, finding_.user);
}

bool Admission::is_user_in_role(std::string_view role) const {
  if (finding_.user == nullptr || role == "*") return false;
  return role == "**" || finding_.user->has_role(role);
}

}  // namespace container::security
