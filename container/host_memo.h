// The Host that a loop looked up last: most requests ask for the same one again.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <string_view>

#include <tl/expected.hpp>

#include "container/host_name.h"
#include "container/mapping.h"

namespace container {

// One loop's own. Texts longer than it keeps are looked up each time.
class HostMemo {
 public:
  struct Found {
    HostPort name;                         // views into the text asked for
    const HostMapping* mapping = nullptr;  // null: no such host, and no default
  };

  tl::expected<Found, HostFault> find(std::string_view text, const Mapping& mapping) {
    if (&mapping == mapping_ && text == std::string_view(text_.data(), size_)) {
      Found known = found_;
      known.name.host = text.substr(0, found_.name.host.size());
      return known;
    }
    const auto name = parse_host(text);
    if (!name) return tl::unexpected(name.error());
    const auto entry = mapping.hosts.lookup(name->host);
    const Found found{*name, entry ? &mapping.entries[*entry] : nullptr};
    if (text.size() <= text_.size()) {
      std::copy(text.begin(), text.end(), text_.begin());
      size_ = text.size();
      found_ = found;
      found_.name.host = std::string_view(text_.data(), name->host.size());
      mapping_ = &mapping;
    }
    return found;
  }

  // Before a mapping that may have been asked is superseded.
  void forget() { mapping_ = nullptr; }

 private:
  std::array<char, 64> text_{};
  std::size_t size_ = 0;
  const Mapping* mapping_ = nullptr;
  Found found_;
};

}  // namespace container
