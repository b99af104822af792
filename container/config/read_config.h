// Where configuration enters: server.xml and app.xml to structs that hold.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "container/config/application_config.h"
#include "container/config/diagnostic.h"
#include "container/config/server_config.h"
#include "container/config/substitution.h"

namespace container {

inline constexpr std::size_t max_config_file_size = 1u << 20;

// All of these throw ConfigError with everything that is wrong, and those that take `warnings`
// append to it (also when they throw). Any thread.

ServerConfig read_server_config(const std::filesystem::path& file,
                                const Substitutions& substitutions,
                                std::vector<Diagnostic>& warnings);

ApplicationConfig read_application_config(const std::filesystem::path& file,
                                          const Substitutions& substitutions,
                                          std::vector<Diagnostic>& warnings);

// What leads to the running server. Looks at the attributes of <Server> alone, so that a server can
// still be told to stop when the rest of its server.xml, as long as it is XML, has become wrong.
struct ServerAddress {
  std::string pid_file;  // empty: none
  std::string control;   // empty: none
};

ServerAddress read_server_address(const std::filesystem::path& file,
                                  const Substitutions& substitutions);

// From memory; `name` stands for the file in messages and positions.

ServerConfig parse_server_config(std::string_view text, const std::string& name,
                                 const Substitutions& substitutions,
                                 std::vector<Diagnostic>& warnings);

ApplicationConfig parse_application_config(std::string_view text, const std::string& name,
                                           const Substitutions& substitutions,
                                           std::vector<Diagnostic>& warnings);

}  // namespace container
