// How the constraints of one URL pattern are combined (Servlet 6.0 section 13.8.1).
#include "container/security/constraints.h"

#include <doctest/doctest.h>

using namespace container;
using namespace container::security;

namespace {

using Roles = std::optional<std::vector<std::string>>;
using Demand = Guard::Demand;

Guard guard(std::vector<AccessRule> rules, bool deny_uncovered = false) {
  Guard made(deny_uncovered);
  for (AccessRule& rule : rules) made.add(std::move(rule));
  return made;
}

Principal user(std::vector<std::string> roles) { return {"ada", std::move(roles), {}}; }

}  // namespace

TEST_CASE("Constraints: roles of several are added up, for the methods they name") {
  const Guard both = guard({{.methods = {"GET"}, .roles = Roles{{"reader"}}},
                            {.methods = {"GET", "PUT"}, .roles = Roles{{"writer"}}}});
  const RoleRules none;
  CHECK(both.demand("GET") == Demand::user);
  CHECK(both.admits("GET", user({"reader"}), none));
  CHECK(both.admits("GET", user({"writer"}), none));
  CHECK_FALSE(both.admits("PUT", user({"reader"}), none));
  CHECK(both.admits("PUT", user({"writer"}), none));
  CHECK_FALSE(both.admits("GET", user({}), none));
  CHECK(both.demand("DELETE") == Demand::nothing);
  CHECK(both.demand("get") == Demand::nothing);
}

TEST_CASE("Constraints: naming no role shuts out all, and having no roles lets all in") {
  CHECK(guard({{.roles = Roles{std::vector<std::string>{}}}}).demand("GET") == Demand::impossible);
  CHECK(guard({{.roles = Roles{{"a"}}}, {}}).demand("GET") == Demand::nothing);
  CHECK(guard({{.roles = Roles{std::vector<std::string>{}}}, {}}).demand("GET") ==
        Demand::impossible);
}

TEST_CASE("Constraints: deny-uncovered and omissions") {
  const AccessRule get{.methods = {"GET"}, .roles = Roles{{"a"}}};
  CHECK(guard({get}).demand("POST") == Demand::nothing);
  CHECK(guard({get}, true).demand("POST") == Demand::impossible);
  const AccessRule but_get{.omissions = {"GET"}, .roles = Roles{{"a"}}};
  CHECK(guard({but_get}).demand("GET") == Demand::nothing);
  CHECK(guard({but_get}).demand("ANY") == Demand::user);
  CHECK(guard({but_get}, true).demand("GET") == Demand::impossible);
}

TEST_CASE("allRolesMode: what `*` asks for") {
  const Guard all = guard({{.roles = Roles{{"*"}}}});
  const auto admits = [&](AllRolesMode mode, std::vector<std::string> declared,
                          std::vector<std::string> has) {
    return all.admits("GET", user(std::move(has)), {mode, std::move(declared)});
  };
  CHECK(admits(AllRolesMode::strict, {"a"}, {"a"}));
  CHECK_FALSE(admits(AllRolesMode::strict, {"a"}, {"b"}));
  CHECK_FALSE(admits(AllRolesMode::strict, {}, {"b"}));
  CHECK(admits(AllRolesMode::auth_only, {"a"}, {}));
  CHECK(admits(AllRolesMode::strict_auth_only, {}, {}));
  CHECK_FALSE(admits(AllRolesMode::strict_auth_only, {"a"}, {"b"}));
  const Guard any = guard({{.roles = Roles{{"**"}}}});
  CHECK(any.admits("GET", user({}), {}));
  CHECK_FALSE(any.admits("GET", user({}), {AllRolesMode::strict, {"**"}}));
}

TEST_CASE("Constraints: one that does not mind lets plain requests in") {
  CHECK(guard({{.confidential = true, .redirect_status = 308}}).confidential("GET") == 308);
  CHECK_FALSE(guard({{.confidential = true}, {}}).confidential("GET"));
  CHECK_FALSE(guard({{.methods = {"PUT"}, .confidential = true}}).confidential("GET"));
}
