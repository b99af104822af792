// How one application knows its users, and where.
#include "container/security/security.h"

#include <utility>

#include "container/security/bearer.h"
#include "container/types.h"

namespace container::security {

namespace {

std::unique_ptr<Authenticator> make_authenticator(const LoginConfig& login,
                                                  const std::shared_ptr<Realm>& realm,
                                                  const std::filesystem::path& folder,
                                                  const server::Log& log) {
  switch (login.method) {
    case AuthMethod::basic:
      return make_basic(login, realm);
    case AuthMethod::digest:
      return make_digest(login, realm);
    case AuthMethod::client_cert:
      return make_client_cert(realm);
    case AuthMethod::bearer:
      return std::make_unique<Bearer>(login, folder, log);
    case AuthMethod::form:
      return make_form(login);
  }
  return nullptr;
}

}  // namespace

std::shared_ptr<const Security> make_security(const ApplicationConfig& config,
                                              std::shared_ptr<Realm> realm, AllRolesMode all_roles,
                                              const std::filesystem::path& folder,
                                              const server::Log& log) {
  if (!config.login) {
    for (const SecurityConstraintConfig& one : config.constraints)
      if (one.roles && !one.roles->empty())
        complain(position_of(one, "roles"),
                 "'roles' need a <LoginConfig> that says how users prove who they are");
    return nullptr;
  }
  const LoginConfig& login = *config.login;
  if (realm == nullptr && login.method != AuthMethod::bearer)
    complain(login.position,
             "<LoginConfig> needs a <Realm> that knows users, in the application, <Host> or "
             "<Engine>");
  auto made = std::make_shared<Security>();
  made->allow_cors_preflight = login.allow_cors_preflight;
  made->preemptive = login.preemptive;
  made->disable_proxy_caching = login.disable_proxy_caching;
  made->roles.all = all_roles;
  for (const SecurityRoleConfig& role : config.roles) made->roles.declared.push_back(role.name);
  made->authenticator = make_authenticator(login, realm, folder, log);
  made->realm = std::move(realm);
  if (login.method == AuthMethod::form) made->form.emplace(login);
  return made;
}

}  // namespace container::security
