// Files of users as Tomcat has them, and what is said about wrong ones.
#include "container/security/users_file.h"

#include <doctest/doctest.h>

using namespace container;
using namespace container::security;

namespace {

std::string complaint(const std::string& text, const std::vector<HashRule>& rules = {}) {
  std::vector<Diagnostic> warnings;
  try {
    parse_users(text, "users.xml", rules, warnings);
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
      "  <user name='old' password='${x}$$' roles=''/>\n"
      "</tomcat-users>",
      "users.xml", {}, warnings);
  REQUIRE(users.size() == 2);
  CHECK(users.at("ada").roles == std::vector<std::string>{"manager", "staff"});
  CHECK(users.at("old").roles.empty());
  CHECK(users.at("old").credential.matches("${x}$$"));
  REQUIRE(warnings.size() == 1);
  CHECK(has(to_string(warnings[0]), "users.xml:4:34: warning: 2 password(s)"));
  CHECK(has(to_string(warnings[0]), "which DIGEST alone needs"));  // no advice that would break it
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
