// Which web pages may open a WebSocket: the value of the attribute `origins`.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

#include "container/config/value.h"

namespace container {

// Scheme, host and port of a page (RFC 6454 section 4). Views into what was read.
struct PageOrigin {
  std::string_view scheme;  // http for ws, https for wss
  std::string_view host;    // with the brackets of an IPv6 address
  std::uint16_t port = 0;   // the scheme's own when none was written; 0: the scheme has none
};

// As browsers send it; nothing for `null`, a list, or what has a path. Allocates nothing.
std::optional<PageOrigin> read_origin(std::string_view text);

// Letter case aside (RFC 6454 section 5).
bool operator==(const PageOrigin& a, const PageOrigin& b);

struct OriginFault {
  Complaint complaint;
  std::size_t offset = 0;  // in the list
};

// Immutable; any thread.
class OriginRules {
 public:
  OriginRules() = default;  // the server's own pages

  static tl::expected<OriginRules, OriginFault> parse(std::string_view list);

  // `server` is what the client connected to, as proxies' rules left it.
  bool allows(const PageOrigin& page, const PageOrigin& server) const;
  bool allows_all() const { return all_; }
  std::string text() const;

 private:
  std::optional<Complaint> add(std::string_view item);

  bool all_ = false;
  bool same_ = true;
  std::vector<std::string> listed_;  // each reads as an origin
};

}  // namespace container
