// Builds a route table from the input's lines and compares every look-up with a plain reading of
// the rules. Lines: patterns, then an empty line, then paths.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "container/route_table.h"

using namespace container;

namespace {

constexpr std::size_t max_routes = 64;
constexpr std::size_t max_paths = 64;

using Kind = Pattern::Kind;
using Segment = Pattern::Segment;

void require(bool condition) {
  if (!condition) std::abort();
}

std::vector<std::string> split(std::string_view text, char by) {
  std::vector<std::string> parts(1);
  for (char c : text) {
    if (c == by) {
      parts.emplace_back();
    } else {
      parts.back() += c;
    }
  }
  return parts;
}

// What the rules say a path gives, written as text: which route, the two paths, the variables.
struct Answer {
  std::size_t route = 0;
  std::string servlet_path, path_info;
  std::vector<std::pair<std::string, std::string>> variables;

  bool operator==(const Answer&) const = default;
};

// By regular reading: as many segments, or at least as many where the last takes the rest.
std::optional<Answer> apply_template(const Pattern& pattern, std::string_view path) {
  if (!path.starts_with('/')) return std::nullopt;
  const std::vector<std::string> actual = split(path.substr(1), '/');
  const std::vector<Segment>& wanted = pattern.segments();
  const bool rest = wanted.back().kind == Segment::Kind::rest;
  if (rest ? actual.size() < wanted.size() : actual.size() != wanted.size()) return std::nullopt;
  Answer answer;
  std::string before;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    if (wanted[i].kind == Segment::Kind::rest) {
      std::string value = actual[i];
      for (std::size_t j = i + 1; j < actual.size(); ++j) value += "/" + actual[j];
      answer.servlet_path = before;
      answer.path_info = "/" + value;
      answer.variables.emplace_back(wanted[i].text, value);
      return answer;
    }
    before += "/" + actual[i];
    if (wanted[i].kind == Segment::Kind::literal) {
      if (actual[i] != wanted[i].text) return std::nullopt;
      continue;
    }
    if (actual[i].empty()) return std::nullopt;
    answer.variables.emplace_back(wanted[i].text, actual[i]);
  }
  answer.servlet_path = before;
  return answer;
}

// Smaller is better; only templates that match the same path are compared.
std::vector<int> rank(const Pattern& pattern) {
  std::vector<int> result;
  for (const Segment& segment : pattern.segments())
    result.push_back(static_cast<int>(segment.kind));
  return result;
}

std::optional<Answer> best_template(const std::vector<Route>& routes, std::string_view path) {
  std::optional<Answer> best;
  std::vector<int> best_rank;
  for (std::size_t i = 0; i < routes.size(); ++i) {
    if (routes[i].pattern.kind() != Kind::variables) continue;
    auto answer = apply_template(routes[i].pattern, path);
    if (!answer || (best && best_rank <= rank(routes[i].pattern))) continue;
    best_rank = rank(routes[i].pattern);
    answer->route = i;
    best = std::move(answer);
  }
  return best;
}

bool has_extension(std::string_view path, std::string_view extension) {
  const std::string last = split(path, '/').back();
  const std::vector<std::string> parts = split(last, '.');
  return parts.size() > 1 && parts.back() == extension;
}

std::optional<Answer> reference(const std::vector<Route>& routes, const std::string& path) {
  for (std::size_t i = 0; i < routes.size(); ++i)
    if (routes[i].pattern.kind() == Kind::exact && routes[i].pattern.text() == path)
      return Answer{i, path, "", {}};
  for (std::size_t i = 0; i < routes.size(); ++i)
    if (routes[i].pattern.kind() == Kind::context_root && path == "/")
      return Answer{i, "", "/", {}};
  if (auto best = best_template(routes, path)) return best;
  std::optional<Answer> longest;
  for (std::size_t i = 0; i < routes.size(); ++i) {
    if (routes[i].pattern.kind() != Kind::prefix) continue;
    const std::string prefix =
        routes[i].pattern.text().substr(0, routes[i].pattern.text().size() - 2);
    if ((path + "/").rfind(prefix + "/", 0) != 0) continue;
    if (!longest || prefix.size() > longest->servlet_path.size())
      longest = Answer{i, prefix, path.substr(prefix.size()), {}};
  }
  if (longest) return longest;
  for (std::size_t i = 0; i < routes.size(); ++i)
    if (routes[i].pattern.kind() == Kind::extension &&
        has_extension(path, routes[i].pattern.text().substr(2)))
      return Answer{i, path, "", {}};
  for (std::size_t i = 0; i < routes.size(); ++i)
    if (routes[i].pattern.kind() == Kind::fallback) return Answer{i, path, "", {}};
  return std::nullopt;
}

// Two patterns that differ at most in their variables' names.
bool same_paths(const Pattern& a, const Pattern& b) {
  if (a.kind() != Kind::variables || b.kind() != Kind::variables) return a.text() == b.text();
  return std::equal(a.segments().begin(), a.segments().end(), b.segments().begin(),
                    b.segments().end(), [](const Segment& x, const Segment& y) {
                      return x.kind == y.kind &&
                             (x.kind != Segment::Kind::literal || x.text == y.text);
                    });
}

bool has_conflict(const std::vector<Route>& routes) {
  for (std::size_t i = 0; i < routes.size(); ++i)
    for (std::size_t j = 0; j < i; ++j)
      if (same_paths(routes[i].pattern, routes[j].pattern)) return true;
  return false;
}

void compare(const std::vector<Route>& routes, const RouteTable& table, const std::string& path,
             RouteMatch& match) {
  const auto expected = reference(routes, path);
  const bool found = table.lookup(path, match);
  require(found == expected.has_value());
  if (!found) return;
  Answer actual{match.index, std::string(match.servlet_path), std::string(match.path_info), {}};
  for (const PathVariable& variable : match.variables())
    actual.variables.emplace_back(variable.name, variable.value);
  require(actual == *expected);
}

void compare_filters(const std::vector<Route>& routes, const std::string& path) {
  for (const Route& route : routes) {
    const Pattern& pattern = route.pattern;
    const bool matches = pattern.matches_filter(path);
    if (pattern.kind() == Kind::variables)
      require(matches == apply_template(pattern, path).has_value());
    if (pattern.kind() == Kind::exact) require(matches == (path == pattern.text()));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(bytes), size);
  std::vector<Route> routes;
  std::vector<std::string> paths;
  bool patterns = true;
  for (const std::string& line : split(text, '\n')) {
    if (patterns && line.empty()) {
      patterns = false;
    } else if (!patterns) {
      if ((line.empty() || line.front() == '/') && paths.size() < max_paths) paths.push_back(line);
    } else if (auto pattern = Pattern::parse(line == "root" ? "" : line)) {
      if (routes.size() == max_routes) continue;
      routes.push_back({std::move(*pattern), static_cast<std::uint32_t>(routes.size())});
    } else {
      require(pattern.error().offset <= line.size() && !pattern.error().text.empty());
    }
  }
  const auto table = RouteTable::build(routes);
  require(table.has_value() != has_conflict(routes));
  if (!table) return 0;
  RouteMatch match;
  for (const std::string& path : paths) {
    compare(routes, *table, path, match);
    compare_filters(routes, path);
  }
  return 0;
}
