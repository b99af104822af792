// From <Manager> to the rules of sessions.
#pragma once

#include <string>

#include "container/config/application_config.h"
#include "container/session_rules.h"

namespace container {

SessionRules session_rules(const ApplicationConfig& config, const std::string& context_path,
                           const std::string& route);

}  // namespace container
