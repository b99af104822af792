// Tomcat's list of protocol versions: "TLSv1.2+TLSv1.3", "all,-TLSv1.1".
#include "server/tls/protocol_list.h"

namespace server::tls {

namespace {

constexpr unsigned kAll = 4 | 8;

bool equal(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i)
    if ((a[i] | 0x20) != (b[i] | 0x20)) return false;
  return true;
}

tl::expected<unsigned, std::string> bits_of(std::string_view name) {
  if (equal(name, "all")) return kAll;
  for (const Version& version : kVersions)
    if (equal(name, version.name)) return version.bit;
  const bool dead = equal(name, "SSLv2") || equal(name, "SSLv3") || equal(name, "SSLv2Hello");
  return tl::unexpected(
      "'" + std::string(name) + "' " +
      (dead ? "is broken and not spoken" : "is no version of TLS") +
      "; write all, TLSv1.3, TLSv1.2, TLSv1.1 or TLSv1, with + or - between them");
}

}  // namespace

tl::expected<unsigned, std::string> parse_protocols(std::string_view list) {
  unsigned bits = 0;
  bool any = false;
  bool minus = false;
  while (!list.empty()) {
    if (constexpr std::string_view between = "+-, "; between.find(list.front()) != between.npos) {
      if (list.front() != ' ') minus = list.front() == '-';
      list.remove_prefix(1);
      continue;
    }
    const std::string_view name = list.substr(0, list.find_first_of("+-, "));
    list.remove_prefix(name.size());
    const auto found = bits_of(name);
    if (!found) return found;
    bits = minus ? bits & ~*found : bits | *found;
    any = true;
  }
  if (!any || bits == 0)
    return tl::unexpected(std::string("no version of TLS is left; write TLSv1.2+TLSv1.3"));
  return bits;
}

}  // namespace server::tls
