// Patterns as people write them, right and wrong, and the filters' way of matching.
#include "container/pattern.h"

#include <doctest/doctest.h>

#include <string>

using namespace container;

TEST_CASE("patterns are recognised") {
  struct Row {
    std::string_view text;
    Pattern::Kind kind;
    std::string_view literal;
    std::size_t segments;
  };
  for (const Row& row : {
           Row{"", Pattern::Kind::context_root, "", 0},
           Row{"/", Pattern::Kind::fallback, "", 0},
           Row{"/a", Pattern::Kind::exact, "/a", 0},
           Row{"/a/", Pattern::Kind::exact, "/a/", 0},
           Row{"/a/b.html", Pattern::Kind::exact, "/a/b.html", 0},
           Row{"/.well-known/x", Pattern::Kind::exact, "/.well-known/x", 0},
           Row{"/caf\xC3\xA9 x", Pattern::Kind::exact, "/caf\xC3\xA9 x", 0},
           Row{"/*", Pattern::Kind::prefix, "", 0},
           Row{"/a/*", Pattern::Kind::prefix, "/a", 0},
           Row{"/a/b/*", Pattern::Kind::prefix, "/a/b", 0},
           Row{"*.html", Pattern::Kind::extension, "html", 0},
           Row{"/{id}", Pattern::Kind::variables, "", 1},
           Row{"/users/{id}", Pattern::Kind::variables, "", 2},
           Row{"/users/{id}/", Pattern::Kind::variables, "", 3},
           Row{"/users/{id}/x/{user-name_2}", Pattern::Kind::variables, "", 4},
           Row{"/files/{path...}", Pattern::Kind::variables, "", 2},
       }) {
    CAPTURE(row.text);
    const auto pattern = Pattern::parse(row.text);
    REQUIRE(pattern);
    CHECK(pattern->text() == row.text);
    CHECK(static_cast<int>(pattern->kind()) == static_cast<int>(row.kind));
    CHECK(pattern->literal() == row.literal);
    CHECK(pattern->segments().size() == row.segments);
  }
  const auto pattern = Pattern::parse("/f/{a}/{rest...}");
  REQUIRE(pattern);
  CHECK(pattern->segments()[0].kind == Pattern::Segment::Kind::literal);
  CHECK(pattern->segments()[1].kind == Pattern::Segment::Kind::variable);
  CHECK(pattern->segments()[1].text == "a");
  CHECK(pattern->segments()[2].kind == Pattern::Segment::Kind::rest);
  CHECK(pattern->segments()[2].text == "rest");
}

TEST_CASE("wrong patterns say what and where") {
  struct Row {
    std::string_view text;
    std::size_t offset;
    std::string_view part;  // of the sentence
  };
  for (const Row& row : {
           Row{"a", 0, "'/a'"},
           Row{"a/*", 0, "'/a/*'"},
           Row{"{id}", 0, "'/{id}'"},
           Row{".html", 0, "begins with '/'"},
           Row{"*", 0, "'/*'"},
           Row{"**", 1, "extension"},
           Row{"*html", 1, "extension"},
           Row{"*.", 2, "missing"},
           Row{"*.a/b", 3, "plain text"},
           Row{"*.*", 2, "plain text"},
           Row{"*.{x}", 2, "plain text"},
           Row{"*.tar.gz", 5, "'*.gz'"},
           Row{"//", 1, "'//'"},
           Row{"//a", 1, "'//'"},
           Row{"/a//b", 3, "'//'"},
           Row{"/a//", 3, "'//'"},
           Row{"/a//*", 3, "'//'"},
           Row{"//*", 1, "'//'"},
           Row{"/.", 1, "normalised"},
           Row{"/./a", 1, "normalised"},
           Row{"/a/../b", 3, "normalised"},
           Row{"/a/..", 3, "normalised"},
           Row{"/a/../*", 3, "normalised"},
           Row{"/a/**", 3, "'/a/*'"},
           Row{"/a/*/b", 3, "'{name}'"},
           Row{"/a/*.html", 3, "'*.html' or '/a/*'"},
           Row{"/a*", 2, "stands alone"},
           Row{"/a/b*c/d", 4, "stands alone"},
           Row{"/a{b}", 2, "whole segment"},
           Row{"/{a}b", 1, "whole segment"},
           Row{"/{a}{b}", 1, "whole segment"},
           Row{"/{a", 1, "whole segment"},
           Row{"/a}", 2, "whole segment"},
           Row{"/{{a}}", 1, "whole segment"},
           Row{"/{}", 2, "no name"},
           Row{"/{...}", 2, "no name"},
           Row{"/{a b}", 3, "letters"},
           Row{"/{a.b}", 3, "letters"},
           Row{"/{a:[0-9]+}", 3, "letters"},
           Row{"/{a...}/b", 1, "comes last"},
           Row{"/{a...}/", 1, "comes last"},
           Row{"/{a}/x/{a}", 8, "twice"},
           Row{"/{a}/{a...}", 6, "twice"},
           Row{"/a/{x}/*", 7, "'/a/{x}/{rest...}'"},
           Row{"/a%20b", 2, "decoded"},
           Row{"/a?b", 2, "without query"},
           Row{"/a#b", 2, "without query"},
           Row{"/a;b", 2, "parameters"},
           Row{"/a\\b", 2, "'/'"},
           Row{"/a\nb", 2, "control"},
       }) {
    CAPTURE(row.text);
    const auto pattern = Pattern::parse(row.text);
    REQUIRE_FALSE(pattern);
    CAPTURE(pattern.error().text);
    CHECK(pattern.error().offset == row.offset);
    CHECK(pattern.error().text.find(row.part) != std::string::npos);
  }
}

TEST_CASE("a pattern has at most sixteen variables") {
  std::string text;
  for (std::size_t i = 0; i < max_path_variables; ++i) text += "/{v" + std::to_string(i) + "}";
  CHECK(Pattern::parse(text));
  CHECK_FALSE(Pattern::parse(text + "/{one-more}"));
}

TEST_CASE("filters match every path their pattern covers") {
  struct Row {
    std::string_view pattern, path;
    bool matches;
  };
  for (const Row& row : {
           Row{"*", "/", true},
           Row{"*", "/a/b", true},
           Row{"*", "", true},
           Row{"/*", "/", true},
           Row{"/*", "/a/b.html", true},
           Row{"", "/", true},
           Row{"", "/a", false},
           Row{"/", "/", true},
           Row{"/", "/a", false},
           Row{"/a", "/a", true},
           Row{"/a", "/a/", false},
           Row{"/a", "/A", false},
           Row{"/a/*", "/a", true},
           Row{"/a/*", "/a/", true},
           Row{"/a/*", "/a/b/c", true},
           Row{"/a/*", "/ab", false},
           Row{"/a/*", "/", false},
           Row{"*.html", "/a.html", true},
           Row{"*.html", "/a/b.c.html", true},
           Row{"*.html", "/.html", true},
           Row{"*.html", "/a.HTML", false},
           Row{"*.html", "/a.html/", false},
           Row{"*.html", "/a.html/b", false},
           Row{"*.html", "/a.html.", false},
           Row{"*.html", "/ahtml", false},
           Row{"*.html", "/html", false},
           Row{"/u/{id}", "/u/7", true},
           Row{"/u/{id}", "/u/", false},
           Row{"/u/{id}", "/u", false},
           Row{"/u/{id}", "/u/7/", false},
           Row{"/u/{id}/", "/u/7/", true},
           Row{"/u/{id}/", "/u/7", false},
           Row{"/u/{id}/x", "/u/7/x", true},
           Row{"/u/{id}/x", "/u/7/y", false},
           Row{"/f/{p...}", "/f/", true},
           Row{"/f/{p...}", "/f/a/b", true},
           Row{"/f/{p...}", "/f", false},
           Row{"/f/{p...}", "/g/a", false},
           Row{"/{a}/{p...}", "/x/", true},
           Row{"/{a}", "", false},
       }) {
    CAPTURE(row.pattern);
    CAPTURE(row.path);
    const auto pattern = Pattern::parse(row.pattern, PatternUse::filter);
    REQUIRE(pattern);
    CHECK(pattern->matches_filter(row.path) == row.matches);
  }
}

TEST_CASE("a WebSocket's paths begin with '/', which alone is the root") {
  const auto socket = [](std::string_view text) {
    return Pattern::parse(text, PatternUse::websocket);
  };
  CHECK(socket("/")->kind() == Pattern::Kind::context_root);
  CHECK(socket("/a/*")->kind() == Pattern::Kind::prefix);
  CHECK(socket("/a/{b}")->kind() == Pattern::Kind::variables);
  for (const char* wrong : {"", "*", "*.ws", "a", "/a/{b}c", "/a//b", "/a/{b}/{b}"}) {
    CAPTURE(wrong);
    CHECK_FALSE(socket(wrong));
  }
}
