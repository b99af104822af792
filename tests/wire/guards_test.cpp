// Filters that guard applications, in a real server: forged requests, load, slow endpoints, health.
#include <doctest/doctest.h>

#include <cstdlib>
#include <filesystem>
#include <string>

#include "tests/support/running_server.h"

using tests::body_of;
using tests::Client;
using tests::free_port;
using tests::RunningServer;

namespace {

int status(const std::string& answer) {
  return answer.size() < 12 ? 0 : std::atoi(answer.substr(9, 3).c_str());
}

std::string field(const std::string& answer, const std::string& name) {
  const auto at = answer.find("\r\n" + name + ": ");
  if (at == std::string::npos || at > answer.find("\r\n\r\n")) return {};
  const auto from = at + name.size() + 4;
  return answer.substr(from, answer.find("\r\n", from) - from);
}

// The plugin `guards` as the application /app, with what the test puts into its manifest.
struct Guarded {
  explicit Guarded(const std::string& manifest, const std::string& connector = "") {
    server.write("server.xml", "<Server><Service><Connector address='127.0.0.1' port='" +
                                   std::to_string(port) + "' " + connector +
                                   "/><Engine><Host name='localhost'/></Engine></Service>"
                                   "</Server>");
    const auto file = server.folder / "apps/app/lib/guards.so";
    std::filesystem::create_directories(file.parent_path());
    const char* plugins = std::getenv("MARGAY_TEST_PLUGINS");
    REQUIRE(plugins != nullptr);
    std::filesystem::copy_file(std::filesystem::path(plugins) / "guards.so", file);
    server.write("apps/app/app.xml",
                 "<Application><Library file='lib/guards.so'/>" + manifest + "</Application>");
    server.start();
  }

  static std::string text(const std::string& line, const std::string& fields = "",
                          const std::string& body = "") {
    std::string request = line + " HTTP/1.1\r\nHost: localhost\r\n" + fields;
    if (!body.empty()) request += "Content-Length: " + std::to_string(body.size()) + "\r\n";
    return request + "\r\n" + body;
  }
  std::string ask(const std::string& line, const std::string& fields = "",
                  const std::string& body = "") {
    Client client(port);
    client.send(text(line, fields, body));
    return client.answer();
  }

  RunningServer server;
  std::uint16_t port = free_port();
};

std::string cookie_of(const std::string& answer) {
  const std::string set = field(answer, "Set-Cookie");
  return set.empty() ? set : "Cookie: " + set.substr(0, set.find(';')) + "\r\n";
}

constexpr const char* kUrlencoded = "Content-Type: application/x-www-form-urlencoded\r\n";

}  // namespace

TEST_CASE("guards: CSRF, a form is taken with the token of its page") {
  Guarded its("<Endpoint type='form' path='/*'/><Filter type='csrf' path='/*'/>");
  const std::string page = its.ask("GET /app/");
  const std::string cookie = cookie_of(page), token = body_of(page);
  REQUIRE(!cookie.empty());
  REQUIRE(token.size() == 64);
  const auto post = [&](const std::string& fields, const std::string& body) {
    return its.ask("POST /app/", fields + kUrlencoded, body);
  };
  const std::string taken = post(cookie, "what=that&_csrf=" + token);
  CHECK(status(taken) == 200);
  CHECK(body_of(taken) == "changed that");
  // Behind the token of the page there is another mask each time; both are good.
  const std::string again = its.ask("GET /app/", cookie);
  CHECK(field(again, "Set-Cookie").empty());
  CHECK(body_of(again) != token);
  CHECK(status(post(cookie, "_csrf=" + body_of(again))) == 200);

  const std::string refused = post(cookie, "what=that");
  CHECK(status(refused) == 403);
  CHECK(field(refused, "X-CSRF-Token") == "Required");
  CHECK(status(post("", "_csrf=" + token)) == 403);
  CHECK(status(post(cookie + "Sec-Fetch-Site: cross-site\r\n", "_csrf=" + token)) == 403);
  CHECK(status(post(cookie + "Origin: https://evil.example\r\n", "_csrf=" + token)) == 403);
  CHECK(status(post(cookie + "Origin: http://localhost:1\r\n", "_csrf=" + token)) == 403);
  CHECK(status(post(cookie + "Origin: http://localhost\r\n", "_csrf=" + token)) == 200);
}

TEST_CASE("guards: CSRF of REST, a client fetches the token and sends it in the field") {
  Guarded its("<Endpoint type='form' path='/*'/><Filter type='csrf' path='/*'/>");
  const std::string fetched = its.ask("GET /app/", "X-CSRF-Token: Fetch\r\n");
  const std::string cookie = cookie_of(fetched);
  const std::string token = "X-CSRF-Token: " + field(fetched, "X-CSRF-Token") + "\r\n";
  CHECK(field(fetched, "Cache-Control") == "no-store");
  CHECK(status(its.ask("DELETE /app/1", cookie + token)) == 200);
  CHECK(status(its.ask("DELETE /app/1", cookie)) == 403);
  CHECK(status(its.ask("PUT /app/1", cookie + token + "Content-Type: application/json\r\n",
                       "{}")) == 200);
}

TEST_CASE("guards: CSRF, multipart sends the token in the query") {
  Guarded its("<Endpoint type='form' path='/*'/><Filter type='csrf' path='/*'/>");
  const std::string page = its.ask("GET /app/");
  const std::string type = "Content-Type: multipart/form-data; boundary=x\r\n";
  const std::string body = "--x\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n--x--\r\n";
  CHECK(status(its.ask("POST /app/?_csrf=" + body_of(page), cookie_of(page) + type, body)) == 200);
  CHECK(status(its.ask("POST /app/", cookie_of(page) + type, body)) == 403);
}

TEST_CASE("guards: CSRF makes no session for pages that show no token") {
  Guarded its("<Endpoint type='form' path='/form'/><Filter type='csrf' path='/*'/>");
  const std::string plain = its.ask("GET /app/form?plain");
  CHECK(body_of(plain) == "plain");
  CHECK(cookie_of(plain).empty());
  CHECK(!cookie_of(its.ask("GET /app/form")).empty());
  // Too late for a session: there is no token, and the answer goes on.
  const std::string late = its.ask("GET /app/form?late");
  CHECK(cookie_of(late).empty());
  CHECK(body_of(late) == "page none");
  its.server.log.await("too late for a new session");
}

TEST_CASE("guards: CSRF, whoever logs in gets another token") {
  Guarded its("<Endpoint type='form' path='/*'/><Filter type='csrf' path='/*'/>");
  const std::string before = its.ask("GET /app/");
  const std::string after = its.ask("GET /app/?login", cookie_of(before));
  REQUIRE(!cookie_of(after).empty());
  const auto send = [&](const std::string& page) {
    return status(
        its.ask("POST /app/", cookie_of(after) + "X-CSRF-Token: " + body_of(page) + "\r\n"));
  };
  CHECK(send(before) == 403);
  CHECK(send(after) == 200);
}
