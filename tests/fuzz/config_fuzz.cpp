// Feeds bytes to both readers of configuration: they may refuse, but neither fall over nor dawdle,
// and what they accept must survive being printed and read again.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>
#include <vector>

#include "container/config/effective.h"
#include "container/config/read_config.h"

namespace {

using container::ConfigError;
using container::Diagnostic;
using container::Substitutions;

template <class Config>
void read(Config (*parse)(std::string_view, const std::string&, const Substitutions&,
                          std::vector<Diagnostic>&),
          std::string_view text) {
  const Substitutions substitutions{.definitions = {{"port", "1"}}, .environment = {{"x", "$$"}}};
  std::vector<Diagnostic> warnings;
  Config config;
  try {
    config = parse(text, "fuzz.xml", substitutions, warnings);
  } catch (const ConfigError&) {
    return;
  }
  const std::string printed = container::effective_configuration(config);
  if (printed.size() > container::max_config_file_size) return;
  try {
    parse(printed, "printed.xml", {}, warnings);
  } catch (const ConfigError&) {
    std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  read(container::parse_server_config, text);
  read(container::parse_application_config, text);
  return 0;
}
