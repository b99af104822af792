// Which of the two forms of an answer a client would rather have, by its Accept header.
#pragma once

#include <cstdint>
#include <string_view>

namespace container {

enum class Preference : std::uint8_t { neither, first, second };

// Compares two media types such as "text/html" under an Accept field value (RFC 9110 §12.5.1): the
// higher weight of the most specific range that covers each wins, then the more specific range,
// then the one named earlier. Where all that is equal, and where there is no Accept at all, it is
// the second. Ranges with a malformed weight are passed over, parameters other than q are not
// compared.
Preference preferred_type(std::string_view accept, std::string_view first, std::string_view second);

}  // namespace container
