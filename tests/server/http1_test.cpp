// HTTP/1 over real sockets: raw bytes in, raw bytes out.
#include "server/http1/http1.h"

#include <doctest/doctest.h>

#include <thread>

#include "tests/support/client.h"
#include "tests/support/small_server.h"

using namespace std::chrono_literals;
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

std::string body_of(const std::string& answer) {
  const auto end = answer.find("\r\n\r\n");
  return end == std::string::npos ? "" : answer.substr(end + 4);
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

TEST_CASE("what is refused, and how") {
  Running server;
  struct Case {
    const char* name;
    std::string bytes;
    const char* status;
  };
  const std::string host = "Host: h\r\n";
  const std::vector<Case> cases = {
      {"HTTP/0.9", "GET /\r\n\r\n", "400"},
      {"unknown version", "GET / HTTP/2.0\r\n" + host + "\r\n", "505"},
      {"version 1.2", "GET / HTTP/1.2\r\n" + host + "\r\n", "505"},
      {"malformed version", "GET / HTTP/1\r\n" + host + "\r\n", "400"},
      {"two spaces in the request line", "GET  / HTTP/1.1\r\n" + host + "\r\n", "400"},
      {"space in the target", "GET /a b HTTP/1.1\r\n" + host + "\r\n", "400"},
      {"bad method", "G(T / HTTP/1.1\r\n" + host + "\r\n", "400"},
      {"unknown method", "BREW / HTTP/1.1\r\n" + host + "\r\n", "501"},
      {"no Host", "GET / HTTP/1.1\r\n\r\n", "400"},
      {"two Hosts", "GET / HTTP/1.1\r\n" + host + host + "\r\n", "400"},
      {"bad Host", "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", "400"},
      {"bad port in Host", "GET / HTTP/1.1\r\nHost: a:99999\r\n\r\n", "400"},
      {"CONNECT", "CONNECT h:1 HTTP/1.1\r\n" + host + "\r\n", "501"},
      {"TRACE", "TRACE / HTTP/1.1\r\n" + host + "\r\n", "405"},
      {"unknown expectation", "GET / HTTP/1.1\r\n" + host + "Expect: tea\r\n\r\n", "417"},
      {"bare LF in the request line", "GET / HTTP/1.1\n" + host + "\r\n", "400"},
      {"bare LF in a field", "GET / HTTP/1.1\r\nHost: h\nX: y\r\n\r\n", "400"},
      {"bare CR in a field", "GET / HTTP/1.1\r\n" + host + "X: a\rb\r\n\r\n", "400"},
      {"CR LF CR and a byte as the end", "GET / HTTP/1.1\r\n" + host + "\rX", "400"},
      {"folded line", "GET / HTTP/1.1\r\n" + host + "X: a\r\n b\r\n\r\n", "400"},
      {"folded first line", "GET / HTTP/1.1\r\n " + host + "\r\n", "400"},
      {"space before the colon", "GET / HTTP/1.1\r\n" + host + "X : a\r\n\r\n", "400"},
      {"space in a name", "GET / HTTP/1.1\r\n" + host + "X Y: a\r\n\r\n", "400"},
      {"empty name", "GET / HTTP/1.1\r\n" + host + ": a\r\n\r\n", "400"},
      {"no colon", "GET / HTTP/1.1\r\n" + host + "XY\r\n\r\n", "400"},
      {"NUL in a value", "GET / HTTP/1.1\r\n" + host + std::string("X: a\0b\r\n\r\n", 10), "400"},
      {"control byte in a value", "GET / HTTP/1.1\r\n" + host + "X: a\x01\r\n\r\n", "400"},
      {"DEL in a value", "GET / HTTP/1.1\r\n" + host + "X: a\x7f\r\n\r\n", "400"},
      {"two Content-Lengths",
       "POST / HTTP/1.1\r\n" + host + "Content-Length: 1\r\nContent-Length: 1\r\n\r\na", "400"},
      {"Content-Length list", "POST / HTTP/1.1\r\n" + host + "Content-Length: 1, 1\r\n\r\na",
       "400"},
      {"signed Content-Length", "POST / HTTP/1.1\r\n" + host + "Content-Length: +1\r\n\r\na",
       "400"},
      {"huge Content-Length",
       "POST / HTTP/1.1\r\n" + host + "Content-Length: 99999999999999999999\r\n\r\n", "400"},
      {"length and coding",
       "POST / HTTP/1.1\r\n" + host + "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\na",
       "400"},
      {"length and empty coding",
       "POST / HTTP/1.1\r\n" + host + "Content-Length: 1\r\nTransfer-Encoding:\r\n\r\na", "400"},
      {"chunked not last",
       "POST / HTTP/1.1\r\n" + host + "Transfer-Encoding: chunked, gzip\r\n\r\n", "400"},
      {"chunked twice",
       "POST / HTTP/1.1\r\n" + host + "Transfer-Encoding: chunked, chunked\r\n\r\n", "400"},
      {"unknown coding", "POST / HTTP/1.1\r\n" + host + "Transfer-Encoding: gzip, chunked\r\n\r\n",
       "501"},
      {"chunked in HTTP/1.0",
       "POST / HTTP/1.0\r\n" + host + "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "400"},
      {"chunk size ended by CR and a byte",
       "POST / HTTP/1.1\r\n" + host + "Transfer-Encoding: chunked\r\n\r\n1\rXa\r\n0\r\n\r\n",
       "400"},
      {"chunk data ended by two other bytes",
       "POST / HTTP/1.1\r\n" + host + "Transfer-Encoding: chunked\r\n\r\n1\r\naXX0\r\n\r\n", "400"},
      {"chunk size not a number",
       "POST / HTTP/1.1\r\n" + host + "Transfer-Encoding: chunked\r\n\r\nx\r\n", "400"},
      {"chunk line ended by LF",
       "POST / HTTP/1.1\r\n" + host + "Transfer-Encoding: chunked\r\n\r\n1\na\r\n0\r\n\r\n", "400"},
      {"chunk size of 16 digits",
       "POST / HTTP/1.1\r\n" + host + "Transfer-Encoding: chunked\r\n\r\n1000000000000000\r\n",
       "413"},
      {"trailer with a space before the colon",
       "POST / HTTP/1.1\r\n" + host + "Transfer-Encoding: chunked\r\n\r\n0\r\nX : y\r\n\r\n",
       "400"},
      {"long target", "GET /" + std::string(9000, 'a') + " HTTP/1.1\r\n" + host + "\r\n", "414"},
      {"long head", "GET / HTTP/1.1\r\n" + host + "X: " + std::string(9000, 'a') + "\r\n\r\n",
       "431"},
      {"long body", "POST / HTTP/1.1\r\n" + host + "Content-Length: 2000000\r\n\r\n", "413"},
  };
  for (const Case& one : cases) {
    CAPTURE(one.name);
    Client client(server.port());
    client.send(one.bytes);
    const std::string answer = client.answer();
    CHECK(status_of(answer) == one.status);
    if (std::string_view(one.status) != "413") {
      CHECK(answer.find("Connection: close\r\n") != std::string::npos);
      CHECK(client.rest().empty());
      CHECK(client.closed());
    }
  }
  SUBCASE("too many fields") {
    std::string many = "GET / HTTP/1.1\r\n" + host;
    for (int i = 0; i < 101; ++i) many += "X: y\r\n";
    Client client(server.port());
    client.send(many + "\r\n");
    CHECK(status_of(client.answer()) == "431");
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

TEST_CASE("timeouts") {
  server::http1::Options options;
  options.connection_timeout = 400;
  options.keep_alive_timeout = 300;
  Running server(options);
  SUBCASE("a head that drips is answered 408 in time") {
    Client client(server.port());
    const auto begin = std::chrono::steady_clock::now();
    client.send("GET / HT");
    std::thread drip([&] {
      for (int i = 0; i < 8; ++i) {
        std::this_thread::sleep_for(100ms);
        if (!client.send("T")) break;
      }
    });
    const std::string answer = client.answer();
    CHECK(std::chrono::steady_clock::now() - begin < 2s);
    drip.join();
    CHECK(status_of(answer) == "408");
  }
  SUBCASE("an idle connection is closed without a word") {
    Client client(server.port());
    CHECK(client.rest().empty());
    CHECK(client.closed());
  }
  SUBCASE("a body that drips is refused") {
    Client client(server.port());
    client.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 100\r\n\r\nab");
    CHECK(status_of(client.answer()) == "408");
  }
}
