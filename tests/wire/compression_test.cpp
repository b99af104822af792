// Compressed answers, and what filters are told of bodies, through the real server.
#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "tests/support/inflated.h"
#include "tests/support/installation.h"

using tests::body_of;
using tests::Client;
using tests::gunzip;
using tests::unbrotli;

namespace {

namespace fs = std::filesystem;

constexpr const char* kManifest = R"(<Application>
  <Library name="pages" file="lib/pages.so"/>
  <Endpoint type="page" path="/page"/>
  <Endpoint type="worker-page" path="/worker-page"/>
  <Endpoint type="worker-events" path="/worker-events"/>
  <Endpoint type="loop-events" path="/loop-events"/>
  <Endpoint type="go" path="/go"/>
  <Endpoint name="for-filters" type="page" path="/for-filters/*"/>
  <Endpoint name="events-for-filters" type="loop-events" path="/for-filters/events"/>
  <Filter type="compression" path="/page, /worker-page, /worker-events, /loop-events, /static/*">
    <Parameter name="encodings" value="br, gzip"/>
    <Parameter name="compressibleMimeType" value="text/*"/>
    <Parameter name="noCompressionStrongETag" value="${spares:-true}"/>
  </Filter>
  <Filter type="bracket" path="/for-filters/bracket, /for-filters/events"/>
  <Filter type="hoard" path="/for-filters/hoard, /for-filters/events"/>
  <Filter type="knowing" path="/for-filters/knowing"/>
  <Filter type="breaking" path="/for-filters/breaking"/>
</Application>)";

std::string field(const std::string& answer, const std::string& name) {
  const auto at = answer.find("\r\n" + name + ": ");
  if (at == std::string::npos || at > answer.find("\r\n\r\n")) return {};
  const auto from = at + name.size() + 4;
  return answer.substr(from, answer.find("\r\n", from) - from);
}

// What gunzip must find at the end of a whole body; empty: it did not.
std::string unpacked(const std::string& answer) {
  const auto found = field(answer, "Content-Encoding") == "br" ? unbrotli(body_of(answer))
                                                               : gunzip(body_of(answer));
  return found && found->complete ? found->bytes : "";
}

constexpr const char* kGzip = "Accept-Encoding: gzip\r\n";

struct Pages : tests::Installation {
  explicit Pages(const std::string& manifest = kManifest) {
    fs::create_directories(
        application("pages", manifest,
                    {fs::path(tests::environment("MARGAY_TEST_PLUGINS")) / "pages.so"}) /
        "static");
    start();
  }
  std::string page(const std::string& query, const std::string& fields = kGzip) const {
    return get("/pages/page?" + query, fields);
  }
  std::string head_of(const std::string& query, const std::string& fields = kGzip) const {
    Client client(port());
    client.send("HEAD /pages/page?" + query + " HTTP/1.1\r\nHost: localhost\r\n" + fields +
                "Connection: close\r\n\r\n");
    return client.rest();
  }
};

}  // namespace

TEST_CASE("Response compression: the client has the say, by its q-values") {
  Pages pages;
  const std::string plain = pages.page("size=20000", "");
  CHECK(field(plain, "Content-Encoding").empty());
  CHECK(field(plain, "Vary") == "accept-encoding");
  CHECK(body_of(plain).size() == 20000);
  const struct {
    const char *accepts, *coding;
  } cases[] = {{"gzip", "gzip"},
               {"br", "br"},
               {"gzip, deflate, br", "br"},  // as good: the server's order
               {"br;q=0.5, gzip", "gzip"},
               {"x-gzip", "gzip"},
               {"*", "br"},
               {"*;q=0.1, br;q=0", "gzip"},
               {"gzip;q=0, br;q=0", ""},
               {"identity, gzip;q=0.5", ""},
               {"deflate", ""},
               {"gzip;q=two", ""},
               {"", ""}};
  for (const auto& one : cases) {
    CAPTURE(one.accepts);
    const std::string answer =
        pages.page("size=20000", "Accept-Encoding: " + std::string(one.accepts) + "\r\n");
    CHECK(field(answer, "Content-Encoding") == one.coding);
    CHECK(field(answer, "Vary") == "accept-encoding");
    if (*one.coding == '\0') continue;
    CHECK(unpacked(answer) == body_of(plain));
    CHECK(std::stoul(field(answer, "Content-Length")) < 20000);  // it was whole
  }
}

TEST_CASE("Response compression: only what is worth it, and may be") {
  Pages pages;
  CHECK(field(pages.page("size=2048"), "Content-Encoding") == "gzip");
  const struct {
    const char *query, *vary;
  } cases[] = {{"size=2047", ""},
               {"type=image/png", ""},
               {"status=404&field=Content-Encoding:br", ""},
               {"status=206&field=Content-Range:bytes%200-3999/9999", "accept-encoding"},
               {"field=Cache-Control:private,%20No-Transform", ""},
               {"field=Content-Digest:sha-256=:abc:", ""},
               {"field=ETag:%22strong%22", ""}};
  for (const auto& one : cases) {
    CAPTURE(one.query);
    const std::string answer = pages.page(one.query);
    CHECK(field(answer, "Vary") == one.vary);
    CHECK(unpacked(answer).empty());
    CHECK(field(answer, "Content-Length") == std::to_string(body_of(answer).size()));
  }
  for (const char* status : {"204", "205", "304"}) {
    CAPTURE(status);
    const std::string answer = pages.page("size=0&status=" + std::string(status));
    CHECK(field(answer, "Content-Encoding").empty());
    CHECK(body_of(answer).empty());
  }
  // Errors of the application are answers as others.
  CHECK(unpacked(pages.page("status=500")).size() == 4000);
  CHECK(field(pages.page("field=Vary:Accept-Encoding"), "Vary") == "Accept-Encoding");
  CHECK(pages.page("field=Vary:Origin").find("Vary: accept-encoding") != std::string::npos);
}

TEST_CASE("Response compression: tags") {
  Pages spares;
  CHECK(field(spares.page("field=ETag:W/%22a%22"), "Content-Encoding") == "gzip");
  std::string manifest = kManifest;
  manifest.replace(manifest.find("${spares:-true}"), 15, "false");
  Pages pages(manifest);
  const std::string answer = pages.page("field=ETag:%22a%22&field=Accept-Ranges:bytes");
  CHECK(field(answer, "Content-Encoding") == "gzip");
  CHECK(field(answer, "ETag") == "W/\"a\"");
  CHECK(field(answer, "Accept-Ranges").empty());
  CHECK(field(pages.page("field=ETag:%22a%22", ""), "ETag") == "\"a\"");
  // What is not modified has the tag of the form that the client has.
  const std::string same = "size=0&status=304&field=ETag:%22a%22";
  CHECK(field(pages.page(same, "If-None-Match: W/\"a\"\r\n"), "ETag") == "W/\"a\"");
  CHECK(field(pages.page(same, "If-None-Match: W/\"a\"\r\n"), "Vary") == "accept-encoding");
  CHECK(field(pages.page(same, "If-None-Match: \"a\"\r\n"), "ETag") == "\"a\"");
}

TEST_CASE("Response compression: HEAD has the head of GET") {
  Pages pages;
  const std::string answer = pages.head_of("size=20000&length");
  CHECK(field(answer, "Content-Encoding") == "gzip");
  CHECK(field(answer, "Vary") == "accept-encoding");
  CHECK(field(answer, "Content-Length").empty());  // nobody knows it
  CHECK(body_of(answer).empty());
  const std::string image = pages.head_of("size=20000&length&type=image/png");
  CHECK(field(image, "Content-Encoding").empty());
  CHECK(field(image, "Content-Length") == "20000");
  CHECK(field(pages.head_of("size=2000&length"), "Content-Length") == "2000");
}

TEST_CASE("Response compression: long answers, in pieces, from loops and workers") {
  Pages pages;
  for (const std::string path : {"/pages/page", "/pages/worker-page"})
    for (const std::string accepts : {"gzip", "br"})
      for (const std::string step : {"10", "5000", "1000000"}) {
        CAPTURE(path);
        CAPTURE(accepts);
        CAPTURE(step);
        const std::string target = path + "?size=500000&length&step=" + step;
        const std::string answer = pages.get(target, "Accept-Encoding: " + accepts + "\r\n");
        CHECK(field(answer, "Content-Encoding") == accepts);
        CHECK(unpacked(answer) == body_of(pages.get(target)));
      }
}

TEST_CASE("Response compression: files, from memory and from the disk") {
  std::string manifest = kManifest;
  manifest.replace(manifest.find("<Endpoint"), 0,
                   "<Endpoint type='files' path='/static/*'>"
                   "<Parameter name='cacheObjectMaxSize' value='64'/></Endpoint>");
  Pages pages(manifest);
  const fs::path folder = pages.base() / "apps" / "pages" / "static";
  for (const std::size_t size : {std::size_t{30'000}, std::size_t{3'000'000}}) {
    CAPTURE(size);
    std::string text;
    while (text.size() < size) text += "line " + std::to_string(text.size()) + "\n";
    const std::string name = std::to_string(size);
    std::ofstream(folder / (name + ".txt")) << text;
    std::ofstream(folder / (name + ".png")) << text;
    const std::string target = "/pages/static/" + name;
    CHECK(unpacked(pages.get(target + ".txt", kGzip)) == text);
    CHECK(unpacked(pages.get(target + ".txt", "Accept-Encoding: br\r\n")) == text);
    // What is not compressed keeps its length, and with it the way from file to socket.
    const std::string image = pages.get(target + ".png", kGzip);
    CHECK(field(image, "Content-Length") == std::to_string(text.size()));
    CHECK(body_of(image) == text);
  }
}

TEST_CASE("Response compression: an event that was flushed can be read at once") {
  Pages pages;
  for (const char* path : {"/pages/worker-events", "/pages/loop-events"})
    for (const bool gzip : {true, false}) {
      CAPTURE(path);
      CAPTURE(gzip);
      Client client(pages.port());
      client.send("GET " + std::string(path) + " HTTP/1.1\r\nHost: localhost\r\n" +
                  "Accept-Encoding: " + (gzip ? "gzip" : "br") + "\r\nConnection: close\r\n\r\n");
      const auto heard = [&] {
        const std::string body = body_of(client.buffer());
        const auto found = gzip ? gunzip(body) : unbrotli(body);
        return found ? found->bytes : "not compressed";
      };
      while (heard() != "data: one\n\n") REQUIRE(client.receive(std::chrono::seconds(20)));
      pages.get("/pages/go");
      CHECK(unpacked(client.rest()) == "data: one\n\ndata: two\n\n");
    }
}

TEST_CASE("Response compression: more at once than maxCompressing are sent as they are") {
  std::string manifest = kManifest;
  manifest.replace(manifest.find("<Parameter"), 0, "<Parameter name='maxCompressing' value='1'/>");
  Pages pages(manifest);
  Client client(pages.port());
  client.send(std::string("GET /pages/loop-events HTTP/1.1\r\nHost: localhost\r\n") + kGzip +
              "Connection: close\r\n\r\n");
  while (client.buffer().find("\r\n\r\n") == std::string::npos)
    REQUIRE(client.receive(std::chrono::seconds(20)));
  const std::string other = pages.page("size=20000");
  CHECK(field(other, "Content-Encoding").empty());
  CHECK(field(other, "Vary") == "accept-encoding");
  CHECK(body_of(other).size() == 20000);
  pages.get("/pages/go");
  CHECK(unpacked(client.rest()) == "data: one\n\ndata: two\n\n");
  CHECK(tests::eventually(
      [&] { return field(pages.page("size=20000"), "Content-Encoding") == "gzip"; }));
}

TEST_CASE("filters: one that transforms gets the whole of a short body, and its end once") {
  Pages pages;
  const std::string text = body_of(pages.get("/pages/for-filters/plain?size=60000&step=1000"));
  CHECK(body_of(pages.get("/pages/for-filters/bracket?size=60000&step=1000")) == "<" + text + ">!");
  CHECK(body_of(pages.get("/pages/for-filters/bracket?size=0")) == "!");
  CHECK(body_of(pages.get("/pages/for-filters/hoard?size=60000&step=1000")) == text);
}

TEST_CASE("filters: a flush passes those that know nothing of it") {
  Pages pages;
  Client client(pages.port());
  client.send(
      "GET /pages/for-filters/events HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
  // bracket is the outer one: it hears nothing of the flush, hoard does.
  while (body_of(client.buffer()) != "<data: one\n\n>")
    REQUIRE(client.receive(std::chrono::seconds(20)));
  pages.get("/pages/go");
  CHECK(body_of(client.rest()) == "<data: one\n\n><data: two\n\n>!");
}

TEST_CASE(
    "filters: the length of the body is told where it is known, and kept where nobody minds") {
  Pages pages;
  const std::string known = pages.get("/pages/for-filters/knowing?size=3000");
  CHECK(field(known, "X-Size") == "3000");
  CHECK(field(known, "Content-Length") == "3000");  // short enough to be whole again
  const std::string stream = pages.get("/pages/for-filters/knowing?size=300000");
  CHECK(field(stream, "X-Size") == "unknown");
  CHECK(field(stream, "Transfer-Encoding") == "chunked");
  const std::string said = pages.get("/pages/for-filters/knowing?size=300000&length");
  CHECK(field(said, "X-Size") == "300000");
  CHECK(field(said, "Content-Length").empty());
  const std::string passed = pages.get("/pages/for-filters/knowing?size=300000&length&pass");
  CHECK(field(passed, "Content-Length") == "300000");
  CHECK(body_of(passed).size() == 300000);
}

TEST_CASE("filters: what fails in the middle of a body cuts the answer") {
  Pages pages;
  Client client(pages.port());
  client.send("GET /pages/for-filters/breaking?size=300000 HTTP/1.1\r\nHost: localhost\r\n\r\n");
  CHECK(client.rest().find("0\r\n\r\n") == std::string::npos);
  CHECK(client.closed());
  CHECK(body_of(pages.get("/pages/for-filters/breaking?size=3000")).empty());
}
