// Whether a page of another site made a browser send a request.
#pragma once

#include "container/config/origin_rules.h"
#include "server/message.h"

namespace container::security {

// By Sec-Fetch-Site where the browser sends it, else by Origin; a request that has neither is of no
// browser, or of an old one, and counts as our own. `server` is what the client connected to.
bool comes_from_other_site(const server::RequestHead& head, const PageOrigin& server);

}  // namespace container::security
