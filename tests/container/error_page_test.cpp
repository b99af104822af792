// Error bodies: their form by Accept, their contents, and that nothing from a request gets through
// unescaped.
#include "container/error_page.h"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>
#include <string>

#include "container/accept.h"

namespace {

using namespace std::chrono_literals;
using container::ErrorReport;
using container::Preference;

constexpr std::string_view browser =
    "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8";

ErrorReport not_found() {
  return {.status = 404,
          .path = "/shop/<cart>\"&'\n",
          .now = std::chrono::system_clock::time_point(1795514400123ms)};
}

struct Rendered {
  std::string type;
  std::string text;
};

Rendered render(const ErrorReport& report) {
  std::string out = "before|";
  const container::ErrorBody body = container::render_error(report, out);
  REQUIRE(out.size() == 7 + body.size);
  REQUIRE(out.starts_with("before|"));
  return {std::string(body.content_type), out.substr(7)};
}

std::string type_for(std::string_view accept) {
  ErrorReport report = not_found();
  report.accept = accept;
  const Rendered rendered = render(report);
  CHECK(rendered.type.empty() == rendered.text.empty());
  return rendered.type;
}

constexpr const char* html = "text/html;charset=utf-8";
constexpr const char* json = "application/json";

}  // namespace

TEST_CASE("JsonErrorReport: browsers get HTML, programs JSON, others nothing") {
  CHECK(type_for(browser) == html);
  CHECK(type_for("text/html") == html);
  CHECK(type_for("TEXT/HTML;level=1") == html);
  CHECK(type_for("text/*") == html);
  CHECK(type_for("") == json);
  CHECK(type_for(" \t") == json);
  CHECK(type_for("*/*") == json);
  CHECK(type_for("application/json") == json);
  CHECK(type_for("application/json, text/plain, */*") == json);
  CHECK(type_for("image/png,*/*;q=0.5") == json);
  CHECK(type_for("text/plain") == "");
  CHECK(type_for("image/png, application/xml") == "");
}

TEST_CASE("JsonErrorReport: weights decide, then the more specific range, then the order") {
  CHECK(type_for("text/html;q=0.5, application/json") == json);
  CHECK(type_for("text/html;q=0.5, application/json;q=0.4") == html);
  CHECK(type_for("text/html;q=0.001, */*;q=0") == html);
  CHECK(type_for("*/*, text/html") == html);
  CHECK(type_for("text/html, application/json") == html);
  CHECK(type_for("application/json, text/html") == json);
  CHECK(type_for("text/html;q=0, */*") == json);
  CHECK(type_for("text/html;q=0, application/json;q=0.000") == "");
  CHECK(type_for("*/*;q=0") == "");
  CHECK(type_for("text/html ; Q=0.3 , application/*;q=0.2") == html);
}

TEST_CASE("JsonErrorReport: odd Accept headers are read with care") {
  CHECK(type_for("text/html;q=1.001, application/json;q=0.1") == json);
  CHECK(type_for("text/html;q=0.5000") == "");
  CHECK(type_for("text/html;q=, application/json;q=0.1") == json);
  CHECK(type_for("text/html;x=\",application/json;q=1\";q=0.2, application/json;q=0.1") == html);
  CHECK(type_for("text/html;x=\"unclosed") == html);
  CHECK(type_for("text/html;x=\"\\") == html);
  CHECK(type_for(",,;,;q=1,text/html") == html);
  CHECK(type_for("text/htmlx, text") == "");
  CHECK(container::preferred_type("a/b;q=0.3", "a/b", "a/c") == Preference::first);
}

TEST_CASE(
    "JsonErrorReport: timestamp, status, error and path, and a message only when one is set") {
  ErrorReport report = not_found();
  const auto plain = nlohmann::json::parse(render(report).text);
  CHECK(plain == nlohmann::json{{"timestamp", "2026-11-24T10:00:00.123Z"},
                                {"status", 404},
                                {"error", "Not Found"},
                                {"path", "/shop/<cart>\"&'\n"}});
  report.message = "No such \"cart\"";
  report.server_info = "Margay/0.1";
  const auto full = nlohmann::json::parse(render(report).text);
  CHECK(full["message"] == "No such \"cart\"");
  CHECK(full["server"] == "Margay/0.1");
}

TEST_CASE("Default HTML: escapes all that came from outside and names no version unasked") {
  ErrorReport report = not_found();
  report.accept = browser;
  report.message = "<script>alert(1)</script>";
  const std::string text = render(report).text;
  CHECK(text.starts_with("<!doctype html>"));
  CHECK(text.find("<title>404 Not Found</title>") != std::string::npos);
  CHECK(text.find("name=\"viewport\"") != std::string::npos);
  CHECK(text.find("/shop/&lt;cart&gt;&quot;&amp;&#39;\xef\xbf\xbd") != std::string::npos);
  CHECK(text.find("&lt;script&gt;alert(1)&lt;/script&gt;") != std::string::npos);
  CHECK(text.find("<script") == std::string::npos);
  CHECK(text.find("Margay") == std::string::npos);
  CHECK(text.find("http") == std::string::npos);
  report.server_info = "Margay/0.1 <x>";
  CHECK(render(report).text.find("<footer>Margay/0.1 &lt;x&gt;</footer>") != std::string::npos);
}

TEST_CASE("ErrorReport: statuses without content have no body, unknown ones only with a message") {
  for (const int status : {100, 101, 204, 205, 304, 418, 599, 999}) {
    ErrorReport report = not_found();
    report.status = status;
    CHECK_MESSAGE(render(report).text.empty(), status);
  }
  ErrorReport report = not_found();
  report.status = 599;
  report.message = "upstream";
  const auto object = nlohmann::json::parse(render(report).text);
  CHECK(object["status"] == 599);
  CHECK(object["error"] == "Error");
}
