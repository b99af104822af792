// Which tokens are believed: every algorithm, and the attacks on them.
#include "container/security/jwt.h"

#include <doctest/doctest.h>

#include "tests/support/tokens.h"

using namespace container::security;
using server::crypto::VerificationKey;
using tests::hs256;
using tests::SigningKey;
using tests::token;

namespace {

const std::string kSecret = "0123456789abcdef0123456789abcdef";
const std::string kClaims = R"({"sub":"ada","exp":2000,"roles":["admin","staff"]})";
constexpr std::int64_t kNow = 1000;

std::string refusal(const std::string& text, const TokenKeys& keys, const TokenRules& rules = {},
                    std::int64_t now = kNow) {
  const auto user = verify_token(text, keys, rules, now);
  return user ? "" : std::string(user.error());
}

TokenKeys secret_keys(std::string id = "", std::string algorithm = "") {
  return {{std::move(id), std::move(algorithm), VerificationKey::secret(kSecret)}};
}

struct Case {
  const char* name;
  const EVP_MD* hash;
  bool pss;
  const char* curve;
};

}  // namespace

TEST_CASE("JWT: RS, PS and ES in three sizes, from PEM and from a key set") {
  const SigningKey rsa = SigningKey::rsa();
  for (const Case& one :
       {Case{"RS256", EVP_sha256(), false, nullptr}, Case{"RS384", EVP_sha384(), false, nullptr},
        Case{"RS512", EVP_sha512(), false, nullptr}, Case{"PS256", EVP_sha256(), true, nullptr},
        Case{"PS384", EVP_sha384(), true, nullptr}, Case{"PS512", EVP_sha512(), true, nullptr},
        Case{"ES256", EVP_sha256(), false, "P-256"}, Case{"ES384", EVP_sha384(), false, "P-384"},
        Case{"ES512", EVP_sha512(), false, "P-521"}}) {
    CAPTURE(one.name);
    const SigningKey key = one.curve == nullptr ? rsa : SigningKey::curve(one.curve);
    const auto sign = [&](const std::string& both) { return key.sign(both, one.hash, one.pss); };
    const std::string text =
        token(std::string(R"({"alg":")") + one.name + R"(","kid":"k"})", kClaims, sign);
    const auto pem = VerificationKey::pem(key.public_pem());
    REQUIRE(pem.has_value());
    CHECK(refusal(text, {{"", "", *pem}}).empty());
    const std::string jwk =
        one.curve == nullptr
            ? R"({"kty":"RSA","kid":"k","n":")" + key.member("n") + R"(","e":")" + key.member("e")
            : std::string(R"({"kty":"EC","kid":"k","crv":")") + one.curve + R"(","x":")" +
                  key.member("x") + R"(","y":")" + key.member("y");
    const auto set = parse_key_set(R"({"keys":[{"kty":"new"},)" + jwk + "\"}]}");
    REQUIRE_MESSAGE(set.has_value(), set.error());
    CHECK(refusal(text, *set).empty());
    CHECK(refusal(text, {{"other", "", *pem}}) == "no key has signed it");
    std::string changed = text;
    changed[changed.size() - 10] = changed[changed.size() - 10] == 'A' ? 'B' : 'A';
    CHECK_FALSE(refusal(changed, {{"", "", *pem}}).empty());
  }
}

TEST_CASE("JWT: HS256, and what it says") {
  const auto user = verify_token(hs256(kSecret, kClaims), secret_keys(), {}, kNow);
  REQUIRE(user.has_value());
  CHECK((*user)->name == "ada");
  CHECK((*user)->has_role("staff"));
  CHECK((*user)->expires == 2030);
  CHECK((*user)->claims == kClaims);
  TokenRules rules;
  rules.user_claim = "email";
  rules.roles_claim = "realm_access.roles";
  const auto other =
      verify_token(hs256(kSecret, R"({"email":"a@b","exp":2000,"realm_access":{"roles":"x y"}})"),
                   secret_keys(), rules, kNow);
  REQUIRE(other.has_value());
  CHECK((*other)->roles == std::vector<std::string>{"x", "y"});
}

TEST_CASE("JWT attacks: algorithm none, in any spelling") {
  for (const char* name : {"none", "None", "NONE", "", "hs256", "HS256 "})
    for (const char* signature : {"", "AAAA"}) {
      CAPTURE(name);
      const std::string text = token(std::string(R"({"alg":")") + name + "\"}", kClaims,
                                     [&](const std::string&) { return std::string(signature); });
      CHECK(refusal(text, secret_keys()) == "no key has signed it");
      CHECK_FALSE(refusal(text.substr(0, text.rfind('.')), secret_keys()).empty());
    }
  CHECK_FALSE(refusal(hs256(kSecret, kClaims, "{}"), secret_keys()).empty());
}

TEST_CASE("JWT attacks: a public key is never taken for a secret") {
  const SigningKey rsa = SigningKey::rsa();
  const std::string pem = rsa.public_pem();
  const TokenKeys keys{{"", "", *VerificationKey::pem(pem)}};
  CHECK(refusal(hs256(pem, kClaims), keys) == "no key has signed it");
  CHECK(refusal(hs256(pem.substr(0, pem.size() - 1), kClaims), keys) == "no key has signed it");
  const auto as_rsa = token(R"({"alg":"RS256"})", kClaims,
                            [&](const std::string& both) { return rsa.sign(both, EVP_sha256()); });
  CHECK(refusal(as_rsa, keys).empty());
  TokenRules only_pss;
  only_pss.algorithms = {server::crypto::Signature::ps256};
  CHECK(refusal(as_rsa, keys, only_pss) == "no key has signed it");
  CHECK(refusal(hs256(kSecret, kClaims), secret_keys("", "HS512")) == "no key has signed it");
}

TEST_CASE("JWT attacks: kid is compared, never followed") {
  for (const char* id : {"../../../../dev/null", "/dev/null", "' OR 1=1", "https://evil/keys"}) {
    const std::string header = std::string(R"({"alg":"HS256","kid":")") + id + "\"}";
    CHECK(refusal(hs256("", kClaims, header), secret_keys("k")) == "no key has signed it");
    CHECK(refusal(hs256(kSecret, kClaims, header), secret_keys("k")) == "no key has signed it");
  }
  const std::string own =
      R"({"alg":"HS256","jwk":{"kty":"oct","k":"AAAA"},"jku":"https://evil","x5u":"https://evil"})";
  CHECK_FALSE(refusal(hs256(std::string(3, '\0'), kClaims, own), secret_keys()).empty());
}

TEST_CASE("JWT attacks: time, audience and issuer") {
  const auto said = [&](const std::string& claims, const TokenRules& rules = {},
                        std::int64_t now = kNow) {
    return refusal(hs256(kSecret, claims), secret_keys(), rules, now);
  };
  CHECK(said(kClaims, {}, 2029).empty());
  CHECK(said(kClaims, {}, 2030) == "it has expired");
  CHECK(said(R"({"sub":"ada"})") == "it never expires");
  CHECK(said(R"({"sub":"ada"})", {.require_expiry = false}).empty());
  CHECK(said(R"({"sub":"ada","exp":"2000"})") == "its time of expiry is none");
  CHECK(said(R"({"sub":"ada","exp":1e300})") == "its time of expiry is none");
  CHECK(said(R"({"sub":"ada","exp":-1})") == "its time of expiry is none");
  CHECK(said(R"({"sub":"ada","exp":2000,"nbf":1031})") == "it is not valid yet");
  CHECK(said(R"({"sub":"ada","exp":2000,"nbf":1030})").empty());
  const TokenRules ours{.issuer = "https://id", .audience = {"shop"}};
  const auto with = [](const std::string& more) {
    return R"({"sub":"ada","exp":2000)" + more + "}";
  };
  CHECK(said(with(R"(,"iss":"https://id","aud":"shop")"), ours).empty());
  CHECK(said(with(R"(,"iss":"https://id","aud":["x","shop"])"), ours).empty());
  CHECK(said(with(R"(,"iss":"https://id","aud":"shop2")"), ours) == "it is for another audience");
  CHECK(said(with(R"(,"iss":"https://id")"), ours) == "it is for another audience");
  CHECK(said(with(R"(,"iss":"https://id/","aud":"shop")"), ours) == "it is of another issuer");
  CHECK(said(R"({"exp":2000})") == "it names no user");
  CHECK(said(R"({"sub":"","exp":2000})") == "it names no user");
}

TEST_CASE("JWT attacks: broken forms, unknown extensions, weak keys") {
  const std::string good = hs256(kSecret, kClaims);
  for (const std::string& bad :
       {std::string(), std::string("."), std::string(".."), good + ".", good + "=", "." + good,
        good.substr(1), good + "A", std::string(9000, 'a'), "a" + good}) {
    CAPTURE(bad.substr(0, 40));
    CHECK_FALSE(refusal(bad, secret_keys()).empty());
  }
  const std::string critical = R"({"alg":"HS256","crit":["x"],"x":1})";
  CHECK(refusal(hs256(kSecret, kClaims, critical), secret_keys()) ==
        "it wants extensions that are not known");
  const std::string deep(4000, '[');
  CHECK_FALSE(refusal(hs256(kSecret, kClaims, deep), secret_keys()).empty());
  const TokenKeys weak{{"", "", VerificationKey::secret("short")}};
  CHECK_FALSE(refusal(hs256("short", kClaims), weak).empty());
  const SigningKey small = SigningKey::rsa(1024);
  const auto text = token(R"({"alg":"RS256"})", kClaims,
                          [&](const std::string& both) { return small.sign(both, EVP_sha256()); });
  CHECK_FALSE(refusal(text, {{"", "", *VerificationKey::pem(small.public_pem())}}).empty());
}
