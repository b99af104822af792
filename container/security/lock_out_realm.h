// Does not ask its realms about those who have failed too often (Tomcat's LockOutRealm).
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <string_view>

#include "container/security/combined_realm.h"
#include "server/log.h"

namespace container::security {

// Failures under names, which are forgotten after `time` without another. Not synchronised.
class FailureCounts {
 public:
  using Clock = std::chrono::steady_clock;

  FailureCounts(int limit, std::chrono::milliseconds time, std::size_t names)
      : limit_(limit), time_(time), names_(names) {}

  bool is_locked(std::string_view name, Clock::time_point now) const;
  // True: with this one it is locked. When there are too many names, the one whose last failure is
  // oldest is forgotten, those that are not locked first.
  bool add(std::string_view name, Clock::time_point now);
  void forget(std::string_view name);
  std::size_t size() const { return entries_.size(); }

 private:
  struct Entry {
    int failures = 0;
    Clock::time_point last;
  };
  bool holds(const Entry& entry, Clock::time_point now) const { return now - entry.last < time_; }
  void make_room(Clock::time_point now);

  const int limit_;
  const std::chrono::milliseconds time_;
  const std::size_t names_;
  std::map<std::string, Entry, std::less<>> entries_;
};

// What counts as one client: the address, of IPv6 its first 64 bits.
std::string client_of(std::string_view address);

class LockOutRealm final : public CombinedRealm {
 public:
  struct Limits {
    int failures = 5, address_failures = 5;
    std::chrono::milliseconds time{300'000};
    std::size_t names = 1000;  // users, and addresses
  };
  LockOutRealm(std::vector<std::shared_ptr<Realm>> realms, const Limits& limits, server::Log log)
      : CombinedRealm(std::move(realms)),
        log_(std::move(log)),
        users_(limits.failures, limits.time, limits.names),
        addresses_(limits.address_failures, limits.time, limits.names) {}

  // A failure, also one while locked, begins the time anew. Users are the same in any case.
  Answer authenticate(const Attempt& attempt) override;
  Answer find(std::string_view user) override;

 private:
  const server::Log log_;
  std::mutex mutex_;  // guards what follows
  FailureCounts users_, addresses_;
};

}  // namespace container::security
