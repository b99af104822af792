// The words on the status line: every status registered with IANA, by number.
#pragma once

#include <string_view>

namespace server {

// The registered reason phrase, empty where the number is not registered (418 is reserved, not
// registered). RFC 9110 §15 and the IANA "HTTP Status Codes" registry.
std::string_view reason_phrase(int status) noexcept;

}  // namespace server
