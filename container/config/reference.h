// docs/configuration.md, from the schema.
#pragma once

#include <string>

namespace container {

// Markdown; the same for the same schema.
std::string configuration_reference();

}  // namespace container
