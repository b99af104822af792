// URLs that are rewritten before anybody is chosen to answer, through the real server.
#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "tests/support/installation.h"

using tests::body_of;

namespace {

namespace fs = std::filesystem;

int status(const std::string& answer) { return std::atoi(answer.substr(9, 3).c_str()); }

std::string field(const std::string& answer, const std::string& name) {
  const auto at = answer.find("\r\n" + name + ": ");
  if (at == std::string::npos || at > answer.find("\r\n\r\n")) return {};
  const auto from = at + name.size() + 4;
  return answer.substr(from, answer.find("\r\n", from) - from);
}

// An Engine that rewrites, and an application `shop` that does so as well.
struct Rewriting : tests::Installation {
  explicit Rewriting(const std::string& rules, const std::string& own_rules = "# none\n") {
    std::ofstream(config()) << "<Server><Service><Connector address=\"127.0.0.1\" port=\"0\"/>"
                               "<Engine><Filter type=\"rewrite\"/>"
                               "<Host name=\"localhost\" appBase=\"apps\"/></Engine>"
                               "</Service></Server>\n";
    write("conf/rewrite.config", rules);
    application("shop",
                "<Application><Library file='lib/pages.so'/>"
                "<Filter type='rewrite' path='/*'/>"
                "<Endpoint type='told' path='/values/*'/>"
                "<Endpoint type='told' name='admin' path='/admin/*'/>"
                "<SecurityConstraint path='/admin/*' transportGuarantee='CONFIDENTIAL'/>"
                "</Application>",
                {fs::path(tests::environment("MARGAY_TEST_PLUGINS")) / "pages.so"});
    write("apps/shop/rewrite.config", own_rules);
    fs::create_directories(base() / "apps/shop/static");
    write("apps/shop/static/here.txt", "here");
    write("apps/shop/static/index.html", "index");
  }
  void write(const std::string& name, const std::string& text) const {
    std::ofstream(base() / name) << text;
  }
};

}  // namespace

TEST_CASE(
    "Rewrite: an Engine's rules choose application and endpoint, and constraints are theirs") {
  Rewriting its(
      "RewriteRule ^/old/(.*)$ /shop/values/$1?from=old [QSA,L]\n"
      "RewriteRule ^/harmless$ /shop/admin/x [L]\n"
      "RewriteRule ^/dots/(.*) /shop//values/./a/../$1 [L]\n"
      "RewriteRule ^/above /../etc/passwd [L]\n"
      "RewriteRule ^/nobody /missing [L]\n");
  its.start();
  const std::string answer = body_of(its.get("/old/a%20b?x=1"));
  CHECK(answer.find("path=/shop/values/a b\n") != std::string::npos);
  CHECK(answer.find("query=from=old&x=1\n") != std::string::npos);
  const std::string confidential = its.get("/harmless");
  CHECK(status(confidential) == 302);
  CHECK(field(confidential, "Location").starts_with("https://localhost"));
  CHECK(body_of(its.get("/dots/c")).find("path=/shop/values/c\n") != std::string::npos);
  CHECK(status(its.get("/above")) == 400);
  CHECK(status(its.get("/nobody")) == 404);
  CHECK(status(its.get("/shop/values/x")) == 200);
}

TEST_CASE("Constraints: no spelling comes past them by way of a rewriting") {
  Rewriting its("RewriteRule ^/pub/(.*)$ /shop/$1 [L]\n", "RewriteRule ^/inner/(.*)$ /$1 [L]\n");
  its.start();
  for (const std::string rest :
       {"admin/x", "admin", "%61dmin/x", "./admin/x", "values/../admin/x", "values/%2e%2e/admin/x",
        "/admin/x", "admin;v=1/x", "admin/x;v=1", "inner/admin/x", "inner/%61dmin/x",
        "inner//admin/x", "inner/values/../admin/x"}) {
    CAPTURE(rest);
    for (const char* way : {"/pub/", "/shop/"}) CHECK(status(its.get(way + rest)) == 302);
  }
  // These are not the guarded path, and may not become it.
  for (const std::string rest :
       {"%2561dmin/x", "values/%252e%252e/admin/x", "values/..%2fadmin/x", "values/..%5cadmin/x",
        "values\\..\\admin/x", "admin%00/x", "Admin/x", "admin./x", "..;/shop/admin/x"}) {
    CAPTURE(rest);
    for (const char* way : {"/pub/", "/shop/", "/pub/inner/"})
      CHECK(its.get(way + rest).find("path=/shop/admin") == std::string::npos);
  }
}

TEST_CASE("Rewrite: redirects, refusals, cookies and types of an Engine") {
  Rewriting its(
      "RewriteCond %{HTTP_HOST} ^localhost$\n"
      "RewriteRule ^/moved/(.*)$ /shop/values/$1 [R=301,CO=seen:yes]\n"
      "RewriteRule ^/no - [F]\n"
      "RewriteRule ^/gone - [G]\n"
      "RewriteRule ^/typed /shop/here.txt [T=text/x-typed]\n"
      "RewriteRule ^/hard/(a+)+$ /x\n");
  its.start();
  const std::string moved = its.get("/moved/a%20b?x=1");
  CHECK(status(moved) == 301);
  CHECK(field(moved, "Location") == "/shop/values/a%20b?x=1");
  CHECK(field(moved, "Set-Cookie").starts_with("seen=yes"));
  CHECK(status(its.get("/no")) == 403);
  CHECK(status(its.get("/gone")) == 410);
  const std::string typed = its.get("/typed");
  CHECK(field(typed, "Content-Type") == "text/x-typed");
  CHECK(body_of(typed) == "here");
  CHECK(status(its.get("/hard/" + std::string(4000, 'a') + "!")) == 500);
}

TEST_CASE("Rewrite: an application's rules see its own paths and stay within it") {
  Rewriting its("# none\n",
                "RewriteRule ^/old/(.*)$ /values/$1\n"
                "RewriteRule ^/away /../other\n"
                "RewriteRule ^/moved /here.txt [R]\n"
                "RewriteCond %{REQUEST_URI} !-f\n"
                "RewriteRule ^/page/.* /index.html\n"
                "RewriteCond %{REQUEST_URI} -f\n"
                "RewriteRule .*\\.txt$ - [E=found:yes]\n");
  its.start();
  CHECK(body_of(its.get("/shop/old/a")).find("path=/shop/values/a\n") != std::string::npos);
  CHECK(status(its.get("/shop/away")) == 400);
  CHECK(field(its.get("/shop/moved"), "Location") == "/shop/here.txt");
  CHECK(body_of(its.get("/shop/page/1")) == "index");
  CHECK(body_of(its.get("/shop/here.txt")) == "here");
  CHECK(status(its.get("/old/a")) == 404);  // not its own
}

TEST_CASE("Rewrite: rules that change are followed") {
  Rewriting its("RewriteRule ^/a - [G]\n", "RewriteRule ^/b - [G]\n");
  its.start();
  CHECK(status(its.get("/a")) == 410);
  CHECK(status(its.get("/shop/b")) == 410);
  its.write("conf/rewrite.config", "RewriteRule ^/a - [F]\n");
  CHECK(tests::eventually([&] { return status(its.get("/a")) == 403; }));
  its.write("apps/shop/rewrite.config", "RewriteRule ^/b - [F]\n");
  CHECK(tests::eventually([&] { return status(its.get("/shop/b")) == 403; }));
}

TEST_CASE("Rewrite: a rule that is wrong is an error with its file and line") {
  Rewriting its("# one\nRewriteRule ( /b\n");
  try {
    its.start();
    FAIL("it came up");
  } catch (const std::runtime_error& error) {
    const std::string what = error.what();
    CHECK(what.find("conf/rewrite.config:2: '('") != std::string::npos);
  }
}
