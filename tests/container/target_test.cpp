// Raw request-targets against what the container makes of them, attacks above all.
#include "container/target.h"

#include <doctest/doctest.h>

#include <array>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

using namespace container;

namespace {

// Owns the room, so that views stay good while a case looks at them.
class Parsed {
 public:
  explicit Parsed(std::string_view raw, const TargetRules& rules = {},
                  Asterisk asterisk = Asterisk::refused)
      : raw_(raw), room_(raw.size(), '\x01'), result_(parse_target(raw_, rules, room_, asterisk)) {}

  bool refused() const { return !result_; }
  TargetFault fault() const { return result_.error().fault; }
  const Target& target() const { return *result_; }
  bool copied() const {
    return !room_.empty() && target().path.data() >= room_.data() &&
           target().path.data() < room_.data() + room_.size();
  }
  bool room_untouched() const { return room_ == std::string(raw_.size(), '\x01'); }

 private:
  std::string raw_;
  std::string room_;
  tl::expected<Target, TargetError> result_;
};

struct Good {
  std::string_view raw;
  std::string_view path;
};

struct Bad {
  std::string_view raw;
  TargetFault fault;
};

// A first segment of every length up to 40: the scan works in blocks, and each row shall meet all
// their borders.
std::vector<std::string> fillers() {
  std::vector<std::string> result;
  for (std::size_t length = 1; length <= 40; ++length)
    result.push_back("/" + std::string(length, 'f'));
  return result;
}

template <std::size_t N>
void check_good(const Good (&rows)[N], const TargetRules& rules = {}) {
  for (const Good& row : rows) {
    CAPTURE(row.raw);
    const Parsed parsed(row.raw, rules);
    REQUIRE_FALSE(parsed.refused());
    CHECK(parsed.target().path == row.path);
    for (const std::string& filler : fillers()) {
      const std::string longer = filler + std::string(row.raw);
      const Parsed moved(longer, rules);
      REQUIRE_FALSE(moved.refused());
      CHECK(moved.target().path == filler + std::string(row.path));
    }
  }
}

template <std::size_t N>
void check_bad(const Bad (&rows)[N], const TargetRules& rules = {}) {
  for (const Bad& row : rows) {
    CAPTURE(row.raw);
    const Parsed parsed(row.raw, rules);
    REQUIRE(parsed.refused());
    CHECK(static_cast<int>(parsed.fault()) == static_cast<int>(row.fault));
    CHECK(sentence(parsed.fault()).ends_with('.'));
    if (!row.raw.starts_with('/') || row.fault == TargetFault::above_root) continue;
    for (const std::string& filler : fillers()) {
      const Parsed moved(filler + std::string(row.raw), rules);
      REQUIRE(moved.refused());
      CHECK(static_cast<int>(moved.fault()) == static_cast<int>(row.fault));
    }
  }
}

}  // namespace

TEST_CASE("a plain path is viewed where it stands") {
  for (std::string_view raw : {"/", "/a", "/a/", "/index.html", "/a.b/c..d/e",
                               "/a-b_c~d!$&'()*+,=:@", "/0123456789abcdef0123456789ABCDEF/x"}) {
    CAPTURE(raw);
    const Parsed parsed(raw);
    REQUIRE_FALSE(parsed.refused());
    CHECK(parsed.target().path == raw);
    CHECK(parsed.room_untouched());
    CHECK(parsed.target().query.empty());
    CHECK(parsed.target().path_parameters.empty());
    CHECK(parsed.target().form == TargetForm::origin);
  }
}

TEST_CASE("a path the scan suspects but that needs no change is viewed where it stands") {
  for (std::string_view raw : {"/.well-known/x", "/a/..b", "/...", "/a/.b/"}) {
    CAPTURE(raw);
    const Parsed parsed(raw);
    REQUIRE_FALSE(parsed.refused());
    CHECK(parsed.target().path == raw);
    CHECK_FALSE(parsed.copied());
  }
}

TEST_CASE("paths are decoded and normalised") {
  check_good({
      {"/a%20b", "/a b"},
      {"/%41%6a%6A", "/Ajj"},
      {"/a+b", "/a+b"},
      {"/%7Euser", "/~user"},
      {"/a%3Fb%23c", "/a?b#c"},
      {"/a%3Bb=1", "/a;b=1"},
      {"/a%25b", "/a%b"},
      {"/%252e%252e/a", "/%2e%2e/a"},
      {"/%25%32%66", "/%2f"},
      {"/caf%C3%A9", "/caf\xC3\xA9"},
      {"/%E2%82%AC/%F0%9F%90%B1", "/\xE2\x82\xAC/\xF0\x9F\x90\xB1"},
      {"/%F4%8F%BF%BF", "/\xF4\x8F\xBF\xBF"},
      {"/%ED%9F%BF%EE%80%80", "/\xED\x9F\xBF\xEE\x80\x80"},
      {"//", "/"},
      {"//a", "/a"},
      {"/a//b///c////", "/a/b/c/"},
      {"/.", "/"},
      {"/./", "/"},
      {"/a/.", "/a/"},
      {"/a/./b", "/a/b"},
      {"/a/..", "/"},
      {"/a/../", "/"},
      {"/a/b/..", "/a/"},
      {"/a/b/../c", "/a/c"},
      {"/a/b/../../c", "/c"},
      {"/a//../b", "/b"},
      {"/a/./../b", "/b"},
      {"/a/%2e%2e/b", "/b"},
      {"/a/.%2e/b", "/b"},
      {"/a/%2E./b", "/b"},
      {"/a/%2e/b", "/a/b"},
      {"/a/.../b", "/a/.../b"},
      {"/a/..%20/b", "/a/.. /b"},
      {"/a/%2e%2e%2e", "/a/..."},
      {"/A/b/../B", "/A/B"},
      {"/a:80/@b", "/a:80/@b"},
      {"/http://a/b", "/http:/a/b"},
  });
}

TEST_CASE("paths are refused") {
  check_bad({
      {"", TargetFault::empty},
      {"a", TargetFault::form},
      {"a/b", TargetFault::form},
      {"?a", TargetFault::form},
      {"#", TargetFault::form},
      {"example.org:443", TargetFault::form},
      {"\\a", TargetFault::form},
      {"**", TargetFault::form},
      {"*", TargetFault::asterisk},
      {"/a#b", TargetFault::fragment},
      {"/#", TargetFault::fragment},
      {"/a?b#c", TargetFault::fragment},
      {"/..", TargetFault::above_root},
      {"/../", TargetFault::above_root},
      {"/../etc/passwd", TargetFault::above_root},
      {"/a/../../b", TargetFault::above_root},
      {"/a/../..", TargetFault::above_root},
      {"//../a", TargetFault::above_root},
      {"/./../a", TargetFault::above_root},
      {"/a//../../b", TargetFault::above_root},
      {"/%2e%2e/a", TargetFault::above_root},
      {"/.%2e/a", TargetFault::above_root},
      {"/..;/a", TargetFault::above_root},
      {"/..;x=y/a", TargetFault::above_root},
      {"/%2e%2e;/a", TargetFault::above_root},
      {"/a/..;/..;/b", TargetFault::above_root},
      {"/;/../a", TargetFault::above_root},
      {"/%", TargetFault::escape},
      {"/%4", TargetFault::escape},
      {"/%4g", TargetFault::escape},
      {"/%g4", TargetFault::escape},
      {"/%%41", TargetFault::escape},
      {"/%u0041", TargetFault::escape},
      {"/% 41", TargetFault::escape},
      {"/%4?1", TargetFault::escape},
      {"/a;x=%", TargetFault::escape},
      {"/a;x=%0/b", TargetFault::escape},
      {"/%00", TargetFault::control},
      {"/a%00.html", TargetFault::control},
      {"/a%0d%0aSet-Cookie:x", TargetFault::control},
      {"/%09", TargetFault::control},
      {"/%1f", TargetFault::control},
      {"/%7f", TargetFault::control},
      {"/a;x=%00", TargetFault::control},
      {"/%c0%af", TargetFault::encoding},
      {"/%c0%ae%c0%ae/a", TargetFault::encoding},
      {"/%e0%80%af", TargetFault::encoding},
      {"/%f0%80%80%af", TargetFault::encoding},
      {"/%c1%9c", TargetFault::encoding},
      {"/%c0%80", TargetFault::encoding},
      {"/%80", TargetFault::encoding},
      {"/%ff", TargetFault::encoding},
      {"/%fe%ff", TargetFault::encoding},
      {"/%e9", TargetFault::encoding},
      {"/%c3/%a9", TargetFault::encoding},
      {"/%e2%82", TargetFault::encoding},
      {"/%c3%28", TargetFault::encoding},
      {"/%ed%a0%80", TargetFault::encoding},
      {"/%ed%bf%bf", TargetFault::encoding},
      {"/%f4%90%80%80", TargetFault::encoding},
      {"/%f5%80%80%80", TargetFault::encoding},
      {"/%f8%88%80%80%80", TargetFault::encoding},
      {"/%ff/../a", TargetFault::encoding},
      {"/%2f", TargetFault::solidus},
      {"/a%2Fb", TargetFault::solidus},
      {"/a/..%2f..%2fb", TargetFault::solidus},
      {"/a\\b", TargetFault::backslash},
      {"/a/..\\b", TargetFault::backslash},
      {"/a%5cb", TargetFault::backslash},
      {"/a/..%5C..%5Cb", TargetFault::backslash},
      {"/a;x\\y", TargetFault::backslash},
      {"/a b", TargetFault::character},
      {"/a\"b", TargetFault::character},
      {"/<script>", TargetFault::character},
      {"/a>b", TargetFault::character},
      {"/a[0]", TargetFault::character},
      {"/a^b", TargetFault::character},
      {"/a`b", TargetFault::character},
      {"/{a}", TargetFault::character},
      {"/a|b", TargetFault::character},
      {"/a\tb", TargetFault::character},
      {"/a\rb", TargetFault::character},
      {"/a\nb", TargetFault::character},
      {"/a\x7f", TargetFault::character},
      {"/caf\xC3\xA9", TargetFault::character},
      {"/\xff", TargetFault::character},
      {"/a;x={}", TargetFault::character},
      {std::string_view("/a\0b", 4), TargetFault::character},
  });
}

TEST_CASE("the query stays raw") {
  const Parsed parsed("/a%20b?x=%2f&y=../..//;z&bad=%&q=a?b/c");
  REQUIRE_FALSE(parsed.refused());
  CHECK(parsed.target().path == "/a b");
  CHECK(parsed.target().query == "x=%2f&y=../..//;z&bad=%&q=a?b/c");
  CHECK(parsed.target().path_parameters.empty());
  CHECK(Parsed("/?").target().query.empty());
  CHECK(Parsed("/a?").target().path == "/a");
  CHECK(Parsed("/a/..?x").target().path == "/");
  const std::string long_query = std::string(50, 'q') + "?/%zz" + std::string(50, 'q');
  const std::string long_raw = "/?" + long_query;
  CHECK(Parsed(long_raw).target().query == long_query);
  for (std::size_t length = 0; length <= 40; ++length)
    CHECK(Parsed("/?" + std::string(length, 'q') + "#").refused());
  check_bad({
      {"/?a b", TargetFault::character},
      {"/?a=[]", TargetFault::character},
      {"/?\"", TargetFault::character},
      {"/?a\\b", TargetFault::character},
      {"/?a\xC3\xA9", TargetFault::character},
      {"/?\x01", TargetFault::character},
      {"/?{}", TargetFault::character},
  });
}

TEST_CASE("path parameters are off the path and kept raw") {
  check_good({
      {"/a;x=1", "/a"},
      {"/a;", "/a"},
      {"/;x", "/"},
      {"/a;x=1/b;y=2/c", "/a/b/c"},
      {"/a;x=1;y=2/b", "/a/b"},
      {"/a/;x/b", "/a/b"},
      {"/a/..;/b", "/b"},
      {"/a/..;x=/b", "/b"},
      {"/a/.;/b", "/a/b"},
      {"/a/b/.;.", "/a/b/"},
      {"/a/.;./b", "/a/b"},
      {"/a;%2f../b", "/a/b"},
      {"/a;x=%ff/b", "/a/b"},
      {"/a.jsp;x=.html", "/a.jsp"},
  });
  const Parsed parsed("/a;v=1/b;jsessionid=AB%20C;w/c?q=;jsessionid=no");
  REQUIRE_FALSE(parsed.refused());
  const std::string_view parameters = parsed.target().path_parameters;
  CHECK(parameters == ";v=1/b;jsessionid=AB%20C;w/c");
  CHECK(path_parameter(parameters, "jsessionid") == "AB%20C");
  CHECK(path_parameter(parameters, "v") == "1");
  CHECK(path_parameter(parameters, "w") == "");
  CHECK(path_parameter(parameters, "b") == std::nullopt);
  CHECK(path_parameter(parameters, "JSESSIONID") == std::nullopt);
  CHECK(path_parameter(";a=1/x;a=2", "a") == "2");
  CHECK(path_parameter(";=x", "") == "x");
  CHECK(path_parameter("", "a") == std::nullopt);
  CHECK(path_parameter(";", "a") == std::nullopt);
}

TEST_CASE("encodedSolidusHandling") {
  TargetRules rules;
  rules.encoded_solidus = EncodedSeparator::decode;
  check_good({{"/a%2fb", "/a/b"},
              {"/a%2F..%2fb", "/b"},
              {"/a%2f%2fb", "/a/b"},
              {"/a;x%2fb", "/a"},
              {"/%2f", "/"}},
             rules);
  check_bad({{"/..%2fa", TargetFault::above_root}, {"/a/..%2f..", TargetFault::above_root}}, rules);
  rules.encoded_solidus = EncodedSeparator::passthrough;
  check_good({{"/a%2fb", "/a%2fb"},
              {"/a%2Fb%20c", "/a%2Fb c"},
              {"/a%252fb", "/a%252fb"},
              {"/a/..%2fb", "/a/..%2fb"},
              {"/a%2f/../b", "/b"}},
             rules);
  check_bad({{"/a%5cb", TargetFault::backslash}}, rules);
}

TEST_CASE("encodedReverseSolidusHandling and allowBackslash") {
  TargetRules rules;
  rules.allow_backslash = true;
  check_good({{"/a\\b", "/a/b"},
              {"/a\\..\\b", "/b"},
              {"/a%5cb", "/a/b"},
              {"/a%5C..%5cb", "/b"},
              {"/a\\/b", "/a/b"},
              {"/a;x\\b", "/a/b"},
              {"/a\\", "/a/"}},
             rules);
  check_bad({{"/..\\a", TargetFault::above_root},
             {"/..%5ca", TargetFault::above_root},
             {"/..;\\a", TargetFault::above_root}},
            rules);
  rules.encoded_reverse_solidus = EncodedSeparator::reject;
  check_good({{"/a\\b", "/a/b"}}, rules);
  check_bad({{"/a%5cb", TargetFault::backslash}}, rules);
  rules.allow_backslash = false;
  rules.encoded_reverse_solidus = EncodedSeparator::passthrough;
  check_good({{"/a%5cb", "/a%5cb"}, {"/a%255cb", "/a%255cb"}, {"/..%5ca", "/..%5ca"}}, rules);
  check_bad({{"/a\\b", TargetFault::backslash}, {"/a%2fb", TargetFault::solidus}}, rules);
}

TEST_CASE("relaxed characters widen path and query apart") {
  TargetRules rules;
  rules.relaxed_path = RelaxedCharacters("{}|\\");
  check_good({{"/{a}|b", "/{a}|b"}, {"/{a}/../b", "/b"}}, rules);
  check_bad({{"/a[0]", TargetFault::character},
             {"/?{a}", TargetFault::character},
             {"/a\\b", TargetFault::backslash}},
            rules);
  rules.relaxed_query = RelaxedCharacters("[]\\");
  const Parsed parsed("/a?b[]=1\\", rules);
  REQUIRE_FALSE(parsed.refused());
  CHECK(parsed.target().query == "b[]=1\\");
  for (std::string_view text : {" ", "#", "%", "\x7f", "\n", "\xC3", "a", "/", ";"}) {
    CAPTURE(text);
    CHECK_THROWS_AS(RelaxedCharacters{text}, std::invalid_argument);
  }
}

TEST_CASE("absolute form") {
  struct Row {
    std::string_view raw, authority, path, query;
  };
  for (const Row& row : {
           Row{"http://example.org", "example.org", "/", ""},
           Row{"http://example.org/", "example.org", "/", ""},
           Row{"HTTP://Example.ORG:8080/a/../b?c", "Example.ORG:8080", "/b", "c"},
           Row{"https://[::1]:8443/a%20b", "[::1]:8443", "/a b", ""},
           Row{"http://example.org?x=1", "example.org", "/", "x=1"},
           Row{"http://user:pa%20ss@example.org/a", "example.org", "/a", ""},
           Row{"http://@example.org/", "example.org", "/", ""},
           Row{"http://example.org:/a", "example.org:", "/a", ""},
           Row{"http://a//b;c", "a", "/b", ""},
       }) {
    CAPTURE(row.raw);
    const Parsed parsed(row.raw);
    REQUIRE_FALSE(parsed.refused());
    CHECK(parsed.target().form == TargetForm::absolute);
    CHECK(parsed.target().authority == row.authority);
    CHECK(parsed.target().path == row.path);
    CHECK(parsed.target().query == row.query);
  }
  check_bad({
      {"http", TargetFault::form},
      {"http:", TargetFault::form},
      {"http:/a", TargetFault::form},
      {"http:a", TargetFault::form},
      {"httpx://a/", TargetFault::form},
      {"ftp://a/", TargetFault::form},
      {"file:///etc/passwd", TargetFault::form},
      {"javascript:alert(1)", TargetFault::form},
      {"http://", TargetFault::authority},
      {"http:///a", TargetFault::authority},
      {"http://:80/", TargetFault::authority},
      {"http://?a", TargetFault::authority},
      {"http://a@b@c/", TargetFault::authority},
      {"http://u<@b/", TargetFault::authority},
      {"http://u%zz@b/", TargetFault::authority},
      {"http://user@/", TargetFault::authority},
      {"http://a:99999/", TargetFault::authority},
      {"http://a b/", TargetFault::authority},
      {"http://a\\@b/", TargetFault::authority},
      {"http://a%00b/", TargetFault::authority},
      {"http://[::1/", TargetFault::authority},
      {"http://a#b", TargetFault::fragment},
      {"http://a/..", TargetFault::above_root},
      {"http://a/%2f", TargetFault::solidus},
  });
}

TEST_CASE("asterisk form goes with OPTIONS") {
  const Parsed parsed("*", {}, Asterisk::allowed);
  REQUIRE_FALSE(parsed.refused());
  CHECK(parsed.target().path == "*");
  CHECK(parsed.target().form == TargetForm::asterisk);
  CHECK(Parsed("*?a", {}, Asterisk::allowed).refused());
}

TEST_CASE("an error says where") {
  std::array<char, 64> room{};
  CHECK(parse_target("/abc%zz", {}, room).error().at == 4);
  CHECK(parse_target("/a?b\"", {}, room).error().at == 4);
  CHECK(parse_target("http://a/b|", {}, room).error().at == 10);
}
