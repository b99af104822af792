// The built-in filters in a real server: what they make of each other's work, over real sockets.
#include <doctest/doctest.h>

#include <string>

#include "tests/support/answer_text.h"
#include "tests/support/running_server.h"

using tests::Client;
using tests::field;
using tests::free_port;
using tests::RunningServer;
using tests::status;

namespace {

// A page and the sample `echo`, behind filters of the Engine.
struct Filtered {
  explicit Filtered(const std::string& filters) {
    server.write("server.xml", "<Server><Service><Connector address='127.0.0.1' port='" +
                                   std::to_string(port) + "'/><Engine>" + filters +
                                   "<Host name='localhost'/></Engine></Service></Server>");
    server.write("apps/ROOT/app.xml", "<Application/>");
    server.write("apps/ROOT/static/index.html", "page");
    server.plugin("echo.so", "apps/echo/lib/echo.so");
    server.write("apps/echo/app.xml",
                 "<Application><Library file='lib/echo.so'/>"
                 "<WebSocket type='echo' path='/'/></Application>");
    server.start();
  }
  std::string ask(const std::string& line, const std::string& fields = "") {
    Client client(port);
    client.send(line + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n" + fields + "\r\n");
    return client.rest();
  }
  std::string get(const std::string& fields = "") { return ask("GET /", fields); }
  int shake_hands(const std::string& fields = "") {
    Client client(port);
    client.send(
        "GET /echo/ HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n" +
        fields + "\r\n");
    return status(client.answer(true));
  }

  RunningServer server;
  std::uint16_t port = free_port();
};

constexpr const char* kRemoteIp = "<Filter type='remote-ip'/>";

}  // namespace

TEST_CASE("filters: RateLimit counts by the address that RemoteIp tells") {
  Filtered its(std::string(kRemoteIp) +
               "<Filter type='rate-limit'><Parameter name='bucketRequests' value='2'/>"
               "<Parameter name='bucketDuration' value='3600'/>"
               "<Parameter name='exposeHeaders' value='true'/></Filter>");
  const std::string one = "X-Forwarded-For: 203.0.113.1\r\n";
  CHECK(status(its.get(one)) == 200);
  CHECK(status(its.get(one)) == 200);
  const std::string refused = its.get(one);
  CHECK(status(refused) == 429);
  CHECK(!field(refused, "Retry-After").empty());
  CHECK(!field(refused, "RateLimit").empty());
  CHECK(status(its.get("X-Forwarded-For: 203.0.113.2\r\n")) == 200);
  // Handshakes count, and are refused, as any request.
  const std::string other = "X-Forwarded-For: 203.0.113.3\r\n";
  CHECK(its.shake_hands(other) == 101);
  CHECK(its.shake_hands(other) == 101);
  CHECK(its.shake_hands(other) == 429);
}

TEST_CASE("filters: RemoteCIDR judges the address that RemoteIp tells") {
  Filtered its(std::string(kRemoteIp) +
               "<Filter type='remote-cidr'><Parameter name='allow' value='203.0.113.0/24, ::1'/>"
               "<Parameter name='deny' value='203.0.113.9'/></Filter>");
  CHECK(status(its.get("X-Forwarded-For: 203.0.113.1\r\n")) == 200);
  CHECK(status(its.get("X-Forwarded-For: 203.0.113.9\r\n")) == 403);
  CHECK(status(its.get("X-Forwarded-For: 198.51.100.1\r\n")) == 403);
  CHECK(status(its.get()) == 403);  // the peer itself
  // What a client says before its proxy adds its address is not believed.
  CHECK(status(its.get("X-Forwarded-For: 203.0.113.1, 198.51.100.1\r\n")) == 403);
}

TEST_CASE("filters: CORS pre-flight and answers") {
  Filtered its(
      "<Filter type='cors'><Parameter name='cors.allowed.origins' value='https://a.example'/>"
      "</Filter>");
  const std::string origin = "Origin: https://a.example\r\n";
  const std::string flight =
      its.ask("OPTIONS /", origin + "Access-Control-Request-Method: POST\r\n");
  CHECK(status(flight) == 200);
  CHECK(field(flight, "Access-Control-Allow-Origin") == "https://a.example");
  CHECK(field(flight, "Access-Control-Max-Age") == "1800");
  const std::string answer = its.get(origin);
  CHECK(status(answer) == 200);
  CHECK(field(answer, "Access-Control-Allow-Origin") == "https://a.example");
  CHECK(status(its.get("Origin: https://b.example\r\n")) == 403);
  CHECK(field(its.get(), "Access-Control-Allow-Origin").empty());
}

TEST_CASE("filters: HttpHeaderSecurity is on pages, errors and refusals of others") {
  Filtered its(
      "<Filter type='security-headers'/>"
      "<Filter type='remote-cidr' path='/no'><Parameter name='deny' value='127.0.0.0/8'/>"
      "</Filter>");
  for (const char* line : {"GET /", "GET /missing", "GET /no"}) {
    CAPTURE(line);
    const std::string answer = its.ask(line);
    CHECK(field(answer, "X-Frame-Options") == "DENY");
    CHECK(field(answer, "X-Content-Type-Options") == "nosniff");
  }
  CHECK(status(its.ask("GET /no")) == 403);
}

TEST_CASE("filters: request-id keeps a good name and makes one otherwise") {
  Filtered its("<Filter type='request-id'/>");
  CHECK(field(its.get("X-Request-Id: from-proxy-1\r\n"), "X-Request-Id") == "from-proxy-1");
  const std::string made = field(its.get(), "X-Request-Id");
  CHECK(!made.empty());
  CHECK(field(its.get(), "X-Request-Id") != made);
  CHECK(field(its.get("X-Request-Id: a\tb \"c\"\r\n"), "X-Request-Id") != "a\tb \"c\"");
}

TEST_CASE("filters: a parameter that is not known is an error with its place") {
  try {
    Filtered its("<Filter type='cors'><Parameter name='cors.allowed.orgins' value='*'/></Filter>");
    FAIL("it came up");
  } catch (const std::runtime_error& error) {
    const std::string what = error.what();
    CHECK(what.find("server.xml:1:") != std::string::npos);
    CHECK(what.find("cors.allowed.origins") != std::string::npos);
  }
}
