// Building and walking the tables; every value in them is the position of a route, which also names
// a conflict.
#include "container/route_table.h"

#include <cassert>

namespace container {
namespace {

// The next '/' from `at` on, or the end. Segments are short: a plain loop is faster than a call to
// memchr.
std::size_t segment_end(std::string_view path, std::size_t at) {
  while (at < path.size() && path[at] != '/') ++at;
  return at;
}

}  // namespace

std::uint32_t RouteTable::literal_child(std::uint32_t node, std::string_view segment) {
  const auto fresh = static_cast<std::uint32_t>(nodes_.size());
  if (const auto known = edges_.insert(segment, fresh, node)) return *known;
  nodes_[node].literals = true;
  nodes_.emplace_back();
  return fresh;
}

std::uint32_t RouteTable::variable_child(std::uint32_t node) {
  if (nodes_[node].variable == none) {
    nodes_[node].variable = static_cast<std::uint32_t>(nodes_.size());
    nodes_.emplace_back();
  }
  return nodes_[node].variable;
}

// Names of variables do not tell templates apart.
std::optional<std::uint32_t> RouteTable::add_template(const Route& route, std::uint32_t position) {
  if (nodes_.empty()) nodes_.emplace_back();
  Template added{route.index, position, {}};
  std::uint32_t node = 0;
  bool rest = false;
  for (const Pattern::Segment& segment : route.pattern.segments()) {
    if (segment.kind == Pattern::Segment::Kind::literal) {
      node = literal_child(node, segment.text);
      continue;
    }
    added.names.push_back(segment.text);
    rest = segment.kind == Pattern::Segment::Kind::rest;
    if (!rest) node = variable_child(node);
  }
  std::uint32_t& place = rest ? nodes_[node].rest : nodes_[node].end;
  if (place != none) return templates_[place].position;
  place = static_cast<std::uint32_t>(templates_.size());
  templates_.push_back(std::move(added));
  return std::nullopt;
}

std::optional<std::uint32_t> RouteTable::add(const Route& route, std::uint32_t position) {
  const auto put = [position](std::optional<std::uint32_t>& place) {
    const auto former = place;
    if (!former) place = position;
    return former;
  };
  switch (route.pattern.kind()) {
    case Pattern::Kind::exact:
      return exact_.insert(route.pattern.literal(), position);
    case Pattern::Kind::prefix:
      return prefixes_.insert(route.pattern.literal(), position);
    case Pattern::Kind::extension:
      return extensions_.insert(route.pattern.literal(), position);
    case Pattern::Kind::context_root:
      return put(context_root_);
    case Pattern::Kind::fallback:
      return put(fallback_);
    case Pattern::Kind::variables:
      return add_template(route, position);
  }
  return std::nullopt;
}

tl::expected<RouteTable, RouteConflict> RouteTable::build(std::span<const Route> routes) {
  RouteTable table;
  for (std::size_t i = 0; i < routes.size(); ++i) {
    table.indexes_.push_back(routes[i].index);
    const auto former = table.add(routes[i], static_cast<std::uint32_t>(i));
    if (!former) continue;
    const std::string& first = routes[*former].pattern.text();
    const std::string& second = routes[i].pattern.text();
    return tl::unexpected(RouteConflict{
        *former, i,
        first == second
            ? "the pattern '" + first + "' is given twice"
            : "the patterns '" + first + "' and '" + second + "' match the same paths"});
  }
  return table;
}

void RouteTable::finish(const Template& found, RouteMatch& match) const {
  match.index = found.index;
  match.count = found.names.size();
  for (std::size_t i = 0; i < match.count; ++i) match.storage[i].name = found.names[i];
}

// `at` is where a segment's '/' stands, or the path's end. Recursion is as deep as the longest
// template.
bool RouteTable::descend(std::uint32_t number, std::size_t at, std::string_view path,
                         RouteMatch& match) const {
  const Node& node = nodes_[number];
  if (at == path.size()) {
    if (node.end == none) return false;
    match.servlet_path = path;
    match.path_info = {};
    finish(templates_[node.end], match);
    return true;
  }
  if (node.literals || node.variable != none) {
    const std::size_t end = segment_end(path, at + 1);
    const std::string_view segment = path.substr(at + 1, end - at - 1);
    if (node.literals) {
      const std::uint32_t child = edges_.find(segment, number);
      if (child != none && descend(child, end, path, match)) return true;
    }
    if (node.variable != none && !segment.empty()) {
      match.storage[match.count++].value = segment;
      if (descend(node.variable, end, path, match)) return true;
      --match.count;
    }
  }
  if (node.rest == none) return false;
  match.storage[match.count].value = path.substr(at + 1);
  match.servlet_path = path.substr(0, at);
  match.path_info = path.substr(at);
  finish(templates_[node.rest], match);
  return true;
}

bool RouteTable::lookup(std::string_view path, RouteMatch& match) const {
  assert(path.empty() || path.front() == '/');
  match.count = 0;
  match.is_default = match.is_extension = false;
  const auto whole = [&](std::uint32_t position) {
    match.index = indexes_[position];
    match.servlet_path = path;
    match.path_info = {};
    return true;
  };
  if (const auto exact = exact_.find(path); exact != none) return whole(exact);
  if (context_root_ && path == "/") {
    match.index = indexes_[*context_root_];
    match.servlet_path = {};
    match.path_info = path;
    return true;
  }
  if (!nodes_.empty() && descend(0, 0, path, match)) return true;
  if (const auto prefix = prefixes_.longest_prefix(path); prefix.value != none) {
    match.index = indexes_[prefix.value];
    match.is_default = prefix.length == 0;
    match.servlet_path = path.substr(0, prefix.length);
    match.path_info = path.substr(prefix.length);
    return true;
  }
  if (!extensions_.empty()) {
    const auto extension = extensions_.find(extension_of(path));
    if (extension != none) return match.is_extension = true, whole(extension);
  }
  match.is_default = fallback_.has_value();
  return fallback_ && whole(*fallback_);
}

}  // namespace container
