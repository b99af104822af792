// The endpoint types that are linked into the server, in the same table a plugin has.
#include "endpoints/builtin.h"

#include <margay/plugin.h>

#include "endpoints/files.h"
#include "endpoints/status.h"

namespace endpoints {

MARGAY_TABLE(builtin, "built in", "0.1", margay::endpoint<Files>("files"),
             margay::endpoint<Status>("status"))

}  // namespace endpoints
