// What plugins can do, through the real server: answers that come later, streams, filters, plain C.
#include <doctest/doctest.h>

#include "tests/support/installation.h"

using tests::body_of;
using tests::Client;
using tests::eventually;

namespace {

namespace fs = std::filesystem;

fs::path plugin_file(const std::string& name) {
  return fs::path(tests::environment("MARGAY_TEST_PLUGINS")) / (name + ".so");
}

constexpr const char* kManifest = R"(<Application>
  <Library name="probe" file="lib/probe.so"/>
  <Endpoint name="pump" path="/pump"/>
  <Endpoint name="count" path="/count"/>
  <Endpoint name="held" path="/held"/>
  <Endpoint name="thrower" path="/throw"/>
  <Endpoint name="values" path="/values"/>
  <Endpoint name="values-behind-gates" type="values" path="/gated/*"/>
  <Endpoint name="pump-behind-gates" type="pump" path="/gated/pump"/>
  <Endpoint name="figures" path="/figures"/>
  <Filter name="first" type="gate" path="/gated/*"/>
  <Filter name="second" type="gate" path="/gated/*"/>
  <Filter name="recorder" type="recorder" path="/values"/>
</Application>)";

struct Probe : tests::Installation {
  Probe() {
    application("probe", kManifest, {plugin_file("probe")});
    start();
  }
  ~Probe() {
    CHECK(eventually([&] { return figures().starts_with("closures=0 states=0 "); }));
    CHECK(stop() == 0);
    CHECK(server().log().find("still mapped") == std::string::npos);
  }
  std::string figures() const { return body_of(get("/probe/figures")); }
};

std::string letters(std::size_t size) {
  std::string text(size, '\0');
  for (std::size_t i = 0; i < size; ++i) text[i] = static_cast<char>('a' + i % 26);
  return text;
}

}  // namespace

TEST_CASE("concurrency: a stream goes on whenever the client has taken some of it") {
  Probe probe;
  constexpr std::size_t kSize = 8'000'000;
  Client client(probe.port());
  client.send(
      "GET /probe/pump?size=8000000 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
  while (client.buffer().size() < 2'000'000) REQUIRE(client.receive(std::chrono::seconds(5), 1000));
  CHECK(probe.figures().starts_with("closures=1 "));
  CHECK(body_of(client.rest()) == letters(kSize));
  CHECK(body_of(probe.get("/probe/pump?size=100")) == letters(100));
}

TEST_CASE("concurrency: a client that goes ends the stream and what it held") {
  Probe probe;
  for (int i = 0; i < 20; ++i) {
    Client client(probe.port());
    client.send("GET /probe/pump?size=80000000 HTTP/1.1\r\nHost: localhost\r\n\r\n");
    REQUIRE(client.receive(std::chrono::seconds(5)));
  }
  for (int i = 0; i < 20; ++i)
    Client(probe.port()).send("GET /probe/held HTTP/1.1\r\nHost: localhost\r\n\r\n");
  CHECK(eventually([&] { return probe.figures().find("aborted=20") != std::string::npos; }));
}

TEST_CASE("a client that only stops sending still gets its answer") {
  Probe probe;
  Client client(probe.port());
  client.send("GET /probe/held HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
  client.finish();
  CHECK(body_of(client.rest()) == "goodbye");
}

TEST_CASE("concurrency: a body is read on the loop as it comes") {
  Probe probe;
  Client client(probe.port());
  client.send("POST /probe/count HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3000000\r\n\r\n");
  for (int i = 0; i < 30; ++i) REQUIRE(client.send(std::string(100'000, 'x')));
  CHECK(body_of(client.answer()) == "3000000 bytes");
  client.send("POST /probe/count HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n");
  CHECK(body_of(client.answer()) == "0 bytes");
  client.send(
      "POST /probe/count HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
      "5\r\nhello\r\n");
  client.close();
}

TEST_CASE("concurrency: filters decide later, one after the other") {
  Probe probe;
  const std::string passed = probe.get("/probe/gated/x");
  CHECK(passed.starts_with("HTTP/1.1 200 "));
  CHECK(body_of(passed).find("gates=||\n") != std::string::npos);
  CHECK(body_of(probe.get("/probe/gated/pump?size=1000000")) == letters(1'000'000));
  const std::string refused = probe.get("/probe/gated/x?gate=refuse");
  CHECK(refused.starts_with("HTTP/1.1 401 "));
  CHECK(refused.find("not today") != std::string::npos);
  CHECK(probe.get("/probe/gated/x?gate=forgotten").starts_with("HTTP/1.1 500 "));
  CHECK_FALSE(probe.server()
                  .await("/probe: values-behind-gates: nobody is left to answer for GET "
                         "/probe/gated/x?gate=forgotten")
                  .empty());
}

TEST_CASE("concurrency: what is thrown later is logged, and an answer never looks whole") {
  Probe probe;
  CHECK(probe.get("/probe/throw").starts_with("HTTP/1.1 500 "));
  CHECK_FALSE(probe.server().await("thrown early").empty());
  const std::string cut = probe.get("/probe/throw?late");
  CHECK((cut.empty() || cut.starts_with("HTTP/1.1 200 ")));  // how much gets out is open
  CHECK_FALSE(cut.ends_with("0\r\n\r\n"));
  CHECK_FALSE(probe.server().await("thrown late").empty());
}

TEST_CASE("values of a request, cookies of an answer, a filter's own state") {
  Probe probe;
  const std::string answer =
      probe.get("/probe/values?a=1&b=x&a=%32", "Cookie: k=v; l=\"w\"\r\nHost2: x\r\n");
  const std::string port = std::to_string(probe.port());
  CHECK(body_of(answer).starts_with("a=1\na=2\nk=v\nl=w\nremote=127.0.0.1:high\nlocal=127.0.0.1:" +
                                    port + "\nserver=localhost:80\ngates=none\nid=some\n["));
  CHECK(answer.find("X-Path: /probe/values\r\n") != std::string::npos);
  CHECK(answer.find("Set-Cookie: one=1; Path=/; HttpOnly\r\n") != std::string::npos);
  CHECK(answer.find("Set-Cookie: two=; Max-Age=0\r\n") != std::string::npos);
  CHECK(eventually([&] { return probe.figures().find(" recorded=1 ") != std::string::npos; }));
}

TEST_CASE("a plugin in plain C") {
  tests::Installation server;
  const std::string library = R"(<Library name="plain" file="lib/plain.so"/>)";
  server.application("plain",
                     "<Application>" + library +
                         R"(<Endpoint name="plain" path="/*"><Parameter name="text" value="C11"/>
    </Endpoint><Filter name="mark" path="/*"/></Application>)",
                     {plugin_file("plain")});
  server.application("broken",
                     "<Application>" + library +
                         R"(<Endpoint name="plain" path="/*"><Parameter name="text" value=""/>
    </Endpoint></Application>)",
                     {plugin_file("plain")});
  server.start();
  CHECK(server.server().log().find("a C plugin was made") != std::string::npos);
  CHECK(server.server().log().find("the text is empty: write one") != std::string::npos);
  const std::string answer = server.get("/plain/");
  CHECK(body_of(answer) == "C11");
  CHECK(answer.find("X-Method: GET\r\n") != std::string::npos);
  CHECK(server.get("/broken/").starts_with("HTTP/1.1 503 "));
  CHECK(server.stop() == 0);
}
