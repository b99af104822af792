// What two ends of a WebSocket agree on about compression: permessage-deflate, RFC 7692
// section 7.1.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace server::websocket {

// Of one endpoint.
struct DeflatePolicy {
  // pooled: no context outlives its message, so one pair of streams serves all sockets of a loop.
  // dedicated: each socket has its own pair as negotiated; see Deflater::memory for what that
  // costs.
  enum class Mode : unsigned char { off, pooled, dedicated };
  Mode mode = Mode::off;
  std::uint8_t server_max_window_bits = 15;  // 9..15
  std::uint8_t client_max_window_bits = 15;  // 9..15; binds only clients that offer to be bound
  // 1..9. With 3 text of 1 KiB takes two thirds of the time of 6, of 64 KiB a quarter, and becomes
  // 6 or 16 % longer.
  int level = 3;
  int mem_level = 8;  // 1..9; dedicated only: a pool chooses by message
};

// What was agreed on. Windows are 2^bits bytes long.
struct DeflateTerms {
  bool server_no_context_takeover = false;
  bool client_no_context_takeover = false;
  std::uint8_t server_max_window_bits = 15;
  std::uint8_t client_max_window_bits = 15;
};

struct DeflateAgreement {
  DeflateTerms terms;
  std::string answer;  // the element for Sec-WebSocket-Extensions
};

// The elements of a Sec-WebSocket-Extensions field, each with its parameters (RFC 6455
// section 9.1); nothing when it is malformed. Several fields are one list: append their elements.
std::optional<std::vector<std::string_view>> split_extensions(std::string_view field);

// A server's choice: the first offer it can agree to, nothing when there is none. An offer with an
// unknown, repeated or invalid parameter is passed over, so is one that asks the server for a
// window of 256 bytes, which zlib cannot keep to.
std::optional<DeflateAgreement> negotiate(std::span<const std::string_view> offers,
                                          const DeflatePolicy& policy);

// A client's side: its offer, and what an element of the answer means. Nothing: the server
// answered what was not offered, and the connection must fail (RFC 7692 section 5.1).
std::string deflate_offer(const DeflatePolicy& policy);
std::optional<DeflateTerms> accept_deflate(std::string_view answer, const DeflatePolicy& policy);

}  // namespace server::websocket
