// The schema's tables of users and of what they may see.
#include "container/config/security_schema.h"

#include <utility>

#include "container/config/field.h"
#include "container/config/security_config.h"

namespace container {
namespace {

std::shared_ptr<const Element> credential_handler_element() {
  return element(
      {.name = "CredentialHandler",
       .meaning = "How stored passwords were hashed that do not say so themselves, as "
                  "`salt$iterations$hash` and plain hexadecimal hashes; of several the first that "
                  "fits counts. `$argon2id$`, `$scrypt$`, `$pbkdf2-sha512$` and `{SSHA}` need "
                  "none. With one, passwords in plain text are not accepted any more.",
       .attributes =
           {{"algorithm", required(text(&CredentialHandlerConfig::algorithm)),
             "A hash, as in `SHA-512`, or `PBKDF2WithHmacSHA512` and its like."},
            {"digestInRfc3112Order", boolean(&CredentialHandlerConfig::password_first),
             "Whether a hash was made of password and salt in this order; otherwise the salt came "
             "first."},
            {"keyLength", integer(&CredentialHandlerConfig::key_length, 64, 4096),
             "Bits of what PBKDF2 made."}},
       .tomcat = "MessageDigestCredentialHandler, SecretKeyCredentialHandler and "
                 "NestedCredentialHandler",
       .make = fresh<CredentialHandlerConfig>()});
}

// Read as `type`, as which it is shown.
Field realm_class() {
  return {.type = "text",
          .store = [](ConfigElement& element, const Text& text) -> std::optional<FieldError> {
            const std::string_view name = text.value.substr(text.value.rfind('.') + 1);
            const Words<std::string_view> types{{{"MemoryRealm", "memory"},
                                                 {"UserDatabaseRealm", "memory"},
                                                 {"CombinedRealm", "combined"},
                                                 {"LockOutRealm", "lockout"}}};
            const auto type = types.parse(name);
            if (!type) return FieldError{type.error()};
            as<RealmConfig>(element).type = *type;
            return std::nullopt;
          },
          .show = [](const ConfigElement&) { return std::nullopt; },
          .shorthand = true};
}

std::vector<Attribute> realm_attributes() {
  return {
      {"type",
       or_else("required, or `className`", text(&RealmConfig::type)),
       "`memory` reads a file of users; `combined` asks the realms in it one after the other; "
       "`lockout` does so too, but for a while not for who has failed too often; or a type "
       "that a library offers.",
       {"className"}},
      {"className", realm_class(),
       "Tomcat's name for one of the three, as in `org.apache.catalina.realm.LockOutRealm`; its "
       "UserDatabaseRealm reads the file of users, too."},
      {"library", or_else("any that has the type", text(&RealmConfig::library)),
       "The `<Library>` that has the type; needed only where two have it."},
      {"pathname", path(&RealmConfig::pathname),
       "`memory`: the file of users, relative to the server's folder; read again when it "
       "changes."},
      {"allRolesMode",
       enumeration(&RealmConfig::all_roles_mode,
                   {{"strict", AllRolesMode::strict},
                    {"authOnly", AllRolesMode::auth_only},
                    {"strictAuthOnly", AllRolesMode::strict_auth_only}}),
       "What the role `*` of a constraint asks for: a `<SecurityRole>` of the application; "
       "nothing but a user; or the first where there are any."},
      {"failureCount", integer(&RealmConfig::failure_count, 1, 1'000'000),
       "`lockout`: failures in a row after which a user is locked out."},
      {"addressFailureCount",
       or_as("failureCount", integer(&RealmConfig::address_failure_count, 1, 1'000'000)),
       "`lockout`: failures after which a client address is locked out, whatever users it "
       "tried; of IPv6 the first 64 bits count.",
       {.name = "none"}},
      {"lockOutTime", seconds(&RealmConfig::lock_out_time),
       "`lockout`: for how long; a failure meanwhile begins it anew."},
      {"cacheSize", integer(&RealmConfig::cache_size, 1, 1'000'000),
       "`lockout`: how many users, and how many addresses, are kept in mind; the oldest is "
       "forgotten first."}};
}

std::shared_ptr<const Element> realm_element(int depth) {
  std::vector<Child> children{
      any_number(&RealmConfig::credential_handlers, credential_handler_element()),
      any_number(&RealmConfig::parameters, parameter_element())};
  if (depth < 3) children.push_back(any_number(&RealmConfig::realms, realm_element(depth + 1)));
  return element({.name = "Realm",
                  .meaning = "Where users, their passwords and their roles come from. The nearest "
                             "counts: the application's, the host's, the engine's.",
                  .attributes = realm_attributes(),
                  .children = std::move(children),
                  .tomcat = "the same; MemoryRealm, CombinedRealm and LockOutRealm",
                  .make = fresh<RealmConfig>()});
}

std::shared_ptr<const Element> bearer_element() {
  return element(
      {.name = "Bearer",
       .meaning = "Which JSON Web Tokens (RFC 7519) are taken, of `authMethod=\"BEARER\"`. Files "
                  "are read again when they change; relative ones start in the application's "
                  "folder, or in the server's when it has none.",
       .attributes =
           {{"issuer", or_else("any", text(&BearerConfig::issuer)), "What `iss` must be."},
            {"audience", or_else("any", list(&BearerConfig::audience)),
             "One of these must be in `aud`."},
            {"algorithms", or_else("what the keys are for", list(&BearerConfig::algorithms)),
             "Of HS256, RS256, PS256, ES256, and the same with 384 and 512."},
            {"keyFile", or_else("none", path(&BearerConfig::key_file)),
             "A public key or certificate in PEM."},
            {"secretFile", or_else("none", path(&BearerConfig::secret_file)),
             "The bytes of a shared secret, 32 at least; a line end behind them does not count."},
            {"jwksFile", or_else("none", path(&BearerConfig::jwks_file)),
             "A set of keys as RFC 7517 has it; `kid` of a token chooses among them."},
            {"leeway", seconds(&BearerConfig::leeway),
             "By how much clocks may differ where `exp` and `nbf` are looked at."},
            {"requireExpiry", boolean(&BearerConfig::require_expiry),
             "Refuses tokens that never expire."},
            {"userClaim", text(&BearerConfig::user_claim), "The claim that is the user's name."},
            {"rolesClaim", text(&BearerConfig::roles_claim),
             "The claim with the roles: a list, or a text with spaces between them; dots lead "
             "into objects, as in `realm_access.roles`."},
            {"cookie", or_else("none", text(&BearerConfig::cookie)),
             "The cookie that may hold the token, where there is no Authorization header."},
            {"queryParameter", or_else("none", text(&BearerConfig::query_parameter)),
             "The query parameter that may hold it in WebSocket handshakes, for which browsers "
             "cannot set a header."}},
       .tomcat = "nothing",
       .make = fresh<BearerConfig>()});
}

Field roles() {
  return {.type = "list",
          .store = [](ConfigElement& element, const Text& text) -> std::optional<FieldError> {
            auto& names = as<SecurityConstraintConfig>(element).roles.emplace();
            for (const Item& item : split_list(text.value)) names.emplace_back(item.text);
            return std::nullopt;
          },
          .show = [](const ConfigElement& element) -> std::optional<std::string> {
            const auto& names = as<SecurityConstraintConfig>(element).roles;
            if (!names) return std::nullopt;
            std::string text;
            for (const std::string& name : *names) text += (text.empty() ? "" : ", ") + name;
            return text;
          },
          .otherwise = "everybody"};
}

Field redirect_status() {
  return enumeration(&SecurityConstraintConfig::redirect_status,
                     {{"301", 301}, {"302", 302}, {"303", 303}, {"307", 307}, {"308", 308}});
}

}  // namespace

std::shared_ptr<const Element> realm_element() { return realm_element(0); }

std::shared_ptr<const Element> login_config_element() {
  return element(
      {.name = "LoginConfig",
       .meaning = "How users prove who they are where a `<SecurityConstraint>` has `roles`.",
       .attributes =
           {{"authMethod",
             required(enumeration(&LoginConfig::method, {{"BASIC", AuthMethod::basic},
                                                         {"DIGEST", AuthMethod::digest},
                                                         {"CLIENT-CERT", AuthMethod::client_cert},
                                                         {"BEARER", AuthMethod::bearer},
                                                         {"FORM", AuthMethod::form}})),
             "By password in every request (RFC 7617), without sending it (RFC 7616), by the "
             "certificate of the TLS connection, by a signed token (RFC 6750), or by a page of the "
             "application whose form is sent to `j_security_check`.",
             {"auth-method"}},
            {"realmName",
             text(&LoginConfig::realm_name),
             "What clients show people who are asked for a password.",
             {"realm-name"}},
            {"charset",
             boolean(&LoginConfig::charset),
             "BASIC: tells clients that names and passwords are UTF-8.",
             {"charset, on the Valve", "false"}},
            {"allowCorsPreflight",
             enumeration(&LoginConfig::allow_cors_preflight, {{"never", CorsPreflight::never},
                                                              {"filter", CorsPreflight::filter},
                                                              {"always", CorsPreflight::always}}),
             "Whether a browser may ask without a user what scripts of other origins may do: "
             "`filter` where a filter of type `cors` would see the request.",
             {"the same, on the Valve"}},
            {"preemptiveAuthentication",
             boolean(&LoginConfig::preemptive),
             "Looks at credentials also where nobody needs any.",
             {"the same, on Context"}},
            {"disableProxyCaching",
             boolean(&LoginConfig::disable_proxy_caching),
             "Answers that a user was needed for say `Cache-Control: private`, but for those to "
             "POST "
             "and where the application says something else.",
             {"the same, on the Valve"}},
            {"digestAlgorithms",
             list(&LoginConfig::digest_algorithms),
             "DIGEST: of `SHA-256` and `MD5`, best first.",
             {"algorithms", "SHA-256,MD5"}},
            {"nonceValidity", duration(&LoginConfig::nonce_validity),
             "DIGEST: how long the server's nonce may be used."},
            {"nonceCacheSize", integer(&LoginConfig::nonce_cache_size, 1, 1'000'000),
             "DIGEST: how many nonces are known at once; the oldest is forgotten first."},
            {"validateUri", boolean(&LoginConfig::validate_uri),
             "DIGEST: refuses proofs that were made for another target."},
            {"loginPage",
             or_else("required with FORM", text(&LoginConfig::login_page, "path in the context")),
             "FORM: where people are sent who have to log in. Constraints do not hold for it.",
             {"form-login-page"}},
            {"errorPage",
             or_else("required with FORM", text(&LoginConfig::error_page, "path in the context")),
             "FORM: where they are sent whose user or password was wrong. Constraints do not hold "
             "for it either.",
             {"form-error-page"}},
            {"landingPage",
             or_else("none", text(&LoginConfig::landing_page, "path in the context")),
             "FORM: where a login leads that nothing was asked for before, as by the login page "
             "itself or after too long a time. Without one it is answered 400, or 408 where there "
             "is no session.",
             {"the same, on the Valve"}},
            {"maxSavePostSize",
             size(&LoginConfig::max_save_post_size),
             "FORM: the longest body that is kept over a login; a longer one is answered 413.",
             {"the same, on Connector"}},
            {"authenticationSessionTimeout",
             seconds(&LoginConfig::authentication_session_timeout),
             "FORM: how long a session that was made for a login waits for it.",
             {"the same, on the Valve"}},
            {"characterEncoding",
             enumeration(&LoginConfig::character_encoding,
                         {{"UTF-8", FormEncoding::utf8}, {"ISO-8859-1", FormEncoding::latin1}}),
             "FORM: how the login page sends name and password; as the page itself is encoded.",
             {"the same, on the Valve", "that of the request"}}},
       .children = {at_most_one(&LoginConfig::bearer, bearer_element())},
       .tomcat = "`<login-config>` of web.xml, and the authenticator as a `<Valve>`",
       .make = fresh<LoginConfig>()});
}

std::shared_ptr<const Element> security_role_element() {
  return element(
      {.name = "SecurityRole",
       .meaning = "A role that the application knows; `*` in a constraint is any of "
                  "them.",
       .attributes =
           {{"name", required(text(&SecurityRoleConfig::name)), "The role's name.", {"role-name"}}},
       .tomcat = "`<security-role>` of web.xml",
       .make = fresh<SecurityRoleConfig>()});
}

std::shared_ptr<const Element> security_constraint_element() {
  return element(
      {.name = "SecurityConstraint",
       .meaning = "What holds for the requests whose path matches, before the application's "
                  "filters see them. Of several constraints those with the best match count, and "
                  "of them those for the method.",
       .attributes =
           {{"path",
             located_list(&SecurityConstraintConfig::paths),
             "URL patterns, as in `<Path>`, separated by commas or white space; `/*` is the whole "
             "application.",
             {"url-pattern"}},
            {"method",
             or_else("all", list(&SecurityConstraintConfig::methods)),
             "The methods it is for. Others are open to everybody, unless another constraint or "
             "`denyUncoveredHttpMethods` says otherwise.",
             {"http-method"}},
            {"methodOmission",
             or_else("none", list(&SecurityConstraintConfig::omissions)),
             "It is for all methods but these.",
             {"http-method-omission"}},
            {"roles",
             roles(),
             "Who may come: users with one of these roles; `**` is every user, `*` every user with "
             "a `<SecurityRole>`; with nothing in it nobody may.",
             {"auth-constraint"}},
            {"transportGuarantee",
             enumeration(&SecurityConstraintConfig::transport_guarantee,
                         {{"NONE", TransportGuarantee::none},
                          {"INTEGRAL", TransportGuarantee::integral},
                          {"CONFIDENTIAL", TransportGuarantee::confidential}}),
             "`CONFIDENTIAL`, or `INTEGRAL` to the same effect: plain requests are redirected to "
             "`https` at the connector's `redirectPort`.",
             {"transport-guarantee"}},
            {"transportGuaranteeRedirectStatus",
             redirect_status(),
             "The status of that for GET and HEAD. Other methods get 307, or 308 where this is "
             "301 or 308, so that they stay what they are.",
             {"the same, on Realm, for all methods"}}},
       .children = {any_number(&SecurityConstraintConfig::paths, path_element())},
       .tomcat = "`<security-constraint>` of web.xml",
       .make = fresh<SecurityConstraintConfig>()});
}

}  // namespace container
