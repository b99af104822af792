// The session tables of all contexts.
#include "container/session_registry.h"

#include <set>

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

}  // namespace

std::shared_ptr<SessionTable> SessionRegistry::table(const std::string& scope) {
  std::shared_ptr<SessionTable>& its = tables_[scope];
  if (its == nullptr) its = std::make_shared<SessionTable>(closer_);
  return its;
}

void SessionRegistry::sweep(const Mapping& mapping) {
  each_application(mapping, [](const Application& one) {
    const auto over = one.sessions->sweep(std::chrono::steady_clock::now());
    if (over.empty()) return;
    if (!one.session_listeners->empty())
      for (const auto& session : over)
        one.session_listeners->tell(
            {.event = MARGAY_SESSION_DESTROYED, .session = handle(*session)});
    one.sessions->close_sockets(over);
  });
}

void SessionRegistry::retain(const Mapping& mapping) {
  std::set<const SessionTable*> used;
  each_application(mapping, [&](const Application& one) { used.insert(one.sessions.get()); });
  std::erase_if(tables_, [&](const auto& one) {
    if (used.contains(one.second.get())) return false;
    const auto all = one.second->all();
    for (const auto& session : all)
      if (session->end()) one.second->forget(*session);
    one.second->close_sockets(all);
    return true;
  });
}

}  // namespace container
