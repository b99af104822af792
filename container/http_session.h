// What the server keeps of one client for an application, from request to request.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "container/security/login.h"

namespace server {
class Async;
}

namespace container {

class Invocation;

// Of the steady clock, since an unknown moment; idle times are measured with it.
using SessionMoment = std::chrono::steady_clock::time_point;

// What one session may hold. More is refused, and changes nothing.
struct SessionLimits {
  std::size_t attributes = 128;
  std::size_t bytes = 64 * 1024;  // of all names and values
};

// A value is never changed but replaced, so whoever reads one needs no lock meanwhile.
using SessionValue = std::shared_ptr<const std::string>;
using SessionAttributes = std::vector<std::pair<std::string, SessionValue>>;

enum class AttributeChange : std::uint8_t { added, replaced, removed, nothing, full, ended };

struct AttributeOutcome {
  AttributeChange change;
  SessionValue before;
  SessionValue now;
};

// An exchange that waits for its turn with a session; in the exchange's arena until the turn came
// or it left the queue.
struct TurnWaiter {
  server::Async* right = nullptr;
  Invocation* invocation = nullptr;
  TurnWaiter* next = nullptr;
};

enum class Turn : std::uint8_t { mine, waits, full };

// What a store keeps.
struct SessionRecord {
  std::string id;
  std::int64_t created = 0;        // milliseconds since 1970
  std::int64_t last_accessed = 0;  // the same
  std::int64_t max_inactive = 0;   // seconds; 0 or less: for ever
  std::string owner{};             // as HttpSession has it
  SessionAttributes attributes{};
};

// Any thread: one mutex of its own is held for moments, never while something is called or waited
// for. A request that uses the session stands between `enter` and `leave`.
class HttpSession {
 public:
  // With a time to live of 0 or less it never expires.
  HttpSession(std::string id, const SessionLimits& limits, std::chrono::seconds max_inactive,
              SessionMoment now);
  HttpSession(SessionRecord record, const SessionLimits& limits, SessionMoment now);

  // A request uses it from here on; the client has its cookie then. False: it has ended, or its
  // time is over.
  bool enter(SessionMoment now);
  void use();  // the same of the request that made it, whose client has yet to get the cookie
  void leave(SessionMoment now);  // idle from now on, unless other requests are there
  // Ends it when its time is over and no request uses it. True: it ended by this call.
  bool expire(SessionMoment now);
  bool end();  // true: it ended by this call

  std::string id() const;
  void use_id(std::string id);
  bool is_valid() const;
  bool is_new() const;
  bool is_within_limits() const;                     // one that was kept may not be
  std::int64_t created() const { return created_; }  // milliseconds since 1970
  std::int64_t last_accessed() const;                // the same
  std::chrono::seconds max_inactive() const;
  void max_inactive(std::chrono::seconds seconds);

  SessionValue attribute(std::string_view name) const;  // null: none
  SessionAttributes attributes() const;
  AttributeOutcome set_attribute(std::string_view name, std::string_view value);
  AttributeOutcome remove_attribute(std::string_view name);

  // Who has logged in last, though they may be logged out again: what it holds is theirs. Empty:
  // nobody has. A store keeps it.
  std::string owner() const;
  // The server's own: who has logged in, and which request waits for that. No plugin sees it, no
  // store keeps it, and it does not count among the limits.
  security::LoginPointer login() const;  // null: nobody
  // From now on it is theirs, and lives as long as other sessions.
  void log_in(security::LoginPointer login);
  void renew_login(const security::LoginPointer& before, security::LoginPointer now);
  // Nothing waits for a login any more either. True: somebody was logged in.
  bool log_out();
  std::uint64_t logouts() const;  // how often somebody was logged out
  // In place of a request that waited before. `patience`: how long the session lives until somebody
  // logs in, if that is shorter; nothing: as it does.
  void await_login(security::SavedRequest request, std::optional<std::chrono::seconds> patience);
  bool awaits_login() const;
  // Where the request that waits was going, as a reference; empty: none waits.
  std::string awaited_target() const;
  // Somebody has logged in and comes back for it, by its target or by what that has become: the
  // request, once.
  std::optional<security::SavedRequest> take_awaited(std::string_view target, std::string_view path,
                                                     std::string_view query);
  // For another session that takes its place.
  std::optional<security::SavedRequest> give_awaited();

  // What stands for the session at its sockets: the same when the id changes. From then on its end
  // has to be told to them. Empty: it has ended.
  std::string bind_socket();
  std::string bound() const;  // empty: no socket was bound

  SessionRecord record() const;

  // The turns of synchronizeOnSession. At most `limit` wait; who waits is told by nothing but
  // pass_turn, whose caller resumes it.
  bool try_turn();
  Turn take_turn(TurnWaiter& waiter, std::size_t limit);
  TurnWaiter* pass_turn();               // null: nobody waits, and the turn is free
  bool leave_queue(TurnWaiter& waiter);  // false: its turn has come already

 private:
  bool is_over(SessionMoment now) const;

  mutable std::mutex mutex_;
  std::string id_;
  SessionAttributes attributes_;
  security::LoginPointer login_;
  std::string owner_;
  std::uint64_t logouts_ = 0;
  std::optional<security::SavedRequest> awaited_;
  std::optional<std::chrono::seconds> usual_max_inactive_;  // while it lives shorter
  std::size_t bytes_ = 0;
  const SessionLimits limits_;
  std::int64_t created_;
  std::int64_t last_accessed_;
  SessionMoment idle_since_;
  std::chrono::seconds max_inactive_;
  std::uint32_t uses_ = 0;
  bool ended_ = false;
  bool new_ = true;
  bool turn_taken_ = false;
  std::uint32_t waiting_ = 0;
  TurnWaiter* first_ = nullptr;
  TurnWaiter* last_ = nullptr;
  std::string bound_;
};

std::int64_t milliseconds_since_1970();

}  // namespace container
