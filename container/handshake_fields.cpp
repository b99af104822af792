// What the head of a request says about a WebSocket handshake (RFC 6455 section 4.2.1).
#include "container/handshake_fields.h"

#include <algorithm>

namespace container {

namespace {

bool names_token(const server::RequestHead& head, std::string_view field, std::string_view token) {
  return std::any_of(head.fields.begin(), head.fields.end(), [&](const server::Field& one) {
    return std::string_view(one.name) == field && server::has_token(one.value, token);
  });
}

bool is_base64(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '+' ||
         c == '/';
}

// Cuts the first element off; quoted strings of RFC 9110 section 5.6.4 are passed over.
std::string_view take_element(std::string_view& list) {
  std::size_t at = 0;
  for (bool quoted = false; at < list.size() && (quoted || list[at] != ','); ++at) {
    if (list[at] == '"') quoted = !quoted;
    if (quoted && list[at] == '\\' && at + 1 < list.size()) ++at;
  }
  const std::string_view element = server::trim(list.substr(0, at));
  list.remove_prefix(std::min(at + 1, list.size()));
  return element;
}

}  // namespace

bool asks_for_websocket(const server::RequestHead& head) {
  return head.has(server::Known::upgrade) && head.method == "GET" &&
         names_token(head, "upgrade", "websocket");
}

std::optional<HandshakeFault> find_fault(const server::RequestHead& head) {
  if (!names_token(head, "connection", "upgrade"))
    return HandshakeFault{400,
                          "A WebSocket handshake needs the field 'Connection: Upgrade'. A proxy on "
                          "the way may have taken it off."};
  if (!names_token(head, "sec-websocket-version", "13"))
    return HandshakeFault{426, "This server speaks version 13 of the WebSocket protocol."};
  if (!head.tunnels && !is_handshake_key(single_field(head, "sec-websocket-key")))
    return HandshakeFault{
        400,
        "A WebSocket handshake needs one field Sec-WebSocket-Key with 16 bytes in "
        "Base64, which are 24 characters."};
  if (head.protocol == "HTTP/1.0")
    return HandshakeFault{400, "A WebSocket handshake needs HTTP/1.1, not HTTP/1.0."};
  if (head.has_body) return HandshakeFault{400, "A WebSocket handshake must not have a body."};
  return std::nullopt;
}

bool is_handshake_key(std::string_view key) {
  constexpr std::string_view last_of_16 = "AQgw";  // its other four bits would be lost
  return key.size() == 24 && std::all_of(key.begin(), key.begin() + 22, is_base64) &&
         last_of_16.find(key[21]) != std::string_view::npos && key.ends_with("==");
}

std::string_view single_field(const server::RequestHead& head, std::string_view lower_name) {
  const server::Field* found = nullptr;
  for (const server::Field& one : head.fields) {
    if (std::string_view(one.name) != lower_name) continue;
    if (found != nullptr) return {};
    found = &one;
  }
  return found == nullptr ? std::string_view{} : std::string_view(found->value);
}

std::span<const margay_str> list_elements(const server::RequestHead& head,
                                          std::string_view lower_name, server::Arena& arena) {
  margay_str* elements = nullptr;
  std::size_t count = 0;
  for (const server::Field& one : head.fields) {
    if (std::string_view(one.name) != lower_name) continue;
    if (elements == nullptr) elements = arena.array<margay_str>(kMaxListElements);
    for (std::string_view rest = one.value; !rest.empty() && count < kMaxListElements;) {
      const std::string_view element = take_element(rest);
      if (!element.empty()) elements[count++] = {element.data(), element.size()};
    }
  }
  return {elements, count};
}

}  // namespace container
