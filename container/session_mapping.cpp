// From <Manager> to the rules of sessions.
#include "container/session_mapping.h"

#include <margay/form.h>

namespace container {

namespace {

margay::SameSite same_site(SameSiteChoice choice) {
  switch (choice) {
    case SameSiteChoice::none:
      return margay::SameSite::none;
    case SameSiteChoice::lax:
      return margay::SameSite::lax;
    case SameSiteChoice::strict:
      return margay::SameSite::strict;
    case SameSiteChoice::unset:
      break;
  }
  return margay::SameSite::unset;
}

}  // namespace

SessionRules session_rules(const ApplicationConfig& config, const std::string& context_path,
                           const std::string& route) {
  const ManagerConfig manager = config.manager.value_or(ManagerConfig{});
  SessionRules rules;
  rules.cookies = manager.cookies;
  rules.cookie_name = manager.session_cookie_name;
  rules.cookie_path = manager.session_cookie_path;
  // Browsers compare it with the path as they send it.
  if (rules.cookie_path.empty())
    rules.cookie_path = context_path.empty() ? "/" : margay::detail::path_encode(context_path);
  rules.cookie_domain = manager.session_cookie_domain;
  rules.http_only = manager.use_http_only;
  rules.partitioned = manager.use_partitioned;
  rules.same_site = same_site(manager.same_site_cookies);
  rules.id_bytes = static_cast<std::size_t>(manager.session_id_length);
  rules.route = route;
  rules.timeout = std::chrono::duration_cast<std::chrono::seconds>(manager.session_timeout);
  if (manager.max_active_sessions >= 0)
    rules.max_active = static_cast<std::size_t>(manager.max_active_sessions);
  rules.limits.attributes = static_cast<std::size_t>(manager.max_attributes);
  rules.limits.bytes = static_cast<std::size_t>(manager.max_session_size);
  rules.synchronize = manager.synchronize_on_session;
  rules.turn_queue = static_cast<std::size_t>(manager.max_waiting);
  rules.keeping = {manager.pathname, manager.save_interval, manager.save_on_restart};
  return rules;
}

}  // namespace container
