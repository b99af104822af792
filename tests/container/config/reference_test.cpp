// The committed reference is what the schema says, and the files we ship can be read.
#include "container/config/reference.h"

#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "container/config/read_config.h"
#include "container/config/schema.h"

namespace container {
namespace {

const std::filesystem::path root = MARGAY_SOURCE_ROOT;

std::string text_of(const std::filesystem::path& file) {
  std::ifstream stream(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

}  // namespace

TEST_CASE("docs/configuration.md is up to date") {
  const bool same = text_of(root / "docs/configuration.md") == configuration_reference();
  CHECK_MESSAGE(same, "run configuration-doc and write its output to docs/configuration.md");
}

TEST_CASE("the shipped files read without a warning") {
  std::vector<Diagnostic> warnings;
  const ServerConfig server = read_server_config(root / "conf/server.xml", {}, warnings);
  CHECK(server.service.connectors.at(0).port == 8080);
  CHECK(server.service.engine.hosts.at(0).app_base == "apps");
  CHECK(read_application_config(root / "conf/app.xml", {}, warnings).welcome_files.size() == 1);
  CHECK(warnings.empty());
}

TEST_CASE("the schema is complete") {
  for (const auto& schema : {server_schema(), application_schema()}) {
    visit_elements(*schema, [](const Element& element) {
      CAPTURE(element.name);
      CHECK(element.meaning.ends_with('.'));
      REQUIRE(element.make);
      const auto fresh = element.make();
      for (const Attribute& attribute : element.attributes) {
        CAPTURE(attribute.name);
        CHECK(attribute.meaning.ends_with('.'));
        // A default must be a value that the attribute itself would take.
        const std::optional<std::string> value = attribute.field.show(*fresh);
        if (!value) continue;
        const auto error = attribute.field.store(*fresh, {*value, {}});
        CHECK_MESSAGE(!error, (error ? error->complaint : ""));
        CHECK(attribute.field.show(*fresh) == value);
      }
    });
  }
}

}  // namespace container
