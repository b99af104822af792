// Who is in which room, and what was said there lately. Knows nothing of sockets: a Member is
// whatever reaches somebody.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace chat {

struct Said {
  std::uint64_t number;  // in its room, from 1; the room's to give
  std::string id;        // what the page that sent it calls it
  std::string from;
  std::string to;  // empty: everybody
  std::string text;
  std::int64_t at;  // milliseconds since 1970

  bool concerns(std::string_view name) const { return to.empty() || to == name || from == name; }
};

struct Limits {
  std::size_t rooms = 1000;  // more: the one that is empty for the longest time is forgotten
  std::size_t people = 200;  // in a room; more are not let in
  std::size_t history = 50;  // messages of a room, at least 1; older ones are forgotten
};

inline std::int64_t now() {
  const auto since_1970 = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::milliseconds>(since_1970).count();
}

template <class Member>
class Room {
 public:
  Room(const Limits& limits, std::int64_t since) : limits_(limits), since_(since) {}

  // When it came to be, in milliseconds since 1970: its numbers are of this life alone.
  std::int64_t since() const { return since_; }

  bool has_place_for(std::string_view name) const {
    return people_.size() < limits_.people || people_.contains(name);
  }
  // Who was here under that name until now.
  std::optional<Member> enter(std::string_view name, Member member) {
    const auto [at, is_new] = people_.try_emplace(std::string(name), member);
    if (is_new) return std::nullopt;
    return std::exchange(at->second, std::move(member));
  }
  // False: it is not this one who is here under that name, but one who came later.
  bool leave(std::string_view name, const Member& member) {
    const auto at = people_.find(name);
    if (at == people_.end() || !(at->second == member)) return false;
    people_.erase(at);
    return true;
  }

  // In the order of their names.
  std::vector<std::string> names() const {
    std::vector<std::string> names;
    names.reserve(people_.size());
    for (const auto& [name, member] : people_) names.push_back(name);
    return names;
  }
  const Member* find(std::string_view name) const {
    const auto at = people_.find(name);
    return at == people_.end() ? nullptr : &at->second;
  }
  bool is_empty() const { return people_.empty(); }

  // A page says again what it has seen no trace of, so that nothing is lost with a connection; what
  // is in the history already is found by its sender and id, and not said twice.
  const Said* find_said(std::string_view from, std::string_view id) const {
    for (auto one = history_.rbegin(); one != history_.rend(); ++one)
      if (one->from == from && one->id == id) return &*one;
    return nullptr;
  }
  // Good until the next call.
  const Said& say(Said said) {
    if (history_.size() >= limits_.history) history_.pop_front();
    said.number = ++last_;
    return history_.emplace_back(std::move(said));
  }
  // The oldest first.
  const std::deque<Said>& history() const { return history_; }

 private:
  const Limits& limits_;
  const std::int64_t since_;
  std::map<std::string, Member, std::less<>> people_;
  std::deque<Said> history_;
  std::uint64_t last_ = 0;
};

// All rooms behind one lock, since what happens in a room takes about a microsecond.
template <class Member>
class Rooms {
 public:
  explicit Rooms(Limits limits) : limits_(limits) {}

  // Calls `visit(Room<Member>&)` with the lock held; it must not block, nor call back here. A room
  // comes to be with its first visit. False: there are too many, and somebody is in each.
  template <class Visit>
  bool visit(std::string_view name, Visit&& visit) {
    const std::scoped_lock lock(mutex_);
    auto at = rooms_.find(name);
    if (at == rooms_.end()) {
      if (rooms_.size() >= limits_.rooms && !forget_one()) return false;
      at = rooms_.try_emplace(std::string(name), limits_, now()).first;
    }
    Place& place = at->second;
    visit(place.room);
    if (place.room.is_empty()) place.left = ++visits_;
    return true;
  }

 private:
  struct Place {
    Place(const Limits& limits, std::int64_t since) : room(limits, since) {}
    Room<Member> room;
    std::uint64_t left = 0;  // the visit that found it empty
  };

  // Rare, and a thousand steps at most.
  bool forget_one() {
    auto oldest = rooms_.end();
    for (auto one = rooms_.begin(); one != rooms_.end(); ++one)
      if (one->second.room.is_empty() &&
          (oldest == rooms_.end() || one->second.left < oldest->second.left))
        oldest = one;
    if (oldest == rooms_.end()) return false;
    rooms_.erase(oldest);
    return true;
  }

  const Limits limits_;
  std::mutex mutex_;  // guards the two below, and all that is in the rooms
  std::map<std::string, Place, std::less<>> rooms_;
  std::uint64_t visits_ = 0;
};

}  // namespace chat
