// The schema's tables of users and of what they may see.
#pragma once

#include "container/config/schema.h"

namespace container {

std::shared_ptr<const Element> realm_element();
std::shared_ptr<const Element> login_config_element();
std::shared_ptr<const Element> security_role_element();
std::shared_ptr<const Element> security_constraint_element();

}  // namespace container
