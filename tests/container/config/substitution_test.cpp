// ${name} and ${name:-default}.
#include "container/config/substitution.h"

#include <doctest/doctest.h>

#include <cstdlib>

namespace container {
namespace {

const Substitutions names{
    .definitions = {{"port", "9090"}, {"both", "defined"}},
    .environment = {
        {"HOME", "/home/me"}, {"both", "inherited"}, {"empty", ""}, {"trick", "${port}"}}};

std::string expanded(std::string_view text) {
  const auto expansion = expand(text, names);
  return expansion ? expansion->text : "error: " + expansion.error().text;
}

}  // namespace

TEST_CASE("names are replaced from definitions, then from the environment") {
  CHECK(expanded("${port}") == "9090");
  CHECK(expanded("${both}") == "defined");
  CHECK(expanded("a${HOME}/b:${port}") == "a/home/me/b:9090");
  CHECK(expanded("${empty:-full}") == "");
}

TEST_CASE("a default holds when nothing has the name") {
  CHECK(expanded("${nothing:-8080}") == "8080");
  CHECK(expanded("${nothing:-}") == "");
  CHECK(expanded("${nothing:-a:-b $x}") == "a:-b $x");
  CHECK(expanded("${port:-8080}") == "9090");
}

TEST_CASE("one of two texts is chosen by whether a name has a value") {
  CHECK(expanded("${port?on:off}") == "on");
  CHECK(expanded("${nothing?on:off}") == "off");
  CHECK(expanded("${empty?on:off}") == "off");
  CHECK(expanded("${port?:off}") == "");
  CHECK(expanded("${port?a:b:c}${nothing?a:b:c}") == "ab:c");
  CHECK(expanded("${port?on}").starts_with("error: "));
}

TEST_CASE("the program knows its own folder") {
  CHECK(process_environment().at("margay.bin").starts_with('/'));
}

TEST_CASE("dollar signs can be written, and replaced values are not looked at again") {
  CHECK(expanded("$${port}") == "${port}");
  CHECK(expanded("$$$${port}") == "$${port}");
  CHECK(expanded("$$${port}") == "$9090");
  CHECK(expanded("100$ and $x $") == "100$ and $x $");
  CHECK(expanded("${trick}") == "${port}");
}

TEST_CASE("what cannot be replaced is an error where it stands") {
  for (const char* text : {"ab${missing}", "ab${port", "ab${}", "ab${a b}", "ab${x:-${port}}"}) {
    CAPTURE(text);
    const auto expansion = expand(text, names);
    REQUIRE_FALSE(expansion);
    CHECK(expansion.error().offset == 2);
  }
}

TEST_CASE("an error shows a name at most, for the text may be secret") {
  for (const char* text : {"${se cret}", "${x y:-se${cret}}", "${x=secret}", "${x?secret}",
                           "secret${missing}", "secret${", "${x:-secret${port}}"}) {
    CAPTURE(text);
    CHECK(expand(text, names).error().text.find("cret") == std::string::npos);
  }
}

TEST_CASE("the first name found is the origin") {
  CHECK(expand("plain", names)->origin == Origin::Kind::file);
  CHECK(expand("plain", names)->literal);
  CHECK(expand("${nothing:-1}", names)->origin == Origin::Kind::file);
  CHECK_FALSE(expand("${nothing:-1}", names)->literal);
  const auto both = expand("${HOME}${port}", names);
  CHECK(both->origin == Origin::Kind::environment);
  CHECK(both->name == "HOME");
  CHECK(expand("${port}", names)->origin == Origin::Kind::definition);
}

TEST_CASE("what could not stand in the file cannot come in from outside") {
  const Substitutions bad{.definitions = {{"bell", "a\x07"}, {"latin", "caf\xE9"}}};
  CHECK_FALSE(expand("${bell}", bad).has_value());
  CHECK(expand("${latin}", bad).error().text ==
        "the value of 'latin' holds a control character, or is not UTF-8");
}

TEST_CASE("a value does not grow without end") {
  const Substitutions large{.environment = {{"x", std::string(1000, 'x')}}};
  std::string text;
  for (int i = 0; i < 65; ++i) text += "${x}";
  CHECK(expand(text, large).has_value());
  text += "${x}";
  REQUIRE_FALSE(expand(text, large).has_value());
  CHECK(expand(text, large).error().text == "the value is longer than 64 KiB");
}

TEST_CASE("the environment of the process can be asked") {
  ::setenv("MARGAY_CONFIG_TEST", "a=b", 1);
  const Substitutions::Names environment = process_environment();
  REQUIRE(environment.count("MARGAY_CONFIG_TEST") == 1);
  CHECK(environment.at("MARGAY_CONFIG_TEST") == "a=b");
}

}  // namespace container
