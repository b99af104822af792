// Does not ask its realms about those who have failed too often (Tomcat's LockOutRealm).
#include "container/security/lock_out_realm.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>

#include "server/ascii.h"

namespace container::security {

namespace {

// Longer names than this share a count with those that begin alike.
constexpr std::size_t kLongestName = 256;

std::string counted_name(std::string_view user) {
  return server::lowered(user.substr(0, kLongestName));
}

}  // namespace

bool FailureCounts::is_locked(std::string_view name, Clock::time_point now) const {
  const auto found = entries_.find(name);
  return found != entries_.end() && found->second.failures >= limit_ && holds(found->second, now);
}

bool FailureCounts::add(std::string_view name, Clock::time_point now) {
  auto found = entries_.find(name);
  if (found == entries_.end()) {
    make_room(now);
    found = entries_.emplace(std::string(name), Entry{}).first;
  }
  Entry& entry = found->second;
  if (!holds(entry, now)) entry.failures = 0;
  entry.last = now;
  entry.failures = std::min(entry.failures + 1, limit_ + 1);
  return entry.failures == limit_;
}

void FailureCounts::forget(std::string_view name) {
  if (const auto found = entries_.find(name); found != entries_.end()) entries_.erase(found);
}

void FailureCounts::make_room(Clock::time_point now) {
  if (entries_.size() < names_) return;
  std::erase_if(entries_, [&](const auto& one) { return !holds(one.second, now); });
  if (entries_.size() < names_) return;
  const auto dispensable = [&](const Entry& entry) {
    return std::pair(entry.failures >= limit_, entry.last);
  };
  entries_.erase(std::min_element(entries_.begin(), entries_.end(), [&](auto& a, auto& b) {
    return dispensable(a.second) < dispensable(b.second);
  }));
}

std::string client_of(std::string_view address) {
  std::string text(address);
  std::array<unsigned char, 16> bytes{};
  if (::inet_pton(AF_INET6, text.c_str(), bytes.data()) != 1) return text;
  constexpr std::array<unsigned char, 12> mapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  if (std::equal(mapped.begin(), mapped.end(), bytes.begin())) return text;
  std::fill(bytes.begin() + 8, bytes.end(), static_cast<unsigned char>(0));
  std::array<char, INET6_ADDRSTRLEN> room{};
  return ::inet_ntop(AF_INET6, bytes.data(), room.data(), room.size()) == nullptr ? text
                                                                                  : room.data();
}

Answer LockOutRealm::authenticate(const Attempt& attempt) {
  const std::string user = counted_name(attempt.user);
  const std::string address = client_of(attempt.address);
  const auto fails = [&] {
    const auto now = FailureCounts::Clock::now();
    const bool user_locked = users_.add(user, now);
    const bool address_locked = !address.empty() && addresses_.add(address, now);
    return std::pair(user_locked, address_locked);
  };
  const auto is_locked = [&] {
    const auto now = FailureCounts::Clock::now();
    return users_.is_locked(user, now) || addresses_.is_locked(address, now);
  };
  {
    const std::scoped_lock lock(mutex_);
    if (is_locked()) {
      fails();
      return {};
    }
  }
  Answer answer = CombinedRealm::authenticate(attempt);
  std::pair<bool, bool> locked;
  {
    const std::scoped_lock lock(mutex_);
    // Others have failed meanwhile: many guesses at once are no more than one after another.
    if (answer.outcome == Outcome::accepted && is_locked()) answer = {};
    if (answer.outcome == Outcome::accepted) users_.forget(user);
    if (answer.outcome == Outcome::refused || answer.also_refused) locked = fails();
  }
  if (locked.first) log_.warn("a user is locked out after too many failures from {}", address);
  if (locked.second) log_.warn("the client {} is locked out after too many failures", address);
  return answer;
}

Answer LockOutRealm::find(std::string_view user) {
  {
    const std::scoped_lock lock(mutex_);
    if (users_.is_locked(counted_name(user), FailureCounts::Clock::now())) return {};
  }
  return CombinedRealm::find(user);
}

}  // namespace container::security
