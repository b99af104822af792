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

// All of these throw ConfigError with everything that is wrong, and append to `warnings` (also when
// they throw). Any thread.

ServerConfig read_server_config(const std::filesystem::path& file,
                                const Substitutions& substitutions,
                                std::vector<Diagnostic>& warnings);

ApplicationConfig read_application_config(const std::filesystem::path& file,
                                          const Substitutions& substitutions,
                                          std::vector<Diagnostic>& warnings);

// From memory; `name` stands for the file in messages and positions.

ServerConfig parse_server_config(std::string_view text, const std::string& name,
                                 const Substitutions& substitutions,
                                 std::vector<Diagnostic>& warnings);

ApplicationConfig parse_application_config(std::string_view text, const std::string& name,
                                           const Substitutions& substitutions,
                                           std::vector<Diagnostic>& warnings);

}  // namespace container
