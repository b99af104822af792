// The session tables of all contexts, and the files that keep them.
#include "container/session_registry.h"

#include <algorithm>
#include <set>
#include <utility>
#include <vector>

#include "container/session_file.h"
#include "container/session_listeners.h"
#include "container/session_use.h"

namespace container {

namespace {

template <class Visit>
void each_application(const Mapping& mapping, Visit&& visit) {
  for (const HostMapping& host : mapping.entries)
    for (const auto& one : host.applications)
      if (one->sessions != nullptr) visit(*one);
}

std::vector<SessionRecord> records_of(const std::vector<SessionTable::Shared>& sessions) {
  std::vector<SessionRecord> records;
  records.reserve(sessions.size());
  for (const auto& one : sessions)
    if (one->is_valid()) records.push_back(one->record());
  return records;
}

std::string save(SessionStore& store, const std::vector<SessionTable::Shared>& sessions) {
  try {
    store.save(records_of(sessions));
    return {};
  } catch (const std::exception& error) {
    return error.what();
  }
}

}  // namespace

std::shared_ptr<SessionTable> SessionRegistry::table(const std::string& scope) {
  std::shared_ptr<SessionTable>& its = entries_[scope].table;
  if (its == nullptr) its = std::make_shared<SessionTable>(closer_);
  return its;
}

void SessionRegistry::prepare(const Mapping& mapping) {
  each_application(mapping, [&](const Application& application) {
    if (application.fingerprint.empty()) return;  // it could not be deployed and says nothing
    for (auto& one : entries_) {
      Entry& entry = one.second;
      if (entry.table != application.sessions) continue;
      const SessionKeeping before = std::exchange(entry.keeping, application.session_rules.keeping);
      if (before.file == entry.keeping.file) continue;
      finish_saving(entry, true);
      entry.store.reset();
      if (entry.keeping.file.empty()) continue;
      entry.store =
          std::make_unique<SessionFile>((base_ / entry.keeping.file).lexically_normal(), log_);
      const auto now = std::chrono::steady_clock::now();
      restore(entry, application.session_rules, now);
      entry.next_save = now + entry.keeping.interval;
    }
  });
}

// Those used last have the places, if there are not enough.
void SessionRegistry::restore(const Entry& entry, const SessionRules& rules,
                              SessionMoment now) const {
  using Restored = SessionTable::Restored;
  std::vector<SessionRecord> kept;
  entry.store->load([&](SessionRecord record) { kept.push_back(std::move(record)); });
  if (kept.size() > rules.max_active)
    std::stable_sort(kept.begin(), kept.end(), [](const auto& a, const auto& b) {
      return a.last_accessed > b.last_accessed;
    });
  std::size_t large = 0, full = 0;
  for (SessionRecord& record : kept) {
    const Restored restored = entry.table->restore(std::move(record), rules, now);
    large += restored == Restored::large ? 1 : 0;
    full += restored == Restored::full ? 1 : 0;
  }
  if (large > 0)
    log_.warn("{}: {} sessions hold more than maxAttributes or maxSessionSize: they have ended",
              entry.keeping.file, large);
  if (full > 0)
    log_.warn("{}: {} sessions are over maxActiveSessions: they have ended", entry.keeping.file,
              full);
}

void SessionRegistry::retain(const Mapping& mapping) {
  std::set<const SessionTable*> used;
  each_application(mapping, [&](const Application& one) { used.insert(one.sessions.get()); });
  for (auto one = entries_.begin(); one != entries_.end();) {
    Entry& entry = one->second;
    if (used.contains(entry.table.get())) {
      ++one;
      continue;
    }
    finish_saving(entry, true);
    const auto all = entry.table->all();
    for (const auto& session : all)
      if (session->end()) entry.table->forget(*session);
    entry.table->close_sockets(all);
    if (entry.store != nullptr) save(*entry.store, {});
    one = entries_.erase(one);
  }
}

void SessionRegistry::tick(const Mapping& mapping) {
  each_application(mapping, [&](const Application& one) { sweep(one); });
  for (auto& [scope, entry] : entries_) save_in_time(entry);
}

void SessionRegistry::sweep(const Application& application) const {
  const auto over = application.sessions->sweep(std::chrono::steady_clock::now());
  if (over.empty()) return;
  if (!application.session_listeners->empty())
    for (const auto& session : over)
      application.session_listeners->tell(
          {.event = MARGAY_SESSION_DESTROYED, .session = handle(*session)});
  application.sessions->close_sockets(over);
}

// False: it goes on.
bool SessionRegistry::finish_saving(Entry& entry, bool wait) {
  if (!entry.saving.valid()) return true;
  if (!wait && entry.saving.wait_for(std::chrono::seconds(0)) != std::future_status::ready)
    return false;
  const std::string trouble = entry.saving.get();
  if (!trouble.empty()) log_.error("{}", trouble);
  return true;
}

void SessionRegistry::save_in_time(Entry& entry) {
  if (!finish_saving(entry, false) || entry.store == nullptr || entry.keeping.interval.count() == 0)
    return;
  const auto now = std::chrono::steady_clock::now();
  if (now < entry.next_save) return;
  entry.next_save = now + entry.keeping.interval;
  entry.saving = std::async(
      std::launch::async,
      [store = entry.store.get(), all = entry.table->all()] { return save(*store, all); });
}

void SessionRegistry::stop() {
  for (auto& [scope, entry] : entries_) {
    finish_saving(entry, true);
    if (entry.store == nullptr || !entry.keeping.on_stop) continue;
    const std::string trouble = save(*entry.store, entry.table->all());
    if (!trouble.empty()) log_.error("{}", trouble);
  }
}

}  // namespace container
