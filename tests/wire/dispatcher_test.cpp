// margay::Dispatcher through the real server: mapping, negotiation, parameters, results, errors and
// interceptors.
#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "tests/support/installation.h"

using tests::body_of;
using tests::Client;

namespace {

namespace fs = std::filesystem;

fs::path front_library() {
  return fs::path(tests::environment("MARGAY_TEST_PLUGINS")) / "front.so";
}

void write_file(const fs::path& file, const std::string& text) {
  fs::create_directories(file.parent_path());
  std::ofstream(file) << text;
}

struct Front : tests::Installation {
  Front() {
    const fs::path folder = application("app", R"(<Application>
  <Library name="front" file="lib/front.so"/>
  <Endpoint name="front" path="/*"/>
  <Endpoint name="strict" path="/strict/*"/>
  <Filter type="csrf" path="/mixed"/>
  <ErrorPage status="503" location="/error-page"/>
  <ErrorPage status="404" location="/no-such-page"/>
</Application>)",
                                        {front_library()});
    templates = folder / "templates";
    write_file(templates / "layout.html", "<title>{{title}}</title>{{> content}}<i>{{by}}</i>\n");
    write_file(templates / "head.html", "<h1>{{title}}</h1>");
    write_file(templates / "posts/show.html",
               "{{! layout: layout }}\n{{> head}}{{id}} {{{title}}}");
    write_file(templates / "plain.html", "{{title}}{{#more}}, {{.}}{{/more}}\n");
    write_file(templates / "mixed.html", "never shown\n");
    write_file(templates / "noted/view.html", "by {{by}}\n");
    start();
  }
  ~Front() { CHECK(stop() == 0); }

  std::string ask(const std::string& method, const std::string& target,
                  const std::string& fields = "", const std::string& body = "") const {
    Client client(port());
    client.send(method + " /app" + target + " HTTP/1.1\r\nHost: localhost\r\n" + fields +
                (body.empty() ? "" : "Content-Length: " + std::to_string(body.size()) + "\r\n") +
                "Connection: close\r\n\r\n" + body);
    return client.rest();
  }
  std::string body(const std::string& target, const std::string& fields = "") const {
    return body_of(ask("GET", target, fields));
  }

  fs::path templates;
};

bool has(const std::string& answer, const std::string& text) {
  return answer.find(text) != std::string::npos;
}
int status_of(const std::string& answer) {
  return answer.size() < 12 ? 0 : std::stoi(answer.substr(9, 3));
}

struct Row {
  const char* method;
  const char* target;
  const char* fields;
  const char* body;
  int status;
  const char* answer;  // somewhere in head or body
};

constexpr const char* kJson = "Content-Type: application/json\r\n";
constexpr const char* kForm = "Content-Type: application/x-www-form-urlencoded\r\n";

void check(const Front& server, std::initializer_list<Row> rows) {
  for (const Row& row : rows) {
    const std::string answer = server.ask(row.method, row.target, row.fields, row.body);
    const std::string asked = std::string(row.method) + " " + row.target + " " + row.fields;
    CAPTURE(asked);
    CAPTURE(answer);
    CHECK(status_of(answer) == row.status);
    CHECK(has(answer, row.answer));
  }
}

}  // namespace

TEST_CASE("HandlerMapping: patterns in the server's order, methods, types of bodies and answers") {
  const Front server;
  check(server,
        {
            {"GET", "/", "", "", 200, "root"},
            {"GET", "/posts/new", "", "", 200, "the form"},
            {"PUT", "/posts/new", "", "", 200, "put new"},  // the other pattern has the method
            {"GET", "/posts/7", "Accept: application/json\r\n", "", 200,
             R"({"id":7,"title":"Bread"})"},
            {"GET", "/posts/7", "Accept: text/html\r\n", "", 200, "Content-Type: text/html"},
            {"GET", "/posts/7", "Accept: text/html;q=0.5, application/json;q=0.4\r\n", "", 200,
             "text/html"},
            {"GET", "/posts/7", "Accept: text/html;q=0.5, */*;q=0.8\r\n", "", 200, R"({"id":7)"},
            {"GET", "/posts/7", "Accept: text/*, application/json;q=0.1\r\n", "", 200, "text/html"},
            {"GET", "/posts/7", "Accept: image/png\r\nAccept: text/html;q=0.1\r\n", "", 200,
             "text/html"},
            {"GET", "/posts/7", "", "", 200, "Vary: Accept"},
            {"GET", "/posts/7", "Accept: image/png\r\n", "", 406, "Vary: Accept"},
            {"GET", "/posts/7", "Accept: text/html;q=0, application/json;q=0\r\n", "", 406, ""},
            {"POST", "/posts", kJson, R"({"id":3,"title":"Tea"})", 201, "Location: /app/posts/3"},
            {"POST", "/posts", "Content-Type: application/vnd.post+json;v=1\r\n",
             R"({"id":4,"title":""})", 201, "/posts/4"},
            {"POST", "/posts", kForm, "title=a%20b", 200, "form a b"},
            {"POST", "/posts", "Content-Type: text/plain\r\n", "x", 415,
             "Accept: application/json, application/*+json, application/x-www-form-urlencoded"},
            {"POST", "/posts", "", "x", 415, ""},
            {"GET", "/posts", "", "", 405, "Allow: POST, OPTIONS"},
            {"DELETE", "/posts/7", "", "", 405, "Allow: GET, HEAD, PUT, OPTIONS"},
            {"OPTIONS", "/posts/7", "", "", 200, "Allow: GET, HEAD, PUT, OPTIONS"},
            {"OPTIONS", "/any", "", "", 200, "\r\n\r\nOPTIONS"},
            {"PATCH", "/any", "", "", 200, "PATCH"},
            {"GET", "/posts/7/", "", "", 404, ""},
            {"GET", "/nowhere", "", "", 404, R"("path":"/app/nowhere")"},
            {"OPTIONS", "/nowhere", "", "", 404, ""},
            {"GET", "/tree", "", "", 200, "below /app/tree"},
            {"GET", "/tree/a/b", "", "", 200, "literal"},
            {"GET", "/tree/a/b/c%20d", "", "", 200, "a|b/c d"},
            {"GET", "/tree/x", "", "", 200, "below /app/tree/x"},
        });
}

TEST_CASE("HEAD is GET without its body") {
  const Front server;
  const std::string answer = server.ask("HEAD", "/posts/new");
  CHECK(status_of(answer) == 200);
  CHECK(has(answer, "Content-Length: 8\r\n"));
  CHECK(answer.ends_with("\r\n\r\n"));
}

TEST_CASE("MultiActionController: actions by the last segment, allowed methods, cacheSeconds") {
  const Front server;
  check(server, {
                    {"GET", "/admin/list?page=4", "", "", 200, "page 4"},
                    {"POST", "/admin/deep/er/remove.do", "", "", 200, "removed"},
                    {"GET", "/admin/", "", "", 200, "overview"},
                    {"GET", "/admin/", "", "", 200, "Cache-Control: no-store"},
                    {"GET", "/admin/drop", "", "", 404, ""},
                    {"PUT", "/admin/list", "", "", 405, "Allow: GET, HEAD, POST, OPTIONS"},
                    {"GET", "/read/list.html", "", "", 200, "page 1"},
                    {"POST", "/read/list", "", "", 405, "Allow: GET, HEAD, OPTIONS"},
                    {"GET", "/cached", "", "", 200, "Cache-Control: max-age=60"},
                    {"GET", "/fresh", "", "", 200, "Cache-Control: no-store"},
                });
}

TEST_CASE("parameters come from everywhere; what is not theirs is a 400 that names them") {
  const Front server;
  check(
      server,
      {
          {"GET", "/sum?n=1&n=2&unit=a%2Fb&n=%33", "", "", 200, "6 a/b"},
          {"GET", "/sum?unit=", "", "", 200, "\r\n\r\n0 "},
          {"GET", "/sum?n=1", "", "", 400, "query parameter 'unit' is missing"},
          {"GET", "/sum?n=1&n=x&unit=m", "", "", 400, "query parameter 'n': 'x' is not an integer"},
          {"GET", "/who", "X-User: ada\r\nX-Level: 3\r\nCookie: a=b; taste=oat\r\n", "", 200,
           "ada 3 oat"},
          {"GET", "/who", "X-User: ada\r\nX-Level: -1\r\n", "", 200, "ada -1 plain"},
          {"GET", "/who", "X-User: ada\r\n", "", 400, "header field 'X-Level' is missing"},
          {"GET", "/who", "X-Level: 3\r\n", "", 401, "Who are you?"},
          {"GET", "/flag/true", "", "", 200, "\r\n\r\non"},
          {"GET", "/flag/maybe", "", "", 400, "path parameter 'on': 'maybe' is not true or false"},
          {"POST", "/form?a=5", kForm, "b=c+d", 200, "c d -1"},  // the query is no form
          {"POST", "/form", kForm, "b=&a=7", 200, "\r\n\r\n 7"},
          {"POST", "/form", "Content-Type: text/plain\r\n", "b=c", 400,
           "form parameter 'b' is missing"},
          {"GET", "/strict/99999999999", "", "", 400, "path parameter 'id': '99999999999'"},
          {"GET", "/strict?q=1x", "", "", 400, "query parameter 'q': '1x'"},
          {"POST", "/strict", kJson, R"({"id":1})", 400, "body: key 'title' not found"},
          {"POST", "/strict", kJson, "{", 400, "body: "},
          {"POST", "/strict", kJson, R"({"id":1,"title":"t"})", 200, R"({"id":1,"title":"t"})"},
      });
}

TEST_CASE("a handler takes the session: made for one, only looked at by another") {
  const Front server;
  CHECK(server.body("/visited") == "unknown");
  const std::string first = server.ask("GET", "/visits");
  CHECK(body_of(first) == "visit 1");
  const auto at = first.find("Set-Cookie: ");
  REQUIRE(at != std::string::npos);
  const std::string cookie =
      "Cookie: " + first.substr(at + 12, first.find(';', at) - at - 12) + "\r\n";
  CHECK(server.body("/visits", cookie) == "visit 2");
  CHECK(server.body("/visited", cookie) == "known");
}

TEST_CASE("ModelAndView and the other results") {
  const Front server;
  const std::string shown = server.ask("GET", "/posts/7", "Accept: text/html\r\n");
  CHECK(body_of(shown) ==
        "<title>&lt;b&gt;&quot;Bread &amp; butter&quot;&lt;/b&gt;</title>"
        "<h1>&lt;b&gt;&quot;Bread &amp; butter&quot;&lt;/b&gt;</h1>7 "
        "<b>\"Bread & butter\"</b><i></i>\n");
  check(server,
        {
            {"GET", "/plain", "", "", 200, "\r\n\r\nby &lt;name&gt;\n"},  // the view of the path
            {"GET", "/mixed", "", "", 200, "\r\n\r\nsecond, a, b\n"},
            {"GET", "/posts/100", "Accept: application/json\r\n", "", 404, ""},
            {"GET", "/go", "", "", 303, "Location: /app/there\r\n"},
            {"GET", "/nothing", "", "", 204, ""},
            {"GET", "/either?n=0", "", "", 302, "Location: /zero\r\n"},
            {"GET", "/either?n=1", "", "", 200, R"({"id":1,"title":"either"})"},
            {"GET", "/posts/new", "", "", 200, "Content-Type: text/plain;charset=utf-8\r\n"},
        });
}

TEST_CASE("templates follow their files, partials and layouts, and are missed by name") {
  Front server;
  CHECK(has(server.body("/missing"), "global exception: template 'not/there' is missing: "));
  CHECK(has(server.body("/traversal"), "'../app' is no name of a template"));
  CHECK(has(server.body("/plain"), "by &lt;name&gt;"));
  write_file(server.templates / "plain.html", "now {{title}}{{> head}}\n");
  CHECK(has(server.body("/plain"), "now by &lt;name&gt;<h1>by &lt;name&gt;</h1>\n"));
  write_file(server.templates / "head.html", "<h2>{{title}}</h2>");
  CHECK(has(server.body("/plain"), "<h2>by "));
  write_file(server.templates / "head.html", "{{> plain}} again");
  CHECK(has(server.body("/plain"), "more than 16 partials within one another"));
  write_file(server.templates / "head.html", "{{#open}} for ever");
  CHECK(has(server.body("/plain"), "template 'plain' ("));
}

TEST_CASE("a template shows the token of the filter csrf; one that does not makes no session") {
  const Front server;
  CHECK_FALSE(has(server.ask("GET", "/mixed"), "Set-Cookie: "));
  write_file(server.templates / "plain.html",
             "{{#title}}[{{csrf}}]{{/title}}{{^title}}{{csrf}}{{/title}}");
  const std::string page = server.ask("GET", "/mixed");
  const auto cookie = page.find("Set-Cookie: ");
  REQUIRE(cookie != page.npos);
  const std::string token = body_of(page).substr(1, 64);
  CHECK(body_of(page) == "[" + token + "]");
  const std::string session =
      "Cookie: " + page.substr(cookie + 12, page.find(';', cookie) - cookie - 12) + "\r\n";
  CHECK(status_of(server.ask("POST", "/mixed", session)) == 403);
  CHECK(status_of(server.ask("POST", "/mixed", session + "X-CSRF-Token: " + token + "\r\n")) ==
        405);
  CHECK(server.body("/plain") == "[]");  // where the filter is not
}

TEST_CASE("async started: the handler answers later") {
  const Front server;
  CHECK(body_of(server.ask("GET", "/later?text=late")) == "late");
  // What fails before the handler runs has suspended nothing.
  CHECK(status_of(server.ask("GET", "/later")) == 400);
  CHECK(has(server.body("/later/broken"), "global exception: later"));
}

TEST_CASE("LastModified: checkNotModified answers 304, and 412 where something would be changed") {
  const Front server;
  check(
      server,
      {
          {"GET", "/tagged", "", "", 200, "ETag: \"v7\"\r\n"},
          {"GET", "/tagged", "", "", 200, "Last-Modified: Sun, 06 Nov 1994 08:49:37 GMT\r\n"},
          {"GET", "/tagged", "If-None-Match: \"v6\", W/\"v7\"\r\n", "", 304, "ETag: \"v7\""},
          {"GET", "/tagged", "If-None-Match: \"v6\"\r\nIf-None-Match: \"v7\"\r\n", "", 304, "v7"},
          {"HEAD", "/tagged", "If-None-Match: *\r\n", "", 304, ""},
          {"GET", "/tagged", "If-None-Match: \"v6\"\r\n", "", 200, "whole"},
          {"GET", "/tagged", "If-Modified-Since: Sun, 06 Nov 1994 08:49:37 GMT\r\n", "", 304, ""},
          {"GET", "/tagged", "If-Modified-Since: Sunday, 06-Nov-94 08:49:38 GMT\r\n", "", 304, ""},
          {"GET", "/tagged", "If-Modified-Since: Sun Nov  6 08:49:36 1994\r\n", "", 200, "whole"},
          {"GET", "/tagged", "If-Modified-Since: yesterday\r\n", "", 200, "whole"},
          {"GET", "/tagged",
           "If-None-Match: \"v6\"\r\nIf-Modified-Since: Sun, 06 Nov 1994 08:49:37 GMT\r\n", "", 200,
           "whole"},
          {"PUT", "/tagged", "If-Match: \"v7\"\r\n", "", 200, "changed"},
          {"PUT", "/tagged", "If-Match: W/\"v7\"\r\n", "", 412, ""},
          {"PUT", "/tagged", "If-Match: \"v6\"\r\nIf-Match: \"v7\"\r\n", "", 200, "changed"},
          {"PUT", "/tagged", "If-None-Match: *\r\n", "", 412, ""},
          {"PUT", "/dated", "If-None-Match: *\r\n", "", 412, ""},
          {"PUT", "/dated", "If-Match: *\r\n", "", 200, "changed"},
          {"PUT", "/tagged", "If-Match: \"v6\"\r\n", "", 412, ""},
          {"PUT", "/tagged", "If-None-Match: *\r\n", "", 412, ""},
      });
}

TEST_CASE("HandlerExceptionResolver: the most derived, the inner group, then the container") {
  Front server;
  check(server, {
                    {"GET", "/errors/broken", "", "", 418, "broken: 1"},
                    {"GET", "/errors/very", "", "", 418, "very broken: 2 /app/errors/very"},
                    {"GET", "/errors/logic", "", "", 500, "global exception: 3"},
                    {"GET", "/errors/inner/status", "", "", 409, "inner: taken"},
                    {"GET", "/errors/inner/very", "", "", 418, "very broken: 4"},
                    {"GET", "/errors/unknown", "", "", 500, "Internal Server Error"},
                    {"GET", "/errors/number", "", "", 500, "Internal Server Error"},
                    {"GET", "/strict/status", "", "", 409, "taken"},
                    {"GET", "/strict/logic", "", "", 500, "Internal Server Error"},
                });
  CHECK_FALSE(has(server.ask("GET", "/errors/broken"), "Cache-Control"));
  CHECK_FALSE(server.server().await("unknown to all handlers").empty());
  CHECK_FALSE(server.server().await("nobody's").empty());
}

TEST_CASE(
    "preHandle in order, postHandle and afterCompletion in reverse, false and exceptions stop") {
  const Front server;
  const auto trail = [&](const char* target) {
    server.body("/trail");
    server.ask("GET", target);
    return server.body("/trail");
  };
  CHECK(trail("/noted") == "pre-a pre-b post-b post-a after-b after-a ");
  CHECK(trail("/noted/alone") == "pre-a post-a after-a ");
  CHECK(trail("/posts/new") == "");
  CHECK(trail("/noted/nothing") == "");  // without a handler there is nothing to step into
  CHECK(trail("/noted?stop=a") == "pre-a ");
  CHECK(trail("/noted?stop=b") == "pre-a pre-b after-a ");
  CHECK(trail("/noted?throw=b") == "pre-a pre-b after-a ");
  CHECK(trail("/noted?after=a") == "pre-a pre-b post-b post-a after-b after-a ");
  CHECK(trail("/noted?complete=b") == "pre-a pre-b post-b post-a after-b after-a ");
  CHECK(trail("/noted/broken") == "pre-a pre-b after-b after-a ");
  CHECK(trail("/noted/unknown") ==
        "pre-a pre-b after-b(unknown to all handlers) after-a(unknown to all handlers) ");
  CHECK(trail("/noted/later/broken") == "pre-a pre-b after-b after-a ");
  CHECK(trail("/noted/later") == "pre-a pre-b suspended-b suspended-a ");
  check(server, {
                    {"GET", "/noted?stop=b", "", "", 403, "stopped by b"},
                    {"GET", "/noted?throw=b", "", "", 500, "global exception: thrown by pre-b"},
                    {"GET", "/noted?after=b", "", "", 500, "global exception: thrown by post-b"},
                    {"GET", "/noted?complete=b", "", "", 200, "noted"},
                    {"GET", "/noted/view", "", "", 200, "by a"},  // the last to touch the model
                });
}

TEST_CASE("what is set up wrong is said when it is made") {
  const std::pair<const char*, const char*> rows[] = {
      {"twin", "two handlers for GET '/a/{y}'"},
      {"variable",
       "a handler of '/a/{x}' takes the path parameter 'y', which the pattern does not"},
      {"pattern", "pattern '/a/**': '*' stands alone behind the last '/'"},
      {"type", "'text/*' is no media type such as text/html"},
      {"error", "two error handlers for the same exception"},
  };
  tests::Installation server;
  for (const auto& [fault, said] : rows)
    server.application(fault,
                       R"(<Application><Library name="front" file="lib/front.so"/>
  <Endpoint name="wrong" path="/*"><Parameter name="fault" value=")" +
                           std::string(fault) + R"("/></Endpoint></Application>)",
                       {front_library()});
  server.start();
  for (const auto& [fault, said] : rows) {
    CAPTURE(fault);
    CHECK(has(server.server().log(), said));
    CHECK(status_of(server.get("/" + std::string(fault) + "/")) == 503);
  }
  CHECK(server.stop() == 0);
}
