// The endpoint types that are linked into the server, in the same table a plugin has.
#include "endpoints/builtin.h"

#include <margay/plugin.h>

#include "endpoints/files.h"

namespace endpoints {

MARGAY_TABLE(builtin, "built in", "0.1", margay::endpoint<Files>("files"))

}  // namespace endpoints
