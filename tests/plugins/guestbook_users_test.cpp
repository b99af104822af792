// The users of the sample "guestbook", and how their passwords are stored.
#include <doctest/doctest.h>

#include <unistd.h>

#include <filesystem>
#include <string>

#include "plugins/guestbook/password.h"
#include "plugins/guestbook/users.h"
#include "tests/plugins/database_folder.h"

using guestbook::Users;

namespace {

using Folder = tests::DatabaseFolder;

}  // namespace

TEST_CASE("a password is stored with a salt, and only itself matches") {
  const std::string stored = guestbook::hash_of("correct horse");
  CHECK(stored.starts_with("$scrypt$ln=15,r=8,p=1$"));
  CHECK(stored.find("horse") == stored.npos);
  CHECK(stored != guestbook::hash_of("correct horse"));
  CHECK(guestbook::matches(stored, "correct horse"));
  CHECK_FALSE(guestbook::matches(stored, "correct hors"));
  CHECK_FALSE(guestbook::matches(stored, ""));
}

TEST_CASE("what is no stored password matches nothing") {
  const std::string stored = guestbook::hash_of("pw");
  for (const std::string& bad :
       {std::string(), std::string("pw"), std::string("$scrypt$ln=15,r=8,p=1$"),
        stored.substr(0, stored.size() - 4), stored + "AAAA",
        std::string("$scrypt$ln=15,r=8,p=1$!$!")}) {
    CAPTURE(bad);
    CHECK_FALSE(guestbook::matches(bad, "pw"));
  }
}

TEST_CASE("users are found in any case, with their own password, and names are taken once") {
  const Folder folder;
  Users users(folder.file());
  CHECK(users.add("Ada", "one") == Users::Added::yes);
  CHECK(users.add("ADA", "two") == Users::Added::taken);
  CHECK(users.check("ada", "one") == "Ada");
  CHECK_FALSE(users.check("Ada", "two").has_value());
  CHECK_FALSE(users.check("bob", "one").has_value());
  CHECK_FALSE(users.check("' OR 1=1 --", "one").has_value());
  // Another object, as the realm has one.
  CHECK(Users(folder.file()).check("Ada", "one") == "Ada");
}
