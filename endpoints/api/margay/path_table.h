// Which of many patterns a path belongs to, in the order of the server's own routes.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace margay::detail {

inline constexpr std::size_t kMaxPathVariables = 16;  // of one pattern; more are refused

// What the variables of a pattern stand for, by their position in it: views into the path.
struct PathValues {
  std::array<std::string_view, kMaxPathVariables> values;
  std::size_t count = 0;
};

// Patterns: /a/b, /a/{name}, /a/{name...} for the rest, /a/* for everything below /a and itself,
// each with a number of the caller's. Order: literal before variable before rest, segment by
// segment from the left, then the longest of /a/*. Built once, then immutable; any thread.
class PathTable {
 public:
  // The names of the pattern's variables. Throws std::invalid_argument with what to write instead.
  std::vector<std::string> add(std::string_view pattern, std::uint32_t number) {
    if (pattern.empty() || pattern.front() != '/') refuse(pattern, "a pattern begins with '/'");
    std::vector<std::string> names;
    std::uint32_t node = 0;
    for (std::size_t at = 0; at < pattern.size();) {
      const std::size_t end = std::min(pattern.find('/', at + 1), pattern.size());
      const std::string_view segment = pattern.substr(at + 1, end - at - 1);
      const bool last = end == pattern.size();
      at = end;
      if (segment == "*") {
        if (!last) refuse(pattern, "'*' is for the end only: write '{name}' for one segment");
        if (!names.empty()) refuse(pattern, "behind variables write '{rest...}' instead of '*'");
        nodes_[node].below.push_back(number);
        return names;
      }
      if (segment.find_first_of("{}") == segment.npos) {
        check_literal(pattern, segment, last);
        node = literal(node, segment);
        continue;
      }
      const bool rest = take_variable(pattern, segment, names);
      if (rest && !last) refuse(pattern, "the rest of a path comes last");
      if (rest) {
        nodes_[node].rest.push_back(number);
        return names;
      }
      node = variable(node);
    }
    nodes_[node].end.push_back(number);
    return names;
  }

  // Calls `visit(numbers, values)` for each set of equal patterns that match, the best first, until
  // it gives true; gives whether it did. `path` begins with '/'. Allocates nothing and comes to
  // each node at most once.
  template <class Visit>
  bool match(std::string_view path, Visit&& visit) const {
    PathValues values;
    return descend(0, 0, path, values, visit) || below(0, 0, path, visit);
  }
  bool matches(std::string_view path) const {
    return match(path, [](std::span<const std::uint32_t>, const PathValues&) { return true; });
  }
  // Calls `each(numbers)` for each set of patterns that match the same paths.
  template <class Each>
  void each_place(Each&& each) const {
    for (const Node& node : nodes_)
      for (const auto* numbers : {&node.end, &node.rest, &node.below})
        if (!numbers->empty()) each(std::span<const std::uint32_t>(*numbers));
  }

 private:
  static constexpr std::uint32_t kNone = 0;  // no edge leads back to the root

  struct Node {
    std::vector<std::pair<std::string, std::uint32_t>> literals{};  // sorted
    std::uint32_t variable = kNone;
    std::vector<std::uint32_t> end{}, rest{}, below{};
  };

  [[noreturn]] static void refuse(std::string_view pattern, const std::string& why) {
    throw std::invalid_argument("pattern '" + std::string(pattern) + "': " + why);
  }

  static void check_literal(std::string_view pattern, std::string_view segment, bool last) {
    if (segment.empty() && (!last || pattern.ends_with("//")))
      refuse(pattern, "'//' never matches: paths have single slashes");
    if (segment == "." || segment == "..")
      refuse(pattern, "'" + std::string(segment) + "' never matches: paths are normalised first");
    for (const char c : segment) {
      if (c == '*') refuse(pattern, "'*' stands alone behind the last '/'");
      if (c == '?' || c == '#' || c == ';' || c == '\\')
        refuse(pattern, "'" + std::string(1, c) + "' never reaches a pattern");
      if (c == '%')
        refuse(pattern, "paths are decoded before matching: write the character itself");
    }
  }

  // Whether it is the rest.
  static bool take_variable(std::string_view pattern, std::string_view segment,
                            std::vector<std::string>& names) {
    if (segment.front() != '{' || segment.find('}') != segment.size() - 1 ||
        segment.rfind('{') != 0)
      refuse(pattern, "a variable is a whole segment, as in '/{name}/'");
    std::string_view name = segment.substr(1, segment.size() - 2);
    const bool rest = name.ends_with("...");
    if (rest) name.remove_suffix(3);
    if (name.empty()) refuse(pattern, "the variable has no name, as in '{id}'");
    if (std::find(names.begin(), names.end(), name) != names.end())
      refuse(pattern, "the variable '" + std::string(name) + "' is there twice");
    if (names.size() == kMaxPathVariables)
      refuse(pattern, "it has more than " + std::to_string(kMaxPathVariables) + " variables");
    names.emplace_back(name);
    return rest;
  }

  static auto place(const Node& node, std::string_view segment) {
    return std::lower_bound(
        node.literals.begin(), node.literals.end(), segment,
        [](const auto& edge, std::string_view text) { return edge.first < text; });
  }
  std::uint32_t find(const Node& node, std::string_view segment) const {
    const auto at = place(node, segment);
    return at != node.literals.end() && at->first == segment ? at->second : kNone;
  }
  std::uint32_t literal(std::uint32_t node, std::string_view segment) {
    if (const auto known = find(nodes_[node], segment); known != kNone) return known;
    const auto fresh = static_cast<std::uint32_t>(nodes_.size());
    nodes_[node].literals.emplace(place(nodes_[node], segment), segment, fresh);
    nodes_.emplace_back();
    return fresh;
  }
  std::uint32_t variable(std::uint32_t node) {
    if (nodes_[node].variable == kNone) {
      nodes_[node].variable = static_cast<std::uint32_t>(nodes_.size());
      nodes_.emplace_back();
    }
    return nodes_[node].variable;
  }

  // `at` is where a segment's '/' stands, or the path's end. As deep as the longest pattern.
  template <class Visit>
  bool descend(std::uint32_t number, std::size_t at, std::string_view path, PathValues& values,
               Visit& visit) const {
    const Node& node = nodes_[number];
    if (at == path.size())
      return !node.end.empty() && visit(std::span<const std::uint32_t>(node.end), values);
    const std::size_t end = std::min(path.find('/', at + 1), path.size());
    const std::string_view segment = path.substr(at + 1, end - at - 1);
    if (const auto next = find(node, segment);
        next != kNone && descend(next, end, path, values, visit))
      return true;
    if (node.variable != kNone && !segment.empty()) {
      values.values[values.count++] = segment;
      if (descend(node.variable, end, path, values, visit)) return true;
      --values.count;
    }
    if (node.rest.empty()) return false;
    values.values[values.count++] = path.substr(at + 1);
    if (visit(std::span<const std::uint32_t>(node.rest), values)) return true;
    --values.count;
    return false;
  }

  template <class Visit>
  bool below(std::uint32_t number, std::size_t at, std::string_view path, Visit& visit) const {
    const Node& node = nodes_[number];
    if (at < path.size()) {
      const std::size_t end = std::min(path.find('/', at + 1), path.size());
      const auto next = find(node, path.substr(at + 1, end - at - 1));
      if (next != kNone && below(next, end, path, visit)) return true;
    }
    return !node.below.empty() && visit(std::span<const std::uint32_t>(node.below), PathValues{});
  }

  std::vector<Node> nodes_{1};
};

}  // namespace margay::detail
