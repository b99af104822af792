// Forward, include, named and asynchronous dispatch, and welcome files, through the real server.
#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "tests/support/installation.h"

using tests::body_of;
using tests::Client;

namespace {

namespace fs = std::filesystem;

struct Shop : tests::Installation {
  // `more` goes into the application.
  explicit Shop(const std::string& more = "") {
    const fs::path folder =
        application("shop",
                    R"(<Application>
  <Library name="dispatches" file="lib/dispatches.so"/>
  <Endpoint name="told" path="/told, /told/*, /items/{id}, *.tell"/>
  <Endpoint name="told-worker" path="/slow/*"/>
  <Endpoint name="goes" path="/go/*"/>
  <Endpoint name="goes-worker" path="/go-slow/*"/>
  <Endpoint name="front" type="told" path="/menu/start"/>
  <Filter name="turnout" path="/*"/>
  <Filter name="seen" path="/told/*" dispatcher="REQUEST, FORWARD, INCLUDE, ASYNC"/>
  <FilterMapping filter="seen" path="/items/*" dispatcher="FORWARD"/>
  <FilterMapping filter="seen" endpoint="told-worker" dispatcher="FORWARD"/>
  <WelcomeFile>start</WelcomeFile>
  <WelcomeFile>index.html</WelcomeFile>
  <WelcomeFile>index.tell</WelcomeFile>)" +
                        more + "</Application>",
                    {fs::path(tests::environment("MARGAY_TEST_PLUGINS")) / "dispatches.so"});
    write(folder / "static/part.html", "<b>part</b>");
    write(folder / "static/docs/index.html", "the documents");
    write(folder / "static/menu/index.html", "never: the endpoint is named before");
    write(folder / "static/both/index.tell", "never: its extension is an endpoint's");
    fs::create_directories(folder / "static/virtual");
    write(folder / "static/big.bin", std::string(2'000'000, 'b'));
    start();
  }
  ~Shop() { CHECK(stop() == 0); }

  static void write(const fs::path& file, const std::string& text) {
    fs::create_directories(file.parent_path());
    std::ofstream(file) << text;
  }

  std::string ask(const std::string& target, const std::string& fields = "") const {
    return get("/shop" + target, fields);
  }
  std::string body(const std::string& target, const std::string& fields = "") const {
    return body_of(ask(target, fields));
  }
};

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}
int status_of(const std::string& answer) {
  return answer.size() < 12 ? 0 : std::stoi(answer.substr(9, 3));
}

}  // namespace

TEST_CASE("concurrency: Forward / include: forward from loop and worker, to loop and worker") {
  const Shop shop;
  for (const char* from : {"/go", "/go-slow"})
    for (const char* to : {"/told/x", "/slow/x"}) {
      const std::string answer = shop.ask(std::string(from) + "?write=1&to=" + to + "%3Fa%3D2&a=1");
      CAPTURE(answer);
      CHECK(status_of(answer) == 203);
      CHECK(has(answer, "X-From: goes"));  // fields stay, what was written does not
      CHECK(has(answer, "X-Told: 1"));
      CHECK_FALSE(has(answer, "before"));
      CHECK(has(answer, "X-Seen: FORWARD"));
      const std::string servlet = std::string(to).substr(0, std::string(to).size() - 2);
      CHECK(has(answer, "[FORWARD GET " + servlet + "|/x?a=2&write=1"));
      CHECK(has(answer, " a=2;1; "));  // those of the new path come first
      CHECK(has(answer, "forward.request_uri=/shop" + std::string(from)));
      CHECK(has(answer, "forward.servlet_path=" + std::string(from)));
      CHECK(has(answer, "forward.query_string=write=1&to="));
    }
}

TEST_CASE("forward: paths are relative to the current one, encoded, and normalised") {
  const Shop shop;
  CHECK(has(shop.body("/go/a/b?to=c"), "[FORWARD GET /go") == false);
  CHECK(has(shop.body("/go/a/b?to=../../told/c"), "[FORWARD GET /told|/c?"));
  CHECK(has(shop.body("/go?to=/told/%2525C3%2525BC"), "|/%C3%BC?"));  // twice encoded: once decoded
  CHECK(has(shop.body("/go?to=/told/%25C3%25BC"), "|/\xC3\xBC?"));
  CHECK(has(shop.body("/go?to=/items/7"), "id=7"));
  CHECK(has(shop.ask("/go?to=/items/7"), "X-Seen: FORWARD"));
  CHECK(status_of(shop.ask("/go?to=/nothing/here")) == 404);
  CHECK(status_of(shop.ask("/go?to=/../above")) == 500);
  CHECK(status_of(shop.ask("/go?to=/told/%2500")) == 500);
}

TEST_CASE("forward: a circle is an error, a filter may forward, a late exception counts") {
  Shop shop;
  CHECK(status_of(shop.ask("/go?to=/go")) == 500);
  CHECK_FALSE(shop.server().await("more than 16 dispatches").empty());
  CHECK(has(shop.body("/told?filter-to=/items/9"), "[FORWARD GET /items/9|"));
  CHECK(status_of(shop.ask("/go?do=throw-behind&to=/told")) == 500);
  CHECK(status_of(shop.ask("/go-slow?do=throw-behind&to=/told")) == 500);
  // Too late: the answer is cut, and never looks whole.
  for (const char* from : {"/go", "/go-slow"}) {
    const std::string answer = shop.ask(std::string(from) + "?flush=1&write=1&to=/told");
    CHECK_FALSE(has(answer, "[FORWARD"));
    CHECK_FALSE(answer.ends_with("0\r\n\r\n"));
  }
}

TEST_CASE("forward: the other endpoint gets the body and the method") {
  const Shop shop;
  for (const char* from : {"/go", "/go-slow"}) {
    Client client(shop.port());
    client.send("POST /shop" + std::string(from) +
                "?to=/slow HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n"
                "Connection: close\r\n\r\nhello");
    CHECK(has(client.rest(), " body=hello "));
  }
}

TEST_CASE("Forward / include: include cannot change status and fields") {
  const Shop shop;
  for (const char* from : {"/go", "/go-slow"}) {
    const std::string answer = shop.ask(std::string(from) + "?do=include&write=1&to=/told/in&a=1");
    CAPTURE(answer);
    CHECK(status_of(answer) == 200);
    CHECK_FALSE(has(answer, "X-Told"));
    CHECK(has(answer, "before <[INCLUDE GET /told|/in?do=include&write=1&to=/told/in&a=1"));
    CHECK(has(answer, "include.request_uri=/shop/told/in"));
    CHECK(has(answer, "] status=200 after"));
  }
  CHECK(body_of(shop.ask("/go?do=include&to=/told&flush=1&write=1")).starts_with("before <["));
  CHECK(has(shop.body("/go?do=include&to=/nothing"), " status=404 after"));
  CHECK(has(shop.body("/go-slow?do=include&to=/slow"), "[INCLUDE GET /slow"));
  CHECK(status_of(shop.ask("/go?do=include&to=/slow")) == 500);  // it may block, on the loop
  CHECK(has(shop.body("/go?do=twice&to=/told"), "] and <["));
  CHECK(has(shop.body("/go?do=include&to=/go"), " status=500 after status=200 after"));  // for ever
}

TEST_CASE("include: a folder, though its welcome file has constraints of its own") {
  const Shop shop("<SecurityConstraint path='*.html' transportGuarantee='CONFIDENTIAL'/>");
  CHECK(shop.ask("/docs/").find("\r\nLocation: /shop/docs/index.html\r\n") != std::string::npos);
  for (const char* how : {"include", "forward"})
    CHECK(has(shop.body("/go-slow?do=" + std::string(how) + "&to=/docs/"), "the documents"));
}

TEST_CASE("include: static files, whatever the client asked of its own") {
  const Shop shop;
  const char* const conditions =
      "Range: bytes=0-1\r\nIf-Modified-Since: Fri, 31 Dec 2100 00:00:00 GMT\r\n";
  CHECK(shop.body("/go?do=include&write=1&to=/part.html", conditions) ==
        "before <b>part</b> status=200 after");
  CHECK(shop.body("/go-slow?do=include&to=/part.html", conditions) ==
        "<b>part</b> status=200 after");
  CHECK(has(shop.body("/go?do=include&to=/missing.html"), " status=404 after"));
  CHECK(shop.body("/go-slow?do=include&to=/big.bin").size() == 2'000'000 + 17);
  CHECK(has(shop.body("/go?do=include&to=/big.bin"), "status=500"));  // too much for a loop
}

TEST_CASE("Forward / include: named dispatcher, whose paths are the client's") {
  const Shop shop;
  const std::string answer = shop.ask("/go/on?do=named&to=told-worker");
  CHECK(has(answer, "[FORWARD GET /go|/on?"));
  CHECK(has(answer, "X-Seen: FORWARD"));  // the filter names the endpoint
  CHECK_FALSE(has(answer, "forward.request_uri"));
  CHECK(status_of(shop.ask("/go?do=named&to=nobody")) == 500);
  CHECK(has(shop.body("/go?do=include-named&to=told"), "[INCLUDE GET /go|"));
}

TEST_CASE("concurrency: a limit counts a request once, and lets nobody wait within an include") {
  for (const std::string on : {"REQUEST, INCLUDE, FORWARD, ASYNC", "INCLUDE"}) {
    CAPTURE(on);
    const Shop shop("<Filter type='concurrency-limit' path='/*' dispatcher='" + on +
                    "'><Parameter name='concurrency' value='1'/></Filter>");
    for (int i = 0; i < 3; ++i)
      for (const char* how : {"include", "twice", "forward", "async"}) {
        CAPTURE(how);
        const std::string answer = shop.ask("/go-slow?do=" + std::string(how) + "&to=/slow/x");
        CHECK(has(answer, "["));
      }
  }
}

TEST_CASE("concurrency: Async: dispatch from another thread") {
  const Shop shop;
  for (const char* from : {"/go", "/go-slow"})
    for (const char* to : {"/told/x", "/slow/x"}) {
      const std::string answer = shop.ask(std::string(from) + "?do=async&to=" + to);
      CAPTURE(answer);
      CHECK(has(answer, "[ASYNC GET "));
      CHECK(has(answer, "async.request_uri=/shop" + std::string(from)));
      CHECK(has(answer, "X-Seen: ASYNC") == (std::string(to) == "/told/x"));
    }
}

TEST_CASE("Servlet mapping order: welcome files, exact, then as files, then by extension") {
  const Shop shop;
  CHECK(has(shop.body("/menu/"), "[FORWARD GET /menu/start|"));  // an endpoint, by its exact path
  CHECK(shop.body("/docs/") == "the documents");
  CHECK(has(shop.body("/both/"), "[FORWARD GET /both/index.tell|"));
  CHECK(has(shop.body("/virtual/?a=5"), "[FORWARD GET /virtual/index.tell|?a=5"));
  CHECK(status_of(shop.ask("/nowhere")) == 404);
}
