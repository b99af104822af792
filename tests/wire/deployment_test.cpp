// What is deployed from folders and from server.xml, and what goes on as it was.
#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <nlohmann/json.hpp>

#include "tests/support/eventually.h"
#include "tests/support/frame_client.h"
#include "tests/support/running_server.h"

using nlohmann::json;
using tests::body_of;
using tests::FrameClient;
using tests::RunningServer;

namespace {

std::string server_xml(std::uint16_t port, const std::string& contexts = "",
                       const std::string& host = "") {
  return "<Server><Service><Connector address='127.0.0.1' port='" + std::to_string(port) +
         "'/><Engine><Host name='localhost' autoDeployInterval='50ms' " + host + ">" + contexts +
         "<Context path='/status'><Endpoint type='status' path='/*'/></Context>"
         "</Host></Engine></Service></Server>";
}

std::string greeting(const std::string& text) {
  return "<Context path='/hi' docBase='../code'><Library file='hello.so'/>"
         "<Endpoint type='hello' path='/*'><Parameter name='greeting' value='" +
         text + "'/></Endpoint></Context>";
}

// The generation of the plugin with this name.
int generation(std::uint16_t port, const std::string& name) {
  const json told = json::parse(body_of(RunningServer::get(port, "/status")));
  for (const json& one : told["plugins"])
    if (one["name"] == name) return one["generation"];
  return 0;
}

}  // namespace

TEST_CASE("static files answer where no endpoint does, folders by the first welcome file") {
  RunningServer server;
  const std::uint16_t port = tests::free_port();
  server.write("server.xml", server_xml(port));
  server.write("apps/plain/app.xml", "<Application/>");
  server.write("apps/plain/static/index.html", "plain");
  server.write("apps/shop/app.xml",
               "<Application><Endpoint name='state' type='status' path='/state'/>"
               "<WelcomeFile>home.html</WelcomeFile><WelcomeFile>index.html</WelcomeFile>"
               "</Application>");
  server.write("apps/shop/static/index.html", "first index");
  server.write("apps/shop/static/deep/home.html", "deep home");
  server.write("apps/shop/static/deep/index.html", "deep index");
  server.write("apps/shop/static/none/other.html", "other");
  server.write("apps/own/app.xml",
               "<Application><Endpoint type='files' path='/'>"
               "<Parameter name='root' value='pages'/></Endpoint>"
               "<WelcomeFile>start.html</WelcomeFile></Application>");
  server.write("apps/own/static/start.html", "not this");
  server.write("apps/own/pages/start.html", "this");
  server.start();

  CHECK(body_of(RunningServer::get(port, "/plain/")) == "plain");
  CHECK(body_of(RunningServer::get(port, "/shop/")) == "first index");
  CHECK(body_of(RunningServer::get(port, "/shop/deep/")) == "deep home");
  CHECK(body_of(RunningServer::get(port, "/shop/deep/index.html")) == "deep index");
  CHECK(RunningServer::get(port, "/shop/none/").starts_with("HTTP/1.1 404 "));
  CHECK(RunningServer::get(port, "/shop/deep").find("Location: /shop/deep/\r\n") !=
        std::string::npos);
  CHECK(RunningServer::get(port, "/shop/state").starts_with("HTTP/1.1 200 "));
  CHECK(body_of(RunningServer::get(port, "/own/")) == "this");
}

TEST_CASE("static files stand beside a WebSocket that has their path") {
  for (const std::string path : {"/", "/*"}) {
    CAPTURE(path);
    RunningServer server;
    const std::uint16_t port = tests::free_port();
    server.write("server.xml", server_xml(port));
    for (const std::string name : {"page", "bare"}) {
      server.write("apps/" + name + "/app.xml",
                   "<Application><Library file='lib/echo.so'/><WebSocket type='echo' path='" +
                       path + "'/></Application>");
      server.plugin("echo.so", "apps/" + name + "/lib/echo.so");
    }
    server.write("apps/page/static/index.html", "the page");
    server.write("apps/bare/static/script.js", "the script");
    server.start();
    CHECK(body_of(RunningServer::get(port, "/page/")) == "the page");
    CHECK(body_of(RunningServer::get(port, "/bare/script.js")) == "the script");
    CHECK(FrameClient(port, "/page/").is_open());
    const std::string nothing = RunningServer::get(port, "/bare/");
    CHECK(nothing.starts_with("HTTP/1.1 426 "));
    CHECK(nothing.find("\r\nUpgrade: websocket\r\n") != std::string::npos);
    CHECK(nothing.find("Only WebSockets connect here.") != std::string::npos);
    tests::Client posting(port);
    posting.send("POST /page/ HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n");
    CHECK(posting.answer().starts_with("HTTP/1.1 426 "));
  }
}

TEST_CASE("a Context of server.xml goes on as it is, until its own words or files change") {
  RunningServer server;
  const std::uint16_t port = tests::free_port();
  server.plugin("hello.so", "code/hello.so");
  server.write("server.xml", server_xml(port, greeting("hello")));
  server.start();
  CHECK(body_of(RunningServer::get(port, "/hi?name=a")) == "hello, a\n");
  const int first = generation(port, "hello");
  REQUIRE(first > 0);

  server.reload();
  REQUIRE(server.log.await("mapping 2 is in use"));
  CHECK(generation(port, "hello") == first);

  server.write("server.xml", server_xml(port, "<!-- elsewhere -->\n" + greeting("hallo")));
  REQUIRE(server.log.await("mapping 3 is in use"));
  CHECK(body_of(RunningServer::get(port, "/hi?name=a")) == "hallo, a\n");
  const int second = generation(port, "hello");
  CHECK(second > first);

  SUBCASE("a broken library leaves the earlier one") {
    server.write("code/hello.so", "no library");
    REQUIRE(server.log.await("application /hi was not replaced, the earlier one goes on"));
    CHECK(body_of(RunningServer::get(port, "/hi?name=a")) == "hallo, a\n");
    CHECK(generation(port, "hello") == second);
  }
  SUBCASE("a new library is taken") {
    server.plugin("later.so", "code/hello.so");
    REQUIRE(server.log.await("application /hi was not replaced, the earlier one goes on"));
    server.plugin("hello.so", "code/hello.so");
    REQUIRE(server.log.await("mapping 5 is in use"));
    CHECK(body_of(RunningServer::get(port, "/hi?name=a")) == "hallo, a\n");
  }
}

TEST_CASE("Params: of a manifest, and of a Context that names its folder") {
  RunningServer server;
  const std::uint16_t port = tests::free_port();
  server.plugin("hello.so", "elsewhere/lib/hello.so");
  server.write("elsewhere/app.xml",
               "<Application><Parameter name='greeting' value='from app.xml'/>"
               "<Library file='lib/hello.so'/><Endpoint type='hello' path='/*'/></Application>");
  server.write("server.xml", server_xml(port,
                                        "<Context path='/a' docBase='../elsewhere'/>"
                                        "<Context path='/b' docBase='../elsewhere'>"
                                        "<Parameter name='greeting' value='from server.xml'/>"
                                        "</Context>"
                                        "<Context path='/c' docBase='../elsewhere'>"
                                        "<Endpoint type='files' path='/'/></Context>"));
  server.start();
  CHECK(body_of(RunningServer::get(port, "/a?name=x")) == "from app.xml, x\n");
  CHECK(body_of(RunningServer::get(port, "/b?name=x")) == "from server.xml, x\n");
  CHECK(RunningServer::get(port, "/c/").starts_with("HTTP/1.1 503 "));
  CHECK(server.log.all().find("this <Context> may only have <Parameter>") != std::string::npos);

  server.write("elsewhere/app.xml",
               "<Application><Parameter name='greeting' value='changed'/>"
               "<Library file='lib/hello.so'/><Endpoint type='hello' path='/*'/></Application>");
  REQUIRE(server.log.await("mapping 2 is in use"));
  CHECK(body_of(RunningServer::get(port, "/a?name=x")) == "changed, x\n");
  CHECK(body_of(RunningServer::get(port, "/b?name=x")) == "from server.xml, x\n");
}

TEST_CASE("a Context without docBase has the folder of its name, once that is an application") {
  RunningServer server;
  const std::uint16_t port = tests::free_port();
  const auto app = [&](const std::string& name, const std::string& words) {
    server.write("apps/" + name + "/static/index.html", words);
    server.write("apps/" + name + "/app.xml", "<Application/>");
  };
  app("hello", "hello");
  app("a#b", "a and b");
  app("ROOT", "root");
  app("full", "full");
  server.write("apps/bare/static/index.html", "no application");
  server.write("server.xml",
               server_xml(port,
                          "<Context path='/hello'/><Context path='/a/b'/><Context path=''/>"
                          "<Context path='/bare'/><Context path='/ROOT'/><Context path='/..'/>"
                          "<Context path='/full'><Endpoint type='status' path='/*'/></Context>"));
  server.write("app.xml", "<Application/>");
  server.write("static/index.html", "outside");
  server.start();
  CHECK(body_of(RunningServer::get(port, "/hello/")) == "hello");
  CHECK(body_of(RunningServer::get(port, "/a/b/")) == "a and b");
  CHECK(body_of(RunningServer::get(port, "/")) == "root");
  CHECK(RunningServer::get(port, "/bare/").starts_with("HTTP/1.1 404 "));
  CHECK(RunningServer::get(port, "/ROOT/").starts_with("HTTP/1.1 404 "));
  CHECK(RunningServer::get(port, "/full/").starts_with("HTTP/1.1 503 "));
  CHECK(server.log.all().find("apps/full has an app.xml, so this <Context> may only have") !=
        std::string::npos);

  server.write("apps/bare/app.xml", "<Application/>");
  REQUIRE(server.log.await("mapping 2 is in use"));
  CHECK(body_of(RunningServer::get(port, "/bare/")) == "no application");
  std::filesystem::remove(server.folder / "apps/bare/app.xml");
  REQUIRE(server.log.await("mapping 3 is in use"));
  CHECK(RunningServer::get(port, "/bare/").starts_with("HTTP/1.1 404 "));
}

TEST_CASE("a failed replacement is told once, until its message or what it is made of changes") {
  RunningServer server;
  const std::uint16_t port = tests::free_port();
  const std::string bad = "<Application><Endpoint type='nobody' path='/*'/></Application>";
  const auto told = [&] {
    const std::string all = server.log.all(), line = "application /a was not replaced";
    std::size_t count = 0;
    for (auto at = all.find(line); at != all.npos; at = all.find(line, at + 1)) ++count;
    return count;
  };
  const auto write = [&](const std::string& name, const std::string& text, int mapping) {
    server.write("apps/" + name + "/app.xml", text);
    REQUIRE(server.log.await("mapping " + std::to_string(mapping) + " is in use"));
  };
  server.write("apps/a/app.xml", "<Application/>");
  server.write("server.xml", server_xml(port));
  server.start();
  write("a", bad, 2);
  CHECK(told() == 1);
  write("b", "<Application/>", 3);
  CHECK(told() == 1);
  write("a", bad + "<!-- other -->", 4);
  CHECK(told() == 2);
  write("a", "<Application><Endpoint type='nowhere' path='/*'/></Application>", 5);
  CHECK(told() == 3);
  write("c", "<Application/>", 6);
  CHECK(told() == 3);
  write("a", "<Application/>", 7);
  write("a", bad, 8);
  CHECK(told() == 4);
}

TEST_CASE("copies of libraries that a killed server left are removed at the start, and no others") {
  RunningServer server;
  const std::uint16_t port = tests::free_port();
  const ::pid_t child = ::fork();
  if (child == 0) ::_exit(0);
  REQUIRE(::waitpid(child, nullptr, 0) == child);
  const std::string gone = std::to_string(child), alive = std::to_string(::getpid());
  const std::vector<std::string> dead = {"hello." + gone + ".1.so", "my.own." + gone + ".12.so"};
  const std::vector<std::string> others = {"hello." + alive + ".77777.so",
                                           "hello.1.1.so",
                                           "hello." + gone + ".so",
                                           "hello." + gone + ".1.so.old",
                                           "hello.0" + gone + ".1.so",
                                           "hello.0.1.so",
                                           "hello.-1.1.so",
                                           "hello." + gone + ".x.so",
                                           "hello.so"};
  for (const auto* names : {&dead, &others})
    for (const std::string& one : *names) server.write("work/plugins/" + one, "copy");
  std::filesystem::create_directories(server.folder / ("work/plugins/folder." + gone + ".1.so"));
  server.write("server.xml", server_xml(port));
  server.start();
  const auto is_there = [&](const std::string& name) {
    return std::filesystem::exists(server.folder / "work/plugins" / name);
  };
  for (const std::string& one : dead) CHECK_MESSAGE(!is_there(one), one);
  for (const std::string& one : others) CHECK_MESSAGE(is_there(one), one);
  CHECK(is_there("folder." + gone + ".1.so"));
  CHECK(server.log.all().find("removed 2 copies of libraries") != std::string::npos);
}

TEST_CASE("Parallel versions: the newest answers everybody, and the one before when it goes") {
  RunningServer server;
  const std::uint16_t port = tests::free_port();
  const char* plugins = std::getenv("MARGAY_TEST_PLUGINS");
  REQUIRE(plugins != nullptr);
  const auto deploy = [&](const std::string& version) {
    const std::string name = "apps/s##" + version;
    std::filesystem::create_directories(server.folder / name / "lib");
    std::filesystem::copy_file(std::filesystem::path(plugins) / "sessions.so",
                               server.folder / name / "lib/sessions.so");
    server.write(name + "/version.txt", version);
    server.write(name + "/app.xml",
                 "<Application><Library file='lib/sessions.so'/>"
                 "<Endpoint type='on-loop' path='/l'/>"
                 "<Endpoint type='files' path='/'><Parameter name='root' value='.'/></Endpoint>"
                 "</Application>");
  };
  const auto say = [&](const std::string& target, const std::string& cookie = "") {
    return RunningServer::get(port, "/s" + target, "localhost",
                              cookie.empty() ? "" : "Cookie: " + cookie + "\r\n");
  };
  deploy("1");
  server.write("server.xml", server_xml(port));
  server.start();
  const std::string answer = say("/l?set=a:kept");
  std::string cookie = answer.substr(answer.find("JSESSIONID="));
  cookie.resize(cookie.find(';'));
  CHECK(body_of(say("/version.txt")) == "1");

  deploy("2");
  REQUIRE(server.log.await("mapping 2 is in use"));
  CHECK(body_of(say("/version.txt")) == "2");
  CHECK(body_of(say("/version.txt", cookie)) == "2");
  CHECK(body_of(say("/l?get=a", cookie)).starts_with("kept old "));  // the context's sessions stay

  deploy("10");  // before 2 in the order of strings
  server.write("apps/other/app.xml", "<Application/>");
  REQUIRE(server.log.await("mapping 3 is in use"));
  CHECK(body_of(say("/version.txt")) == "2");

  std::filesystem::remove_all(server.folder / "apps/s##2");
  REQUIRE(server.log.await("mapping 4 is in use"));
  CHECK(body_of(say("/version.txt")) == "10");
  CHECK(body_of(say("/l?get=a", cookie)).starts_with("kept old "));
}

TEST_CASE("an application whose folder goes while it is deployed is served until that is seen") {
  RunningServer server;
  const std::uint16_t port = tests::free_port();
  server.write("server.xml", server_xml(port));
  const auto from = server.folder / "apps" / "a", to = server.folder / "aside";
  server.write("apps/a/app.xml",
               "<Application><Library file='lib/probe.so'/><Endpoint type='leaving' path='/*'>"
               "<Parameter name='from' value='" +
                   from.string() +
                   "'/>"
                   "<Parameter name='to' value='" +
                   to.string() + "'/></Endpoint></Application>");
  const char* plugins = std::getenv("MARGAY_TEST_PLUGINS");
  REQUIRE(plugins != nullptr);
  std::filesystem::create_directories(from / "lib");
  std::filesystem::copy(std::filesystem::path(plugins) / "probe.so", from / "lib" / "probe.so");
  server.start();
  CHECK(std::filesystem::exists(to));
  server.log.await("application /a deployed on localhost from " + from.string());
  CHECK(tests::eventually(
      [&] { return RunningServer::get(port, "/a/").starts_with("HTTP/1.1 404 "); }));
}

TEST_CASE("filters of Engine and Host are carried over, and follow their libraries") {
  RunningServer server;
  const std::uint16_t port = tests::free_port();
  server.plugin("hello.so", "code/outer.so");
  server.write("server.xml",
               server_xml(port,
                          "<Library name='outer' file='code/outer.so'/>"
                          "<Filter type='headers'><Parameter name='set.X-By' value='m'/>"
                          "</Filter>"));
  server.start();
  CHECK(RunningServer::get(port, "/status").find("X-By: m\r\n") != std::string::npos);
  const int first = generation(port, "hello");
  server.reload();
  REQUIRE(server.log.await("mapping 2 is in use"));
  CHECK(generation(port, "hello") == first);
  server.plugin("later.so", "code/outer.so");
  REQUIRE(server.log.await("mapping 3 is in use"));
  CHECK(generation(port, "hello") == 0);
  CHECK(generation(port, "later") > first);
}
