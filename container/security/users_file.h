// The users of a realm, as in Tomcat's conf/tomcat-users.xml.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "container/config/diagnostic.h"
#include "container/config/substitution.h"
#include "container/security/credential.h"

namespace container::security {

struct User {
  Credential credential;
  std::vector<std::string> roles;
  std::string stamp;  // another one when anything of this changes
};
using Users = std::map<std::string, User, std::less<>>;

// Names as in ${NAME} are looked up as in server.xml. Throws ConfigError with everything that is
// wrong; warns of passwords in plain text. Messages never show a password.
Users parse_users(std::string_view text, const std::string& name,
                  const std::vector<HashRule>& rules, const Substitutions& substitutions,
                  std::vector<Diagnostic>& warnings);
Users read_users(const std::filesystem::path& file, const std::vector<HashRule>& rules,
                 const Substitutions& substitutions, std::vector<Diagnostic>& warnings);

}  // namespace container::security
