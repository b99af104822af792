// What the head of a request says about a WebSocket handshake (RFC 6455 section 4.2.1). No state.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string_view>

#include <margay/abi.h>

#include "server/message.h"

namespace container {

// Whether it is one at all: GET, and `websocket` among the protocols of Upgrade. Else it is a
// request like any other.
bool asks_for_websocket(const server::RequestHead& head);

struct HandshakeFault {
  int status;
  std::string_view message;  // for the client's author
};

// The first thing that is wrong with it, in the order of Tomcat.
std::optional<HandshakeFault> find_fault(const server::RequestHead& head);

// 24 characters, the Base64 of 16 bytes in its only canonical form.
bool is_handshake_key(std::string_view key);

// The value of a field that must come once; {} when it is absent, empty, or repeated.
std::string_view single_field(const server::RequestHead& head, std::string_view lower_name);

// The elements of all fields of a name, in order, as if they were one list (RFC 9110 section
// 5.6.1); a comma within quotes separates nothing. In the arena. Those beyond 64 are left out.
std::span<const margay_str> list_elements(const server::RequestHead& head,
                                          std::string_view lower_name, server::Arena& arena);
inline constexpr std::size_t kMaxListElements = 64;

}  // namespace container
