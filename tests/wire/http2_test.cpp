// HTTP/2 as programs of others speak it: curl and h2load against a connector on a socket.
#include <doctest/doctest.h>

#include <cstdio>
#include <cstdlib>
#include <string>

#include "tests/support/small_server.h"

namespace {

bool is_installed(const std::string& program) {
  return std::system(("command -v " + program + " >/dev/null").c_str()) == 0;
}

std::string output_of(const std::string& command) {
  std::string text;
  std::FILE* const pipe = ::popen((command + " 2>&1").c_str(), "r");
  char piece[4096];
  for (std::size_t size = 0; (size = std::fread(piece, 1, sizeof piece, pipe)) > 0;)
    text.append(piece, size);
  ::pclose(pipe);
  return text;
}

server::ConnectorOptions with_http2() {
  server::ConnectorOptions options;
  options.http2.emplace();
  return options;
}

// Answers with what it was asked and how.
struct Echoing {
  explicit Echoing(server::Workers* workers = nullptr) : server({}, with_http2()) {
    server.service.workers = workers;
    server.service.body_limit = 16 * 1024 * 1024;
    server.service.answer = [](server::Exchange& exchange) {
      exchange.body().append(exchange.request.protocol).append(" ");
      exchange.body().append(exchange.request.find(server::Known::host)).append(" ");
      exchange.body().append(std::to_string(exchange.buffered_body().size()));
    };
    server.listen();
  }
  std::string url() const { return "http://127.0.0.1:" + std::to_string(server.port()) + "/"; }
  std::string host() const { return "127.0.0.1:" + std::to_string(server.port()); }
  tests::SmallServer server;
};

}  // namespace

TEST_CASE("curl speaks HTTP/2 by prior knowledge and HTTP/1.1 on the same port") {
  if (!is_installed("curl")) {
    MESSAGE("curl is not installed");
    return;
  }
  Echoing echoing;
  const std::string url = echoing.url();
  CHECK(output_of("curl -s --http2-prior-knowledge " + url) == "HTTP/2.0 " + echoing.host() + " 0");
  CHECK(output_of("curl -s " + url) == "HTTP/1.1 " + echoing.host() + " 0");
  // An offer to upgrade an HTTP/1.1 connection is not taken (RFC 9113 section 3.1).
  CHECK(output_of("curl -s --http2 " + url) == "HTTP/1.1 " + echoing.host() + " 0");
  CHECK(output_of("head -c 3000000 /dev/zero | curl -s --http2-prior-knowledge --data-binary @- " +
                  url) == "HTTP/2.0 " + echoing.host() + " 3000000");
  CHECK(output_of("curl -sI --http2-prior-knowledge " + url).starts_with("HTTP/2 200"));
}

TEST_CASE("h2load gets every answer of many streams on many connections") {
  if (!is_installed("h2load")) {
    MESSAGE("h2load is not installed");
    return;
  }
  server::Workers workers({.name_prefix = "w", .max_threads = 2, .max_queue_size = 2000});
  bool on_workers = false;
  SUBCASE("on the loop") {}
  SUBCASE("on workers") { on_workers = true; }
  Echoing echoing(on_workers ? &workers : nullptr);
  const std::string said = output_of("h2load -c10 -m50 -n5000 " + echoing.url());
  INFO(said);
  CHECK(said.find("5000 succeeded, 0 failed, 0 errored, 0 timeout") != std::string::npos);
  CHECK(echoing.server.service.aborted_count == 0);
}
