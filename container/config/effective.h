// The configuration as it is after defaults and substitution, for `margay config`.
#pragma once

#include <string>

#include "container/config/application_config.h"
#include "container/config/server_config.h"

namespace container {

// XML that reads back as the same configuration. A comment before each element says of every
// attribute where its value came from.
std::string effective_configuration(const ServerConfig& server);
std::string effective_configuration(const ApplicationConfig& application);

}  // namespace container
