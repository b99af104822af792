// JSON Web Tokens (RFC 7519) in compact form: whether one is to be believed, and what it says.
#include "container/security/jwt.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <optional>

#include "server/crypto/bytes.h"

namespace container::security {

namespace {

using Json = nlohmann::json;
using server::crypto::Base64;
using server::crypto::Signature;
using server::crypto::VerificationKey;
using Refusal = tl::unexpected<std::string_view>;

std::optional<std::string> decoded(const Json& object, const char* name) {
  const auto member = object.find(name);
  if (member == object.end() || !member->is_string()) return std::nullopt;
  return server::crypto::from_base64(member->get_ref<const std::string&>(), Base64::url);
}

std::string text_of(const Json& object, const char* name) {
  const auto member = object.find(name);
  return member != object.end() && member->is_string() ? member->get<std::string>() : "";
}

// Nothing: of a kind that is not known here, which RFC 7517 section 5 wants passed over.
std::optional<VerificationKey> key_of(const Json& jwk) {
  const std::string kind = text_of(jwk, "kty");
  if (kind == "oct") {
    auto secret = decoded(jwk, "k");
    return secret ? std::optional(VerificationKey::secret(std::move(*secret))) : std::nullopt;
  }
  if (kind == "RSA") {
    const auto n = decoded(jwk, "n"), e = decoded(jwk, "e");
    return n && e ? VerificationKey::rsa(*n, *e) : std::nullopt;
  }
  if (kind == "EC") {
    const auto x = decoded(jwk, "x"), y = decoded(jwk, "y");
    return x && y ? VerificationKey::curve(text_of(jwk, "crv"), *x, *y) : std::nullopt;
  }
  return std::nullopt;
}

std::optional<Json> object_of(std::string_view part) {
  const auto bytes = server::crypto::from_base64(part, Base64::url);
  if (!bytes || part.find('=') != part.npos) return std::nullopt;
  Json json = Json::parse(*bytes, nullptr, false);
  if (!json.is_object()) return std::nullopt;
  return json;
}

struct Parts {
  std::string_view header, payload, signature, signed_part;
};
std::optional<Parts> split(std::string_view token) {
  const auto first = token.find('.');
  const auto second = first == token.npos ? first : token.find('.', first + 1);
  if (second == token.npos || token.find('.', second + 1) != token.npos) return std::nullopt;
  return Parts{token.substr(0, first), token.substr(first + 1, second - first - 1),
               token.substr(second + 1), token.substr(0, second)};
}

// Seconds since 1970; nothing where it is no such number.
std::optional<std::int64_t> time_of(const Json& claim) {
  if (!claim.is_number()) return std::nullopt;
  const double value = claim.get<double>();
  if (!std::isfinite(value) || value < 0 || value > 1e15) return std::nullopt;
  return static_cast<std::int64_t>(value);
}

bool is_for_us(const Json& claims, const std::vector<std::string>& audience) {
  if (audience.empty()) return true;
  const auto aud = claims.find("aud");
  if (aud == claims.end()) return false;
  const auto ours = [&](const Json& one) {
    return one.is_string() && std::find(audience.begin(), audience.end(),
                                        one.get_ref<const std::string&>()) != audience.end();
  };
  return aud->is_array() ? std::any_of(aud->begin(), aud->end(), ours) : ours(*aud);
}

// Dots lead into objects, unless a claim has them in its name.
const Json* find_claim(const Json& claims, std::string_view path) {
  if (const auto whole = claims.find(std::string(path)); whole != claims.end()) return &*whole;
  const Json* at = &claims;
  for (;;) {
    const auto dot = path.find('.');
    if (!at->is_object()) return nullptr;
    const auto member = at->find(std::string(path.substr(0, dot)));
    if (member == at->end()) return nullptr;
    at = &*member;
    if (dot == path.npos) return at;
    path.remove_prefix(dot + 1);
  }
}

std::vector<std::string> roles_of(const Json* claim) {
  std::vector<std::string> roles;
  if (claim == nullptr) return roles;
  if (claim->is_array())
    for (const Json& one : *claim)
      if (one.is_string()) roles.push_back(one.get<std::string>());
  if (!claim->is_string()) return roles;
  std::string_view text = claim->get_ref<const std::string&>();
  while (!text.empty()) {
    const auto end = std::min(text.find(' '), text.size());
    if (end > 0) roles.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return roles;
}

bool is_signed(const Parts& parts, const Json& header, const TokenKeys& keys,
               const TokenRules& rules) {
  const auto signature = server::crypto::from_base64(parts.signature, Base64::url);
  const auto by = server::crypto::signature_of(text_of(header, "alg"));
  if (!signature || !by || parts.signature.find('=') != parts.signature.npos) return false;
  if (!rules.algorithms.empty() &&
      std::find(rules.algorithms.begin(), rules.algorithms.end(), *by) == rules.algorithms.end())
    return false;
  const std::string id = text_of(header, "kid");
  return std::any_of(keys.begin(), keys.end(), [&](const TokenKey& one) {
    if (!id.empty() && !one.id.empty() && one.id != id) return false;
    if (!one.algorithm.empty() && one.algorithm != server::crypto::name_of(*by)) return false;
    return one.key.verifies(*by, parts.signed_part, *signature);
  });
}

}  // namespace

tl::expected<TokenKeys, std::string> parse_key_set(std::string_view json) {
  const Json set = Json::parse(json, nullptr, false);
  const auto list = set.is_object() ? set.find("keys") : set.end();
  if (!set.is_object() || list == set.end() || !list->is_array())
    return tl::unexpected<std::string>("is no JSON object with a list 'keys' (RFC 7517)");
  TokenKeys keys;
  for (const Json& one : *list) {
    if (!one.is_object() || (one.contains("use") && text_of(one, "use") != "sig")) continue;
    if (auto key = key_of(one))
      keys.push_back({text_of(one, "kid"), text_of(one, "alg"), std::move(*key)});
  }
  if (keys.empty()) return tl::unexpected<std::string>("has no key that checks signatures");
  return keys;
}

tl::expected<PrincipalPointer, std::string_view> verify_token(std::string_view token,
                                                              const TokenKeys& keys,
                                                              const TokenRules& rules,
                                                              std::int64_t now) {
  if (token.size() > kMaxToken) return Refusal("it is too long");
  const auto parts = split(token);
  if (!parts) return Refusal("it is not of three parts");
  const auto header = object_of(parts->header);
  if (!header) return Refusal("its header is no JSON");
  // RFC 7515 section 4.1.11: extensions that must be understood. None is.
  if (header->contains("crit")) return Refusal("it wants extensions that are not known");
  if (!is_signed(*parts, *header, keys, rules)) return Refusal("no key has signed it");
  const auto claims = object_of(parts->payload);
  if (!claims) return Refusal("its claims are no JSON");
  if (!rules.issuer.empty() && text_of(*claims, "iss") != rules.issuer)
    return Refusal("it is of another issuer");
  if (!is_for_us(*claims, rules.audience)) return Refusal("it is for another audience");
  auto made = std::make_shared<Principal>();
  if (const auto exp = claims->find("exp"); exp != claims->end()) {
    const auto end = time_of(*exp);
    if (!end) return Refusal("its time of expiry is none");
    made->expires = *end + rules.leeway;
    if (now >= made->expires) return Refusal("it has expired");
  } else if (rules.require_expiry) {
    return Refusal("it never expires");
  }
  if (const auto nbf = claims->find("nbf"); nbf != claims->end()) {
    const auto begin = time_of(*nbf);
    if (!begin || now < *begin - rules.leeway) return Refusal("it is not valid yet");
  }
  const Json* user = find_claim(*claims, rules.user_claim);
  if (user == nullptr || !user->is_string() || user->get_ref<const std::string&>().empty())
    return Refusal("it names no user");
  made->name = user->get<std::string>();
  made->roles = roles_of(find_claim(*claims, rules.roles_claim));
  made->claims = *server::crypto::from_base64(parts->payload, Base64::url);
  return made;
}

}  // namespace container::security
