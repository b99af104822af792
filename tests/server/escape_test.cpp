// The escapes: what stays, what is replaced, and that no byte sequence slips a line, quote or tag
// through.
#include "server/escape.h"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>
#include <random>
#include <string>

namespace {

using Escape = void (*)(std::string&, std::string_view);

std::string escaped(Escape escape, std::string_view text) {
  std::string out;
  escape(out, text);
  return out;
}

}  // namespace

TEST_CASE("a log field keeps printable ASCII only") {
  const Escape ascii = server::append_ascii_escaped;
  CHECK(escaped(ascii, "/a b?c=d'e") == "/a b?c=d'e");
  CHECK(escaped(ascii, "say \"hi\" \\o/") == R"(say \"hi\" \\o/)");
  CHECK(escaped(ascii, "a\r\nb\tc\fd\ve") == R"(a\r\nb\tc\fd\ve)");
  CHECK(escaped(ascii, std::string_view("\0\x1b[31m\x7f", 7)) == R"(\x00\x1b[31m\x7f)");
  CHECK(escaped(ascii, "caf\xc3\xa9") == R"(caf\xc3\xa9)");
  CHECK(escaped(ascii, "").empty());
}

TEST_CASE("a message keeps UTF-8 but no control character") {
  const Escape line = server::append_line_escaped;
  CHECK(escaped(line, "caf\xc3\xa9 \"x\" \\y \xf0\x9f\x90\x88") ==
        "caf\xc3\xa9 \"x\" \\y \xf0\x9f\x90\x88");
  CHECK(escaped(line, "one\ntwo\r") == R"(one\ntwo\r)");
  CHECK(escaped(line, "\xc2\x85next line") == R"(\xc2\x85next line)");
  CHECK(escaped(line, "\xff\xc3") == R"(\xff\xc3)");
}

TEST_CASE("JSON strings survive a strict parser whatever the bytes") {
  CHECK(escaped(server::append_json_escaped, "a\"b\\c\n\x01\x7f") == R"(a\"b\\c\n\u0001\u007f)");
  CHECK(escaped(server::append_json_escaped, "\xed\xa0\x80") ==
        "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");
  CHECK(escaped(server::append_json_escaped, "\xc0\xaf") == "\xef\xbf\xbd\xef\xbf\xbd");
  std::mt19937 random(7);
  for (int round = 0; round < 2000; ++round) {
    std::string bytes(random() % 24, '\0');
    for (char& byte : bytes) byte = static_cast<char>(random());
    const std::string text = '"' + escaped(server::append_json_escaped, bytes) + '"';
    CHECK_MESSAGE(nlohmann::json::accept(text), text);
  }
}

TEST_CASE("HTML text cannot open a tag or leave an attribute") {
  CHECK(escaped(server::append_html_escaped, "<b a='1' c=\"2\">&") ==
        "&lt;b a=&#39;1&#39; c=&quot;2&quot;&gt;&amp;");
  CHECK(escaped(server::append_html_escaped, "x\x01y\xffz") == "x\xef\xbf\xbdy\xef\xbf\xbdz");
}
