// What each `margay COMMAND` does once its words are understood. Each returns the exit status.
#pragma once

#include <chrono>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "container/config/substitution.h"
#include "container/plugin.h"
#include "server/log.h"

namespace container::commands {

// The exit statuses, as `margay --help` and the manual promise them.
inline constexpr int clean = 0;
inline constexpr int failed = 1;     // could not start, is not running, refused
inline constexpr int bad_usage = 2;  // of the command line, or of the configuration

// Types that are linked into the program.
using BuiltIn = std::vector<std::shared_ptr<const Plugin>>;

// Which server a command is about.
struct Target {
  std::filesystem::path config = "conf/server.xml";
  std::filesystem::path base;     // where relative paths start; empty: as `config` says
  std::filesystem::path control;  // the socket of the running server; empty: as `config` says
  Substitutions substitutions;

  std::filesystem::path base_folder() const;
};

struct LogChoice {
  server::LogLevel level = server::LogLevel::info;
  std::vector<std::pair<std::string, server::LogLevel>> components;  // with levels of their own
  server::LogFormat format = server::LogFormat::text;
};

// Serves until a signal, or `margay stop`.
int run(const Target& target, const LogChoice& log, BuiltIn built_in);

// Reads the configuration and loads every application, without serving.
int check(const Target& target, BuiltIn built_in);

int print_configuration(const Target& target);

// These talk to the running server. `wait` limits how long its end is waited for.
int stop(const Target& target, std::chrono::seconds wait);
int reload(const Target& target);
int status(const Target& target);

// What a plugin library declares, and whether this server takes it.
int describe_plugin(const std::filesystem::path& file);

// Reads a password from standard input, twice from a terminal, and prints what a file of users may
// have in its place. `iterations`: 0 is what is usual.
int make_digest(const std::string& form, unsigned iterations);

enum class ProjectKind { endpoint, filter, websocket };

// Writes a new plugin project into `folder`, which must be empty or absent; empty: `name`.
int make_project(ProjectKind kind, const std::string& name, std::filesystem::path folder);

}  // namespace container::commands
