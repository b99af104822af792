// Cookies: what is written, and what is refused with a reason.
#include <doctest/doctest.h>
#include <margay/cookie.h>

#include <utility>
#include <vector>

using margay::Cookie;
using margay::SameSite;

namespace {

std::string fault(const Cookie& cookie) {
  try {
    to_string(cookie);
    return {};
  } catch (const std::invalid_argument& error) {
    return error.what();
  }
}

std::vector<std::pair<std::string, std::string>> read(std::string_view field) {
  std::vector<std::pair<std::string, std::string>> all;
  margay::detail::each_cookie(
      field, [&](std::string_view name, std::string_view value) { all.emplace_back(name, value); });
  return all;
}

}  // namespace

TEST_CASE("a cookie with nothing but its name and value") {
  CHECK(to_string(Cookie{.name = "a", .value = "b"}) == "a=b");
  CHECK(to_string(Cookie{.name = "a"}) == "a=");
  CHECK(to_string(Cookie{.name = "a", .value = "\"quoted\""}) == "a=\"quoted\"");
}

TEST_CASE("a cookie with every attribute") {
  const Cookie all{.name = "id",
                   .value = "31d4d96e407aad42",
                   .path = "/shop",
                   .domain = "example.org",
                   .max_age = std::chrono::hours(1),
                   .expires = std::chrono::system_clock::from_time_t(1445412480),
                   .secure = true,
                   .http_only = true,
                   .same_site = SameSite::none,
                   .partitioned = true};
  CHECK(to_string(all) ==
        "id=31d4d96e407aad42; Path=/shop; Domain=example.org; Max-Age=3600; "
        "Expires=Wed, 21 Oct 2015 07:28:00 GMT; Secure; HttpOnly; SameSite=None; Partitioned");
  CHECK(to_string(Cookie{.name = "a", .same_site = SameSite::lax}) == "a=; SameSite=Lax");
  CHECK(to_string(Cookie{.name = "a", .same_site = SameSite::strict}) == "a=; SameSite=Strict");
  CHECK(to_string(Cookie::removal("a", "/shop", "example.org")) ==
        "a=; Path=/shop; Domain=example.org; Max-Age=0");
}

TEST_CASE("cookies that no browser would take, or that would say something else") {
  using Case = std::pair<Cookie, const char*>;
  for (const auto& [cookie, reason] : std::vector<Case>{
           {{.name = ""}, "name"},
           {{.name = "a b"}, "name"},
           {{.name = "a=b"}, "name"},
           {{.name = "a", .value = "b; Path=/"}, "value"},
           {{.name = "a", .value = "b\r\nX: y"}, "value"},
           {{.name = "a", .value = "b c"}, "value"},
           {{.name = "a", .value = "\""}, "value"},
           {{.name = "a", .value = "J\xC3\xBCrgen"}, "value"},
           {{.name = "a", .path = "shop"}, "path"},
           {{.name = "a", .path = "/a;b"}, "path"},
           {{.name = "a", .domain = ".example.org"}, "domain"},
           {{.name = "a", .domain = "example..org"}, "domain"},
           {{.name = "a", .domain = "-example.org"}, "domain"},
           {{.name = "a", .domain = "example-.org"}, "domain"},
           {{.name = "a", .domain = "example.org."}, "domain"},
           {{.name = "a", .domain = "exa mple.org"}, "domain"},
           {{.name = "a", .max_age = std::chrono::seconds(-1)}, "max_age"},
           {{.name = "a", .same_site = SameSite::none}, "SameSite=None"},
           {{.name = "a", .partitioned = true}, "Partitioned"},
           {{.name = "__Secure-a"}, "secure"},
           {{.name = "__Host-a", .path = "/"}, "secure"},
           {{.name = "__Host-a", .path = "/shop", .secure = true}, "path '/'"},
           {{.name = "__Host-a", .path = "/", .domain = "a.org", .secure = true}, "no domain"},
           {{.name = "a", .value = std::string(4096, 'x')}, "4096 bytes"},
       }) {
    CAPTURE(cookie.name);
    CAPTURE(cookie.value);
    CAPTURE(cookie.domain);
    CHECK(fault(cookie).find(reason) != std::string::npos);
  }
  CHECK(fault({.name = "__Host-a", .path = "/", .secure = true}).empty());
  CHECK(fault({.name = "a", .domain = "a-b.example.org"}).empty());
  CHECK(fault({.name = "a", .value = std::string(4094, 'x')}).empty());
}

TEST_CASE("Cookie parser: RFC 6265, as a request sends them") {
  using Pairs = std::vector<std::pair<std::string, std::string>>;
  CHECK(read("a=1; b=\"2\";c=3 ; d=") == Pairs{{"a", "1"}, {"b", "2"}, {"c", "3"}, {"d", ""}});
  CHECK(read("a=b=c; a=d") == Pairs{{"a", "b=c"}, {"a", "d"}});
  CHECK(read("; =x; nothing; \"") == Pairs{});
  CHECK(read("").empty());
}
