#include "filters/rewriting.h"

#include <doctest/doctest.h>

#include <map>

using filters::parse_rewrite_rules;
using filters::Rewritten;

namespace {

class Subject final : public filters::RewriteSubject {
 public:
  std::string variable(std::string_view name) const override {
    const auto found = variables.find(std::string(name));
    return found == variables.end() ? "" : found->second;
  }
  File look(std::string_view path) const override {
    const auto found = files.find(std::string(path));
    return found == files.end() ? File::none : found->second;
  }
  std::map<std::string, std::string> variables;
  std::map<std::string, File> files;
};

std::string no_file(std::string_view name, void*) {
  if (name == "names.txt") return "# names\nada 1815  # Lovelace\n\nbob\t 1900\nodd\n";
  throw std::runtime_error("there is no file " + std::string(name));
}

struct Rules {
  explicit Rules(const char* text) : rules(parse_rewrite_rules(text, no_file, nullptr)) {}
  Rewritten of(std::string_view path, std::string_view query = "") const {
    return filters::rewrite(rules, path, query, subject);
  }
  // "path?query", or the status with what goes with it.
  std::string on(std::string_view path, std::string_view query = "") const {
    const Rewritten made = of(path, query);
    if (made.status != 0)
      return std::to_string(made.status) + (made.location.empty() ? "" : " " + made.location);
    return made.path + (made.query.empty() ? "" : "?" + made.query);
  }
  Subject subject;
  std::vector<filters::RewriteRule> rules;
};

// "LINE: message"
std::string refusal(const std::string& text) {
  try {
    parse_rewrite_rules(text, no_file, nullptr);
  } catch (const filters::RewriteError& error) {
    return std::to_string(error.line) + ": " + error.what();
  }
  return {};
}

}  // namespace

TEST_CASE("Rewrite: rules, groups and the query") {
  Rules its(
      "# comment\n\n"
      "RewriteRule ^/old/(.*)$ /new/$1 [L]\n"
      "RewriteRule ^/item/(\\d+)/(\\w+) /item?id=$1&name=$2 [QSA,L]\n"
      "RewriteRule ^/only/(.*) /page?p=$1 [L]\r\n"
      "RewriteRule ^/plain /page? [L]\n"
      "RewriteRule ^/drop /page [QSD,L]\n"
      "RewriteRule ^/case /CASE [NC,L]\n"
      "RewriteRule \"^/a b\" \"/a \\\"b\\\"\" [L]\n"
      "RewriteRule !^/(new|item|page|x|n).* /elsewhere");
  CHECK(its.on("/old/a/b", "x=1") == "/new/a/b?x=1");
  CHECK(its.on("/item/7/shoe", "x=1") == "/item?id=7&name=shoe&x=1");
  CHECK(its.on("/item/7/shoe") == "/item?id=7&name=shoe");
  CHECK(its.on("/only/me", "x=1") == "/page?p=me");
  CHECK(its.on("/plain", "x=1") == "/page");
  CHECK(its.on("/drop", "x=1") == "/page");
  CHECK(its.on("/CaSe") == "/CASE");
  CHECK(its.on("/a b") == "/a \"b\"");
  CHECK(its.on("/other") == "/elsewhere");
  CHECK_FALSE(its.of("/new/x").moved);
}

TEST_CASE("Rewrite: a pattern is of the whole, as in Tomcat") {
  Rules its(
      "RewriteCond %{HTTP_HOST} ^shop$\n"
      "RewriteRule / /home [L]\n"
      "RewriteRule ^/admin - [F]\n"
      "RewriteRule one|two /three\n");
  its.subject.variables = {{"HTTP_HOST", "shop"}};
  CHECK(its.on("/") == "/home");
  CHECK(its.on("/x") == "/x");
  CHECK(its.on("/admin") == "403");
  CHECK(its.on("/admin/x") == "/admin/x");
  CHECK(its.on("/one") == "/one");
  its.subject.variables = {{"HTTP_HOST", "workshop"}};
  CHECK(its.on("/") == "/");
}

TEST_CASE("Rewrite: what the client sends cannot become more than a value") {
  Rules its(
      "RewriteRule ^/p/(.*) /$1 [L]\n"
      "RewriteRule ^/q/(.*) /x?q=$1 [L]\n"
      "RewriteRule ^/b/(.*) /x?q=$1 [B,L]\n");
  CHECK(its.of("/p/a?b=c").path == "/a?b=c");  // it was %3F
  CHECK(its.of("/p/a?b=c").query.empty());
  CHECK(its.of("/q/a b#c%26+").query == "q=a%20b%23c%2526%2B");
  CHECK(its.of("/b/a&b=c").query == "q=a%26b%3Dc");
}

TEST_CASE("Rewrite: conditions") {
  Rules its(
      "RewriteCond %{HTTP_USER_AGENT} ^Mozilla.* [OR]\n"
      "RewriteCond %{HTTP_USER_AGENT} ^Lynx\n"
      "RewriteCond %{HTTP_HOST} !^www\\..* [NC]\n"
      "RewriteCond %{HTTP_HOST} ^(.*)\\.example\\.(org|com)$\n"
      "RewriteRule ^/(.*) /%1/%2/$1 [L]\n"
      "RewriteCond %{REQUEST_METHOD} =POST\n"
      "RewriteRule .* - [F]\n"
      "RewriteCond %{TIME_HOUR} >08\n"
      "RewriteCond %{TIME_HOUR} <17\n"
      "RewriteRule ^/open /yes [L]\n"
      "RewriteCond %{REQUEST_URI} !-f\n"
      "RewriteCond %{REQUEST_URI} !-d\n"
      "RewriteRule ^/site /index.html [L]\n"
      "RewriteCond %{REQUEST_URI} -s\n"
      "RewriteRule .* /filled\n");
  auto& variables = its.subject.variables;
  variables = {{"HTTP_USER_AGENT", "Lynx"}, {"HTTP_HOST", "shop.example.com"}};
  CHECK(its.on("/a") == "/shop/com/a");
  variables["HTTP_USER_AGENT"] = "Mozilla/5.0";
  CHECK(its.on("/a") == "/shop/com/a");
  variables["HTTP_HOST"] = "WWW.example.com";
  CHECK_FALSE(its.of("/a").moved);
  variables = {{"REQUEST_METHOD", "POST"}};
  CHECK(its.on("/a") == "403");
  variables = {{"TIME_HOUR", "12"}};
  CHECK(its.on("/open") == "/yes");
  variables = {{"TIME_HOUR", "17"}};
  CHECK(its.on("/open") == "/open");
  using File = Subject::File;
  its.subject.files = {{"file", File::filled}, {"empty", File::empty}, {"folder", File::folder}};
  for (const auto& [uri, becomes] : std::map<std::string, std::string>{
           {"file", "/filled"}, {"empty", "/site"}, {"folder", "/site"}, {"no", "/index.html"}}) {
    CAPTURE(uri);
    variables["REQUEST_URI"] = uri;
    CHECK(its.on("/site") == becomes);
  }
}

TEST_CASE("Rewrite: redirects, forbidden and gone") {
  Rules its(
      "RewriteRule ^/temp /x/y [R]\n"
      "RewriteRule ^/perm/(.*) https://www.example.org/$1 [R=301,L]\n"
      "RewriteRule ^/see /x [R=seeother]\n"
      "RewriteRule ^/ne/(.*) /x#$1 [R=307,NE]\n"
      "RewriteRule ^/gone - [G]\n"
      "RewriteRule ^/no - [F]\n");
  CHECK(its.on("/temp", "a=1") == "302 /x/y?a=1");
  CHECK(its.on("/perm/a b/\xc3\xa4") == "301 https://www.example.org/a%20b/%C3%A4");
  CHECK(its.on("/see") == "303 /x");
  CHECK(its.on("/ne/top") == "307 /x#top");
  CHECK(its.on("/gone") == "410");
  CHECK(its.on("/no") == "403");
}

TEST_CASE("Rewrite: chain, skip and next") {
  Rules its(
      "RewriteRule ^/a /b [C]\n"
      "RewriteRule ^/b /c [C]\n"
      "RewriteRule ^/(c|x) /d\n"
      "RewriteRule ^/skip - [S=1]\n"
      "RewriteRule ^/skip /wrong [L]\n"
      "RewriteRule ^(.*)_(.*)$ $1-$2 [N]\n");
  CHECK(its.on("/a") == "/d");
  CHECK(its.on("/x") == "/x");
  CHECK(its.on("/skip") == "/skip");
  CHECK(its.on("/one_two_three") == "/one-two-three");
  Rules round("RewriteRule ^/(.*) /$1 [N]");
  CHECK_THROWS_AS(round.of("/a"), std::length_error);
  Rules grows("RewriteRule ^/(.*) /$1$1$1$1 [N]");
  CHECK_THROWS_AS(grows.of("/abcdefgh"), std::length_error);
}

TEST_CASE("Rewrite: maps") {
  Rules its(
      "RewriteMap up int:toupper\nRewriteMap low int:tolower\nRewriteMap esc int:escape\n"
      "RewriteMap un int:unescape\nRewriteMap names txt:names.txt\n"
      "RewriteRule ^/up/(.*) /${up:$1} [L]\n"
      "RewriteRule ^/name/(.*) /${names:${low:$1}|none-$1} [L]\n"
      "RewriteRule ^/e/(.*) /${esc:$1} [L]\n"
      "RewriteRule ^/u/(.*) /${un:$1} [L]\n");
  CHECK(its.on("/up/aB1") == "/AB1");
  CHECK(its.on("/name/ADA") == "/1815");
  CHECK(its.on("/name/bob") == "/1900");
  CHECK(its.on("/name/Eve") == "/none-Eve");
  CHECK(its.on("/e/a b") == "/a%20b");
  CHECK(its.on("/u/a%20b%zz") == "/a b%zz");
}

TEST_CASE("Rewrite: environment, cookies and types") {
  Rules its(
      "RewriteRule ^/(\\w+) - "
      "[E=word:$1,T=text/x-$1,CO=lang:$1:example.org:2:/shop:secure:HttpOnly]\n"
      "RewriteCond %{ENV:word} ^de$\n"
      "RewriteRule .* /german\n");
  const Rewritten made = its.of("/de");
  CHECK(made.path == "/german");
  REQUIRE(made.attributes.size() == 1);
  CHECK(made.attributes[0].second == "de");
  CHECK(made.type == "text/x-de");
  REQUIRE(made.cookies.size() == 1);
  CHECK(made.cookies[0].starts_with("lang=de;"));
  for (const char* part : {"Domain=example.org", "Max-Age=120", "Path=/shop", "Secure", "HttpOnly"})
    CHECK(made.cookies[0].find(part) != std::string::npos);
}

TEST_CASE("Rewrite: a pattern that explodes is stopped") {
  Rules its("RewriteRule ^/(a+)+$ /x");
  CHECK(its.on("/aaa") == "/x");
  CHECK_THROWS_AS(its.of("/" + std::string(4000, 'a') + "!"), filters::RegexLimit);
}

TEST_CASE("Rewrite: errors have their line") {
  CHECK(refusal("RewriteRule ^/a /b\nRewriteRul ^ /b").starts_with("2: 'RewriteRul'"));
  CHECK(refusal("RewriteRule ^/a").starts_with("1: write RewriteRule"));
  CHECK(refusal("RewriteRule ( /b").find("at character 2") != std::string::npos);
  CHECK(refusal("RewriteRule a /b L").find("[R=301,L]") != std::string::npos);
  CHECK(refusal("RewriteRule a /b [X]").find("'X' is not known") != std::string::npos);
  CHECK(refusal("RewriteRule a /b [R=299]").find("299") != std::string::npos);
  CHECK(refusal("RewriteRule a /b [S=x]").starts_with("1: the flag S"));
  CHECK(refusal("RewriteRule a /b [H=www]").starts_with("1: the flag H"));
  CHECK(refusal("RewriteRule a - [R]").starts_with("1: a redirect"));
  CHECK(refusal("RewriteRule a http://b/").find("need [R]") != std::string::npos);
  CHECK(refusal("RewriteRule a /%{NO}").find("'NO' is not known") != std::string::npos);
  CHECK(refusal("RewriteRule a /${m:b}").find("RewriteMap") != std::string::npos);
  CHECK(refusal("RewriteRule a /${m").find("not closed") != std::string::npos);
  CHECK(refusal("RewriteRule \"a /b").find("quote") != std::string::npos);
  CHECK(refusal("RewriteCond %{HTTPS} on").find("without a RewriteRule") != std::string::npos);
  CHECK(refusal("RewriteCond %{HTTPS} on [L]").find("NC and OR") != std::string::npos);
  CHECK(refusal("RewriteMap m prg:/bin/sh").find("int:tolower") != std::string::npos);
  CHECK(refusal("RewriteMap m txt:no.txt").find("there is no file") != std::string::npos);
  CHECK(refusal("#" + std::string(9000, 'x')).starts_with("1: the line"));
  CHECK(refusal(std::string(10'001, '\n')).starts_with("10001: "));
}
