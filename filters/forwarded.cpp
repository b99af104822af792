// What proxies say of those before them.
#include "filters/forwarded.h"

#include <margay/text.h>

namespace filters {

namespace {

using margay::detail::same_ignoring_case;
using margay::detail::trimmed;

// A token or the inside of a quoted string from the front of `rest`. Escapes in one are refused:
// no node, scheme or host needs them (RFC 7239 section 4 has them by RFC 9110 section 5.6.4).
bool take_value(std::string_view& rest, std::string_view& value) {
  if (rest.starts_with('"')) {
    const auto end = rest.find_first_of("\"\\", 1);
    if (end == rest.npos || rest[end] == '\\') return false;
    value = rest.substr(1, end - 1);
    rest.remove_prefix(end + 1);
    return true;
  }
  const auto end = rest.find_first_of(" \t;,\"");
  value = rest.substr(0, end);
  rest.remove_prefix(value.size());
  return !value.empty();
}

void keep(Hop& hop, std::string_view name, std::string_view value) {
  if (same_ignoring_case(name, "for")) hop.node = value;
  if (same_ignoring_case(name, "proto")) hop.proto = value;
  if (same_ignoring_case(name, "host")) hop.host = value;
}

}  // namespace

bool Hops::add_forwarded(std::string_view rest) {
  Hop hop;
  bool said = false;
  for (rest = trimmed(rest); !rest.empty(); rest = trimmed(rest)) {
    if (rest.front() == ';' || rest.front() == ',') {
      if (rest.front() == ',' && said) {
        add(hop);
        hop = {};
        said = false;
      }
      rest.remove_prefix(1);
      continue;
    }
    const auto equals = rest.find_first_of("=;,\" \t");
    if (equals == rest.npos || equals == 0 || rest[equals] != '=') return false;
    const std::string_view name = rest.substr(0, equals);
    rest.remove_prefix(equals + 1);
    std::string_view value;
    if (!take_value(rest, value)) return false;
    rest = trimmed(rest);
    if (!rest.empty() && rest.front() != ';' && rest.front() != ',') return false;
    keep(hop, name, value);
    said = true;
  }
  if (said) add(hop);
  return true;
}

void Hops::add_list(std::string_view rest) {
  while (!rest.empty()) {
    const std::string_view item = rest.substr(0, rest.find(','));
    if (const std::string_view node = trimmed(item); !node.empty()) add({node, {}, {}});
    rest.remove_prefix(item.size() < rest.size() ? item.size() + 1 : item.size());
  }
}

std::string_view address_of(std::string_view node) {
  if (node.starts_with('[')) {
    const auto end = node.find(']');
    return end == node.npos ? std::string_view{} : node.substr(1, end - 1);
  }
  const auto colon = node.find(':');
  return colon != node.npos && colon == node.rfind(':') ? node.substr(0, colon) : node;
}

}  // namespace filters
