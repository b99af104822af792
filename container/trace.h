// The answer to TRACE: the request as it came in, without what a script must not get to see.
#pragma once

#include <string>

#include "server/message.h"

namespace container {

// RFC 9110 section 9.3.8. Left out are the fields that carry secrets or tell of proxies.
void render_trace(const server::RequestHead& request, std::string& to);

}  // namespace container
