// Why a WebSocket ends: the codes of RFC 6455 section 7.4 and of IANA's registry.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace server::websocket {

namespace close {

inline constexpr std::uint16_t normal = 1000;
inline constexpr std::uint16_t going_away = 1001;  // the server stops, or nobody spoke for too long
inline constexpr std::uint16_t protocol_error = 1002;
inline constexpr std::uint16_t unsupported = 1003;  // binary where only text is taken, or so
inline constexpr std::uint16_t no_code = 1005;      // never sent: a close frame without a code came
inline constexpr std::uint16_t abnormal = 1006;     // never sent: no close frame came
inline constexpr std::uint16_t bad_text = 1007;     // not UTF-8, or does not inflate
inline constexpr std::uint16_t policy = 1008;
inline constexpr std::uint16_t too_big = 1009;
inline constexpr std::uint16_t missing_extension = 1010;  // only a client says so
inline constexpr std::uint16_t internal_error = 1011;
inline constexpr std::uint16_t restart = 1012;
inline constexpr std::uint16_t try_later = 1013;
inline constexpr std::uint16_t bad_gateway = 1014;

}  // namespace close

constexpr std::size_t kCloseReason = 123;  // bytes: a control frame without the code

// May stand in a close frame: 1000-1003, 1007-1014 and 3000-4999. Not those that only report (1005,
// 1006, 1015), nor what nobody has registered.
bool is_close_code(unsigned code);

// As much of the reason as a close frame holds, cut between two characters. It must be UTF-8.
std::string_view cut_reason(std::string_view reason);

}  // namespace server::websocket
