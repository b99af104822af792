// What a request head must be like in every version of HTTP.
#include "server/request_rules.h"

#include <algorithm>
#include <array>

namespace server {

namespace {

constexpr std::array<bool, 256> host_characters() {
  std::array<bool, 256> table{};
  for (char c = '0'; c <= '9'; ++c) table[static_cast<unsigned char>(c)] = true;
  for (char c = 'a'; c <= 'z'; ++c) table[static_cast<unsigned char>(c)] = true;
  for (char c = 'A'; c <= 'Z'; ++c) table[static_cast<unsigned char>(c)] = true;
  for (char c : std::string_view("-._~!$&'()*+,;=%")) table[static_cast<unsigned char>(c)] = true;
  return table;
}
constexpr auto kHostCharacter = host_characters();

// The bytes of `[address]` at the front; 0 when it is not one.
std::size_t bracketed_length(std::string_view host) {
  const auto end = host.find(']');
  if (end == host.npos || end < 3) return 0;
  const auto inside = host.substr(1, end - 1);
  return inside.find_first_not_of("0123456789abcdefABCDEF:.") == inside.npos ? end + 1 : 0;
}

}  // namespace

bool is_host(std::string_view host) {
  std::size_t at = 0;
  if (host.starts_with('[')) {
    at = bracketed_length(host);
    if (at == 0) return false;
  } else {
    while (at < host.size() && kHostCharacter[static_cast<unsigned char>(host[at])]) ++at;
  }
  if (at == host.size()) return true;
  if (host[at] != ':') return false;
  unsigned port = 0;
  for (const char c : host.substr(at + 1)) {
    if (c < '0' || c > '9') return false;
    port = port * 10 + static_cast<unsigned>(c - '0');
    if (port > 65535) return false;
  }
  return true;
}

bool field_has_token(const RequestHead& request, Known known, std::string_view token) {
  if (!request.has(known)) return false;
  for (std::size_t i = request.first[static_cast<std::size_t>(known)] - 1u;
       i < request.fields.size(); ++i)
    if (known_field(request.fields[i].name) == known && has_token(request.fields[i].value, token))
      return true;
  return false;
}

bool expects_continue_only(const RequestHead& request) {
  return std::all_of(request.fields.begin(), request.fields.end(), [](const Field& field) {
    return known_field(field.name) != Known::expect ||
           equal_ignoring_case(field.value, "100-continue");
  });
}

}  // namespace server
