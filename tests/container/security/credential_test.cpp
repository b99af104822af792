// Which stored passwords fit which typed ones.
#include "container/security/credential.h"

#include <doctest/doctest.h>

using namespace container::security;
using server::crypto::Hash;

namespace {

bool fits(const std::string& stored, const std::string& password,
          const std::vector<HashRule>& rules = {}) {
  const auto credential = Credential::parse(stored, rules);
  REQUIRE_MESSAGE(credential.has_value(), stored);
  return credential->matches(password);
}

}  // namespace

TEST_CASE("Password storage: forms that say themselves what they are") {
  // Made by other programs: Python's hashlib, and argon2's own example.
  CHECK(fits("tomcat", "tomcat"));
  CHECK_FALSE(fits("tomcat", "Tomcat"));
  CHECK_FALSE(fits("tomcat", "tomca"));
  for (const char* stored :
       {"{SHA}U2wLM5NFYWwbM8r0VEVNi4oZDWw=", "{MD5}GzWdh1OFi1W++gRBBnqu0w==",
        "{SSHA}995E2j/kbJjBCrfwwwM4ie0hG7FTQUxU",
        "$scrypt$ln=10,r=8,p=1$c2FsdHNhbHQ$0aQx8fiqC/B6y40I0ZdX1M+Bd4/1n/KmErfgEYDD/k0",
        "$pbkdf2-sha512$1000$c2FsdHNhbHQ$pkKK3NEAWeaRALpC65r+BQwD2qcNX4erUOVKA/4aXEM",
        "$pbkdf2-sha512$i=1000$c2FsdHNhbHQ$pkKK3NEAWeaRALpC65r.BQwD2qcNX4erUOVKA/4aXEM"}) {
    CAPTURE(stored);
    CHECK(fits(stored, "tomcat"));
    CHECK_FALSE(fits(stored, "tomcatx"));
  }
  CHECK(fits("1b359d8753858b55befa0441067aaed3", "tomcat", {{.hash = Hash::md5}}));
  CHECK(fits("0102$1000$a33df136a51487ca65184effcaf178672a4c95db", "tomcat",
             {{.hash = Hash::sha1, .pbkdf2 = true}}));
  CHECK(
      fits("$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
           "password"));
  CHECK_FALSE(
      fits("$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
           "passwort"));
}

TEST_CASE("Password storage: what `margay digest` makes fits its password, and no other") {
  for (const char* form : {"argon2id", "scrypt", "pbkdf2", "SHA-512", "PBKDF2WithHmacSHA512"}) {
    CAPTURE(form);
    const auto made = make_credential(form, "secret", 3);
    REQUIRE(made.has_value());
    CHECK(*made != *make_credential(form, "secret", 3));
    const bool is_tomcats = made->front() != '$';
    std::vector<HashRule> rules;
    if (is_tomcats) {
      container::CredentialHandlerConfig config;
      config.algorithm = form;
      rules.push_back(rule_of(config));
    }
    CHECK(fits(*made, "secret", rules));
    CHECK_FALSE(fits(*made, "secret ", rules));
    CHECK_FALSE(fits(*made, "", rules));
  }
  CHECK_FALSE(make_credential("rot13", "secret", 0).has_value());
}

TEST_CASE("Password storage: salt$iterations$hash in both orders") {
  const std::string salt = "\x01\x02";
  using server::crypto::digest;
  const auto hex = [](const std::string& bytes) {
    std::string text;
    for (const char c : bytes) {
      text += "0123456789abcdef"[static_cast<unsigned char>(c) >> 4U];
      text += "0123456789abcdef"[static_cast<unsigned char>(c) & 15U];
    }
    return text;
  };
  const std::string salt_first =
      "0102$2$" + hex(digest(Hash::sha256, {digest(Hash::sha256, {salt, "pw"})}));
  const std::string password_first =
      "0102$2$" + hex(digest(Hash::sha256, {digest(Hash::sha256, {"pw", salt})}));
  const std::vector<HashRule> tomcat{{}};
  const std::vector<HashRule> rfc3112{{.password_first = true}};
  CHECK(fits(salt_first, "pw", tomcat));
  CHECK_FALSE(fits(salt_first, "pw", rfc3112));
  CHECK(fits(password_first, "pw", rfc3112));
  CHECK_FALSE(fits(password_first, "pw", tomcat));
  CHECK(fits(password_first, "pw", {{}, {.password_first = true}}));  // nested: any that fits
}

TEST_CASE("Password storage: what is broken is said, not taken for plain text") {
  for (const char* broken :
       {"$argon2id$v=19$m=1", "$scrypt$ln=99,r=8,p=1$YWFh$YWFhYWFhYWFhYWFhYWFhYQ",
        "$scrypt$ln=15,r=8$YWFh$YWFh", "$pbkdf2-sha512$0$YWFh$YWFhYWFhYWFhYWFhYWFhYQ",
        "$pbkdf2-sha512$1000$!!$YWFh", "{SSHA}AAAA", "{SHA}=="}) {
    CAPTURE(broken);
    CHECK_FALSE(Credential::parse(broken, {}).has_value());
  }
  CHECK_FALSE(Credential::parse("plain", {{}}).has_value());
  CHECK_FALSE(Credential::parse("0102$2$abcd", {{}}).has_value());
}
