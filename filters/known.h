// The parameters a filter has: any other is an error that names the one that was meant.
#pragma once

#include <margay/config.h>

#include <initializer_list>
#include <string_view>

namespace filters {

// Throws margay::ConfigError for the first parameter that is not among `names`. Those of the
// application around it are not looked at.
void require_known(const margay::Config& config, std::initializer_list<std::string_view> names);

}  // namespace filters
