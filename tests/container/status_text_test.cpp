// What `margay status` prints.
#include "container/status_text.h"

#include <doctest/doctest.h>

using container::duration_text;
using std::chrono::seconds;

TEST_CASE("status: a duration is its two largest units") {
  CHECK(duration_text(seconds(0)) == "0 s");
  CHECK(duration_text(seconds(59)) == "59 s");
  CHECK(duration_text(seconds(60)) == "1 min");
  CHECK(duration_text(seconds(302)) == "5 min 2 s");
  CHECK(duration_text(seconds(86400 * 3 + 3600 * 4 + 60)) == "3 d 4 h");
  CHECK(duration_text(seconds(86400 + 5)) == "1 d 5 s");
}

TEST_CASE("status: applications are listed by host, the reason of an outage in one line") {
  container::Mapping mapping;
  mapping.generation = 7;
  auto well = std::make_shared<container::Application>();
  auto broken = std::make_shared<container::Application>();
  broken->context_path = "/shop";
  broken->version = "2";
  container::MappedEndpoint endpoint;
  endpoint.name = "cart";
  endpoint.unavailable = "no such file\nand an excerpt";
  broken->endpoints.push_back(std::move(endpoint));
  container::HostMapping host;
  host.name = "localhost";
  host.applications = {well, broken};
  mapping.entries.push_back(std::move(host));
  const std::string text = container::status_text({.config = "conf/server.xml",
                                                   .uptime = seconds(61),
                                                   .gates = {},
                                                   .mapping = mapping,
                                                   .sockets = 3,
                                                   .tunneled = 2});
  CHECK(text.find(", up 1 min 1 s\nconfiguration: conf/server.xml\nmapping: generation 7\n"
                  "WebSockets: 3 open, 2 of them over HTTP/2\n"
                  "host localhost\n  /: available\n  /shop, version 2: unavailable\n"
                  "    cart: no such file\n") != std::string::npos);
  CHECK(text.find("excerpt") == std::string::npos);
}
