// What <Connector> and <Executor> of server.xml mean for connector, entrance and pool.
#pragma once

#include <cstddef>

#include "container/config/server_config.h"
#include "container/entrance.h"
#include "server/connector.h"
#include "server/workers.h"

namespace container {

// `inherited`: the descriptor from systemd, or -1. Without certificates, which load_tls reads.
server::ConnectorOptions connector_options(const ConnectorConfig& config, int inherited);
EntranceRules entrance_rules(const ConnectorConfig& config);
server::WorkersOptions workers_options(const ExecutorConfig& config);

// How many loops a connector asks for.
std::size_t loops_of(const ConnectorConfig& config);

// sd_listen_fds(3): the listening socket with this number. Throws std::runtime_error when nobody
// handed it over.
int inherited_descriptor(int number);

}  // namespace container
