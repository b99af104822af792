// RFC 3986 §3.2.2 and §3.2.3, narrowed to hosts that exist.
#include "container/host_name.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <cstring>

namespace container {
namespace {

constexpr std::size_t max_name = 253;  // RFC 1035 §2.3.4, as text without the trailing dot
constexpr std::size_t max_label = 63;  // RFC 1035 §2.3.4
constexpr std::size_t max_ipv6 = INET6_ADDRSTRLEN - 1;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool is_label_character(char c) {
  const char lower = static_cast<char>(c | 0x20);
  return (lower >= 'a' && lower <= 'z') || is_digit(c) || c == '-' || c == '_';
}

// dec-octet ×4 without leading zeros.
bool is_ipv4(std::string_view text) {
  std::size_t at = 0;
  for (int octet = 0; octet < 4; ++octet) {
    if (octet > 0 && (at == text.size() || text[at++] != '.')) return false;
    const std::size_t begin = at;
    int value = 0;
    while (at < text.size() && at < begin + 3 && is_digit(text[at]))
      value = value * 10 + (text[at++] - '0');
    if (at == begin || value > 255 || (text[begin] == '0' && at > begin + 1)) return false;
  }
  return at == text.size();
}

// Any octets in brackets; inet_pton knows the grammar and refuses zones.
bool is_ipv6(std::string_view text) {
  std::array<char, max_ipv6 + 1> terminated{};
  if (text.size() > max_ipv6 || text.find('\0') != std::string_view::npos) return false;
  std::memcpy(terminated.data(), text.data(), text.size());
  in6_addr address{};
  return inet_pton(AF_INET6, terminated.data(), &address) == 1;
}

// A last label of digits only would be an address (RFC 1123 §2.1), and is_ipv4 has said no to it.
tl::expected<HostForm, HostFault> name_form(std::string_view host) {
  if (is_digit(host.back()) && is_ipv4(host)) return HostForm::ipv4;
  if (host.ends_with('.')) host.remove_suffix(1);
  if (host.empty() || host.size() > max_name) return tl::unexpected(HostFault::name);
  std::size_t label = 0;
  bool digits = true;
  bool dotted = false;
  for (char c : host) {
    if (c == '.') {
      if (label == 0) return tl::unexpected(HostFault::name);
      label = 0;
      digits = true;
      dotted = true;
      continue;
    }
    if (!is_label_character(c) || ++label > max_label) return tl::unexpected(HostFault::name);
    digits = digits && is_digit(c);
  }
  if (label == 0) return tl::unexpected(HostFault::name);
  if (digits && dotted) return tl::unexpected(HostFault::address);
  return HostForm::name;
}

tl::expected<std::optional<std::uint16_t>, HostFault> parse_port(std::string_view text) {
  if (text.empty()) return std::nullopt;
  unsigned value = 0;
  for (char c : text) {
    if (!is_digit(c)) return tl::unexpected(HostFault::port);
    value = value * 10 + static_cast<unsigned>(c - '0');
    if (value > 65535) return tl::unexpected(HostFault::port);
  }
  return static_cast<std::uint16_t>(value);
}

}  // namespace

std::string_view sentence(HostFault fault) {
  switch (fault) {
    case HostFault::empty:
      return "The host is missing.";
    case HostFault::name:
      return "The host is not a valid name.";
    case HostFault::address:
      return "The host is not a valid address.";
    case HostFault::port:
      return "The port is not a number from 0 to 65535.";
  }
  return "The host is not valid.";
}

tl::expected<HostPort, HostFault> parse_host(std::string_view text, EmptyHost empty) {
  HostPort result;
  if (text.empty()) {
    if (empty == EmptyHost::refused) return tl::unexpected(HostFault::empty);
    return result;
  }
  std::size_t end = 0;
  if (text.front() == '[') {
    end = text.find(']');
    if (end == std::string_view::npos || !is_ipv6(text.substr(1, end - 1)))
      return tl::unexpected(HostFault::address);
    ++end;
    if (end < text.size() && text[end] != ':') return tl::unexpected(HostFault::address);
    result.form = HostForm::ipv6;
  } else {
    end = std::min(text.find(':'), text.size());
    if (end == 0) return tl::unexpected(HostFault::empty);
    const auto form = name_form(text.substr(0, end));
    if (!form) return tl::unexpected(form.error());
    result.form = *form;
  }
  result.host = text.substr(0, end);
  if (end == text.size()) return result;
  const auto port = parse_port(text.substr(end + 1));
  if (!port) return tl::unexpected(port.error());
  result.port = *port;
  return result;
}

}  // namespace container
