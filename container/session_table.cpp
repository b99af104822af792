// The sessions of one context.
#include "container/session_table.h"

#include <algorithm>
#include <unordered_set>

#include "container/session_id.h"

namespace container {

SessionTable::Shared SessionTable::find(std::string_view id, SessionMoment now) {
  Shard& shard = shard_of(id);
  const std::scoped_lock lock(shard.mutex);
  const auto found = shard.sessions.find(id);
  if (found == shard.sessions.end() || !found->second->enter(now)) return nullptr;
  return found->second;
}

bool SessionTable::put(const std::string& id, const Shared& session) {
  Shard& shard = shard_of(id);
  const std::scoped_lock lock(shard.mutex);
  return shard.sessions.emplace(id, session).second;
}

bool SessionTable::take_out(const std::string& id) {
  Shard& shard = shard_of(id);
  const std::scoped_lock lock(shard.mutex);
  return shard.sessions.erase(id) != 0;
}

bool SessionTable::reserve(std::size_t max_active) {
  if (live_.fetch_add(1, std::memory_order_relaxed) < max_active) return true;
  live_.fetch_sub(1, std::memory_order_relaxed);
  return false;
}

SessionTable::Shared SessionTable::create(const SessionRules& rules, SessionMoment now) {
  if (!reserve(rules.max_active)) {
    rejected_.fetch_add(1, std::memory_order_relaxed);
    return nullptr;
  }
  const std::string id = random_hex(rules.id_bytes);
  const auto made = std::make_shared<HttpSession>(id, rules.limits, rules.timeout, now);
  made->use();
  put(id, made);
  created_.fetch_add(1, std::memory_order_relaxed);
  return made;
}

SessionTable::Restored SessionTable::restore(SessionRecord record, const SessionRules& rules,
                                             SessionMoment now) {
  const std::string id = record.id;
  const auto made = std::make_shared<HttpSession>(std::move(record), rules.limits, now);
  if (made->expire(now)) return Restored::over;
  if (!made->is_within_limits()) return Restored::large;
  if (!reserve(rules.max_active)) return Restored::full;
  if (put(id, made)) return Restored::yes;
  live_.fetch_sub(1, std::memory_order_relaxed);
  return Restored::taken;
}

void SessionTable::forget(const HttpSession& session) {
  const std::scoped_lock moves(moves_mutex_);  // the id stays what it is
  if (take_out(session.id())) live_.fetch_sub(1, std::memory_order_relaxed);
}

bool SessionTable::change_id(const Shared& session, std::size_t id_bytes, std::string& old_id) {
  std::string fresh = random_hex(id_bytes);
  const std::scoped_lock moves(moves_mutex_);
  old_id = session->id();
  if (!session->is_valid()) return false;
  put(fresh, session);
  session->use_id(std::move(fresh));
  take_out(old_id);
  if (copying_) moved_.push_back(session);
  // forget() waits for moves_mutex_, so whoever has ended it meanwhile finds the new id.
  return true;
}

std::vector<SessionTable::Shared> SessionTable::sweep(SessionMoment now) {
  std::vector<Shared> over;
  Shard& shard = shards_[shard_];
  const std::scoped_lock lock(shard.mutex);
  auto& sessions = shard.sessions;
  const std::size_t end = std::min(bucket_ + kSlice, sessions.bucket_count());
  std::vector<const std::string*> ids;
  for (; bucket_ < end; ++bucket_)
    for (auto one = sessions.begin(bucket_); one != sessions.end(bucket_); ++one)
      if (one->second->expire(now)) ids.push_back(&one->first);
  for (const std::string* id : ids) {
    const auto found = sessions.find(*id);
    over.push_back(std::move(found->second));
    sessions.erase(found);
  }
  if (bucket_ >= sessions.bucket_count()) {
    bucket_ = 0;
    shard_ = (shard_ + 1) % kShards;
  }
  live_.fetch_sub(over.size(), std::memory_order_relaxed);
  expired_.fetch_add(over.size(), std::memory_order_relaxed);
  return over;
}

std::vector<SessionTable::Shared> SessionTable::all() const {
  std::vector<Shared> found;
  found.reserve(live_.load(std::memory_order_relaxed));
  {
    const std::scoped_lock moves(moves_mutex_);
    copying_ = true;
  }
  for (const Shard& shard : shards_) {
    const std::scoped_lock lock(shard.mutex);
    for (const auto& [id, session] : shard.sessions) found.push_back(session);
  }
  const std::scoped_lock moves(moves_mutex_);
  copying_ = false;
  if (moved_.empty()) return found;
  std::unordered_set<const HttpSession*> known;
  std::vector<Shared> once;
  found.insert(found.end(), moved_.begin(), moved_.end());
  moved_.clear();
  for (Shared& one : found)
    if (known.insert(one.get()).second) once.push_back(std::move(one));
  return once;
}

void SessionTable::close_sockets(std::span<const Shared> sessions) const {
  if (!closer_) return;
  std::vector<std::string> bound;
  for (const Shared& one : sessions)
    if (std::string its = one->bound(); !its.empty()) bound.push_back(std::move(its));
  if (!bound.empty()) closer_(bound);
}

SessionTable::Figures SessionTable::figures() const {
  return {live_.load(std::memory_order_relaxed), created_.load(std::memory_order_relaxed),
          expired_.load(std::memory_order_relaxed), rejected_.load(std::memory_order_relaxed)};
}

}  // namespace container
