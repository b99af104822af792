// Which route a path takes, in the order the Servlet specification and the templates ask for.
#include "container/route_table.h"

#include <doctest/doctest.h>

#include <initializer_list>
#include <string>
#include <vector>

using namespace container;

namespace {

std::vector<Route> routes(std::initializer_list<std::string_view> patterns) {
  std::vector<Route> result;
  for (std::string_view text : patterns) {
    auto pattern = Pattern::parse(text);
    REQUIRE_MESSAGE(pattern, std::string(text));
    result.push_back({std::move(*pattern), static_cast<std::uint32_t>(result.size() + 100)});
  }
  return result;
}

// Says what a look-up found as one line: pattern | servlet path | path info | variables.
std::string found(const std::vector<Route>& given, const RouteTable& table, std::string_view path) {
  RouteMatch match;
  if (!table.lookup(path, match)) return "nothing";
  std::string line = given[match.index - 100].pattern.text() + " | " +
                     std::string(match.servlet_path) + " | " + std::string(match.path_info) + " |";
  for (const PathVariable& variable : match.variables())
    line += " " + std::string(variable.name) + "=" + std::string(variable.value);
  return line;
}

struct Row {
  std::string_view path, expected;
};

void check(std::initializer_list<std::string_view> patterns, std::initializer_list<Row> rows) {
  const auto given = routes(patterns);
  const auto table = RouteTable::build(given);
  REQUIRE(table);
  for (const Row& row : rows) {
    CAPTURE(row.path);
    CHECK(found(given, *table, row.path) == row.expected);
  }
}

}  // namespace

TEST_CASE("the order of the Servlet specification") {
  check({"/", "*.do", "/a/*", "/a/b/*", "/a/b", "", "/catalog"},
        {
            {"/", " |  | / |"},
            {"/a/b", "/a/b | /a/b |  |"},
            {"/a/b/", "/a/b/* | /a/b | / |"},
            {"/a/b/c", "/a/b/* | /a/b | /c |"},
            {"/a/bc", "/a/* | /a | /bc |"},
            {"/a", "/a/* | /a |  |"},
            {"/a/", "/a/* | /a | / |"},
            {"/a/x.do", "/a/* | /a | /x.do |"},
            {"/x.do", "*.do | /x.do |  |"},
            {"/x/y.z.do", "*.do | /x/y.z.do |  |"},
            {"/x.do/", "/ | /x.do/ |  |"},
            {"/x.do/y", "/ | /x.do/y |  |"},
            {"/x.DO", "/ | /x.DO |  |"},
            {"/x.do.", "/ | /x.do. |  |"},
            {"/catalog", "/catalog | /catalog |  |"},
            {"/catalog/", "/ | /catalog/ |  |"},
            {"/Catalog", "/ | /Catalog |  |"},
            {"/ab", "/ | /ab |  |"},
            {"", "/ |  |  |"},
        });
}

TEST_CASE("everything, or nothing") {
  check({"/*", "*.do", "/"},
        {{"/", "/* |  | / |"}, {"/x.do", "/* |  | /x.do |"}, {"", "/* |  |  |"}});
  check({"/a"}, {{"/", "nothing"}, {"/b", "nothing"}, {"/a/", "nothing"}, {"", "nothing"}});
  check({}, {{"/", "nothing"}, {"/a.b", "nothing"}, {"", "nothing"}});
  check({""}, {{"/", " |  | / |"}, {"", "nothing"}, {"/a", "nothing"}});
}

TEST_CASE("templates stand between exact and prefix") {
  check({"/users/me", "/users/{id}", "/users/*", "*.do", "/"},
        {
            {"/users/me", "/users/me | /users/me |  |"},
            {"/users/7", "/users/{id} | /users/7 |  | id=7"},
            {"/users/x.do", "/users/{id} | /users/x.do |  | id=x.do"},
            {"/users/", "/users/* | /users | / |"},
            {"/users/7/", "/users/* | /users | /7/ |"},
            {"/users", "/users/* | /users |  |"},
            {"/user/7", "/ | /user/7 |  |"},
        });
}

TEST_CASE("literal before variable before rest, from the left") {
  check({"/{x...}", "/a/{y...}", "/a/{b}", "/a/{b}/c", "/{a}/b", "/a/{b}/{c}", "/a/{b}/c/{d...}"},
        {
            {"/a/1", "/a/{b} | /a/1 |  | b=1"},
            {"/a/b", "/a/{b} | /a/b |  | b=b"},
            {"/z/b", "/{a}/b | /z/b |  | a=z"},
            {"/a/1/c", "/a/{b}/c | /a/1/c |  | b=1"},
            {"/a/1/d", "/a/{b}/{c} | /a/1/d |  | b=1 c=d"},
            {"/a/1/c/", "/a/{b}/c/{d...} | /a/1/c | / | b=1 d="},
            {"/a/1/c/e/f", "/a/{b}/c/{d...} | /a/1/c | /e/f | b=1 d=e/f"},
            {"/a/1/d/e", "/a/{y...} | /a | /1/d/e | y=1/d/e"},
            {"/a/", "/a/{y...} | /a | / | y="},
            {"/a", "/{x...} |  | /a | x=a"},
            {"/", "/{x...} |  | / | x="},
        });
}

TEST_CASE("a better start that leads nowhere is given up") {
  check({"/a/{x}/c", "/{y}/b/d", "/{p}/{q}/{r}/e", "/a/b/{z}/f"},
        {
            {"/a/b/d", "/{y}/b/d | /a/b/d |  | y=a"},
            {"/a/b/c", "/a/{x}/c | /a/b/c |  | x=b"},
            {"/a/b/c/e", "/{p}/{q}/{r}/e | /a/b/c/e |  | p=a q=b r=c"},
            {"/a/b/c/f", "/a/b/{z}/f | /a/b/c/f |  | z=c"},
            {"/a/b/c/g", "nothing"},
        });
}

TEST_CASE("a trailing slash is a segment of its own") {
  check({"/x/{y}", "/x/{y}/"}, {{"/x/1", "/x/{y} | /x/1 |  | y=1"},
                                {"/x/1/", "/x/{y}/ | /x/1/ |  | y=1"},
                                {"/x/", "nothing"}});
}

TEST_CASE("a match used again forgets the former one") {
  const auto given = routes({"/u/{a}/{b}", "/x"});
  const auto table = RouteTable::build(given);
  REQUIRE(table);
  RouteMatch match;
  REQUIRE(table->lookup("/u/1/2", match));
  CHECK(match.variables().size() == 2);
  REQUIRE(table->lookup("/x", match));
  CHECK(match.variables().empty());
  CHECK(match.path_info.empty());
}

TEST_CASE("patterns that fight are both named") {
  struct Conflict {
    std::initializer_list<std::string_view> patterns;
    std::size_t first, second;
    std::string_view text;
  };
  for (const Conflict& row : {
           Conflict{{"/a", "/b", "/a"}, 0, 2, "the pattern '/a' is given twice"},
           Conflict{{"/a/*", "/a/*"}, 0, 1, "the pattern '/a/*' is given twice"},
           Conflict{{"*.x", "*.y", "*.x"}, 0, 2, "the pattern '*.x' is given twice"},
           Conflict{{"/", "/"}, 0, 1, "the pattern '/' is given twice"},
           Conflict{{"", ""}, 0, 1, "the pattern '' is given twice"},
           Conflict{{"/u/{a}", "/v/{a}", "/u/{b}"},
                    0,
                    2,
                    "the patterns '/u/{a}' and '/u/{b}' match the same paths"},
           Conflict{{"/u/{a...}", "/u/{b...}"},
                    0,
                    1,
                    "the patterns '/u/{a...}' and '/u/{b...}' match the same paths"},
       }) {
    const auto table = RouteTable::build(routes(row.patterns));
    REQUIRE_FALSE(table);
    CHECK(table.error().first == row.first);
    CHECK(table.error().second == row.second);
    CHECK(table.error().text == row.text);
  }
  CHECK(
      RouteTable::build(routes({"/a", "/a/", "/a/*", "/{x}", "/{x}/", "/{x...}", "", "/", "/*"})));
}

TEST_CASE("hundreds of routes keep apart") {
  std::vector<Route> given;
  for (std::uint32_t i = 0; i < 600; ++i) {
    const std::string n = std::to_string(i);
    const std::string text = i % 3 == 0   ? "/exact/" + n
                             : i % 3 == 1 ? "/prefix" + n + "/*"
                                          : "/t" + n + "/{v}/x";
    given.push_back({*Pattern::parse(text), i + 100});
  }
  const auto table = RouteTable::build(given);
  REQUIRE(table);
  for (std::uint32_t i = 0; i < 600; ++i) {
    const std::string n = std::to_string(i);
    RouteMatch match;
    REQUIRE(table->lookup(i % 3 == 0   ? "/exact/" + n
                          : i % 3 == 1 ? "/prefix" + n + "/a/b"
                                       : "/t" + n + "/7/x",
                          match));
    CHECK(match.index == i + 100);
  }
}
