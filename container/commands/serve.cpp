// `margay run`: the server itself.
#include <iostream>

#include "container/commands/commands.h"
#include "container/config/diagnostic.h"
#include "container/runtime.h"

namespace container::commands {

std::filesystem::path Target::base_folder() const {
  return base.empty() ? Runtime::base_of(config)
                      : std::filesystem::absolute(base).lexically_normal();
}

int run(const Target& target, const LogChoice& choice, BuiltIn built_in) {
  server::LogQueue queue({.format = choice.format});
  server::Logs logs(queue, choice.level);
  for (const auto& [component, level] : choice.components) logs.set_level(component, level);
  const server::Log log = logs.log("margay.server");
  try {
    Runtime runtime({.config = target.config,
                     .substitutions = target.substitutions,
                     .built_in = std::move(built_in),
                     .base = target.base_folder()},
                    logs);
    runtime.run();
  } catch (const ConfigError& error) {
    std::cerr << error.what() << '\n';
    return bad_usage;
  } catch (const std::exception& error) {
    log.error("cannot start: {}", error.what());
    return failed;
  }
  log.info("stopped");
  return clean;
}

}  // namespace container::commands
