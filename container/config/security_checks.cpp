// What must hold between the elements that say who may see what.
#include "container/config/security_checks.h"

#include <algorithm>
#include <array>
#include <string>

#include "container/config/element_checks.h"
#include "container/config/suggestion.h"

namespace container {
namespace {

constexpr std::array<std::string_view, 12> signatures{"HS256", "HS384", "HS512", "RS256",
                                                      "RS384", "RS512", "PS256", "PS384",
                                                      "PS512", "ES256", "ES384", "ES512"};
constexpr std::array<std::string_view, 10> credential_algorithms{"MD5",
                                                                 "SHA-1",
                                                                 "SHA-256",
                                                                 "SHA-384",
                                                                 "SHA-512",
                                                                 "PBKDF2WithHmacSHA1",
                                                                 "PBKDF2WithHmacSHA256",
                                                                 "PBKDF2WithHmacSHA384",
                                                                 "PBKDF2WithHmacSHA512",
                                                                 "SHA"};
constexpr std::array<std::string_view, 2> digests{"SHA-256", "MD5"};

template <std::size_t N>
void check_word(const ConfigElement& element, std::string_view attribute, std::string_view word,
                const std::array<std::string_view, N>& known, Report& report) {
  if (std::find(known.begin(), known.end(), word) != known.end()) return;
  const std::vector<std::string_view> names(known.begin(), known.end());
  report.error(position_of(element, attribute), "attribute '" + std::string(attribute) + "': '" +
                                                    std::string(word) + "' is not known here" +
                                                    did_you_mean(word, names));
}

void check_bearer(const BearerConfig& bearer, Report& report) {
  for (const std::string& name : bearer.algorithms)
    check_word(bearer, "algorithms", name, signatures, report);
  if (bearer.key_file.empty() && bearer.secret_file.empty() && bearer.jwks_file.empty())
    report.error(bearer.position, "<Bearer> needs 'keyFile', 'secretFile' or 'jwksFile'");
  if (bearer.audience.empty())
    report.warning(bearer.position,
                   "<Bearer> has no 'audience', so tokens that were issued for other services are "
                   "taken too");
}

void check_page(const LoginConfig& login, std::string_view attribute, const std::string& page,
                Report& report) {
  if (!page.empty() && (page[0] != '/' || page.find_first_of(" #\t\r\n") != page.npos))
    report.error(position_of(login, attribute),
                 "attribute '" + std::string(attribute) + "': '" + page +
                     "' is no path within the context; it begins with '/'");
}

void check_form(const LoginConfig& login, Report& report) {
  constexpr SizeBytes kMostSaved = 1024 * 1024;  // each session may hold one
  if (login.login_page.empty())
    report.error(login.position, "<LoginConfig authMethod=\"FORM\"> needs 'loginPage'");
  if (login.error_page.empty())
    report.error(login.position, "<LoginConfig authMethod=\"FORM\"> needs 'errorPage'");
  check_page(login, "loginPage", login.login_page, report);
  check_page(login, "errorPage", login.error_page, report);
  check_page(login, "landingPage", login.landing_page, report);
  if (login.max_save_post_size > kMostSaved)
    report.error(position_of(login, "maxSavePostSize"),
                 "attribute 'maxSavePostSize': more than 1 MiB is not kept in a session");
  if (login.authentication_session_timeout < std::chrono::seconds(1))
    report.error(position_of(login, "authenticationSessionTimeout"),
                 "attribute 'authenticationSessionTimeout': nobody logs in within a second");
}

bool leaves_methods_open(const SecurityConstraintConfig& constraint,
                         const std::vector<SecurityConstraintConfig>& all,
                         const std::string& path) {
  if (constraint.methods.empty()) return false;
  return std::none_of(all.begin(), all.end(), [&](const SecurityConstraintConfig& other) {
    return other.methods.empty() &&
           std::any_of(other.paths.begin(), other.paths.end(),
                       [&](const LocatedText& one) { return one.text == path; });
  });
}

}  // namespace

bool is_own_realm(std::string_view type) {
  return type == "memory" || type == "combined" || type == "lockout";
}

void check_realm(const RealmConfig& realm, const UniqueNames& libraries, Report& report) {
  check_reference(realm, "library", realm.library, libraries, "<Library>", report);
  check_parameters(realm.parameters, report);
  if (realm.type.empty())
    report.error(realm.position, "<Realm> needs 'type': memory, combined, lockout, or a library's");
  const bool asks_others = realm.type == "combined" || realm.type == "lockout";
  if (asks_others && realm.realms.empty())
    report.error(realm.position, "<Realm type=\"" + realm.type + "\"> needs a <Realm> in it");
  if (!asks_others && !realm.realms.empty())
    report.error(realm.realms.front().position,
                 "only realms of type 'combined' and 'lockout' have others in them");
  if (realm.type != "memory" && !realm.credential_handlers.empty())
    report.error(realm.credential_handlers.front().position,
                 "only a realm of type 'memory' has credentials to handle");
  if (is_own_realm(realm.type) && !realm.parameters.empty())
    report.error(realm.parameters.front().position, "only realms of libraries have <Parameter>s");
  for (const CredentialHandlerConfig& handler : realm.credential_handlers)
    check_word(handler, "algorithm", handler.algorithm, credential_algorithms, report);
  for (const RealmConfig& inner : realm.realms) check_realm(inner, libraries, report);
}

void check_login(const LoginConfig& login, Report& report) {
  if (login.method == AuthMethod::bearer && !login.bearer)
    report.error(position_of(login, "authMethod"),
                 "<LoginConfig authMethod=\"BEARER\"> needs a <Bearer> in it");
  if (login.method != AuthMethod::bearer && login.bearer)
    report.error(login.bearer->position, "<Bearer> is for authMethod=\"BEARER\" only");
  if (login.realm_name.find_first_of("\"\\\r\n") != std::string::npos)
    report.error(position_of(login, "realmName"),
                 "attribute 'realmName': quotes, backslashes and line ends cannot be told clients");
  for (const std::string& name : login.digest_algorithms)
    check_word(login, "digestAlgorithms", name, digests, report);
  if (login.method == AuthMethod::digest && login.digest_algorithms.empty())
    report.error(position_of(login, "digestAlgorithms"),
                 "attribute 'digestAlgorithms' is empty; write SHA-256");
  if (login.bearer) check_bearer(*login.bearer, report);
  if (login.method == AuthMethod::form) {
    check_form(login, report);
  } else {
    for (const std::string_view name : {"loginPage", "errorPage", "landingPage"})
      if (find_origin(login, name) != nullptr)
        report.error(position_of(login, name),
                     "attribute '" + std::string(name) + "' is for authMethod=\"FORM\" only");
  }
}

void check_access(const ApplicationConfig& application, Report& report) {
  if (application.login && application.login->method == AuthMethod::form && application.manager &&
      !application.manager->cookies)
    report.error(position_of(*application.manager, "cookies"),
                 "authMethod=\"FORM\" needs sessions, which are found by cookies");
  UniqueNames roles("role", report);
  for (const SecurityRoleConfig& role : application.roles) roles.add(role.name, role.position);
  for (const SecurityConstraintConfig& one : application.constraints) {
    if (!one.methods.empty() && !one.omissions.empty())
      report.error(position_of(one, "methodOmission"),
                   "<SecurityConstraint> has either 'method' or 'methodOmission'");
    if (application.deny_uncovered_methods || !one.roles) continue;
    for (const LocatedText& path : one.paths)
      if (leaves_methods_open(one, application.constraints, path.text))
        report.warning(position_of(one, "method"),
                       "other methods for '" + path.text +
                           "' are open to everybody; see 'denyUncoveredHttpMethods'");
  }
}

}  // namespace container
