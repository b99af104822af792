// `margay check` and `margay config`: what the configuration says, without serving.
#include <iostream>

#include "container/commands/commands.h"
#include "container/config/effective.h"
#include "container/config/read_config.h"
#include "container/deployer.h"
#include "container/tls_options.h"
#include "container/websockets.h"

namespace container::commands {

namespace {

ServerConfig read(const Target& target) {
  std::vector<Diagnostic> warnings;
  ServerConfig config = read_server_config(target.config, target.substitutions, warnings);
  for (const Diagnostic& warning : warnings) std::cerr << to_string(warning) << '\n';
  return config;
}

// Runs `body`; what it throws is trouble with the configuration.
template <class Body>
int guarded(Body&& body) {
  try {
    return body();
  } catch (const ConfigError& error) {
    std::cerr << error.what() << '\n';
  } catch (const std::exception& error) {
    std::cerr << "margay: " << error.what() << '\n';
  }
  return bad_usage;
}

}  // namespace

int check(const Target& target, BuiltIn built_in) {
  return guarded([&] {
    const ServerConfig config = read(target);
    server::CapturedLog trouble;
    server::Logs logs(trouble, server::LogLevel::error);
    // What plugins want from a server when they are made; nobody connects to this one.
    server::Loop loop(0);
    loop.start();
    const WebSockets websockets({&loop});
    Deployer deployer({.base = target.base_folder(),
                       .built_in = std::move(built_in),
                       .substitutions = target.substitutions,
                       .interfaces = {.websockets = &websockets.table()}},
                      logs);
    deployer.build(config, nullptr);
    for (const ConnectorConfig& connector : config.service.connectors)
      load_tls(connector, target.base_folder());
    for (const std::string& line : trouble.lines()) std::cerr << line << '\n';
    if (!deployer.failures().empty()) return bad_usage;
    std::cout << target.config.string() << ": all is well\n";
    return clean;
  });
}

int print_configuration(const Target& target) {
  return guarded([&] {
    std::cout << effective_configuration(read(target));
    return clean;
  });
}

}  // namespace container::commands
