// Tomcat's list of protocol versions: "TLSv1.2+TLSv1.3", "all,-TLSv1.1".
#pragma once

#include <array>
#include <string>
#include <string_view>

#include <tl/expected.hpp>

namespace server::tls {

struct Version {
  std::string_view name;
  unsigned bit;
};
inline constexpr std::array<Version, 4> kVersions{
    {{"TLSv1", 1}, {"TLSv1.1", 2}, {"TLSv1.2", 4}, {"TLSv1.3", 8}}};

// The bits of what is on. `all` means TLSv1.2 and TLSv1.3, what is older must be named. The error
// says what could be written.
tl::expected<unsigned, std::string> parse_protocols(std::string_view list);

}  // namespace server::tls
