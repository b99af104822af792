// From XML to structs, as the schema says.
#pragma once

#include "container/config/report.h"
#include "container/config/schema.h"
#include "container/config/substitution.h"

namespace container {

// Reads the report's source into `root`, which must be of the schema's type. Everything wrong goes
// into the report; what could be read is in the struct even then.
void read_elements(const Element& schema, const Substitutions& substitutions, Report& report,
                   ConfigElement& root);

}  // namespace container
