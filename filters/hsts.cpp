// What tells browsers to come with TLS only.
#include "filters/hsts.h"

#include <algorithm>
#include <array>
#include <cstdint>

namespace filters {

namespace {

constexpr std::array<std::string_view, 4> kHstsParameters{
    "hstsMaxAgeSeconds", "hstsIncludeSubDomains", "hstsPreload", "hstsEnabled"};

}  // namespace

bool is_hsts(std::string_view parameter) {
  return std::find(kHstsParameters.begin(), kHstsParameters.end(), parameter) !=
         kHstsParameters.end();
}

// Tomcat takes 0 for an age that nobody gave, which tells
// browsers to forget what they were told; that is sent here only when it is written.
std::string hsts_value(const margay::Config& config) {
  const bool wanted = std::any_of(kHstsParameters.begin(), kHstsParameters.end(),
                                  [&](std::string_view name) { return config.has(name); });
  const bool subdomains = config.boolean("hstsIncludeSubDomains", false);
  const bool preload = config.boolean("hstsPreload", false);
  const auto age = config.integer<std::int64_t>("hstsMaxAgeSeconds", 0, 0, 315'360'000);
  if (!wanted || !config.boolean("hstsEnabled", true)) return {};
  if (!config.has("hstsMaxAgeSeconds"))
    throw margay::ConfigError("hstsMaxAgeSeconds",
                              "parameter 'hstsMaxAgeSeconds' is missing: write for how long "
                              "browsers shall come with TLS only, as in 31536000 for a year");
  return "max-age=" + std::to_string(age) + (subdomains ? ";includeSubDomains" : "") +
         (preload ? ";preload" : "");
}

}  // namespace filters
