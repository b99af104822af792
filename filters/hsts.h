// What tells browsers to come with TLS only (RFC 6797), by the parameters of Tomcat's
// HttpHeaderSecurityFilter.
#pragma once

#include <margay/config.h>

#include <string>
#include <string_view>

namespace filters {

bool is_hsts(std::string_view parameter);

// The value of Strict-Transport-Security, for secure answers only; empty: none. Throws
// margay::ConfigError.
std::string hsts_value(const margay::Config& config);

}  // namespace filters
