// What a request head must be like in every version of HTTP.
#pragma once

#include <string_view>

#include "server/message.h"

namespace server {

// RFC 3986 section 3.2.2 with an optional port; the container looks closer where it matters.
bool is_host(std::string_view host);

// Whether any of the fields `known` has `token` (lower-case).
bool field_has_token(const RequestHead& request, Known known, std::string_view token);

// RFC 9110 section 10.1.1; there is no other expectation.
bool expects_continue_only(const RequestHead& request);

}  // namespace server
