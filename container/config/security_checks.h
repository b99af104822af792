// What must hold between the elements that say who may see what.
#pragma once

#include "container/config/application_config.h"
#include "container/config/report.h"
#include "container/config/unique_names.h"

namespace container {

// Realms that the server has itself; any other type is a library's.
bool is_own_realm(std::string_view type);

void check_realm(const RealmConfig& realm, const UniqueNames& libraries, Report& report);
void check_login(const LoginConfig& login, Report& report);
// Not the patterns.
void check_access(const ApplicationConfig& application, Report& report);

}  // namespace container
