// What server.xml and app.xml say about users: who they are, how they prove it, and what they may
// see. Plain values; `schema` says what each attribute means.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "container/config/config_element.h"

namespace container {

struct ParameterConfig : ConfigElement {
  std::string name;
  std::string value;
};

struct CredentialHandlerConfig : ConfigElement {
  std::string algorithm;  // never empty once read
  bool password_first = false;
  int key_length = 160;  // bits
};

enum class AllRolesMode : std::uint8_t { strict, auth_only, strict_auth_only };

struct RealmConfig : ConfigElement {
  std::string type;  // memory, combined, lockout, or what a library offers
  std::string library;
  std::string pathname = "conf/tomcat-users.xml";
  AllRolesMode all_roles_mode = AllRolesMode::strict;
  int failure_count = 5;
  int address_failure_count = 5;
  std::chrono::milliseconds lock_out_time{300'000};
  int cache_size = 1000;
  std::vector<CredentialHandlerConfig> credential_handlers;
  std::vector<RealmConfig> realms;
  std::vector<ParameterConfig> parameters;
};

struct BearerConfig : ConfigElement {
  std::string issuer;
  std::vector<std::string> audience;
  std::vector<std::string> algorithms;  // empty: what the keys are for
  std::string key_file, secret_file, jwks_file;
  std::chrono::milliseconds leeway{30'000};
  bool require_expiry = true;
  std::string user_claim = "sub";
  std::string roles_claim = "roles";
  std::string cookie;
  std::string query_parameter;
};

enum class AuthMethod : std::uint8_t { basic, digest, client_cert, bearer, form };
enum class FormEncoding : std::uint8_t { utf8, latin1 };
enum class CorsPreflight : std::uint8_t { never, filter, always };

struct LoginConfig : ConfigElement {
  AuthMethod method = AuthMethod::basic;
  std::string realm_name = "Authentication required";
  bool charset = true;  // tells clients to use UTF-8
  CorsPreflight allow_cors_preflight = CorsPreflight::never;
  bool preemptive = false;
  bool disable_proxy_caching = true;
  std::vector<std::string> digest_algorithms = {"SHA-256"};
  std::chrono::milliseconds nonce_validity{300'000};
  int nonce_cache_size = 1000;
  bool validate_uri = true;
  // Of FORM: paths within the context, perhaps with a query.
  std::string login_page, error_page, landing_page;
  SizeBytes max_save_post_size = 4 * 1024;
  std::chrono::milliseconds authentication_session_timeout{120'000};
  FormEncoding character_encoding = FormEncoding::utf8;
  std::optional<BearerConfig> bearer;
};

struct SecurityRoleConfig : ConfigElement {
  std::string name;
};

enum class TransportGuarantee : std::uint8_t { none, integral, confidential };

struct SecurityConstraintConfig : ConfigElement {
  std::vector<LocatedText> paths;
  std::vector<std::string> methods;               // empty: all but `omitted`
  std::vector<std::string> omissions;             // methods that it is not for
  std::optional<std::vector<std::string>> roles;  // unset: everybody; empty: nobody
  TransportGuarantee transport_guarantee = TransportGuarantee::none;
  int redirect_status = 302;  // of plain requests with GET or HEAD
};

}  // namespace container
