// Fourth stop of a request: which endpoint of an application a path belongs to.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

#include "container/name_table.h"
#include "container/pattern.h"

namespace container {

struct Route {
  Pattern pattern;
  std::uint32_t index;  // the caller's number for the endpoint; several patterns may share it
};

// Two routes, by their place in what was given to build, that would fight for the same paths.
struct RouteConflict {
  std::size_t first;
  std::size_t second;
  std::string text;
};

struct PathVariable {
  std::string_view name;   // lives as long as the table
  std::string_view value;  // a view into the path looked up
};

// What a look-up found; reused from request to request, so that nothing but what is found is ever
// written.
struct RouteMatch {
  std::uint32_t index = 0;
  bool is_default = false;    // by `/` or `/*`, which take whatever nothing else does
  bool is_extension = false;  // by `*.ext`
  // Servlet specification 12.1: together they are the path. path_info is empty or begins with '/';
  // a template ending in a rest variable splits before the rest as /a/* does.
  std::string_view servlet_path;
  std::string_view path_info;

  std::span<const PathVariable> variables() const { return {storage.data(), count}; }

  std::size_t count = 0;
  std::array<PathVariable, max_path_variables> storage;
};

// Order: exact, template, longest prefix, extension, default (Servlet specification 12.1 with
// templates after exact). Among templates a literal beats a variable and a variable the rest,
// segment by segment from the left; where the better choice leads nowhere the next is tried.
// Welcome files are the caller's. Immutable once built; any thread.
class RouteTable {
 public:
  static tl::expected<RouteTable, RouteConflict> build(std::span<const Route> routes);

  // `path` is within the context, decoded and normalised: empty or beginning with '/'. False when
  // nothing matches, and `match` then means nothing. Allocates nothing; visits each node of the
  // template tree at most once.
  bool lookup(std::string_view path, RouteMatch& match) const;

 private:
  static constexpr std::uint32_t none = NameTable::absent;

  // A place in the tree of templates. Literal edges are in `edges_`, with the node's number as
  // scope.
  struct Node {
    std::uint32_t variable = none;  // the node behind a variable
    std::uint32_t end = none;       // the template that ends here
    std::uint32_t rest = none;      // the template whose rest begins here
    bool literals = false;
  };

  struct Template {
    std::uint32_t index;
    std::uint32_t position;  // in what was given to build
    std::vector<std::string> names;
  };

  // Both give the position of the route that holds the place already, if one does.
  std::optional<std::uint32_t> add(const Route& route, std::uint32_t position);
  std::optional<std::uint32_t> add_template(const Route& route, std::uint32_t position);
  std::uint32_t literal_child(std::uint32_t node, std::string_view segment);
  std::uint32_t variable_child(std::uint32_t node);
  bool descend(std::uint32_t node, std::size_t at, std::string_view path, RouteMatch& match) const;
  void finish(const Template& found, RouteMatch& match) const;

  NameTable exact_;
  NameTable prefixes_;
  NameTable extensions_;
  NameTable edges_;
  std::vector<Node> nodes_;
  std::vector<Template> templates_;
  std::vector<std::uint32_t> indexes_;  // of all routes, by position
  std::optional<std::uint32_t> context_root_;
  std::optional<std::uint32_t> fallback_;
};

}  // namespace container
