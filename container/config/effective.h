// The configuration as it is after defaults and substitution, for `margay config`.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "container/config/application_config.h"
#include "container/config/server_config.h"

namespace container {

// XML that reads back as the same configuration, but for secrets, which are shown as ****. A
// comment before each element says of every attribute where its value came from.
std::string effective_configuration(const ServerConfig& server);
std::string effective_configuration(const ApplicationConfig& application);

// An element of server.xml and everything in it as values alone, without places and origins: two
// equal texts are the same configuration. With its secrets: not to be shown to anybody.
std::string values_text(std::string_view name, const ConfigElement& element);
// Names of the element's own attributes whose values are not the same.
std::vector<std::string> differing_attributes(std::string_view name, const ConfigElement& one,
                                              const ConfigElement& other);

}  // namespace container
