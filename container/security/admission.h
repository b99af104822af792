// Whether one request may go on to its application, and as whom.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>

#include "container/security/held_token.h"
#include "container/security/security.h"

namespace container::security {

// Part of an exchange; its steps come in the order of the functions.
class Admission {
 public:
  // `guard`: of the path; null: none. `security`: null: the application knows no users.
  Admission(const Guard* guard, const Security* security) : guard_(guard), security_(security) {}

  // On the loop, before `look`: who has logged in with the client's session.
  void remember(PrincipalPointer user) { finding_ = {Finding::Kind::user, std::move(user)}; }
  // The same: everybody may come, such as to the page where people log in.
  void spare() { spared_ = true; }
  // On the loop, before what follows. What is quick is found out at once.
  void look(const Evidence& evidence, TokenCache& cache);
  // Whether `decide` may take long.
  bool needs_worker() const { return undecided_; }
  // Whatever comes, it will be 401 or 403: nobody needs the body.
  bool is_hopeless() const;

  // 0: go on, as user(). Else a status: 401, 403, or 503. `others`: a user that a filter before the
  // application has found; empty: none.
  int decide(const Evidence& evidence, std::string_view others);
  // For who demands a user where no constraint does, behind `decide`: as that, but 0 only with one.
  // `may_block`: not on a loop, where credentials that take long are 500.
  int insist(const Evidence& evidence, bool may_block);
  // Whether a user is demanded and nobody is there, nor credentials.
  bool lacks_user() const {
    return demand_ == Guard::Demand::user && finding_.kind == Finding::Kind::nobody && !undecided_;
  }
  // From now on: somebody has logged in, or (null) out. Gives who it was before.
  PrincipalPointer become(PrincipalPointer user);
  // Of a 401, 403 or 503.
  void complete(int status, server::ResponseHead& head, server::Arena& arena) const;
  // Behind `decide` with 0: whether caches that many share must not keep the answer.
  bool is_private(std::string_view method) const {
    return demand_ == Guard::Demand::user && security_->disable_proxy_caching && method != "POST";
  }
  // The status that plain requests are redirected with; nothing: they need not be.
  std::optional<int> confidential(std::string_view method) const;
  bool may_be_preflight(const server::RequestHead& head) const;
  CorsPreflight preflights() const {
    return security_ == nullptr ? CorsPreflight::never : security_->allow_cors_preflight;
  }

  const Security* security() const { return security_; }          // null: there are no users
  const PrincipalPointer& user() const { return finding_.user; }  // null: nobody
  std::string_view auth_type() const;
  // Null: the user came otherwise than with a token.
  std::unique_ptr<const HeldToken> held_token() const;
  bool is_user_in_role(std::string_view role) const;

 private:
  Guard::Demand demand(std::string_view method) const {
    return guard_ == nullptr || spared_ ? Guard::Demand::nothing : guard_->demand(method);
  }

  int refusal() const;  // 0: there is a user

  const Guard* guard_;
  const Security* security_;
  Finding finding_;
  Guard::Demand demand_ = Guard::Demand::nothing;
  bool by_filter_ = false;  // a filter before the application found the user
  bool spared_ = false;
  bool undecided_ = false;  // there are credentials that a worker must look at
};

}  // namespace container::security
