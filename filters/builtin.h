// The filter types that are linked into the server, in the same table a plugin has.
#pragma once

#include <margay/abi.h>

namespace filters {

const margay_plugin* builtin();

}  // namespace filters
