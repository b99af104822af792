// The users of a realm, as in Tomcat's conf/tomcat-users.xml.
#include "container/security/users_file.h"

#include <algorithm>
#include <fstream>
#include <optional>
#include <sstream>
#include <utility>

#include "container/config/report.h"
#include "container/config/source_text.h"
#include "container/config/suggestion.h"
#include "container/config/unique_names.h"
#include "container/config/value.h"
#include "container/config/xml.h"
#include "server/crypto/digest.h"

namespace container::security {

namespace {

constexpr std::size_t kMostBytes = 16U * 1024 * 1024;

class UsersReader {
 public:
  UsersReader(Report& report, const std::vector<HashRule>& rules,
              const Substitutions& substitutions)
      : report_(report), rules_(rules), substitutions_(substitutions), names_("user", report) {}

  Users read(const XmlElement& root) {
    if (root.name != "tomcat-users" && root.name != "users") {
      report_.error(at(root.offset), "the root element is <" + std::string(root.name) +
                                         ">, where <tomcat-users> must be");
      return {};
    }
    for (const XmlElement& one : root.children) {
      if (one.name == "user")
        read_user(one);
      else if (one.name == "role")
        check(one, {"rolename", "description"});
      else if (one.name == "group")
        report_.error(at(one.offset), "<group> is not known here; give its roles to its users");
      else
        report_.error(at(one.offset),
                      "<" + std::string(one.name) + "> is not known here; write <user> or <role>");
    }
    if (plain_ != 0)
      report_.warning(first_plain_,
                      std::to_string(plain_) +
                          " password(s) of this file are in plain text, which DIGEST alone needs; "
                          "for other logins write what `margay digest` makes");
    return std::move(users_);
  }

 private:
  SourcePosition at(std::size_t offset) const { return report_.source().position(offset); }

  void check(const XmlElement& one, const std::vector<std::string_view>& known) {
    for (const XmlAttribute& attribute : one.attributes) {
      if (std::find(known.begin(), known.end(), attribute.name) != known.end()) continue;
      report_.error(at(attribute.offset), "<" + std::string(one.name) + "> has no attribute '" +
                                              std::string(attribute.name) + "'" +
                                              did_you_mean(attribute.name, known));
    }
    for (const XmlElement& child : one.children)
      report_.error(at(child.offset), "nothing may stand in <" + std::string(one.name) + ">");
  }

  // With what its ${NAME}s stand for; nothing where that is wrong, which is reported then.
  std::optional<Expansion> expanded(const XmlAttribute& attribute) {
    auto expansion = expand(attribute.value.value, substitutions_);
    if (expansion) return std::move(*expansion);
    const std::size_t offset = attribute.value.verbatim ? expansion.error().offset : 0;
    report_.error(
        at(attribute.value.offset + offset),
        "attribute '" + std::string(attribute.name) + "' of <user>: " + expansion.error().text);
    return std::nullopt;
  }

  void read_user(const XmlElement& one) {
    check(one, {"username", "name", "password", "roles", "fullName"});
    const XmlAttribute* name = one.find("username");
    if (name == nullptr) name = one.find("name");
    const XmlAttribute* password = one.find("password");
    if (name == nullptr || name->value.value.empty()) {
      report_.error(at(one.offset), "<user> needs 'username'");
      return;
    }
    if (password == nullptr) {
      report_.error(at(one.offset), "<user> needs 'password'");
      return;
    }
    const XmlAttribute* roles = one.find("roles");
    const auto its_name = expanded(*name);
    const auto secret = expanded(*password);
    const auto its_roles = roles == nullptr ? std::optional(Expansion{}) : expanded(*roles);
    if (!its_name || !secret || !its_roles) return;
    if (its_name->text.empty())
      return report_.error(at(name->value.offset), "<user> needs 'username'");
    // A variable that somebody forgot to fill must not let everybody in.
    if (secret->text.empty() && !secret->literal)
      return report_.error(at(password->value.offset),
                           "this password is empty once its names are replaced");
    names_.add(its_name->text, at(name->value.offset));
    auto credential = Credential::parse(secret->text, rules_);
    if (!credential) {
      report_.error(at(password->value.offset), "this password " + credential.error());
      return;
    }
    // What the environment or -D says is not in this file.
    if (credential->plain_text() && secret->origin == Origin::Kind::file) {
      if (plain_++ == 0) first_plain_ = at(password->value.offset);
    }
    User user{std::move(*credential), {}, {}};
    for (const Item& role : split_list(its_roles->text)) user.roles.emplace_back(role.text);
    user.stamp = stamp_of(secret->text, user.roles);
    users_.emplace(its_name->text, std::move(user));
  }

  static std::string stamp_of(std::string_view password, const std::vector<std::string>& roles) {
    std::string all(password);
    for (const std::string& role : roles) all.append(1, '\0').append(role);
    return server::crypto::digest(server::crypto::Hash::sha256, {all});
  }

  Report& report_;
  const std::vector<HashRule>& rules_;
  const Substitutions& substitutions_;
  UniqueNames names_;
  Users users_;
  std::size_t plain_ = 0;
  SourcePosition first_plain_;
};

[[noreturn]] void refuse(const std::string& name, std::string message) {
  throw ConfigError({{.position = {.file = std::make_shared<const std::string>(name)},
                      .message = std::move(message)}});
}

}  // namespace

Users parse_users(std::string_view text, const std::string& name,
                  const std::vector<HashRule>& rules, const Substitutions& substitutions,
                  std::vector<Diagnostic>& warnings) {
  const SourceText source(name, text);
  std::vector<Diagnostic> found;
  Report report(source);
  Users users;
  if (const std::optional<XmlDocument> document = parse_xml(source, report))
    users = UsersReader(report, rules, substitutions).read(document->root);
  // Excerpts would show passwords.
  try {
    report.finish(found);
  } catch (const ConfigError& error) {
    std::vector<Diagnostic> covered = error.diagnostics();
    for (Diagnostic& one : covered) one.excerpt.clear();
    throw ConfigError(std::move(covered));
  }
  for (Diagnostic& one : found) {
    one.excerpt.clear();
    warnings.push_back(std::move(one));
  }
  return users;
}

Users read_users(const std::filesystem::path& file, const std::vector<HashRule>& rules,
                 const Substitutions& substitutions, std::vector<Diagnostic>& warnings) {
  std::ifstream in(file, std::ios::binary);
  std::error_code error;
  if (!in || std::filesystem::is_directory(file, error))
    refuse(file.string(), "cannot be opened; a realm wants its users from there");
  std::ostringstream text;
  text << in.rdbuf();
  if (text.view().size() > kMostBytes)
    refuse(file.string(), "is larger than 16 MiB; keep so many users in a realm of a library");
  return parse_users(text.view(), file.string(), rules, substitutions, warnings);
}

}  // namespace container::security
