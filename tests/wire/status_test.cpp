// The status of a running server, as its endpoint tells it.
#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "tests/support/running_server.h"

using nlohmann::json;
using tests::RunningServer;

namespace {

std::string server_xml(std::uint16_t port) {
  return "<Server><Service><Connector address='127.0.0.1' port='" + std::to_string(port) +
         "' maxConnections='77'/><Engine><Host name='localhost'>"
         "<Filter name='stamp' type='headers'><Parameter name='set.X-By' value='m'/></Filter>"
         "</Host></Engine></Service></Server>";
}

}  // namespace

TEST_CASE("concurrency: the status names every part, and who may not see it hears 403") {
  RunningServer server;
  const std::uint16_t port = tests::free_port();
  server.write("server.xml", server_xml(port));
  server.write("apps/status/app.xml",
               "<Application><Endpoint type='status' path='/*'/></Application>");
  server.write("apps/closed/app.xml",
               "<Application><Endpoint type='status' path='/*'><Parameter name='allow' "
               "value='10.0.0.0/8, unix'/></Endpoint></Application>");
  server.write("apps/wrong/app.xml",
               "<Application><Endpoint type='status' path='/*'><Parameter name='allow' "
               "value='10.0.0.1/8'/></Endpoint></Application>");
  server.write("apps/wrote/app.xml",
               "<Application><Endpoint type='status' path='/*'><Parameter name='alow' "
               "value='10.0.0.0/8'/></Endpoint></Application>");
  server.plugin("hello.so", "apps/hello##2/lib/hello.so");
  server.write("apps/hello##2/app.xml",
               "<Application><Library file='lib/hello.so'/><Endpoint type='hello' path='/*, *.hi'/>"
               "</Application>");
  server.start();

  CHECK(RunningServer::get(port, "/closed").starts_with("HTTP/1.1 403 "));
  CHECK(RunningServer::get(port, "/wrong").starts_with("HTTP/1.1 503 "));
  const std::string answer = RunningServer::get(port, "/status");
  REQUIRE(answer.starts_with("HTTP/1.1 200 "));
  CHECK(answer.find("Cache-Control: no-store\r\n") != std::string::npos);
  const json told = json::parse(tests::body_of(answer));
  CHECK_FALSE(told["version"].get<std::string>().empty());
  CHECK(told["pid"] == ::getpid());
  CHECK(told["requests"] == 3);
  CHECK(told["generations"] == json::array({1}));
  CHECK(told["webSockets"] == json({{"open", 0}, {"overHttp2", 0}, {"compressorBytes", 0}}));
  REQUIRE(told["connectors"].size() == 1);
  CHECK(told["connectors"][0]["title"] == "http://127.0.0.1:" + std::to_string(port));
  CHECK(told["connectors"][0]["accepted"] == 3);
  CHECK(told["connectors"][0]["maxConnections"] == 77);
  CHECK(told["connectors"][0]["draining"] == false);
  std::uint64_t sum = 0;
  for (const json& loop : told["loops"]) sum += loop["requests"].get<std::uint64_t>();
  CHECK(sum == 3);
  CHECK(told["executors"][0]["busy"] == 1);  // the one that tells
  REQUIRE(told["hosts"].size() == 1);
  const json& host = told["hosts"][0];
  CHECK(host["filters"][0]["name"] == "stamp");
  REQUIRE(host["applications"].size() == 5);
  const json& hello = host["applications"][1];
  CHECK(hello["path"] == "/hello");
  CHECK(hello["version"] == "2");
  CHECK(hello["available"] == true);
  CHECK(hello["endpoints"][0]["paths"] == json::array({"/*", "*.hi"}));
  CHECK(hello["endpoints"][0]["dispatch"] == "worker");
  const json& wrong = host["applications"][3];
  CHECK(wrong["available"] == false);
  const auto reason = wrong["reason"].get<std::string>();
  CHECK(reason.find("'10.0.0.1/8' is no block of addresses") != std::string::npos);
  const auto misspelt = host["applications"][4]["reason"].get<std::string>();
  CHECK(misspelt.find("'alow' is not known here; did you mean 'allow'?") != std::string::npos);
  REQUIRE(told["plugins"].size() == 1);
  CHECK(told["plugins"][0]["name"] == "hello");
  CHECK(told["plugins"][0]["file"] == (server.folder / "apps/hello##2/lib/hello.so").string());
}
