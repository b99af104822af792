// The filter types that are linked into the server, in the same table a plugin has.
#include "filters/builtin.h"

#include <margay/plugin.h>

#include "filters/access.h"
#include "filters/body_limit.h"
#include "filters/compression.h"
#include "filters/concurrency_limit.h"
#include "filters/cors.h"
#include "filters/csrf.h"
#include "filters/default_charset.h"
#include "filters/expires.h"
#include "filters/headers.h"
#include "filters/health.h"
#include "filters/rate_limit.h"
#include "filters/remote_cidr.h"
#include "filters/remote_ip.h"
#include "filters/request_dumper.h"
#include "filters/request_id.h"
#include "filters/rewrite.h"
#include "filters/security_headers.h"
#include "filters/session_initializer.h"
#include "filters/timeout.h"

namespace filters {

MARGAY_TABLE(builtin, "built in", "0.1", margay::filter<Headers>("headers"),
             margay::filter<Access>("access"), margay::filter<RemoteIp>("remote-ip"),
             margay::filter<RemoteCidr>("remote-cidr"), margay::filter<Cors>("cors"),
             margay::filter<SecurityHeaders>("security-headers"),
             margay::filter<RateLimit>("rate-limit"), margay::filter<RequestId>("request-id"),
             margay::filter<Csrf>("csrf"), margay::filter<BodyLimit>("body-limit"),
             margay::filter<ConcurrencyLimit>("concurrency-limit"),
             margay::filter<Timeout>("timeout"), margay::filter<Health>("health"),
             margay::filter<RequestDumper>("request-dumper"),
             margay::filter<DefaultCharset>("add-default-charset"),
             margay::filter<SessionInitializer>("session-initializer"),
             margay::filter<Compression>("compression"), margay::filter<Expires>("expires"),
             margay::filter<Rewrite>("rewrite"))

}  // namespace filters
