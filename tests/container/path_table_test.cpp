// The paths of a Dispatcher go the way which the server's own routes would go.
#include <margay/path_table.h>

#include <doctest/doctest.h>

#include <array>
#include <random>
#include <string>
#include <vector>

#include "container/route_table.h"

using margay::detail::PathTable;
using margay::detail::PathValues;

namespace {

// "number: value value", or "nothing".
std::string line(std::uint32_t number, const std::vector<std::string>& values) {
  std::string text = std::to_string(number) + ":";
  for (const std::string& value : values) text += " " + value;
  return text;
}

std::string found(const container::RouteTable& table, std::string_view path) {
  container::RouteMatch match;
  if (!table.lookup(path, match)) return "nothing";
  std::vector<std::string> values;
  for (const auto& variable : match.variables()) values.emplace_back(variable.value);
  return line(match.index, values);
}

std::string found(const PathTable& table, std::string_view path) {
  std::string said = "nothing";
  table.match(path, [&](std::span<const std::uint32_t> numbers, const PathValues& its) {
    said = line(numbers.front(), {its.values.begin(), its.values.begin() + its.count});
    return true;
  });
  return said;
}

template <class Random>
std::string some_path(Random& random, bool is_pattern) {
  static constexpr std::array kSegments{"a", "b", "c", "{x}", "{y}", "{z...}", "*", ""};
  std::string path;
  const auto segments = 1 + random() % 4;
  for (unsigned i = 0; i < segments; ++i)
    path += std::string("/") + kSegments[random() % (is_pattern ? kSegments.size() : 3)];
  if (!is_pattern && random() % 4 == 0) path += "/";
  return path;
}

}  // namespace

TEST_CASE("a dispatcher's patterns have the order of the server's own routes") {
  std::minstd_rand random(7);
  unsigned matched = 0;
  for (int round = 0; round < 300; ++round) {
    std::vector<container::Route> routes;
    PathTable table;
    while (routes.size() < 8) {
      const std::string text = some_path(random, true);
      auto pattern = container::Pattern::parse(text);
      if (text == "/") continue;  // the server's "whatever nothing else takes"; here the root
      CAPTURE(text);
      const auto number = static_cast<std::uint32_t>(routes.size());
      if (!pattern) {  // what the server refuses is refused here
        PathTable other;
        CHECK_THROWS_AS(other.add(text, 0), std::invalid_argument);
        continue;
      }
      routes.push_back({*pattern, number});
      if (!container::RouteTable::build(routes)) {
        routes.pop_back();  // the same paths twice
        continue;
      }
      table.add(text, number);
    }
    const auto built = container::RouteTable::build(routes);
    REQUIRE(built.has_value());
    for (int i = 0; i < 100; ++i) {
      const std::string path = some_path(random, false);
      CAPTURE(path);
      const std::string expected = found(*built, path);
      matched += expected != "nothing";
      CHECK(found(table, path) == expected);
    }
  }
  CHECK(matched > 10'000);
}

TEST_CASE("the root is a path of its own, and where a match is not taken the next is offered") {
  PathTable table;
  table.add("/", 1);
  table.add("/*", 2);
  table.add("/a/{x}", 3);
  table.add("/a/b", 4);
  table.add("/a/{y...}", 5);
  CHECK(found(table, "/") == "1:");
  CHECK(found(table, "/other") == "2:");
  std::string all;
  CHECK_FALSE(table.match("/a/b", [&](std::span<const std::uint32_t> numbers, const PathValues&) {
    all += std::to_string(numbers.front());
    return false;
  }));
  CHECK(all == "4352");
}

TEST_CASE("patterns that no path can match are refused with a hint") {
  const std::pair<const char*, const char*> rows[] = {
      {"a", "begins with '/'"},
      {"/a/*/b", "write '{name}' for one segment"},
      {"/{a}/*", "write '{rest...}'"},
      {"/{a...}/b", "comes last"},
      {"/a{b}", "a whole segment"},
      {"/{}", "has no name"},
      {"/{a}/{a}", "is there twice"},
      {"/a//b", "single slashes"},
      {"/a/../b", "normalised first"},
      {"/a%20b", "write the character itself"},
      {"/a?b", "never reaches a pattern"},
  };
  for (const auto& [pattern, said] : rows) {
    PathTable table;
    std::string heard;
    try {
      table.add(pattern, 0);
    } catch (const std::invalid_argument& error) {
      heard = error.what();
    }
    CAPTURE(heard);
    CHECK(heard.find(said) != std::string::npos);
  }
}
