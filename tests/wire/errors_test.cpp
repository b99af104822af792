// Error pages: by status, by exception, of the application, of the host, of the server.
#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>

#include "tests/support/installation.h"

using tests::body_of;
using tests::Client;

namespace {

namespace fs = std::filesystem;

constexpr const char* kBrowser = "Accept: text/html\r\n";

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}
int status_of(const std::string& answer) {
  return answer.size() < 12 ? 0 : std::stoi(answer.substr(9, 3));
}

void write(const fs::path& file, const std::string& text) {
  fs::create_directories(file.parent_path());
  std::ofstream(file) << text;
}

struct Shop : tests::Installation {
  // `more` goes into the application.
  explicit Shop(const std::string& more = "", const std::string& report = "") {
    folder =
        application("shop",
                    "<Application>\n  <Library name=\"dispatches\" file=\"lib/dispatches.so\"/>\n"
                    "  <Endpoint name=\"throws\" path=\"/throws\"/>\n"
                    "  <Endpoint name=\"throws-worker\" path=\"/throws-slow\"/>\n"
                    "  <Endpoint name=\"abandoned\" path=\"/abandoned\"/>\n"
                    "  <Endpoint name=\"abandoned-worker\" path=\"/abandoned-slow\"/>\n"
                    "  <Endpoint name=\"reports\" path=\"/report\"/>\n"
                    "  <Endpoint name=\"reports-worker\" path=\"/report-slow\"/>\n"
                    "  <Filter name=\"throwing\" path=\"/*\"/>\n" +
                        more + "</Application>",
                    {fs::path(tests::environment("MARGAY_TEST_PLUGINS")) / "dispatches.so"});
    if (report.empty()) return;
    std::ifstream in(config());
    std::string text(std::istreambuf_iterator<char>(in), {});
    text.replace(text.find("appBase=\"apps\"/>"), 16, "appBase=\"apps\">" + report + "</Host>");
    std::ofstream(config()) << text;
  }

  std::string ask(const std::string& target, const std::string& fields = "") const {
    return get("/shop" + target, fields);
  }
  std::string body(const std::string& target, const std::string& fields = "") const {
    return body_of(ask(target, fields));
  }
  nlohmann::json json(const std::string& target) const {
    return nlohmann::json::parse(body(target));
  }

  fs::path folder;
};

}  // namespace

TEST_CASE("Trigger: what is thrown is an error, a status that was set is none") {
  Shop shop("<ErrorPage location=\"/report\"/>");
  shop.start();
  for (const char* path : {"/throws", "/throws-slow"}) {
    const std::string at(path);
    CHECK(status_of(shop.ask(at + "?what=broken")) == 500);
    CHECK(status_of(shop.ask(at + "?what=int")) == 500);
    CHECK(status_of(shop.ask(at + "?what=later")) == 500);
    CHECK(status_of(shop.ask(at + "?what=status")) == 409);
    CHECK(has(shop.body(at + "?what=status"), "409 'It is <taken>.' "));
    CHECK(status_of(shop.ask(at + "?filter=1&what=status")) == 402);
    CHECK(status_of(shop.ask(at + "?what=set")) == 404);
    CHECK(shop.body(at + "?what=set") == "its own words");
    CHECK(status_of(shop.ask(at + "?what=set-only")) == 404);
    CHECK(shop.body(at + "?what=set-only").empty());
  }
  CHECK(shop.stop() == 0);
}

TEST_CASE("Lookup: by type, its bases, its root cause; then by status, then the page for all") {
  Shop shop(R"(
  <ErrorPage exceptionType="shop::Broken" location="/report?page=broken"/>
  <ErrorPage exceptionType="std::exception" location="/report?page=any"/>
  <ErrorPage exceptionType="shop::Gone" location="/report-slow?page=gone"/>
  <ErrorPage status="409" location="/report?page=409"/>
  <ErrorPage location="/report?page=all"/>)");
  shop.start();
  for (const char* path : {"/throws", "/throws-slow"}) {
    const std::string at = std::string(path) + "?what=";
    const auto page = [&](const std::string& what) {
      const std::string text = shop.body(at + what);
      const auto from = text.find("page=");
      return from == std::string::npos ? text : text.substr(from + 5, text.size() - from - 6);
    };
    CHECK(page("broken") == "broken");
    CHECK(page("runtime") == "any");  // its base
    CHECK(page("gone") == "gone");
    CHECK(page("status") == "any");  // a type comes before a status
    CHECK(page("nested") == "any");  // what was thrown comes before its root cause
    CHECK(page("409") == "409");
    CHECK(page("404") == "all");
    CHECK(page("int") == "all");
    CHECK(has(shop.body(at + "int"), " int\nint: an exception that is no std::exception"));
    CHECK(has(shop.body(at + "nested"),
              "std::runtime_error: the effect\ncaused by shop::Broken: the cause\n"));
  }
  CHECK(shop.stop() == 0);
}

TEST_CASE("Lookup: the root cause, where nothing stands for what was thrown") {
  Shop shop(R"(<ErrorPage exceptionType="shop::Broken" location="/report?page=broken"/>)");
  shop.start();
  CHECK(has(shop.body("/throws?what=nested"), "page=broken"));
  CHECK(has(shop.body("/throws?what=runtime"), "\"status\":500"));
  CHECK(shop.stop() == 0);
}

TEST_CASE("Attributes and Dispatch: what an error page sees, on the loop and on a worker") {
  for (const char* page : {"/report", "/report-slow"}) {
    Shop shop("<ErrorPage location=\"" + std::string(page) + "\"/>");
    shop.start();
    for (const char* path : {"/throws", "/throws-slow"}) {
      const std::string name = std::string(path).substr(1) == "throws" ? "throws" : "throws-worker";
      const std::string text = shop.body(std::string(path) + "?what=broken");
      CAPTURE(text);
      CHECK(text.starts_with("ERROR GET 500 '' /shop" + std::string(path) + " GET by " + name +
                             " shop::Broken\nshop::Broken: secret inside\n"));
      CHECK(has(text, "status_code=500\nexception_type=shop::Broken\nmessage=secret inside\n"));
      CHECK(has(text, "request_uri=/shop" + std::string(path) + "\nservlet_name=" + name +
                          "\nmethod=GET\nquery_string=what=broken\n"));
    }
    CHECK(has(shop.body("/nowhere"), "404 '' /shop/nowhere GET by "));
    CHECK(status_of(shop.ask("/nowhere")) == 404);
    // A body that is too long is refused before any endpoint, still by the page.
    Client client(shop.port());
    client.send(
        "POST /shop/throws HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999\r\n"
        "Connection: close\r\n\r\n");
    const std::string refused = client.rest();
    CHECK(status_of(refused) == 413);
    CHECK(has(refused, "ERROR GET 413 "));
    // The page itself is broken.
    const std::string twice = shop.ask("/throws?what=broken&fail=1");
    CHECK(status_of(twice) == 500);
    CHECK(has(twice, "\"path\":\"/shop/throws\""));
    CHECK(shop.stop() == 0);
  }
}

TEST_CASE("Dispatch: behind the commit an error cuts the answer") {
  Shop shop("<ErrorPage location=\"/report\"/>");
  shop.start();
  for (const char* path : {"/throws", "/throws-slow"}) {
    const std::string answer = shop.ask(std::string(path) + "?late=1&what=broken");
    CHECK((answer.empty() || status_of(answer) == 200));
    CHECK_FALSE(answer.ends_with("0\r\n\r\n"));
    CHECK_FALSE(has(answer, "ERROR"));
  }
  CHECK(shop.stop() == 0);
}

TEST_CASE("Dispatch: a page that is missing is no other error") {
  Shop shop(
      "<ErrorPage location=\"/missing.html\"/><ErrorPage status=\"409\" location=\"/folder/\"/>");
  write(shop.folder / "static/folder/other.txt", "x");
  shop.start();
  for (const auto& [what, code] : {std::pair{"broken", 500}, std::pair{"410", 410},
                                   std::pair{"status", 409}, std::pair{"503", 503}}) {
    const std::string answer = shop.ask("/throws?what=" + std::string(what));
    CHECK(status_of(answer) == code);
    CHECK(nlohmann::json::parse(body_of(answer))["status"] == code);
  }
  CHECK(status_of(shop.ask("/nothing")) == 404);
  CHECK(shop.stop() == 0);
}

TEST_CASE("JsonErrorReport: caches hear that Accept counts, also where nothing is said") {
  Shop shop;
  shop.start();
  for (const char* accept : {"", kBrowser, "Accept: image/png\r\n"}) {
    const std::string answer = shop.ask("/none", accept);
    CHECK(status_of(answer) == 404);
    CHECK(has(answer, "\r\nVary: Accept\r\n"));
  }
  CHECK(shop.stop() == 0);
}

TEST_CASE("Client abort: never rendered") {
  for (const char* page : {"/report", "/report-slow"}) {
    Shop shop("<ErrorPage location=\"" + std::string(page) + "\"/>");
    shop.start();
    for (const std::string path : {"/abandoned", "/abandoned-slow"}) {
      Client client(shop.port());
      client.send("GET /shop" + path + " HTTP/1.1\r\nHost: localhost\r\n\r\n");
      REQUIRE_FALSE(shop.server().await("waits").empty());
      client.abort();
      REQUIRE_FALSE(shop.server().await("abandoned").empty());
    }
    CHECK(status_of(shop.ask("/throws-slow?what=broken")) == 500);  // the server goes on
    CHECK(shop.stop() == 0);
    CHECK(has(shop.server().log(), "reports /shop/throws-slow"));
    CHECK_FALSE(has(shop.server().log(), "reports /shop/abandoned"));
  }
}

TEST_CASE("Client abort: one that only stops sending still gets the page") {
  Shop shop("<ErrorPage location=\"/report\"/>");
  shop.start();
  for (const std::string path : {"/abandoned", "/abandoned-slow"}) {
    Client client(shop.port());
    client.send("GET /shop" + path + " HTTP/1.1\r\nHost: localhost\r\n\r\n");
    client.finish();
    CHECK(has(client.rest(), "status_code=500"));
  }
  CHECK(shop.stop() == 0);
}

TEST_CASE("Attributes: nothing of the inside by default, messages for clients only") {
  Shop shop;
  shop.start();
  const auto broken = shop.json("/throws?what=broken");
  CHECK(broken["status"] == 500);
  CHECK(broken["error"] == "Internal Server Error");
  CHECK(broken["path"] == "/shop/throws");
  CHECK(broken["timestamp"].get<std::string>().ends_with("Z"));
  for (const char* inside : {"message", "exception", "trace", "errors", "server"})
    CHECK_FALSE(broken.contains(inside));
  CHECK_FALSE(shop.json("/throws?what=broken&trace=true&message=true").contains("trace"));
  CHECK(shop.json("/throws?what=status")["message"] == "It is <taken>.");
  CHECK(has(shop.body("/throws?what=status", kBrowser), "It is &lt;taken&gt;."));
  CHECK(shop.stop() == 0);
}

TEST_CASE("Attributes: include switches, of the host and of the application") {
  const char* const always =
      R"(<ErrorReport includeException="true" includeMessage="always" includeStacktrace="always"
         includeBindingErrors="always" includePath="never" showServerInfo="true"/>)";
  const char* const asked =
      R"(<ErrorReport includeMessage="on-param" includeStacktrace="on-param"
         includeBindingErrors="on-param" includePath="on-param"/>)";
  for (const bool of_host : {false, true}) {
    Shop shop(of_host ? "" : always, of_host ? always : "<ErrorReport showServerInfo=\"false\"/>");
    shop.start();
    const auto told = shop.json("/throws?what=broken&errors=1");
    CHECK(told["exception"] == "shop::Broken");
    CHECK(told["message"] == "secret inside");
    CHECK(told["trace"] == "shop::Broken: secret inside");
    CHECK(told["errors"][0]["field"] == "name");
    CHECK(told["server"] == "Margay");
    CHECK_FALSE(told.contains("path"));
    CHECK(
        has(shop.body("/throws?what=broken", kBrowser), "<pre>shop::Broken: secret inside</pre>"));
    CHECK(shop.stop() == 0);
  }
  Shop shop(asked);
  shop.start();
  const auto silent = shop.json("/throws?what=broken&trace=false");
  for (const char* inside : {"message", "trace", "errors", "path"})
    CHECK_FALSE(silent.contains(inside));
  const auto told = shop.json("/throws?what=broken&trace=true&message&errors=1&path=yes");
  CHECK(told["message"] == "secret inside");
  CHECK(told["trace"] == "shop::Broken: secret inside");
  CHECK(told["errors"].size() == 1);
  CHECK(told["path"] == "/shop/throws");
  CHECK(shop.stop() == 0);
}

TEST_CASE("View lookup: 404 before 4xx before error, templates before files, then the host's") {
  Shop shop("", "<ErrorReport views=\"conf/errors\" includeMessage=\"sent\"/>");
  write(shop.folder / "templates/layout.html", "<html>{{> content}}</html>");
  write(shop.folder / "templates/error/4xx.html",
        "{{! layout: layout }}template {{status}} {{error}} {{path}} {{message}}");
  write(shop.folder / "static/error/404.html", "file 404 {{status}}");
  write(shop.folder / "static/error/4xx.html", "never: a template has the name");
  write(shop.base() / "conf/errors/503.html", "host {{status}} {{#errors}}{{message}}{{/errors}}");
  write(shop.base() / "conf/errors/error.html", "host {{status}}");
  shop.start();
  CHECK(shop.body("/nowhere", kBrowser) == "file 404 {{status}}");  // a file is as it is
  CHECK(shop.body("/throws?what=409", kBrowser) ==
        "<html>template 409 Conflict /shop/throws You did &lt;it&gt;.</html>");
  CHECK(has(shop.ask("/throws?what=409", kBrowser), "Content-Type: text/html;charset=utf-8"));
  CHECK(shop.body("/throws?what=503", kBrowser) == "host 503 ");
  CHECK(shop.body("/throws?what=500", kBrowser) == "host 500");
  CHECK(body_of(shop.get("/elsewhere", kBrowser)) == "host 404");  // of no application
  CHECK(shop.json("/throws?what=503")["status"] == 503);           // programs get JSON
  CHECK(shop.ask("/nowhere", "Accept: image/png\r\n").ends_with("\r\n\r\n"));
  CHECK(shop.stop() == 0);

  Shop own("", "<ErrorReport views=\"conf/errors\"/>");
  write(own.folder / "templates/error.html", "own {{status}}");
  write(own.base() / "conf/errors/404.html", "never: the application has one for all");
  own.start();
  CHECK(own.body("/nowhere", kBrowser) == "own 404");
  CHECK(own.stop() == 0);
}

TEST_CASE("View lookup: a page that changes, comes or goes is followed") {
  Shop shop;
  write(shop.folder / "templates/error/404.html", "first");
  shop.start();
  CHECK(shop.body("/none", kBrowser) == "first");
  const auto becomes = [&](const char* target, const std::string& text) {
    return tests::eventually([&] { return has(shop.body(target, kBrowser), text); });
  };
  write(shop.folder / "templates/error/404.html", "second, {{status}}");
  CHECK(becomes("/none", "second, 404"));
  write(shop.folder / "static/error/5xx.html", "broken");
  CHECK(becomes("/throws?what=broken", "broken"));
  fs::remove(shop.folder / "templates/error/404.html");
  CHECK(becomes("/none", "Not Found"));
  CHECK(shop.stop() == 0);
}

TEST_CASE("error views: what is malformed or missing is said when the server starts") {
  Shop shop;
  write(shop.folder / "templates/error/404.html", "{{#open}}");
  shop.start();
  CHECK(has(shop.server().log(), "template 'error/404'"));
  CHECK(shop.stop() == 0);

  Shop missing("", "<ErrorReport views=\"conf/nothing\"/>");
  CHECK_THROWS_WITH_AS(missing.start(), doctest::Contains("there is no folder"),
                       std::runtime_error);
}
