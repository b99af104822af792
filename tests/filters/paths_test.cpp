#include "filters/paths.h"

#include <doctest/doctest.h>

#include "tests/filters/scene.h"

using filters::Paths;
using tests::Scene;

namespace {

struct Listed {
  explicit Listed(const margay::Config& config) : paths(Paths::read(config, "paths")) {}
  Paths paths;
};

bool contain(const char* list, std::string_view path) {
  return Scene::made<Listed>({{"paths", list}}).paths.contain(path);
}

}  // namespace

TEST_CASE("Paths: exact, with all below, by extension, everything") {
  CHECK(contain("/a, /b", "/b"));
  CHECK_FALSE(contain("/a", "/a/"));
  CHECK(contain("/a/*", "/a"));
  CHECK(contain("/a/*", "/a/b/c"));
  CHECK_FALSE(contain("/a/*", "/ab"));
  CHECK(contain("*.do", "/x/y.do"));
  CHECK_FALSE(contain("*.do", "/x.do/y"));
  CHECK(contain("/*", "/"));
  CHECK(contain("*", "/x"));
  CHECK_FALSE(contain("", "/"));
}

TEST_CASE("Paths: what is no path is named") {
  for (const char* bad : {"a", "/a*", "/a/*/b", "*.a/b", "/{id}", "**"}) {
    CAPTURE(bad);
    CHECK(Scene::refusal<Listed>({{"paths", bad}}).find("is not a path") != std::string::npos);
  }
}
