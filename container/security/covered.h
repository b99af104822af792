// What logs show of a request's target.
#pragma once

#include <string_view>

#include "server/arena.h"

namespace container::security {

// `target` itself, or a copy in the arena where the values of this query parameter are `****`.
std::string_view covered(std::string_view target, std::string_view parameter, server::Arena& arena);

}  // namespace container::security
