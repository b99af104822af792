// Which pages an `origins` attribute lets connect, and what it says of what is no origin.
#include "container/config/origin_rules.h"

#include <doctest/doctest.h>

namespace container {
namespace {

bool allows(std::string_view rules, std::string_view page, std::string_view server) {
  const auto parsed = OriginRules::parse(rules);
  REQUIRE(parsed);
  const auto from = read_origin(page);
  const auto to = read_origin(server);
  REQUIRE(from);
  REQUIRE(to);
  return parsed->allows(*from, *to);
}

std::string complaint(std::string_view rules) {
  const auto parsed = OriginRules::parse(rules);
  REQUIRE_FALSE(parsed);
  return std::to_string(parsed.error().offset) + ": " + parsed.error().complaint;
}

}  // namespace

TEST_CASE("an origin has a scheme, a host and a port") {
  const auto origin = read_origin("https://example.org");
  REQUIRE(origin);
  CHECK(origin->scheme == "https");
  CHECK(origin->host == "example.org");
  CHECK(origin->port == 443);
  CHECK(read_origin("http://[::1]")->host == "[::1]");
  CHECK(read_origin("http://[::1]:8080")->port == 8080);
  CHECK(read_origin("chrome-extension://abcdef")->port == 0);
  for (const char* none :
       {"", "null", "example.org", "https://", "https://a/", "https://a b",
        "https://a:", "https://a:0", "https://a:99999", "https://a:1x", "https://u@a",
        "https://a, https://b", "://a", "http://[::1", "http://[]", "http://a?b"}) {
    CAPTURE(none);
    CHECK_FALSE(read_origin(none));
  }
}

TEST_CASE("the same origin is the same scheme, host and port") {
  CHECK(allows("same-origin", "https://a.example", "https://a.example:443"));
  CHECK(allows("same-origin", "HTTPS://A.Example", "https://a.example"));
  CHECK(allows("same-origin", "wss://a.example", "https://a.example"));
  CHECK(allows("same-origin", "http://[::1]:80", "http://[::1]"));
  CHECK_FALSE(allows("same-origin", "http://a.example", "https://a.example"));
  CHECK_FALSE(allows("same-origin", "https://a.example:8443", "https://a.example"));
  CHECK_FALSE(allows("same-origin", "https://b.a.example", "https://a.example"));
  CHECK_FALSE(allows("same-origin", "https://a.example.evil", "https://a.example"));
}

TEST_CASE("listed origins are allowed whatever the server is called") {
  const std::string_view rules = "https://shop.example, http://localhost:3000";
  CHECK(allows(rules, "https://SHOP.example:443", "http://127.0.0.1:8080"));
  CHECK(allows(rules, "http://localhost:3000", "http://127.0.0.1:8080"));
  CHECK_FALSE(allows(rules, "http://localhost", "http://localhost"));
  CHECK(allows("same-origin https://b.example", "http://a.example", "http://a.example"));
  CHECK(allows("*", "https://anybody.example", "http://127.0.0.1:8080"));
  CHECK(OriginRules::parse("https://b.example   same-origin")->text() ==
        "same-origin, https://b.example");
  CHECK(OriginRules().text() == "same-origin");
}

TEST_CASE("what is no origin is said with what to write") {
  CHECK(complaint("") == "0: is empty; write same-origin, *, or an origin as https://example.org");
  CHECK(complaint("same-orgin") == "0: 'same-orgin' is not an origin; did you mean 'same-origin'?");
  CHECK(complaint("* https://a.example").find("'*' allows every origin") != std::string::npos);
  CHECK(complaint("https://a.example shop.example") ==
        "18: 'shop.example' has no scheme; did you mean 'https://shop.example'?");
  CHECK(complaint("wss://a.example:1") ==
        "0: 'wss://a.example:1' is not the origin of a page; did you mean 'https://a.example:1'?");
  CHECK(complaint("https://a.example/") ==
        "0: 'https://a.example/' has a path, origins have none; did you mean 'https://a.example'?");
  CHECK(complaint("https://*.example").find("write each origin in full") != std::string::npos);
  CHECK(complaint("null").find("would allow every page") != std::string::npos);
  CHECK(complaint("https://bücher.example").find("xn--") != std::string::npos);
  CHECK(complaint("https://a https://A") == "10: 'https://A' is listed twice");
  CHECK(complaint("https://a:b") ==
        "0: 'https://a:b' is not an origin; write same-origin, *, or an origin as "
        "https://example.org");
}

}  // namespace container
