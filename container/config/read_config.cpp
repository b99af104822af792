// Reads a file in three steps: XML, schema, checks. Whatever is wrong is reported together.
#include "container/config/read_config.h"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <memory>
#include <optional>
#include <utility>

#include "container/config/checks.h"
#include "container/config/reader.h"
#include "container/config/report.h"
#include "container/config/schema.h"
#include "container/config/source_text.h"
#include "container/config/xml.h"

namespace container {
namespace {

[[noreturn]] void refuse(const std::string& name, std::string message) {
  throw ConfigError({{.position = {.file = std::make_shared<const std::string>(name)},
                      .message = std::move(message)}});
}

[[noreturn]] void refuse_size(const std::string& name) {
  refuse(name, "the file is larger than 1 MiB; configuration that long is surely a mistake");
}

// At most one byte more than the limit, so that the limit can be told.
std::string load(const std::filesystem::path& file) {
  const std::string name = file.string();
  std::error_code error;
  if (std::filesystem::is_directory(file, error)) refuse(name, "is a folder, not a file");
  std::ifstream stream(file, std::ios::binary);
  if (!stream) refuse(name, "cannot be opened: " + std::string(std::strerror(errno)));
  std::string text(max_config_file_size + 1, '\0');
  stream.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (stream.bad()) refuse(name, "cannot be read: " + std::string(std::strerror(errno)));
  text.resize(static_cast<std::size_t>(stream.gcount()));
  if (text.size() > max_config_file_size) refuse_size(name);
  return text;
}

template <class Config>
Config parse(std::string_view text, const std::string& name, const Element& schema,
             void (*check)(Config&, Report&), const Substitutions& substitutions,
             std::vector<Diagnostic>& warnings) {
  if (text.size() > max_config_file_size) refuse_size(name);
  const SourceText source(name, text);
  Report report(source);
  Config config;
  read_elements(schema, substitutions, report, config);
  if (config.position.line > 0) check(config, report);
  report.finish(warnings);
  return config;
}

}  // namespace

ServerConfig parse_server_config(std::string_view text, const std::string& name,
                                 const Substitutions& substitutions,
                                 std::vector<Diagnostic>& warnings) {
  return parse<ServerConfig>(text, name, *server_schema(), check_server, substitutions, warnings);
}

ApplicationConfig parse_application_config(std::string_view text, const std::string& name,
                                           const Substitutions& substitutions,
                                           std::vector<Diagnostic>& warnings) {
  return parse<ApplicationConfig>(text, name, *application_schema(), check_application,
                                  substitutions, warnings);
}

ServerConfig read_server_config(const std::filesystem::path& file,
                                const Substitutions& substitutions,
                                std::vector<Diagnostic>& warnings) {
  return parse_server_config(load(file), file.string(), substitutions, warnings);
}

ServerAddress read_server_address(const std::filesystem::path& file,
                                  const Substitutions& substitutions) {
  const SourceText source(file.string(), load(file));
  Report report(source);
  const std::optional<XmlDocument> document = parse_xml(source, report);
  if (!document) {
    std::vector<Diagnostic> warnings;
    report.finish(warnings);
    return {};
  }
  if (document->root.name != "Server")
    refuse(file.string(), "is no server.xml: its root is <" + std::string(document->root.name) +
                              ">, not <Server>");
  const auto value = [&](std::string_view name) -> std::string {
    const XmlAttribute* attribute = document->root.find(name);
    if (attribute == nullptr) return {};
    const auto expanded = expand(attribute->value.value, substitutions);
    if (!expanded) refuse(file.string(), std::string(name) + ": " + expanded.error().text);
    return expanded->text;
  };
  return {.pid_file = value("pidFile"), .control = value("control")};
}

ApplicationConfig read_application_config(const std::filesystem::path& file,
                                          const Substitutions& substitutions,
                                          std::vector<Diagnostic>& warnings) {
  return parse_application_config(load(file), file.string(), substitutions, warnings);
}

}  // namespace container
