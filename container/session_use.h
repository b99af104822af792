// The session of one exchange: found by its cookie when somebody asks, told to the client by one.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <margay/abi_session.h>

#include "container/http_session.h"

namespace container {

class Invocation;

// Belongs to the handler half, but for leave(). Exchanges that nobody asks for a session pay
// nothing for it.
class SessionUse {
 public:
  explicit SessionUse(Invocation& invocation) : invocation_(invocation) {}
  SessionUse(const SessionUse&) = delete;
  SessionUse& operator=(const SessionUse&) = delete;

  // Null: there is none.
  HttpSession* find();
  // The same, or one that has ended meanwhile.
  std::shared_ptr<HttpSession> share_last() {
    look();
    return session_;
  }
  // As margay_sessions.find with `create`.
  margay_result create(HttpSession*& made);
  margay_result change_id();
  margay_result invalidate();
  void close_sockets();  // those that are bound to it
  margay_result set_attribute(std::string_view name, std::string_view value);
  margay_result remove_attribute(std::string_view name);

  // Whether the exchange may go on: it needs no turn, or has it. False: it is suspended until it is
  // its turn, or was answered 503. Asks once only.
  bool await_turn();
  bool waits_for_turn() const { return waits_; }
  void give_up_turn();  // was abandoned while it waited

  // Just before the head is committed: the cookie of a session that the client does not know yet.
  void write_cookie();
  // Behind the exchange's end, on its loop.
  void leave();

 private:
  void look();
  void turn_came(bool gone);
  void pass_turn();
  void tell(margay_session_change change) const;

  Invocation& invocation_;
  std::shared_ptr<HttpSession> session_;
  std::vector<std::shared_ptr<HttpSession>> ended_;  // whose handles somebody may still have
  std::shared_ptr<HttpSession> turn_;                // the session whose turn this is, or will be
  TurnWaiter waiter_;
  bool looked_ = false;
  bool cookie_due_ = false;
  bool has_turn_ = false;
  bool waits_ = false;
  bool gave_up_ = false;
  bool asked_for_turn_ = false;
};

inline margay_http_session* handle(HttpSession& session) {
  return reinterpret_cast<margay_http_session*>(&session);
}

}  // namespace container
