// Second stop of a request: which virtual host a name belongs to.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

#include "container/name_table.h"

namespace container {

// A Host's name or one of its aliases. Only an alias may be a wildcard, which is the
// configuration's rule to keep.
struct HostEntry {
  std::string name;  // `www.example.org`, `*.example.org`, `[::1]`
  std::uint32_t index;
};

// Immutable once built; any thread; looking up allocates nothing.
class HostTable {
 public:
  // The error is a sentence that names the host: not a host name, or given twice (case and a
  // trailing dot ignored). `fallback` is the Engine's defaultHost.
  static tl::expected<HostTable, std::string> build(std::span<const HostEntry> entries,
                                                    std::optional<std::uint32_t> fallback);

  // `host` is HostPort::host: no port. Exact name, then `*.` over all but the first label, then the
  // default; nothing without a default.
  std::optional<std::uint32_t> lookup(std::string_view host) const;

 private:
  NameTable names_;
  NameTable wildcards_;  // `*.example.org` as `.example.org`
  std::optional<std::uint32_t> fallback_;
};

}  // namespace container
