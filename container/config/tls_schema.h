// The schema's tables of what <Connector> says about TLS and HTTP/2.
#pragma once

#include <vector>

#include "container/config/schema.h"

namespace container {

std::vector<Attribute> connector_tls_attributes();
std::vector<Child> connector_tls_children();

}  // namespace container
