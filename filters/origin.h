// Where a page comes from, as browsers say in the field Origin (RFC 6454).
#pragma once

#include <margay/request.h>

#include <string_view>

namespace filters {

// Whether it is of the same scheme, host and port as the request.
bool is_own_origin(const margay::Request& request, std::string_view origin);

// Whether `text` could be one; "null" is that of pages that have none to show.
bool is_origin(std::string_view text);

}  // namespace filters
