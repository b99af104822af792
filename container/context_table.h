// Third stop of a request: which application a host's path belongs to.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

#include "container/name_table.h"

namespace container {

struct ContextEntry {
  std::string path;  // "" for the root, else `/a` or `/a/b`
  std::uint32_t index;
};

// Immutable once built; any thread.
class ContextTable {
 public:
  // The error is a sentence that names the path: given twice, not beginning with '/', or ending
  // with one.
  static tl::expected<ContextTable, std::string> build(std::span<const ContextEntry> entries);

  struct Match {
    std::uint32_t index;
    std::string_view context_path;  // a beginning of the path looked up
    std::string_view rest;          // path within the context: empty or beginning with '/'
  };
  // The longest context path that ends at a '/' of the path or is all of it. Nothing found is a
  // 404.
  std::optional<Match> lookup(std::string_view path) const {
    const auto found = paths_.longest_prefix(path);
    if (found.value == NameTable::absent) return std::nullopt;
    return Match{found.value, path.substr(0, found.length), path.substr(found.length)};
  }

 private:
  NameTable paths_;
};

}  // namespace container
