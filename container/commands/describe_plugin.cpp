// `margay abi`: a look at a plugin library as the server would take it.
#include <iostream>

#include "container/commands/commands.h"

namespace container::commands {

int describe_plugin(const std::filesystem::path& file) {
  const auto plugin = Plugin::load(file, {.work = std::filesystem::temp_directory_path()});
  if (!plugin) {
    std::cerr << "margay: refused: " << plugin.error() << '\n';
    return failed;
  }
  std::cout << describe((*plugin)->table()) << "accepted: this server has plugin ABI "
            << MARGAY_ABI_MAJOR << '.' << MARGAY_ABI_MINOR << '\n';
  return clean;
}

}  // namespace container::commands
