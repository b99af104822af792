// Static files over real sockets, by the rows of the default servlet: conditions, ranges, methods,
// and names that lead nowhere.
#include <doctest/doctest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "tests/support/answer_text.h"
#include "tests/support/eventually.h"
#include "tests/support/installation.h"
#include "tests/support/running_server.h"

using tests::body_of;
using tests::Client;
using tests::field;
using tests::free_port;
using tests::RunningServer;
using tests::status;

namespace {

// Digits, so that what was sent of it can be told; `large` is larger than what is kept in memory.
std::string digits(std::size_t size) {
  std::string text;
  for (std::size_t i = 0; text.size() < size; ++i) text += std::to_string(i) + ' ';
  text.resize(size);
  return text;
}

struct Site {
  explicit Site(const std::string& parameters = "", const std::string& more = "",
                const std::string& of_host = "") {
    server.write("server.xml", "<Server><Service><Connector address='127.0.0.1' port='" +
                                   std::to_string(port) + "'/><Engine><Host name='localhost'>" +
                                   of_host + "</Host></Engine></Service></Server>");
    server.write("apps/ROOT/app.xml", "<Application><Endpoint type='files' path='/'>" + parameters +
                                          "</Endpoint>" + more + "</Application>");
    server.write("apps/ROOT/static/small.txt", small);
    server.write("apps/ROOT/static/large.txt", large);
    server.write("apps/ROOT/static/none.txt", "");
    server.write("apps/ROOT/static/a b/index.html", "spaced");
    server.write("apps/ROOT/static/WEB-INF/secret.txt", "hidden words");
    server.write("apps/ROOT/secret.txt", "hidden words");
    server.write("apps/ROOT/manual/page.txt", "of the manual");
    server.write("secret.txt", "hidden words");
    std::filesystem::create_symlink(server.folder / "secret.txt",
                                    server.folder / "apps/ROOT/static/link.txt");
    std::filesystem::create_directory_symlink(server.folder, server.folder / "apps/ROOT/static/up");
    server.start();
  }
  std::string ask(const std::string& method, const std::string& target,
                  const std::string& fields = "") {
    Client client(port);
    client.send(method + " " + target + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n" +
                fields + "\r\n");
    return client.rest();
  }
  std::string get(const std::string& target, const std::string& fields = "") {
    return ask("GET", target, fields);
  }

  const std::string small = digits(1'000);
  const std::string large = digits(300'000);
  RunningServer server;
  std::uint16_t port = free_port();
};

}  // namespace

TEST_CASE("Static files: Precondition order") {
  Site site;
  const std::string first = site.get("/small.txt");
  const std::string tag = field(first, "ETag");
  const std::string modified = field(first, "Last-Modified");
  CHECK(tag.starts_with("W/\""));
  CHECK(body_of(first) == site.small);
  const std::string opaque = tag.substr(2);
  constexpr const char* kOld = "Sun, 06 Nov 1994 08:49:37 GMT";
  constexpr const char* kNew = "Thu, 31 Dec 2099 23:59:59 GMT";
  const std::string none = "If-None-Match: ", match = "If-Match: ";
  const std::string since = "If-Modified-Since: ", before = "If-Unmodified-Since: ";
  const struct {
    std::string fields;
    int status;
  } cases[] = {
      {none + tag, 304},
      {none + opaque, 304},
      {none + "\"x\", " + tag + ", \"y\"", 304},
      {none + "\"x\"\r\n" + none + tag, 304},
      {none + "*", 304},
      {none + "\"x\"", 200},
      {none + "\"x\"\r\n" + since + modified, 200},  // If-None-Match goes before
      {none + "x", 400},
      {none + "\"x", 400},
      {none + "\"x\" \"y\"", 400},
      {none + "w/\"x\"", 400},
      {match + "*", 200},
      {match + tag, 412},  // a weak tag is like no other
      {match + "\"x\"", 412},
      {match + "x", 400},
      {match + "*\r\n" + before + kOld, 200},  // If-Match goes before
      {match + "*\r\n" + none + tag, 304},
      {before + kOld, 412},
      {before + modified, 200},
      {before + kNew, 200},
      {before + "yesterday", 200},
      {before + kOld + "\r\n" + none + tag, 412},
      {since + modified, 304},
      {since + kNew, 304},
      {since + "Thursday, 31-Dec-37 23:59:59 GMT", 304},
      {since + kOld, 200},
      {since + "Sun Nov  6 08:49:37 1994", 200},
      {since + "tomorrow", 200},
  };
  for (const auto& one : cases) {
    CAPTURE(one.fields);
    const std::string answer = site.get("/small.txt", one.fields + "\r\n");
    CHECK(status(answer) == one.status);
    if (one.status == 304) {
      CHECK(field(answer, "ETag") == tag);
      CHECK(body_of(answer).empty());
    }
  }
  CHECK(status(site.ask("HEAD", "/small.txt", none + tag + "\r\n")) == 304);
}

TEST_CASE("Static files: Ranges") {
  Site site;
  const auto range = [&](const std::string& target, const std::string& what,
                         const std::string& more = "") {
    return site.get(target, "Range: bytes=" + what + "\r\n" + more);
  };
  for (const bool large : {false, true}) {
    const std::string target = large ? "/large.txt" : "/small.txt";
    const std::string& text = large ? site.large : site.small;
    const std::string size = std::to_string(text.size());
    CAPTURE(target);
    CHECK(field(site.get(target), "Accept-Ranges") == "bytes");
    const std::string some = range(target, "10-19");
    CHECK(status(some) == 206);
    CHECK(field(some, "Content-Range") == "bytes 10-19/" + size);
    CHECK(field(some, "Content-Length") == "10");
    CHECK(body_of(some) == text.substr(10, 10));
    CHECK(body_of(range(target, "-7")) == text.substr(text.size() - 7));
    CHECK(body_of(range(target, "500-")) == text.substr(500));
    const std::string beyond = range(target, size + "-");
    CHECK(status(beyond) == 416);
    CHECK(field(beyond, "Content-Range") == "bytes */" + size);
    CHECK(status(range(target, "9-1")) == 416);
    // Several: section 14.6 of RFC 9110.
    const std::string several = range(target, "0-1,-2");
    CHECK(status(several) == 206);
    const std::string type = field(several, "Content-Type");
    REQUIRE(type.starts_with("multipart/byteranges; boundary="));
    const std::string line = "\r\n--" + type.substr(type.find('=') + 1);
    const std::string head = "\r\nContent-Type: text/plain;charset=utf-8\r\nContent-Range: bytes ";
    CHECK(body_of(several) == line + head + "0-1/" + size + "\r\n\r\n" + text.substr(0, 2) + line +
                                  head + std::to_string(text.size() - 2) + "-" +
                                  std::to_string(text.size() - 1) + "/" + size + "\r\n\r\n" +
                                  text.substr(text.size() - 2) + line + "--\r\n");
  }
  const std::string modified = field(site.get("/small.txt"), "Last-Modified");
  const std::string tag = field(site.get("/small.txt"), "ETag");
  CHECK(status(range("/small.txt", "0-1", "If-Range: " + modified + "\r\n")) == 206);
  CHECK(status(range("/small.txt", "0-1", "If-Range: " + tag + "\r\n")) == 200);
  CHECK(status(range("/small.txt", "0-1", "If-Range: Sun, 06 Nov 1994 08:49:37 GMT\r\n")) == 200);
  CHECK(status(range("/small.txt", "0-1", "If-None-Match: " + tag + "\r\n")) == 304);
  CHECK(status(range("/none.txt", "0-1")) == 200);
  CHECK(status(site.ask("HEAD", "/small.txt", "Range: bytes=0-1\r\n")) == 200);
  CHECK(status(site.get("/small.txt", "Range: lines=0-1\r\n")) == 200);
}

TEST_CASE("Static files: Methods") {
  Site site;
  for (const char* method : {"POST", "PUT", "DELETE", "PATCH"}) {
    CAPTURE(method);
    const std::string answer = site.ask(method, "/small.txt", "Content-Length: 0\r\n");
    CHECK(status(answer) == 405);
    CHECK(field(answer, "Allow") == "GET, HEAD, OPTIONS");
  }
  CHECK(field(site.ask("OPTIONS", "/small.txt"), "Allow") == "GET, HEAD, OPTIONS");
  const std::string head = site.ask("HEAD", "/large.txt");
  CHECK(field(head, "Content-Length") == "300000");
  CHECK(body_of(head).empty());
}

TEST_CASE("Static files: Directory without slash") {
  {
    Site site;
    const std::string answer = site.get("/a%20b?x=1");
    CHECK(status(answer) == 302);
    CHECK(field(answer, "Location") == "/a%20b/?x=1");
    CHECK(body_of(site.get("/a%20b/")) == "spaced");
    // Never to somebody else's host.
    CHECK(field(site.get("//evil.example/..//a%20b"), "Location") == "/a%20b/");
  }
  Site site("<Parameter name='directoryRedirectStatusCode' value='308'/>");
  CHECK(status(site.get("/a%20b")) == 308);
}

TEST_CASE("Static files: Status, 503 where nothing more can be opened") {
  tests::Installation server;
  const auto folder = server.application("a", "<Application/>");
  std::filesystem::create_directories(folder / "static");
  std::ofstream(folder / "static/there.txt") << "there";
  server.start();
  Client client(server.port());
  const auto ask = [&](const std::string& target) {
    client.send("GET " + target + " HTTP/1.1\r\nHost: localhost\r\n\r\n");
    return client.answer();
  };
  CHECK(ask("/a/none.txt").starts_with("HTTP/1.1 404 "));
  rlimit before{};
  REQUIRE(::prlimit(server.server().pid(), RLIMIT_NOFILE, nullptr, &before) == 0);
  const rlimit none{0, before.rlim_max};
  REQUIRE(::prlimit(server.server().pid(), RLIMIT_NOFILE, &none, nullptr) == 0);
  const std::string answer = ask("/a/there.txt");
  CHECK(answer.starts_with("HTTP/1.1 503 "));
  CHECK(answer.find("\r\nRetry-After: 1\r\n") != std::string::npos);
  REQUIRE(::prlimit(server.server().pid(), RLIMIT_NOFILE, &before, nullptr) == 0);
  CHECK(tests::body_of(ask("/a/there.txt")) == "there");
  CHECK(server.stop() == 0);
}

TEST_CASE("Static files: every size has its length, parts and compressed neighbours, too") {
  Site site("<Parameter name='precompressed' value='gzip=.gz'/>");
  for (const std::size_t size :
       {0U, 1U, 8191U, 8192U, 8193U, 20'000U, 65'536U, 65'537U, 600'000U}) {
    const std::string name = "of" + std::to_string(size) + ".txt";
    site.server.write("apps/ROOT/static/" + name, digits(size));
    site.server.write("apps/ROOT/static/" + name + ".gz", digits(size));
    for (const std::string& fields : {std::string(), std::string("Accept-Encoding: gzip\r\n")}) {
      const std::string answer = site.get("/" + name, fields);
      CHECK(field(answer, "Content-Length") == std::to_string(size));
      CHECK(field(answer, "Transfer-Encoding").empty());
      CHECK(body_of(answer) == digits(size));
    }
    if (size < 3) continue;
    const std::string part = site.get("/" + name, "Range: bytes=1-\r\n");
    CHECK(status(part) == 206);
    CHECK(field(part, "Content-Length") == std::to_string(size - 1));
  }
}

TEST_CASE("Static files: Status") {
  Site site("", "<ErrorPage status='404' location='/small.txt'/>");
  std::filesystem::create_directories(site.server.folder / "apps/ROOT/static/empty");
  for (const char* target : {"/missing.txt", "/missing/", "/empty/", "/link.txt"}) {
    CAPTURE(target);
    const std::string answer = site.get(target);
    CHECK(status(answer) == 404);  // also where a file is the page of the error
    CHECK(body_of(answer) == site.small);
  }
  // Who runs the tests as root may read everything.
  site.server.write("apps/ROOT/static/mine.txt", "hidden words");
  std::filesystem::permissions(site.server.folder / "apps/ROOT/static/mine.txt",
                               std::filesystem::perms::none);
  if (::geteuid() != 0) CHECK(status(site.get("/mine.txt")) == 403);
}

TEST_CASE("Static files: Validators") {
  {
    Site site;
    const std::string answer = site.get("/small.txt");
    CHECK(field(answer, "ETag").starts_with("W/\"1000-"));
    CHECK(field(answer, "Last-Modified").ends_with(" GMT"));
  }
  Site site(
      "<Parameter name='useStrongETags' value='true'/><Parameter name='cacheTtl' value='0'/>"
      "<Parameter name='precompressed' value='true'/>");
  site.server.write("apps/ROOT/static/same.txt", site.small);
  site.server.write("apps/ROOT/static/small.txt.gz", "by gzip");
  std::filesystem::last_write_time(site.server.folder / "apps/ROOT/static/same.txt",
                                   std::filesystem::file_time_type{});
  const std::string tag = field(site.get("/small.txt"), "ETag");
  CHECK(tag.size() == 34);
  CHECK(tag.starts_with('"'));
  CHECK(field(site.get("/same.txt"), "ETag") == tag);
  const std::string by_gzip = field(site.get("/small.txt", "Accept-Encoding: gzip\r\n"), "ETag");
  CHECK(by_gzip.starts_with('"'));
  CHECK(by_gzip != tag);
  CHECK(status(site.get("/small.txt", "If-None-Match: " + tag + "\r\n")) == 304);
  CHECK(status(site.get("/small.txt", "If-Match: " + tag + "\r\n")) == 200);
  CHECK(status(site.get("/small.txt", "Range: bytes=0-1\r\nIf-Range: " + tag + "\r\n")) == 206);
  // A thread reads what is large; until it has, the tag is weak.
  std::string large;
  CHECK(tests::eventually([&] {
    large = field(site.get("/large.txt"), "ETag");
    return large.starts_with('"');
  }));
  CHECK(large.size() == 34);
  site.server.write("apps/ROOT/static/large.txt", site.large + "more");
  CHECK(field(site.get("/large.txt"), "ETag").starts_with("W/"));
}

TEST_CASE("Static files: Cache") {
  Site site("<Parameter name='cacheTtl' value='600000'/>");
  for (const char* target : {"/small.txt", "/large.txt"}) site.get(target);
  site.server.write("apps/ROOT/static/small.txt", "changed");
  CHECK(body_of(site.get("/missing.txt")) != "there now");
  // One connection is one loop, and each has looked a file up for itself.
  Client client(site.port);
  client.send("GET /small.txt HTTP/1.1\r\nHost: localhost\r\n\r\n");
  const std::string first = client.answer();
  site.server.write("apps/ROOT/static/small.txt", "changed again");
  client.send("GET /small.txt HTTP/1.1\r\nHost: localhost\r\n\r\n");
  CHECK(body_of(client.answer()) == body_of(first));
  // What is missing is not remembered, and what is large is open: changes in it are seen.
  std::filesystem::resize_file(site.server.folder / "apps/ROOT/static/large.txt", 10);
  CHECK(body_of(site.get("/large.txt")) == site.large.substr(0, 10));
  site.server.write("apps/ROOT/static/missing.txt", "there now");
  CHECK(body_of(site.get("/missing.txt")) == "there now");
  Site fresh("<Parameter name='cacheTtl' value='0'/>");
  CHECK(body_of(fresh.get("/small.txt")) == fresh.small);
  fresh.server.write("apps/ROOT/static/small.txt", "changed");
  CHECK(body_of(fresh.get("/small.txt")) == "changed");
}

TEST_CASE("Static files: Symlinks") {
  {
    Site site;
    CHECK(status(site.get("/link.txt")) == 404);
    CHECK(status(site.get("/up/secret.txt")) == 404);
  }
  Site site(
      "<Parameter name='allowLinking' value='true'/><Parameter name='listings' value='true'/>");
  CHECK(body_of(site.get("/link.txt")) == "hidden words");
  CHECK(body_of(site.get("/up/secret.txt")) == "hidden words");
  CHECK(site.get("/").find("link.txt") != std::string::npos);
  for (const char* target : {"/../secret.txt", "/%2e%2e/secret.txt", "/..%2fsecret.txt",
                             "//etc/passwd", "/%2fetc/passwd", "/WEB-INF/secret.txt"}) {
    CAPTURE(target);
    const std::string answer = site.get(target);
    CHECK(status(answer) >= 400);
    CHECK(status(answer) < 500);
    CHECK(answer.find("hidden words") == std::string::npos);
  }
}

TEST_CASE("Static files: Unknown parameters are refused, save the application's") {
  Site wrong("<Parameter name='listing' value='true'/>");
  CHECK(status(wrong.get("/small.txt")) == 503);
  wrong.server.log.await("'listing' is not known here; did you mean 'listings'?");
  Site right("", "<Parameter name='listing' value='of the application'/>");
  CHECK(body_of(right.get("/small.txt")) == right.small);
}

TEST_CASE("Static files: Resource sets") {
  // Further folders are further endpoints, each with a path of its own.
  Site site("",
            "<Endpoint name='docs' type='files' path='/docs/*'><Parameter name='root' "
            "value='manual'/></Endpoint>");
  CHECK(body_of(site.get("/docs/page.txt")) == "of the manual");
  CHECK(status(site.get("/docs/small.txt")) == 404);
  CHECK(body_of(site.get("/small.txt")) == site.small);
}

TEST_CASE("Static files: Media types of the application go before the server's") {
  Site site("",
            "<MimeMapping extension='TXT' type='text/x-own;charset=utf-8'/>"
            "<MimeMapping extension='weird' type='application/weird'/>");
  site.server.write("apps/ROOT/static/a.weird", "x");
  site.server.write("apps/ROOT/static/a.none", "x");
  CHECK(field(site.get("/small.txt"), "Content-Type") == "text/x-own;charset=utf-8");
  CHECK(field(site.get("/a.weird"), "Content-Type") == "application/weird");
  CHECK(field(site.get("/a.none"), "Content-Type") == "application/octet-stream");
}

TEST_CASE("Static files: Media types of the host, behind those of the application") {
  Site site("", "<MimeMapping extension='weird' type='application/weird'/>",
            "<MimeMapping extension='weird' type='text/x-host'/>"
            "<MimeMapping extension='odd' type='text/x-odd'/>");
  site.server.write("apps/ROOT/static/a.weird", "x");
  site.server.write("apps/ROOT/static/a.odd", "x");
  CHECK(field(site.get("/a.weird"), "Content-Type") == "application/weird");
  CHECK(field(site.get("/a.odd"), "Content-Type") == "text/x-odd");
}

TEST_CASE("Static files: Names that lead nowhere") {
  Site site;
  for (const char* target : {
           "/../secret.txt",
           "/../../secret.txt",
           "/%2e%2e/secret.txt",
           "/%2e%2e%2fsecret.txt",
           "/..%2fsecret.txt",
           "/%252e%252e/secret.txt",
           "/..%252fsecret.txt",
           "/%c0%ae%c0%ae/secret.txt",
           "/..;/secret.txt",
           "/..;x=1/secret.txt",
           "/a%20b/../../secret.txt",
           "/..\\secret.txt",
           "/..%5csecret.txt",
           "/link.txt",
           "/up/secret.txt",
           "/up/../secret.txt",
           "/WEB-INF/secret.txt",
           "/web-inf/secret.txt",
           "/Web-Inf/secret.txt",
           "/WEB-INF;x/secret.txt",
           "/%57EB-INF/secret.txt",
           "//WEB-INF/secret.txt",
           "/./WEB-INF/./secret.txt",
           "/a%20b/../WEB-INF/secret.txt",
           "/WEB-INF./secret.txt",
           "/WEB-INF%20/secret.txt",
           "/WEB-INF%00/secret.txt",
           "/small.txt%00.html",
           "/small.txt.",
           "/small.txt/",
           "/small.txt%20",
           "/SMALL.TXT",
           "/small.txt::$DATA",
       }) {
    CAPTURE(target);
    const std::string answer = site.get(target);
    CHECK(status(answer) >= 400);
    CHECK(status(answer) < 500);
    CHECK(answer.find("hidden words") == std::string::npos);
  }
  CHECK(body_of(site.get("/./small.txt")) == site.small);
}

TEST_CASE("Static files: Precompressed") {
  Site site("<Parameter name='precompressed' value='true'/>");
  site.server.write("apps/ROOT/static/app.js", "plain");
  site.server.write("apps/ROOT/static/app.js.br", "by brotli");
  site.server.write("apps/ROOT/static/app.js.gz", "by gzip");
  const struct {
    const char* fields;
    const char* encoding;
    const char* body;
  } cases[] = {
      {"", "", "plain"},
      {"Accept-Encoding: gzip\r\n", "gzip", "by gzip"},
      {"Accept-Encoding: gzip, br\r\n", "br", "by brotli"},
      {"Accept-Encoding: GZIP;q=1.0, br;q=0.5\r\n", "gzip", "by gzip"},
      {"Accept-Encoding: gzip\r\nAccept-Encoding: br\r\n", "br", "by brotli"},
      {"Accept-Encoding: *\r\n", "br", "by brotli"},
      {"Accept-Encoding: *, br;q=0\r\n", "gzip", "by gzip"},
      {"Accept-Encoding: gzip;q=0\r\n", "", "plain"},
      {"Accept-Encoding: identity, gzip;q=0.5\r\n", "", "plain"},
      {"Accept-Encoding: zstd\r\n", "", "plain"},
      {"Accept-Encoding: gzip;q=x\r\n", "", "plain"},
  };
  std::string tags[2];
  for (const auto& one : cases) {
    CAPTURE(one.fields);
    const std::string answer = site.get("/app.js", one.fields);
    CHECK(field(answer, "Content-Encoding") == one.encoding);
    CHECK(field(answer, "Vary") == "Accept-Encoding");
    CHECK(field(answer, "Content-Type") == "text/javascript;charset=utf-8");
    CHECK(body_of(answer) == one.body);
    tags[*one.encoding == '\0' ? 0 : 1] = field(answer, "ETag");
  }
  CHECK(tags[0] != tags[1]);
  CHECK(body_of(site.get("/app.js.gz")) == "by gzip");
  CHECK(field(site.get("/app.js.gz"), "Content-Type") == "application/gzip");
  CHECK(field(site.get("/small.txt", "Accept-Encoding: gzip\r\n"), "Vary").empty());
  CHECK(field(site.ask("HEAD", "/app.js", "Accept-Encoding: br\r\n"), "Content-Length") == "9");
}

TEST_CASE("Static files: Listings") {
  {
    Site site;
    site.server.write("apps/ROOT/static/folder/x.txt", "x");
    CHECK(status(site.get("/folder/")) == 404);
  }
  Site site("<Parameter name='listings' value='true'/>");
  site.server.write("apps/ROOT/static/f&o/<b>.txt", "much longer than the other");
  site.server.write("apps/ROOT/static/f&o/a:b c%.txt", "x");
  site.server.write("apps/ROOT/static/f&o/.hidden", "x");
  site.server.write("apps/ROOT/static/f&o/z/inner.txt", "x");
  std::filesystem::create_symlink(site.server.folder / "secret.txt",
                                  site.server.folder / "apps/ROOT/static/f&o/link.txt");
  const std::string page = site.get("/f&o/");
  CHECK(status(page) == 200);
  CHECK(field(page, "Content-Type") == "text/html;charset=utf-8");
  CHECK(page.find("<h1>/f&amp;o/</h1>") != std::string::npos);
  const auto folder = page.find("<a href=\"./z/\">z/</a>");
  const auto first = page.find("<a href=\"./%3Cb%3E.txt\">&lt;b&gt;.txt</a></td><td>26 B</td>");
  const auto second = page.find("<a href=\"./a:b%20c%25.txt\">a:b c%.txt</a>");
  CHECK(folder != std::string::npos);
  CHECK(folder < first);
  CHECK(first < second);
  CHECK(second != std::string::npos);
  CHECK(page.find("hidden") == std::string::npos);
  CHECK(page.find("link.txt") == std::string::npos);
  const std::string sorted = site.get("/f&o/?sort=size");
  CHECK(sorted.find("./a:b") < sorted.find("./%3Cb"));
  CHECK(sorted.find("?sort=size&amp;order=desc") != std::string::npos);
  const std::string turned = site.get("/f&o/?sort=size&order=desc");
  CHECK(turned.find("./a:b") > turned.find("./%3Cb"));
  CHECK(turned.find("./z/") < turned.find("./%3Cb"));
  CHECK(body_of(site.get("/f&o/a:b%20c%25.txt")) == "x");
  CHECK(body_of(site.ask("HEAD", "/f&o/")).empty());
  const std::string top = site.get("/");
  CHECK(top.find("WEB-INF") == std::string::npos);
  CHECK(top.find("../") == std::string::npos);
  CHECK(top.find("small.txt") != std::string::npos);
  CHECK(status(site.get("/WEB-INF/")) == 404);
  CHECK(status(site.get("/up/")) == 404);
  CHECK(status(site.get("/missing/")) == 404);
  CHECK(status(site.get("/small.txt/")) == 404);
  CHECK(body_of(site.get("/a%20b/")) == "spaced");
}
