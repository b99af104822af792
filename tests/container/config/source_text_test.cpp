// Offsets to lines and columns, and the excerpt below a message.
#include "container/config/source_text.h"

#include <doctest/doctest.h>

namespace container {
namespace {

std::string place(const SourceText& source, std::size_t offset) {
  return to_string(source.position(offset));
}

}  // namespace

TEST_CASE("lines and columns count from one") {
  const SourceText source("f", "ab\ncd\r\n\nx");
  CHECK(place(source, 0) == "f:1:1");
  CHECK(place(source, 2) == "f:1:3");
  CHECK(place(source, 3) == "f:2:1");
  CHECK(place(source, 7) == "f:3:1");
  CHECK(place(source, 8) == "f:4:1");
  CHECK(place(source, 9) == "f:4:2");
  CHECK(place(source, 1000) == "f:4:2");
  CHECK(place(SourceText("f", ""), 0) == "f:1:1");
}

TEST_CASE("columns are characters, and a byte order mark is none") {
  const SourceText source("f", "\xEF\xBB\xBF\xC3\xBC\xE2\x82\xAC\xF0\x9F\x90\x86x");
  CHECK(place(source, 0) == "f:1:1");
  CHECK(place(source, 3) == "f:1:1");
  CHECK(place(source, 5) == "f:1:2");
  CHECK(place(source, 8) == "f:1:3");
  CHECK(place(source, 12) == "f:1:4");
}

TEST_CASE("columns are right behind long stretches") {
  std::string line;
  for (int i = 0; i < 1000; ++i) line += "\xC3\xBC";
  const SourceText source("f", "first\n" + line + "!");
  for (const std::size_t column : {1u, 63u, 64u, 65u, 500u, 1001u}) {
    CHECK(place(source, 6 + 2 * (column - 1)) == "f:2:" + std::to_string(column));
  }
}

TEST_CASE("the caret stands below the column") {
  const SourceText source("f", "one\n\t\xC3\xBC<two/>\r\nthree");
  CHECK(source.excerpt(source.position(7)) == "\t\xC3\xBC<two/>\n\t ^");
  CHECK(source.excerpt(source.position(source.text().size())) == "three\n     ^");
  CHECK(source.excerpt({}) == "");
  CHECK(source.excerpt(SourceText("f", "other").position(0)) == "");
}

TEST_CASE("a long line is cut around the caret") {
  const std::string text = std::string(100'000, 'a') + '!' + std::string(100'000, 'b');
  const SourceText source("f", text);
  const std::string excerpt = source.excerpt(source.position(100'000));
  CHECK(excerpt ==
        std::string(100, 'a') + '!' + std::string(59, 'b') + '\n' + std::string(100, ' ') + '^');
}

TEST_CASE("an excerpt shows no passwords") {
  const auto shown = [](const std::string& line) {
    const SourceText text("f", line);
    const std::string excerpt = text.excerpt(text.position(0));
    return excerpt.substr(0, excerpt.find('\n'));
  };
  CHECK(shown("<C keyPassword=\"a'b\" file='c'/>") == "<C keyPassword=\"***\" file='c'/>");
  CHECK(shown("don't <C keystorePass = 'a\"b' b='c'/>") == "don't <C keystorePass = '***' b='c'/>");
  CHECK(shown("<C Password='not closed") == "<C Password='**********");
  CHECK(shown("<C a='Password' b='c'/>") == "<C a='Password' b='c'/>");
  CHECK(shown("<C keyPasswordFile='f' Pass") == "<C keyPasswordFile='f' Pass");
  // The caret stays where it was.
  const SourceText text("f", "<C Password='abc' x='y'/>");
  CHECK(text.excerpt(text.position(18)) == "<C Password='***' x='y'/>\n                  ^");
}

}  // namespace container
