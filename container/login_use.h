// Users that a session remembers: logins by FORM, and what login() and logout() of plugins do.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include <margay/abi.h>

#include "container/security/principal.h"
#include "server/message.h"

namespace container {

class HttpSession;
class Invocation;

// Belongs to the handler half of one exchange.
class LoginUse {
 public:
  explicit LoginUse(Invocation& invocation) : invocation_(invocation) {}
  LoginUse(const LoginUse&) = delete;
  LoginUse& operator=(const LoginUse&) = delete;

  // --- on the loop, before the exchange starts
  // Who has logged in with the client's session; null: nobody, or their realm knows them no more.
  security::PrincipalPointer recall();
  // When the client comes back for the request that waited for its login: makes this one that one.
  void restore();

  // --- where it is served
  // Whether a request that has to wait for a login is kept over it. Only what shows a page can: no
  // handshake, and nothing that a script or a page asks for beside it.
  bool can_wait() const;
  // Answers a request whose user has to log in first.
  void send_to_login();
  // Answers the form of the login page. On a worker.
  void take_form();

  // How often this session had been logged out of when the request's user was found in it; nothing:
  // nobody has looked there.
  std::optional<std::uint64_t> logouts_of(const HttpSession* session) const {
    return session == looked_at_ ? std::optional(logouts_) : std::nullopt;
  }

  // As margay_security's.
  margay_result log_in(std::string_view user, std::string_view password);
  margay_result log_out();
  margay_result authenticate();

 private:
  margay_result keep(security::PrincipalPointer user);
  void use(security::PrincipalPointer user);
  void remake(HttpSession& session);
  bool is_of_other_site() const;
  void unauthorized();
  void busy();
  void redirect(std::string_view page);
  void redirect_to(std::string_view location);

  void note_logouts(const HttpSession& session);

  Invocation& invocation_;
  const HttpSession* looked_at_ = nullptr;           // to be compared only
  std::uint64_t logouts_ = 0;                        // of that
  std::vector<security::PrincipalPointer> earlier_;  // of whom somebody may have views
};

}  // namespace container
