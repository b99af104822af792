// Connectors with rules, pools and logs of their own, and what a reload makes of them.
#include <doctest/doctest.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>

#include "tests/support/answer_text.h"
#include "tests/support/installation.h"
#include "tests/support/running_server.h"

using nlohmann::json;
using tests::body_of;
using tests::Client;
using tests::free_port;
using tests::RunningServer;

namespace {

std::string connector(std::uint16_t port, const std::string& attributes = "") {
  return "<Connector address='127.0.0.1' port='" + std::to_string(port) + "' " + attributes + "/>";
}

std::string server_xml(const std::string& service, const std::string& engine = "",
                       const std::string& server = "") {
  return "<Server " + server + "><Service>" + service + "<Engine>" + engine +
         "<Host name='localhost' autoDeployInterval='50ms'>"
         "<Context path='/status'><Endpoint type='status' path='/*'/></Context>"
         "</Host></Engine></Service></Server>";
}

void deploy(const RunningServer& server, const std::string& name, const std::string& extra = "") {
  server.plugin(name + ".so", "apps/" + name + "/lib/" + name + ".so");
  server.write("apps/" + name + "/app.xml", "<Application><Library file='lib/" + name +
                                                ".so'/><Endpoint type='" + name + "' path='/*' " +
                                                extra + "/></Application>");
}

json status(std::uint16_t port) {
  return json::parse(body_of(RunningServer::get(port, "/status")));
}

// Its answer, or nothing where nobody listens.
std::string try_get(std::uint16_t port, const std::string& target) {
  try {
    return RunningServer::get(port, target);
  } catch (const std::runtime_error&) {
    return {};
  }
}

}  // namespace

TEST_CASE("concurrency: each connector has its own rules and pool") {
  RunningServer server;
  const std::uint16_t one = free_port();
  const std::uint16_t two = free_port();
  const std::uint16_t three = free_port();
  server.write("server.xml",
               server_xml("<Executor name='few' maxThreads='3' minSpareThreads='1'/>" +
                              connector(one, "maxPostSize='10' encodedSolidusHandling='decode'") +
                              connector(two,
                                        "executor='few' scheme='https' proxyName='www.example.org' "
                                        "proxyPort='8443'") +
                              connector(three, "executor='few' secure='true'"),
                          "<AccessLog pattern='%v' directory='logs' prefix='names' suffix='' "
                          "fileDateFormat='' buffered='false'/>"));
  deploy(server, "hello");
  deploy(server, "upload");
  server.start();

  SUBCASE("target rules") {
    CHECK(body_of(RunningServer::get(one, "/hello%2Fx?name=a")) == "hello, a\n");
    CHECK(RunningServer::get(two, "/hello%2Fx?name=a").starts_with("HTTP/1.1 400 "));
  }
  SUBCASE("limits of buffered bodies") {
    const auto post = [](std::uint16_t port) {
      Client client(port);
      client.send(
          "POST /hello HTTP/1.1\r\nHost: localhost\r\nContent-Length: 11\r\nContent-Type: "
          "application/x-www-form-urlencoded\r\nConnection: close\r\n\r\nname=longer");
      return client.rest();
    };
    CHECK(post(one).starts_with("HTTP/1.1 413 "));
    CHECK(body_of(post(two)) == "hello, longer\n");
  }
  SUBCASE("what applications and logs see behind a proxy") {
    RunningServer::get(one, "/status");
    RunningServer::get(two, "/status");
    server.stop();
    CHECK(server.read("logs/names") == "localhost\nwww.example.org\n");
  }
  SUBCASE("executors by name, and one of its own") {
    const json told = status(two);
    REQUIRE(told["executors"].size() == 2);
    CHECK(told["executors"][0]["name"] == "connector 127.0.0.1:" + std::to_string(one));
    CHECK(told["executors"][0]["busy"] == 0);
    CHECK(told["executors"][1]["name"] == "few");
    CHECK(told["executors"][1]["maxThreads"] == 3);
    CHECK(told["executors"][1]["busy"] == 1);
    CHECK(told["connectors"][1]["requests"] == 1);
    CHECK(told["connectors"][0]["requests"] == 0);
  }
}

TEST_CASE("logs of a Host hear of its requests only; what has no host goes to the default one") {
  RunningServer server;
  const std::uint16_t port = free_port();
  const auto log = [](const std::string& name) {
    return "<AccessLog pattern='%U' directory='logs' prefix='" + name +
           "' fileDateFormat='' suffix='' buffered='false'/>";
  };
  server.write("server.xml", "<Server><Service>" + connector(port) +
                                 "<Engine defaultHost='A.example'>" + log("all") +
                                 "<Host name='a.example' appBase='a'>" + log("a") +
                                 "</Host><Host name='b.example' appBase='b'>" + log("b") +
                                 "</Host></Engine></Service></Server>");
  std::filesystem::create_directories(server.folder / "a");
  std::filesystem::create_directories(server.folder / "b");
  server.start();
  RunningServer::get(port, "/1", "a.example");
  RunningServer::get(port, "/2", "b.example");
  RunningServer::get(port, "/3", "unknown.example");
  CHECK(RunningServer::get(port, "/%zz", "b.example").starts_with("HTTP/1.1 400 "));
  server.stop();
  CHECK(server.read("logs/all").size() == std::string("/1\n/2\n/3\n/%zz\n").size());
  CHECK(server.read("logs/b") == "/2\n");
  const std::string mine = server.read("logs/a");
  for (const char* line : {"/1\n", "/3\n", "/%zz\n"}) CHECK(mine.find(line) != std::string::npos);
  CHECK(mine.size() == std::string("/1\n/3\n/%zz\n").size());
}

TEST_CASE("concurrency: connectors that come, go and change; the others notice nothing") {
  RunningServer server;
  const std::uint16_t kept = free_port();
  const std::uint16_t going = free_port();
  const std::uint16_t coming = free_port();
  deploy(server, "later");
  server.write("server.xml", server_xml(connector(kept) + connector(going)));
  server.start();

  Client open(kept);  // a connection that lives through the reload
  open.send("GET /later?ms=1 HTTP/1.1\r\nHost: localhost\r\n\r\n");
  REQUIRE(body_of(open.answer()) == "later\n");
  Client under_way(going);
  under_way.send("GET /later?ms=2500 HTTP/1.1\r\nHost: localhost\r\n\r\n");
  while (status(kept)["connectors"][1]["requests"] == 0) {
  }

  server.write("server.xml", server_xml(connector(kept) + connector(coming)));
  REQUIRE(server.log.await("127.0.0.1:" + std::to_string(going) + " accepts nothing more"));
  REQUIRE(server.log.await("mapping 2 is in use"));
  CHECK(try_get(going, "/status").empty());
  CHECK(RunningServer::get(coming, "/status").starts_with("HTTP/1.1 200 "));
  const std::string last = under_way.rest();
  CHECK(body_of(last) == "later\n");
  CHECK(last.find("Connection: close\r\n") != std::string::npos);
  open.send("GET /later?ms=1 HTTP/1.1\r\nHost: localhost\r\n\r\n");
  CHECK(body_of(open.answer()) == "later\n");
  while (status(kept)["connectors"].size() != 2) {
  }

  // The same port with other rules: a connection finds one or the other, never nobody.
  std::atomic<bool> stop{false};
  std::atomic<int> answered{0}, wrong{0};
  std::thread visitor([&] {
    while (!stop) {
      if (try_get(coming, "/later?ms=0").starts_with("HTTP/1.1 200 "))
        ++answered;
      else
        ++wrong;
    }
  });
  server.write("server.xml", server_xml(connector(kept) + connector(coming, "server='other'")));
  REQUIRE(server.log.await("mapping 3 is in use"));
  CHECK(RunningServer::get(coming, "/status").find("Server: other\r\n") != std::string::npos);
  stop = true;
  visitor.join();
  CHECK(answered > 0);
  CHECK(wrong == 0);
}

TEST_CASE("a port that cannot be opened leaves everything as it was") {
  RunningServer server;
  const std::uint16_t port = free_port();
  const int taken = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in name{};
  name.sin_family = AF_INET;
  name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof name;
  REQUIRE(::bind(taken, reinterpret_cast<sockaddr*>(&name), size) == 0);
  REQUIRE(::listen(taken, 1) == 0);
  REQUIRE(::getsockname(taken, reinterpret_cast<sockaddr*>(&name), &size) == 0);
  const std::uint16_t fresh = free_port();
  server.write("server.xml", server_xml(connector(port)));
  server.start();

  server.write("server.xml", server_xml(connector(fresh) + "\n" + connector(ntohs(name.sin_port)),
                                        "<AccessLog directory='logs' prefix='new'/>"));
  REQUIRE(server.log.await("server.xml:2:1: cannot listen on 127.0.0.1:" +
                           std::to_string(ntohs(name.sin_port))));
  CHECK(try_get(fresh, "/status").empty());
  const json told = status(port);
  CHECK(told["connectors"].size() == 1);
  CHECK(told["connectors"][0]["draining"] == false);
  CHECK(told["hosts"][0]["applications"].size() == 1);

  ::close(taken);
  server.reload();
  REQUIRE(server.log.await(" is in use"));
  CHECK(RunningServer::get(fresh, "/status").starts_with("HTTP/1.1 200 "));
  CHECK(try_get(port, "/status").empty());
}

TEST_CASE("access logs come and go with a reload") {
  RunningServer server;
  const std::uint16_t port = free_port();
  const auto log = [](const std::string& file) {
    return "<AccessLog pattern='%U' directory='logs' prefix='" + file +
           "' fileDateFormat='' suffix='' buffered='false'/>";
  };
  server.write("server.xml", server_xml(connector(port), log("one")));
  server.start();
  RunningServer::get(port, "/1");
  server.write("server.xml", server_xml(connector(port), log("one") + log("two")));
  REQUIRE(server.log.await("mapping 2 is in use"));
  RunningServer::get(port, "/2");
  server.write("server.xml", server_xml(connector(port), log("two")));
  REQUIRE(server.log.await("mapping 3 is in use"));
  CHECK(server.read("logs/one") == "/1\n/2\n");
  RunningServer::get(port, "/3");
  server.stop();
  CHECK(server.read("logs/one") == "/1\n/2\n");
  CHECK(server.read("logs/two") == "/2\n/3\n");
}

TEST_CASE("what needs a restart is named with its line") {
  RunningServer server;
  const std::uint16_t port = free_port();
  server.write("server.xml", server_xml(connector(port, "loops='1'")));
  server.start();
  server.write("server.xml",
               "\n" + server_xml("\n" + connector(port, "\nloops='2'"), "", "pidFile='pid'"));
  REQUIRE(server.log.await("server.xml:2:"));
  REQUIRE(server.log.await("'pidFile' changes with a restart only"));
  REQUIRE(server.log.await("server.xml:4:"));
  REQUIRE(server.log.await("'loops' grows with a restart only; it has 1 until then"));
  REQUIRE(server.log.await("mapping 2 is in use"));
  CHECK_FALSE(std::filesystem::exists(server.folder / "pid"));
  CHECK(status(port)["loops"].size() == 1);
}

TEST_CASE("folders that are deployed behind the start, or not at all") {
  RunningServer server;
  const std::uint16_t port = free_port();
  deploy(server, "hello");
  const auto host = [&](const std::string& attributes) {
    return "<Server><Service>" + connector(port) + "<Engine><Host name='localhost' " + attributes +
           "/></Engine></Service></Server>";
  };
  SUBCASE("behind the start") {
    server.write("server.xml", host("deployOnStartup='false' autoDeployInterval='50ms'"));
    server.start();
    REQUIRE(server.log.await("application /hello deployed"));
    REQUIRE(server.log.await("mapping 2 is in use"));
    CHECK(RunningServer::get(port, "/hello").starts_with("HTTP/1.1 200 "));
  }
  SUBCASE("not at all") {
    server.write("server.xml", host("deployOnStartup='false' autoDeploy='false'"));
    server.start();
    server.reload();
    REQUIRE(server.log.await("mapping 2 is in use"));
    CHECK(RunningServer::get(port, "/hello").starts_with("HTTP/1.1 404 "));
  }
}

TEST_CASE("concurrency: a second server does not share the port of the first") {
  RunningServer first;
  const std::uint16_t port = free_port();
  first.write("server.xml", server_xml(connector(port)));
  first.start();
  RunningServer second;
  second.write("server.xml", server_xml(connector(port)));
  CHECK_THROWS_WITH_AS(second.start(), doctest::Contains("cannot listen on 127.0.0.1:"),
                       std::runtime_error);
}

TEST_CASE("maxParameterCount: of a query and a form together") {
  tests::Installation installation("maxParameterCount='3'");
  installation.application(
      "shop",
      "<Application><Library file='lib/dispatches.so'/><Endpoint name='told' path='/told'/>"
      "<Endpoint name='goes' path='/go'/></Application>",
      {std::filesystem::path(tests::environment("MARGAY_TEST_PLUGINS")) / "dispatches.so"});
  installation.start();
  const auto post = [&](const std::string& query, const std::string& form) {
    tests::Client client(installation.port());
    client.send("POST /shop/go?to=/told" + query +
                " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
                "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: " +
                std::to_string(form.size()) + "\r\n\r\n" + form);
    return tests::status(client.rest());
  };
  CHECK(post("", "") == 203);  // as `told` answers
  CHECK(post("&b=2", "c=3") == 203);
  CHECK(post("&b=2&c=3", "") == 203);
  CHECK(post("&b=2", "c=3&d=4") == 400);
  CHECK(post("&b=2&c=3&d=4", "") == 400);
  CHECK(post("", "b=2&c=3&d=4") == 400);
  CHECK(installation.stop() == 0);
}
