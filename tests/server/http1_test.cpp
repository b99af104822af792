// HTTP/1 over real sockets: raw bytes in, raw bytes out.
#include "server/http1/http1.h"

#include <doctest/doctest.h>

#include <thread>

#include "tests/support/client.h"
#include "tests/support/small_server.h"

using namespace std::chrono_literals;
using tests::body_of;
using tests::Client;
using tests::SmallServer;

namespace {

// Answers with "METHOD target [body]".
void mirror(server::Exchange& exchange) {
  auto& body = exchange.body();
  body.append(exchange.request.method).append(" ").append(exchange.request.target);
  if (exchange.request.has_body) body.append(" [").append(exchange.buffered_body()).append("]");
}

std::string status_of(const std::string& answer) {
  return answer.size() < 12 ? answer : answer.substr(9, 3);
}

struct Running : SmallServer {
  explicit Running(server::http1::Options options = {}) : SmallServer(std::move(options)) {
    service.answer = mirror;
    listen();
  }
};

}  // namespace

TEST_CASE("requests and their answers") {
  Running server;
  SUBCASE("keep-alive: several requests on one connection") {
    Client client(server.port());
    for (int i = 0; i < 3; ++i) {
      client.send("GET /a?x=1 HTTP/1.1\r\nHost: h\r\n\r\n");
      const std::string answer = client.answer();
      CHECK(answer.starts_with("HTTP/1.1 200 OK\r\nDate: "));
      CHECK(answer.find("Content-Length: 10\r\n") != std::string::npos);
      CHECK(answer.find("Connection:") == std::string::npos);
      CHECK(body_of(answer) == "GET /a?x=1");
    }
  }
  SUBCASE("Connection: close is honoured, in any list and case") {
    Client client(server.port());
    client.send("GET / HTTP/1.1\r\nHost: h\r\nConnection: te, CLOSE\r\n\r\n");
    CHECK(client.rest().find("Connection: close\r\n") != std::string::npos);
    CHECK(client.closed());
  }
  SUBCASE("HTTP/1.0 closes, unless it asks to stay") {
    Client closing(server.port());
    closing.send("GET / HTTP/1.0\r\n\r\n");
    CHECK(status_of(closing.rest()) == "200");
    CHECK(closing.closed());
    Client staying(server.port());
    staying.send("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    CHECK(staying.answer().find("Connection: keep-alive\r\n") != std::string::npos);
    staying.send("GET /2 HTTP/1.0\r\n\r\n");
    CHECK(body_of(staying.rest()) == "GET /2");
  }
  SUBCASE("pipelined: answers in order") {
    Client client(server.port());
    std::string many;
    for (int i = 0; i < 40; ++i)
      many += "GET /" + std::to_string(i) + " HTTP/1.1\r\nHost: h\r\n\r\n";
    client.send(many);
    for (int i = 0; i < 40; ++i) CHECK(body_of(client.answer()) == "GET /" + std::to_string(i));
  }
  SUBCASE("a head in single bytes") {
    Client client(server.port());
    for (char c : std::string_view("GET /slow HTTP/1.1\r\nHost: h\r\n\r\n")) client.send({&c, 1});
    CHECK(body_of(client.answer()) == "GET /slow");
  }
  SUBCASE("HEAD has the length but no body; 204 and 304 have neither") {
    Client client(server.port());
    client.send("HEAD /x HTTP/1.1\r\nHost: h\r\n\r\nGET /y HTTP/1.1\r\nHost: h\r\n\r\n");
    const std::string head = client.answer(true);
    CHECK(head.find("Content-Length: 7\r\n") != std::string::npos);
    CHECK(body_of(client.answer()) == "GET /y");
    for (int status : {204, 304}) {
      server.service.answer = [status](server::Exchange& exchange) {
        exchange.response().status = status;
        exchange.body().append("ignored");
      };
      Client other(server.port());
      other.send("GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
      const std::string answer = other.rest();
      CHECK(body_of(answer).empty());
      CHECK(answer.find("Content-Length") == std::string::npos);
    }
  }
  SUBCASE("a body by length and by chunks, extensions and trailers included") {
    Client client(server.port());
    client.send("POST /p HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello");
    CHECK(body_of(client.answer()) == "POST /p [hello]");
    client.send(
        "POST /p HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: Chunked\r\n\r\n"
        "3;flag;name=\"a\\\"\\\\b;\"\r\nabc\r\n00002 ; x = y\r\nde\r\n0\r\nX-Trailer: v\r\n\r\n");
    CHECK(body_of(client.answer()) == "POST /p [abcde]");
    client.send("GET /after HTTP/1.1\r\nHost: h\r\n\r\n");
    CHECK(body_of(client.answer()) == "GET /after");
  }
  SUBCASE("Expect: 100-continue") {
    Client client(server.port());
    client.send("PUT /p HTTP/1.1\r\nHost: h\r\nExpect: 100-Continue\r\nContent-Length: 2\r\n\r\n");
    CHECK(client.answer(true) == "HTTP/1.1 100 Continue\r\n\r\n");
    client.send("ok");
    CHECK(body_of(client.answer()) == "PUT /p [ok]");
  }
  SUBCASE("a half-closed client still gets its answer") {
    Client client(server.port());
    client.send("GET /half HTTP/1.1\r\nHost: h\r\n\r\n");
    client.finish();
    CHECK(body_of(client.rest()) == "GET /half");
    CHECK(client.closed());
  }
  SUBCASE("an h2c offer is an ordinary request") {
    Client client(server.port());
    client.send(
        "GET /up HTTP/1.1\r\nHost: h\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\nGET /2 "
        "HTTP/1.1\r\nHost: h\r\n\r\n");
    CHECK(body_of(client.answer()) == "GET /up");
    CHECK(body_of(client.answer()) == "GET /2");
  }
  SUBCASE("bytes behind Connection: close are not a request, and the answer comes first") {
    Client client(server.port());
    client.send(
        "GET /1 HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\nGET /2 HTTP/1.1\r\nHost: "
        "h\r\n\r\n");
    const std::string all = client.rest();
    CHECK(body_of(all) == "GET /1");
  }
}

TEST_CASE("a body longer than allowed, announced or chunked") {
  Running server;
  server.service.body_limit = 10;
  Client client(server.port());
  client.send("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n");
  client.send("20\r\n" + std::string(32, 'x') + "\r\n0\r\n\r\n");
  CHECK(status_of(client.answer()) == "413");
  client.send("GET /next HTTP/1.1\r\nHost: h\r\n\r\n");
  CHECK(body_of(client.answer()) == "GET /next");
}

TEST_CASE("a drain lets new connections ask once, and closes those that wait for another request") {
  Running server;
  Client fresh(server.port());
  Client idle(server.port());
  idle.send("GET /1 HTTP/1.1\r\nHost: h\r\n\r\n");
  CHECK(body_of(idle.answer()) == "GET /1");
  while (server.connector().connections() < 2) std::this_thread::yield();
  server.connector().drain();
  CHECK(idle.rest().empty());
  CHECK(idle.closed());
  fresh.send("GET /2 HTTP/1.1\r\nHost: h\r\n\r\n");
  const std::string last = fresh.rest();
  CHECK(body_of(last) == "GET /2");
  CHECK(last.find("Connection: close\r\n") != std::string::npos);
}

TEST_CASE("a drain does not wait for long for a new connection that says nothing") {
  Running server;
  Client silent(server.port());
  while (server.connector().connections() < 1) std::this_thread::yield();
  server.connector().drain();
  CHECK(silent.rest().empty());
  CHECK(silent.closed());
}
