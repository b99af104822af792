// Each sample application as it is staged, through the real server.
#include <doctest/doctest.h>

#include <sys/socket.h>

#include <algorithm>
#include <vector>

#include "tests/support/installation.h"

using tests::body_of;
using tests::Client;
using tests::eventually;

namespace {

namespace fs = std::filesystem;

// All samples as they lie in the build folder.
struct Samples : tests::Installation {
  Samples() {
    fs::copy(tests::environment("MARGAY_APPS"), base() / "apps", fs::copy_options::recursive);
    start();
  }
  ~Samples() { CHECK(stop() == 0); }
};

// The sample "sse" alone, with the parameters under test.
struct Sse : tests::Installation {
  explicit Sse(const std::string& parameters) {
    application(
        "sse",
        R"(<Application><Library name="sse" file="lib/sse.so"/><Endpoint name="sse" path="/*">)" +
            parameters + "</Endpoint></Application>",
        {fs::path(tests::environment("MARGAY_APPS")) / "sse" / "lib" / "sse.so"});
    start();
  }
  ~Sse() { CHECK(stop() == 0); }
};

std::string parameter(const std::string& name, const std::string& value) {
  return "<Parameter name=\"" + name + "\" value=\"" + value + "\"/>";
}

constexpr std::string_view kAsk =
    "GET /sse/ HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";

// False when `text` did not come in time.
bool await(Client& client, const std::string& text) {
  while (client.buffer().find(text) == std::string::npos)
    if (!client.receive(std::chrono::seconds(10))) return false;
  return true;
}

std::vector<unsigned long> ids(const std::string& answer) {
  std::vector<unsigned long> found;
  for (auto at = answer.find("id: "); at != std::string::npos; at = answer.find("id: ", at + 1))
    found.push_back(std::strtoul(answer.c_str() + at + 4, nullptr, 10));
  return found;
}

}  // namespace

TEST_CASE("the samples answer, and refuse what they cannot use") {
  const Samples samples;
  CHECK(body_of(samples.get("/hello/?name=you")) == "hello, you\n");
  CHECK(body_of(samples.get("/later/?ms=5")) == "later\n");
  CHECK(body_of(samples.get("/whoami/")) == "You are anybody: this connection is not encrypted.\n");
  CHECK(body_of(samples.get("/blocking/?ms=5")) == "slept for 5 ms\n");
  for (const char* sample : {"/later/?ms=", "/blocking/?ms="})
    for (const char* bad : {"", "x", "5x", "-1", "1e3", "99999", "99999999999999999999", "%205"}) {
      CAPTURE(sample);
      CAPTURE(bad);
      const std::string answer = samples.get(std::string(sample) + bad);
      CHECK(answer.starts_with("HTTP/1.1 400 "));
      CHECK(answer.find("ms must be a number from 0 to") != std::string::npos);
    }
  Client client(samples.port());
  client.send("POST /upload/ HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\nhello");
  CHECK(body_of(client.answer()) == "5 bytes, fnv1a a430d84680aabd0b\n");
  const std::string page = samples.get("/");
  CHECK(page.starts_with("HTTP/1.1 200 "));
  CHECK(page.find("Content-Type: text/html") != std::string::npos);
}

TEST_CASE("events in their order, a head that no proxy keeps, an end that comes in time") {
  const Sse server(parameter("interval", "5ms") + parameter("lifetime", "200ms"));
  const std::string answer = server.get("/sse/");
  CHECK(answer.starts_with("HTTP/1.1 200 "));
  CHECK(answer.find("Content-Type: text/event-stream\r\n") != std::string::npos);
  CHECK(answer.find("Cache-Control: no-store\r\n") != std::string::npos);
  CHECK(answer.ends_with("0\r\n\r\n"));
  const std::string body = body_of(answer);
  CHECK(body.starts_with("retry: 500\n\nid: "));
  CHECK(body.find("\ndata: tick\n\n") != std::string::npos);
  const auto seen = ids(body);
  CHECK(seen.size() > 2);
  CHECK(std::is_sorted(seen.begin(), seen.end()));
  Client client(server.port());
  client.send("POST /sse/ HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n");
  CHECK(client.answer().starts_with("HTTP/1.1 405 "));
}

TEST_CASE("a heartbeat where nothing happens") {
  const Sse server(parameter("interval", "1h") + parameter("heartbeat", "10ms"));
  Client client(server.port());
  client.send(kAsk);
  CHECK(await(client, ":\n\n"));
  CHECK(ids(client.buffer()).empty());
}

TEST_CASE("concurrency: so many streams and no more; one that is left makes room") {
  const Sse server(parameter("interval", "5ms") + parameter("maxStreams", "2"));
  Client first(server.port());
  Client second(server.port());
  for (Client* one : {&first, &second}) {
    one->send(kAsk);
    REQUIRE(await(*one, "id: "));
  }
  const std::string refused = server.get("/sse/");
  CHECK(refused.starts_with("HTTP/1.1 503 "));
  CHECK(refused.find("Retry-After: 5\r\n") != std::string::npos);
  first.close();
  CHECK(eventually([&] {
    Client next(server.port());
    next.send(kAsk);
    next.receive(std::chrono::seconds(5));
    return next.buffer().starts_with("HTTP/1.1 200 ");
  }));
}

TEST_CASE("concurrency: a slow reader misses events and costs no memory") {
  const std::string text(60'000, 'x');
  Sse server(parameter("interval", "1ms") + parameter("text", text));
  Client slow(server.port());
  slow.send(kAsk);
  Client fast(server.port());
  fast.send(kAsk);
  // So much that no socket buffer could hold it for the other one.
  std::size_t read = 0;
  for (; read < 30'000'000; fast.buffer().clear()) {
    REQUIRE(fast.receive(std::chrono::seconds(10)));
    read += fast.buffer().size();
  }
  if (!tests::is_sanitized()) CHECK(server.server().resident() < 40'000'000);
  std::string all;
  const auto has_gap = [&] {
    const auto seen = ids(all);
    for (std::size_t i = 1; i < seen.size(); ++i)
      if (seen[i] > seen[i - 1] + 50) return true;
    return false;
  };
  while (!has_gap() && slow.receive(std::chrono::seconds(10), 1 << 20)) {
    all += slow.buffer();
    slow.buffer().clear();
  }
  CHECK(has_gap());
}

TEST_CASE("concurrency: a stream keeps its code while that is replaced, and then lets go of it") {
  Sse server(parameter("interval", "5ms") + parameter("lifetime", "1s"));
  Client old(server.port());
  old.send(kAsk);
  REQUIRE(await(old, "id: "));
  const fs::path lib = server.base() / "apps" / "sse" / "lib";
  fs::copy(lib / "sse.so", lib / ".new");
  std::ofstream(lib / ".new", std::ios::app) << '\n';  // another content, the same code
  fs::rename(lib / ".new", lib / "sse.so");
  server.server().signal(SIGHUP);
  REQUIRE_FALSE(server.server().await("application /sse deployed").empty());
  REQUIRE_FALSE(server.server().await("is in use").empty());
  CHECK(server.server().mapped("/sse.").size() == 2);
  Client fresh(server.port());
  fresh.send(kAsk);
  CHECK(await(fresh, "id: 1\n"));  // a new generation counts from the beginning
  CHECK(old.rest().ends_with("0\r\n\r\n"));
  if (!tests::is_sanitized())
    CHECK(eventually([&] { return server.server().mapped("/sse.").size() == 1; }));
}

TEST_CASE(
    "guestbook: who has signed up writes; entries are escaped, paged, kept over a restart, and "
    "missed with a page") {
  tests::Installation server;
  const fs::path folder = server.base() / "apps" / "guestbook";
  fs::copy(fs::path(tests::environment("MARGAY_APPS")) / "guestbook", folder,
           fs::copy_options::recursive);
  fs::remove_all(folder / "data");
  server.start();
  std::string cookie;
  const auto ask = [&](const std::string& line, const std::string& type, const std::string& body) {
    Client client(server.port());
    client.send(line + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n" +
                (cookie.empty() ? "" : "Cookie: " + cookie + "\r\n") + "Content-Type: " + type +
                "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body);
    const std::string answer = client.rest();
    if (const auto at = answer.find("Set-Cookie: "); at != answer.npos)
      cookie = answer.substr(at + 12, answer.find(';', at) - at - 12);
    return answer;
  };
  const std::string kForm = "application/x-www-form-urlencoded";
  const auto post = [&](const std::string& path, const std::string& form) {
    return ask("POST /guestbook" + path, kForm, form);
  };
  // The token of the form on that page, as a field.
  const auto token = [&](const std::string& page) {
    const std::string answer = ask("GET /guestbook" + page, kForm, "");
    const std::string mark = "name=\"_csrf\" value=\"";
    const auto at = answer.find(mark);
    REQUIRE(at != answer.npos);
    return "_csrf=" + answer.substr(at + mark.size(), 64);
  };
  const auto leads_to = [](const std::string& answer, const std::string& path) {
    CHECK(answer.starts_with("HTTP/1.1 303 "));
    return answer.find("Location: /guestbook" + path + "\r\n") != std::string::npos;
  };
  CHECK(leads_to(post("/write", "text=x"), "/login"));
  cookie.clear();
  CHECK(server.get("/guestbook/").find("Set-Cookie: ") == std::string::npos);
  CHECK(post("/register", "name=Ada&password=long+enough").starts_with("HTTP/1.1 403 "));
  const std::string mine = "&" + token("/register");
  CHECK(post("/register", "name=Ada&password=short" + mine).starts_with("HTTP/1.1 422 "));
  CHECK(leads_to(post("/register", "name=Ada&password=long+enough" + mine), "/"));
  const std::string its = "&" + token("/");  // another one, as somebody has logged in
  CHECK(post("/register", "name=ADA&password=long+enough" + mine).starts_with("HTTP/1.1 403 "));
  CHECK(post("/register", "name=ADA&password=long+enough" + its).find("has that name already") !=
        std::string::npos);
  const auto count = [](const std::string& page, const std::string& text) {
    int found = 0;
    for (auto at = page.find(text); at != page.npos; at = page.find(text, at + 1)) ++found;
    return found;
  };
  for (int i = 1; i <= 11; ++i) {
    const std::string answer = post("/write", "text=%3Cb%3Enumber+" + std::to_string(i) + its);
    CHECK(leads_to(answer, "/#entry-" + std::to_string(i)));
  }
  const std::string newest = server.get("/guestbook/");
  CHECK(count(newest, "<article") == 10);
  CHECK(newest.find("&lt;b&gt;number 11<") != std::string::npos);
  CHECK(newest.find("?before=2\"") != std::string::npos);
  const std::string older = server.get("/guestbook/?before=2");
  CHECK(count(older, "<article") == 1);
  CHECK(count(older, "?before=") == 0);
  CHECK(post("/write", "text=%20" + its).starts_with("HTTP/1.1 422 "));
  const std::string again = post("/write", "text=" + std::string(2001, 'x') + its);
  CHECK(again.starts_with("HTTP/1.1 422 "));
  CHECK(again.find("xxx</textarea>") != std::string::npos);
  CHECK(post("/write", its).find("form parameter &apos;text&apos; is missing") !=
        std::string::npos);
  CHECK(post("/logout", "").starts_with("HTTP/1.1 403 "));
  CHECK(leads_to(post("/logout", its), "/"));
  CHECK(leads_to(post("/write", "text=x"), "/login"));
  const std::string missed = server.get("/guestbook/entries/12", "Accept: text/html\r\n");
  CHECK(missed.starts_with("HTTP/1.1 404 "));
  CHECK(missed.find("There is no such entry.") != std::string::npos);
  CHECK(server.get("/guestbook/nowhere", "Accept: text/html\r\n").find("Nothing here") !=
        std::string::npos);
  CHECK(server.get("/guestbook/entries/12", "Accept: application/json\r\n")
            .find(R"("path":"/guestbook/entries/12")") != std::string::npos);
  CHECK(server.get("/guestbook/guestbook.css").starts_with("HTTP/1.1 200 "));
  CHECK(server.stop() == 0);
  server.start();
  CHECK(server.get("/guestbook/entries/11", "Accept: application/json\r\n")
            .find(R"("text":"<b>number 11")") != std::string::npos);
  cookie.clear();
  CHECK(leads_to(post("/j_security_check", "j_username=ada&j_password=wrong"), "/login?failed"));
  CHECK(leads_to(post("/j_security_check", "j_username=ada&j_password=long+enough"), "/"));
  const auto part = [](const std::string& parameters, const std::string& content) {
    return "--x\r\nContent-Disposition: form-data; " + parameters + "\r\n\r\n" + content + "\r\n";
  };
  const auto send = [&](const std::string& file) {
    return ask("POST /guestbook/write", "multipart/form-data; boundary=x",
               part("name=\"_csrf\"", token("/").substr(6)) + part("name=\"text\"", "back") +
                   part("name=\"picture\"; filename=\"cat.png\"", file) + "--x--\r\n");
  };
  CHECK(send("<svg>").find("That is no picture that we can show") != std::string::npos);
  const std::string gif("GIF89a\1\0\1\0", 10);
  const std::string large = send(gif + std::string(2 << 20, 'x'));
  CHECK(large.starts_with("HTTP/1.1 422 "));
  CHECK(large.find("That picture is too large; 2 MB are the most.") != std::string::npos);
  CHECK(large.find(">back</textarea>") != std::string::npos);
  CHECK(send(gif + std::string(8 << 20, 'x')).starts_with("HTTP/1.1 413 "));
  CHECK(leads_to(send(gif), "/#entry-12"));
  const std::string shown = server.get("/guestbook/entries/12", "Accept: text/html\r\n");
  const auto source = shown.find("<img src=\"/guestbook/pictures/");
  REQUIRE(source != shown.npos);
  const std::string picture = server.get(shown.substr(source + 10, 20 + 32));
  CHECK(picture.find("Content-Type: image/gif\r\n") != std::string::npos);
  CHECK(picture.find("X-Content-Type-Options: nosniff\r\n") != std::string::npos);
  CHECK(picture.ends_with("\r\n\r\n" + gif));
  CHECK(server.get("/guestbook/pictures/12").starts_with("HTTP/1.1 404 "));
  // Who writes when the session is over logs in, and has written.
  const auto late = [&](const std::string& fields) {
    cookie.clear();
    CHECK(leads_to(ask("POST /guestbook/write", kForm + fields, "text=late"), "/login"));
    CHECK(leads_to(post("/j_security_check", "j_username=ada&j_password=long+enough"), "/write"));
    return ask("GET /guestbook/write", kForm, "");
  };
  CHECK(leads_to(late("\r\nSec-Fetch-Site: same-origin"), "/#entry-13"));
  CHECK(late("").starts_with("HTTP/1.1 403 "));
  CHECK(server.stop() == 0);
}
