// How one application knows its users, and where.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>

#include "container/config/application_config.h"
#include "container/security/authenticator.h"
#include "container/security/constraints.h"
#include "container/security/form.h"
#include "server/log.h"

namespace container::security {

// Constant but for what its parts keep in mind; any thread. Lives as long as its application.
struct Security {
  CorsPreflight allow_cors_preflight = CorsPreflight::never;
  bool preemptive = false;
  bool disable_proxy_caching = true;
  RoleRules roles;
  std::shared_ptr<Realm> realm;                  // null: BEARER needs none
  std::shared_ptr<Authenticator> authenticator;  // sockets that came with a token keep it
  std::optional<FormRules> form;                 // FORM alone

  // Control thread, every second or so.
  void refresh() const {
    authenticator->refresh();
    if (realm != nullptr) realm->refresh();
  }
};

// `realm`: that of the host or engine, where the application has none; may be null. Throws
// ConfigError. Null: it has no <LoginConfig>.
std::shared_ptr<const Security> make_security(const ApplicationConfig& config,
                                              std::shared_ptr<Realm> realm, AllRolesMode all_roles,
                                              const std::filesystem::path& folder,
                                              const server::Log& log);

}  // namespace container::security
