// The composition root and the command line: the only file that names everything.
#include <signal.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <fstream>
#include <iostream>

#include "container/config/effective.h"
#include "container/runtime.h"
#include "endpoints/builtin.h"
#include "filters/builtin.h"

namespace {

constexpr int kFailedStart = 1;
constexpr int kBadConfiguration = 2;

struct Options {
  std::string config = "conf/server.xml";
  std::vector<std::string> definitions;
  std::string log_level = "info";
  std::string log_format = "text";
  std::string plugin;
};

container::Substitutions substitutions(const Options& options) {
  container::Substitutions result{.definitions = {},
                                  .environment = container::process_environment()};
  for (const std::string& one : options.definitions) {
    const auto equals = one.find('=');
    if (equals == 0 || equals == std::string::npos)
      throw CLI::ValidationError("-D", "write -Dname=value, not -D" + one);
    result.definitions[one.substr(0, equals)] = one.substr(equals + 1);
  }
  return result;
}

std::vector<std::shared_ptr<const container::Plugin>> built_in() {
  return {container::Plugin::built_in(*endpoints::builtin()),
          container::Plugin::built_in(*filters::builtin())};
}

int run(const Options& options) {
  server::LogQueue queue(
      {.format = options.log_format == "json" ? server::LogFormat::json : server::LogFormat::text});
  server::Logs logs(queue, *server::parse_log_level(options.log_level));
  const server::Log log = logs.log("margay.server");
  try {
    container::Runtime runtime({options.config, substitutions(options), built_in()}, logs);
    runtime.run();
  } catch (const container::ConfigError& error) {
    std::cerr << error.what() << '\n';
    return kBadConfiguration;
  } catch (const std::exception& error) {
    log.error("cannot start: {}", error.what());
    return kFailedStart;
  }
  log.info("stopped");
  return 0;
}

int check(const Options& options, bool print) {
  try {
    std::vector<container::Diagnostic> warnings;
    const auto config =
        container::read_server_config(options.config, substitutions(options), warnings);
    for (const auto& warning : warnings) std::cerr << to_string(warning) << '\n';
    if (print) {
      std::cout << container::effective_configuration(config);
      return 0;
    }
    server::CapturedLog trouble;
    server::Logs logs(trouble, server::LogLevel::error);
    container::Deployer deployer({.base = container::Runtime::base_of(options.config),
                                  .built_in = built_in(),
                                  .substitutions = substitutions(options)},
                                 logs);
    deployer.build(config, nullptr);
    for (const std::string& line : trouble.lines()) std::cerr << line << '\n';
    if (!deployer.failures().empty()) return kBadConfiguration;
    std::cout << options.config << ": all is well\n";
    return 0;
  } catch (const container::ConfigError& error) {
    std::cerr << error.what() << '\n';
  } catch (const std::exception& error) {
    std::cerr << "margay: " << error.what() << '\n';
  }
  return kBadConfiguration;
}

int describe(const Options& options) {
  const auto plugin =
      container::Plugin::load(options.plugin, {.work = std::filesystem::temp_directory_path()});
  if (!plugin) {
    std::cerr << "margay: refused: " << plugin.error() << '\n';
    return kFailedStart;
  }
  std::cout << container::describe((*plugin)->table()) << "accepted: this server has plugin ABI "
            << MARGAY_ABI_MAJOR << "." << MARGAY_ABI_MINOR << "\n";
  return 0;
}

// Sends a signal to the server whose pid file the configuration names.
int send(const Options& options, int number) {
  try {
    std::vector<container::Diagnostic> warnings;
    const auto config =
        container::read_server_config(options.config, substitutions(options), warnings);
    if (config.pid_file.empty()) {
      std::cerr << "margay: " << options.config
                << " has no pidFile in <Server>, so the server cannot be found\n";
      return kBadConfiguration;
    }
    pid_t pid = 0;
    std::ifstream(container::Runtime::base_of(options.config) / config.pid_file) >> pid;
    if (pid <= 0 || ::kill(pid, number) != 0) {
      std::cerr << "margay: no server is running for " << options.config << '\n';
      return kFailedStart;
    }
    return 0;
  } catch (const std::exception& error) {
    std::cerr << error.what() << '\n';
    return kBadConfiguration;
  }
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"Margay, an application server for native code"};
  app.require_subcommand(1);
  Options options;
  const auto with_config = [&](CLI::App* command) {
    command->add_option("--config,-c", options.config, "server.xml to use")->capture_default_str();
    command->add_option("-D", options.definitions, "name=value for ${name} in the configuration")
        ->allow_extra_args(false);
    return command;
  };
  auto* run_command =
      with_config(app.add_subcommand("run", "serve in the foreground until SIGTERM or SIGINT"));
  run_command->add_option("--log-level", options.log_level, "trace, debug, info, warn, error, off")
      ->check([](const std::string& text) {
        return server::parse_log_level(text) ? "" : "is not a log level";
      });
  run_command->add_option("--log-format", options.log_format)
      ->check(CLI::IsMember({"text", "json"}));
  auto* check_command = with_config(app.add_subcommand(
      "check", "read the configuration and load the applications, without serving"));
  auto* config_command = with_config(app.add_subcommand(
      "config", "print the effective configuration with the origin of each value"));
  auto* stop_command =
      with_config(app.add_subcommand("stop", "stop the running server gracefully"));
  auto* reload_command = with_config(
      app.add_subcommand("reload", "reload configuration and applications of the running server"));
  auto* abi_command = app.add_subcommand(
      "abi", "say what a plugin library declares, and whether this server takes it");
  abi_command->add_option("plugin", options.plugin, "the .so file")->required();
  auto* version_command = app.add_subcommand("version", "print the version");
  try {
    app.parse(argc, argv);
    if (*run_command) return run(options);
    if (*check_command) return check(options, false);
    if (*config_command) return check(options, true);
    if (*stop_command) return send(options, SIGTERM);
    if (*reload_command) return send(options, SIGHUP);
    if (*abi_command) return describe(options);
    if (*version_command)
      std::cout << "margay " << MARGAY_VERSION << ", plugin ABI " << MARGAY_ABI_MAJOR << "."
                << MARGAY_ABI_MINOR << '\n';
    return 0;
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : kBadConfiguration;
  }
}
