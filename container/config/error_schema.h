// The schema's table of what error answers look like.
#pragma once

#include "container/config/schema.h"

namespace container {

// Of a host, which has pages of its own, or of an application.
std::shared_ptr<const Element> error_report_element(bool of_host);

}  // namespace container
