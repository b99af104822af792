// Fields that make browsers careful.
#include "filters/security_headers.h"

#include <margay/known_parameters.h>

#include <array>
#include <utility>

#include "filters/hsts.h"

namespace filters {

namespace {

constexpr std::array<std::pair<const char*, const char*>, 5> kPolicies{
    {{"contentSecurityPolicy", "Content-Security-Policy"},
     {"referrerPolicy", "Referrer-Policy"},
     {"permissionsPolicy", "Permissions-Policy"},
     {"crossOriginOpenerPolicy", "Cross-Origin-Opener-Policy"},
     {"crossOriginResourcePolicy", "Cross-Origin-Resource-Policy"}}};

}  // namespace

SecurityHeaders::SecurityHeaders(const margay::Config& config) : hsts_(hsts_value(config)) {
  require_known(config,
                {"hstsEnabled", "hstsMaxAgeSeconds", "hstsIncludeSubDomains", "hstsPreload",
                 "antiClickJackingEnabled", "antiClickJackingOption",
                 "blockContentTypeSniffingEnabled", "contentSecurityPolicy", "referrerPolicy",
                 "permissionsPolicy", "crossOriginOpenerPolicy", "crossOriginResourcePolicy"});
  const std::string_view framing = config.get("antiClickJackingOption", "DENY");
  if (framing != "DENY" && framing != "SAMEORIGIN")
    throw margay::ConfigError("antiClickJackingOption",
                              "parameter 'antiClickJackingOption': '" + std::string(framing) +
                                  "' is not DENY or SAMEORIGIN; for one site write "
                                  "contentSecurityPolicy=\"frame-ancestors https://...\"");
  if (config.boolean("antiClickJackingEnabled", true))
    fields_.push_back({"X-Frame-Options", std::string(framing)});
  if (config.boolean("blockContentTypeSniffingEnabled", true))
    fields_.push_back({"X-Content-Type-Options", "nosniff"});
  for (const auto& [parameter, name] : kPolicies)
    if (config.has(parameter)) fields_.push_back({name, std::string(config.get(parameter))});
}

void SecurityHeaders::head(const margay::Request& request, margay::Head& head) {
  if (!hsts_.empty() && request.is_secure()) head.set("Strict-Transport-Security", hsts_);
  for (const Field& field : fields_)
    if (head.find(field.name).empty()) head.set(field.name, field.value);
}

}  // namespace filters
