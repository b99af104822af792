// What must hold between the elements of a configuration; the schema sees only one at a time.
#pragma once

#include "container/config/application_config.h"
#include "container/config/report.h"
#include "container/config/server_config.h"

namespace container {

// Both give libraries without a name the name of their file first; a <Connector> with SSLEnabled
// becomes `https` and secure.
void check_server(ServerConfig& server, Report& report);
void check_application(ApplicationConfig& application, Report& report);

// Of an application or a host. Extensions are in lower case from here on.
void check_mime_mappings(std::vector<MimeMappingConfig>& mappings, Report& report);

// What <Manager> says.
void check_manager(const ManagerConfig& manager, Report& report);

// What a <Connector> says about TLS; `scheme` and `secure` included.
void check_tls(ConnectorConfig& connector, Report& report);

// <Library>, <Filter> and <Realm> directly below <Engine> and <Host>.
void check_outer(std::vector<LibraryConfig>& libraries, const std::vector<FilterConfig>& filters,
                 const std::optional<RealmConfig>& realm, Report& report);

}  // namespace container
