// Files of users as Tomcat has them, and what is said about wrong ones.
#include "container/security/users_file.h"

#include <doctest/doctest.h>

using namespace container;
using namespace container::security;

namespace {

std::string complaint(const std::string& text, const std::vector<HashRule>& rules = {},
                      const Substitutions& substitutions = {}) {
  std::vector<Diagnostic> warnings;
  try {
    parse_users(text, "users.xml", rules, substitutions, warnings);
  } catch (const ConfigError& error) {
    return error.what();
  }
  return {};
}

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("MemoryRealm: tomcat-users.xml") {
  std::vector<Diagnostic> warnings;
  const Users users = parse_users(
      "<?xml version='1.0'?>\n"
      "<tomcat-users xmlns='http://tomcat.apache.org/xml' version='1.0'>\n"
      "  <role rolename='manager'/>\n"
      "  <user username='ada' password='pw' roles='manager, staff'/>\n"
      "  <user name='old' password='a$b$$' roles=''/>\n"
      "</tomcat-users>",
      "users.xml", {}, {}, warnings);
  REQUIRE(users.size() == 2);
  CHECK(users.at("ada").roles == std::vector<std::string>{"manager", "staff"});
  CHECK(users.at("old").roles.empty());
  CHECK(users.at("old").credential.matches("a$b$"));
  REQUIRE(warnings.size() == 1);
  CHECK(has(to_string(warnings[0]), "users.xml:4:34: warning: 2 password(s)"));
  CHECK(has(to_string(warnings[0]), "which DIGEST alone needs"));  // no advice that would break it
}

TEST_CASE("MemoryRealm: names in the file of users are looked up as in server.xml") {
  const Substitutions substitutions{
      .definitions = {{"both", "defined"}, {"boss", "grace"}},
      .environment = {{"PW", "geheim"}, {"both", "inherited"}, {"EMPTY", ""}, {"ROLES", "a, b"}}};
  std::vector<Diagnostic> warnings;
  const Users users = parse_users(
      "<users><user username='ada' password='${PW}' roles='${ROLES}'/>\n"
      "<user username='${boss}' password='${both}'/>\n"
      "<user username='old' password='${NONE:-pw}' roles='${NONE:-}'/></users>",
      "users.xml", {}, substitutions, warnings);
  REQUIRE(users.size() == 3);
  CHECK(users.at("ada").credential.matches("geheim"));
  CHECK(users.at("ada").roles == std::vector<std::string>{"a", "b"});
  CHECK(users.at("grace").credential.matches("defined"));
  CHECK(users.at("old").credential.matches("pw"));
  CHECK(users.at("old").roles.empty());
  REQUIRE(warnings.size() == 1);  // passwords from outside are not in the file
  CHECK(has(to_string(warnings[0]), "users.xml:3:32: warning: 1 password(s)"));

  const auto trouble = [&](const std::string& password) {
    return complaint("<users>\n<user username='a' password='" + password + "'/></users>", {},
                     substitutions);
  };
  CHECK(trouble("x${NONE}") ==
        "users.xml:2:31: error: attribute 'password' of <user>: 'NONE' is neither defined with "
        "-DNONE=... nor in the environment; write ${NONE:-default} to allow that");
  CHECK(has(trouble("${EMPTY}"), "2:30: error: this password is empty"));
  for (const char* secret : {"${se cret}", "secret${", "secret${NONE}", "${PW:=secret}"}) {
    CAPTURE(secret);
    CHECK(has(trouble(secret), "users.xml:2:"));
    CHECK_FALSE(has(trouble(secret), "cret"));
  }
}

TEST_CASE("MemoryRealm: what is wrong is told with its place, without the password") {
  CHECK(has(complaint("<users>\n <user username='a' passwort='secret'/></users>"),
            "users.xml:2:21: error: <user> has no attribute 'passwort'"));
  CHECK(has(complaint("<users>\n <user username='a' passwort='secret'/></users>"),
            "did you mean 'password'"));
  CHECK(has(complaint("<users><user password='p'/></users>"), "needs 'username'"));
  CHECK(has(complaint("<users><user username='a' password='p'/>"
                      "<user username='a' password='q'/></users>"),
            "user 'a' is already on line 1"));
  CHECK(has(complaint("<tomcat><user/></tomcat>"), "where <tomcat-users> must be"));
  const std::string broken =
      complaint("<users><user username='a' password='$argon2id$geheim'/></users>");
  CHECK(has(broken, "is not a complete $argon2id$ hash"));
  CHECK_FALSE(has(broken, "geheim"));
  const std::string plain =
      complaint("<users><user username='a' password='geheim'/></users>", {{}});
  CHECK(has(plain, "nothing that a <CredentialHandler>"));
  CHECK_FALSE(has(plain, "geheim"));
}
