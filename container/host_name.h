// The Host field, :authority and an absolute target's authority, taken apart and checked by one
// grammar.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <tl/expected.hpp>

namespace container {

enum class HostForm : std::uint8_t { none, name, ipv4, ipv6 };

struct HostPort {
  std::string_view host;  // as it came, IPv6 with its brackets; a view into the parsed text
  std::optional<std::uint16_t> port;
  HostForm form = HostForm::none;
};

enum class HostFault : std::uint8_t { empty, name, address, port };

// A sentence for the body of the 400; it repeats nothing the client sent.
std::string_view sentence(HostFault fault);

// RFC 9112 §3.2: the Host field is empty where the target has no authority; an http URI must name a
// host (RFC 9110 §4.2.1).
enum class EmptyHost : std::uint8_t { refused, allowed };

// Any thread; allocates nothing. Names are held to letters, digits, '-', '_' in labels of at most
// 63 bytes and 253 altogether, narrower than RFC 3986's reg-name: what DNS cannot carry only serves
// to smuggle text into pages and logs. User-info, zone identifiers and IPvFuture are refused.
// `host:` has no port, as RFC 3986 §3.2.3 has it.
tl::expected<HostPort, HostFault> parse_host(std::string_view text,
                                             EmptyHost empty = EmptyHost::allowed);

}  // namespace container
