// One field of a form that a filter wants to see before the endpoint does.
#pragma once

#include <margay/request.h>

#include <string>
#include <string_view>

namespace filters {

// The first value of `name` in a body of application/x-www-form-urlencoded or multipart/form-data;
// of the latter in the query as well, and there first, as bodies which the endpoint reads piece by
// piece are not here. At most `most` bytes. Empty: there is none, or the body is malformed. A body
// is read up to that field only, so a form has it before its files.
std::string form_field(const margay::Request& request, std::string_view name, std::size_t most);

}  // namespace filters
