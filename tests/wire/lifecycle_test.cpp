// How applications start and end: listeners, order, attributes, endpoints that are not available,
// and starts that hang.
#include <doctest/doctest.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "tests/support/eventually.h"
#include "tests/support/installation.h"
#include "tests/support/running_server.h"

using nlohmann::json;
using tests::body_of;
using tests::RunningServer;

namespace {

namespace fs = std::filesystem;

fs::path library() { return fs::path(tests::environment("MARGAY_TEST_PLUGINS")) / "lifecycle.so"; }

std::string server_xml(std::uint16_t port, const std::string& host = "",
                       const std::string& inside = "") {
  return "<Server><Service><Connector address='127.0.0.1' port='" + std::to_string(port) +
         "' loops='2'/><Engine><Host name='localhost' autoDeployInterval='50ms' " + host + ">" +
         inside + "<Context path='/status'><Endpoint type='status' path='/*'/></Context>" +
         "</Host></Engine></Service></Server>";
}

// A server with the applications of a test, whose library is the one of this test.
class Life {
 public:
  Life() : port(tests::free_port()) {}

  void application(const std::string& name, const std::string& children,
                   const std::string& attributes = "") {
    const fs::path lib = server.folder / "apps" / name / "lib";
    fs::create_directories(lib);
    if (!fs::exists(lib / "lifecycle.so")) fs::copy_file(library(), lib / "lifecycle.so");
    server.write("apps/" + name + "/app.xml", "<Application " + attributes +
                                                  "><Library file='lib/lifecycle.so'/>" + children +
                                                  "</Application>");
  }
  void start(const std::string& host = "", const std::string& inside = "") {
    server.write("server.xml", server_xml(port, host, inside));
    server.start();
  }
  std::string get(const std::string& target) const { return RunningServer::get(port, target); }
  std::string body(const std::string& target) const { return body_of(get(target)); }
  std::string file(const std::string& name) const { return (server.folder / name).string(); }
  std::string parameter(const std::string& name, const std::string& file_name) const {
    return "<Parameter name='" + name + "' value='" + file(file_name) + "'/>";
  }
  // Whether all were said, one behind the other.
  bool says(const std::vector<std::string>& lines) const {
    const std::string all = server.log.all();
    std::size_t at = 0;
    for (const std::string& line : lines) {
      at = all.find(line + "\n", at);
      CHECK_MESSAGE(at != std::string::npos, "nobody said \"" << line << "\" in its turn:\n"
                                                              << all);
      if (at == std::string::npos) return false;
      at += line.size();
    }
    return true;
  }
  json endpoint(const std::string& path) const {
    const json told = json::parse(body("/status"));
    for (const json& one : told["hosts"][0]["applications"])
      if (one["path"] == path) return one["endpoints"][0];
    return {};
  }

  RunningServer server;
  std::uint16_t port;
};

bool has(const std::string& answer, const std::string& text) {
  return answer.find(text) != std::string::npos;
}

}  // namespace

TEST_CASE("Lifecycle events: listeners first and last, then filters, then by loadOnStartup") {
  Life life;
  life.application("shop", R"(
      <Parameter name='who' value='the shop'/>
      <Endpoint name='last' type='plain' path='/last'/>
      <Endpoint name='second' type='plain' path='/second' loadOnStartup='7'/>
      <Endpoint name='first' type='plain' path='/first' loadOnStartup='0'/>
      <Endpoint name='third' type='plain' path='/third' loadOnStartup='7'/>
      <Filter name='outer' type='guest' path='/*'/>
      <Filter name='inner' type='guest' path='/*' loadOnStartup='1'/>
      <Listener name='one' type='diary'/>
      <Listener name='two' type='diary'/>)");
  life.start();
  CHECK(life.says({"one made", "two made", "one started", "two started", "inner made", "outer made",
                   "first made", "second made", "third made", "last made"}));
  CHECK(life.body("/shop/second") == "plain");
  fs::remove_all(life.server.folder / "apps/shop");
  REQUIRE(life.server.log.await("one gone"));
  CHECK(life.says({"last gone", "third gone", "second gone", "first gone", "outer gone",
                   "inner gone", "two stopping with attributes", "one stopping with attributes",
                   "pool closed after 0", "two gone", "one gone"}));
}

TEST_CASE(
    "Lifecycle events: what a listener throws stops the deployment, and the version before "
    "goes on") {
  Life life;
  const std::string good =
      "<Listener name='one' type='diary'/>"
      "<Endpoint name='page' type='plain' path='/*'/>";
  const std::string bad =
      "<Listener name='early' type='diary'/>\n<Listener name='bad' type='diary'>"
      "<Parameter name='fail' value='start'/></Listener>";
  life.application("new", bad);
  life.application("old", good);
  life.start();
  CHECK(has(life.get("/new/"), "HTTP/1.1 503 "));
  CHECK(has(life.server.log.all(),
            "app.xml:2:1: error: 'bad' could not start: the database is gone"));
  CHECK(life.says({"early started", "bad started", "early stopping with attributes", "bad gone",
                   "early gone"}));

  CHECK(life.body("/old/") == "plain");
  life.application("old", bad);
  REQUIRE(life.server.log.await("application /old was not replaced, the earlier one goes on"));
  CHECK(life.body("/old/") == "plain");
  CHECK_FALSE(has(life.server.log.all(), "one stopping"));

  life.application("old",
                   "<Listener name='new' type='diary'/>"
                   "<Endpoint name='page' type='plain' path='/*'/>");
  REQUIRE(life.server.log.await("application /old deployed"));
  REQUIRE(life.server.log.await("one gone"));
  CHECK(life.says(
      {"new started", "page made", "page gone", "one stopping with attributes", "one gone"}));
}

TEST_CASE("Lifecycle events: a library without the listener, and one that cannot be made") {
  Life life;
  life.application("none", "<Listener type='nobody'/>");
  life.application("late",
                   "<Listener name='sound' type='diary'/>"
                   "<Endpoint type='plain'><Parameter name='fail' value='create'/></Endpoint>");
  life.start();
  CHECK(has(life.server.log.all(), "no library has the listener type 'nobody'"));
  CHECK(life.says({"sound started", "sound stopping with attributes", "sound gone"}));
}

TEST_CASE("attributes are the application's, objects those of one library") {
  Life life;
  life.application("shop", R"(
      <Library name='other' file='lib/other.so'/>
      <Parameter name='who' value='the shop'/><Parameter name='colour' value='blue'/>
      <Listener type='diary' library='lifecycle'/>
      <Endpoint name='one' type='shared' library='lifecycle' path='/one'>
        <Parameter name='colour' value='green'/></Endpoint>
      <Endpoint name='two' type='shared' library='lifecycle' path='/two'/>
      <Endpoint name='foreign' type='shared' library='other' path='/foreign'/>)");
  fs::copy_file(library(), life.server.folder / "apps/shop/lib/other.so");
  life.application("else", "<Endpoint type='shared' path='/*'/>");
  life.start();

  SUBCASE("bytes, for all types of the application and nobody else") {
    CHECK(life.body("/shop/one?get=greeting") == "hello from the shop");
    CHECK(life.body("/shop/one?set=a&value=1") == "set");
    CHECK(life.body("/shop/two?get=a") == "1");
    CHECK(life.body("/shop/foreign?get=a") == "1");
    CHECK(life.body("/else/?get=a") == "nothing");
    life.get("/shop/foreign?remove=a");
    CHECK(life.body("/shop/one?get=a") == "nothing");
    CHECK(life.body("/shop/one?get=pool") == "nothing");
  }
  SUBCASE("objects: the same one for types of one library, nothing for others") {
    CHECK(life.body("/shop/one") == "1");
    CHECK(life.body("/shop/two") == "2");
    CHECK(life.body("/shop/foreign") == "no pool");
    CHECK(life.body("/else/") == "no pool");
  }
  SUBCASE("Params: the application's and the element's own over them") {
    CHECK(life.body("/shop/one?parameter=colour") == "green|blue");
    CHECK(life.body("/shop/two?parameter=colour") == "blue|blue");
    CHECK(life.body("/shop/two?parameter=none") == "|");
  }
  SUBCASE("a work folder of its own, which stays over a reload") {
    const std::string folder = life.body("/shop/one?folder");
    CHECK(folder == life.file("work/apps/localhost/shop"));
    CHECK(life.body("/shop/two?folder") == folder);
    CHECK_FALSE(fs::exists(life.file("work/apps/localhost/else")));
    CHECK(life.server.read("work/apps/localhost/shop/file") == "written");
    CHECK(fs::status(folder).permissions() == fs::perms::owner_all);
  }
  SUBCASE("a new version begins without, and what was shared ends with the old one") {
    CHECK(life.body("/shop/one?set=a&value=1") == "set");
    CHECK(life.body("/shop/one") == "1");
    life.server.write("apps/shop/app.xml",
                      "<Application workDir='own'><Library file='lib/lifecycle.so'/>"
                      "<Endpoint type='shared' path='/*'/></Application>");
    REQUIRE(life.server.log.await("pool closed after 1"));
    CHECK(life.body("/shop/?get=a") == "nothing");
    CHECK(life.body("/shop/") == "no pool");
    CHECK(life.body("/shop/?folder") == life.file("own"));
  }
}

TEST_CASE(
    "Params: a <Context> adds to app.xml and wins, and built-in filters pass over what is not "
    "theirs") {
  Life life;
  life.application("shop",
                   "<Parameter name='a' value='app'/><Parameter name='b' value='app'/>"
                   "<Filter type='request-id' path='/*'/><Endpoint type='shared' path='/*'/>");
  life.start("",
             "<Context path='/shop' docBase='shop'><Parameter name='b' value='context'/>"
             "<Parameter name='c' value='${CERTAINLY_NOT_SET:-default}'/></Context>");
  CHECK(life.body("/shop/?parameter=a") == "app|app");
  CHECK(life.body("/shop/?parameter=b") == "context|context");
  CHECK(life.body("/shop/?parameter=c") == "default|default");
}

TEST_CASE(
    "Unavailable: an endpoint that leaves is 503 with Retry-After, and comes back by itself") {
  Life life;
  life.application("shop",
                   "<Endpoint type='moody' path='/moody'/><Endpoint type='plain' path='/'/>");
  life.start();
  CHECK(life.body("/shop/moody") == "at your service, 0");
  for (const char* way : {"/shop/moody?leave=2", "/shop/moody?leave=2&later"}) {
    CAPTURE(way);
    REQUIRE(life.server.log.await("moody is called"));
    const std::string left = life.get(way);
    CHECK(has(left, "HTTP/1.1 503 "));
    CHECK(has(left, "\r\nRetry-After: 2\r\n"));
    REQUIRE(life.server.log.await("/shop: moody is unavailable for 2 s: tired"));
    const std::string before = life.server.log.all();
    const std::string still = life.get("/shop/moody");
    CHECK(has(still, "HTTP/1.1 503 "));
    CHECK(has(still, "\r\nRetry-After: "));
    CHECK(life.server.log.all() == before);  // it was not called
    CHECK(life.endpoint("/shop")["available"] == false);
    CHECK(life.body("/shop/") == "plain");
    CHECK(tests::eventually([&] { return life.body("/shop/moody") == "at your service, 0"; }));
    CHECK(life.endpoint("/shop")["available"] == true);
  }
}

TEST_CASE("Unavailable: permanently is 404, for that endpoint alone") {
  Life life;
  life.application("shop",
                   "<Endpoint type='moody' path='/moody'/><Endpoint type='plain' path='/'/>");
  life.start();
  CHECK(has(life.get("/shop/moody?leave=-1"), "HTTP/1.1 404 "));
  CHECK(has(life.get("/shop/moody"), "HTTP/1.1 404 "));
  CHECK(life.body("/shop/") == "plain");
  CHECK(has(life.server.log.all(), "/shop: moody is unavailable for ever: had enough"));
}

TEST_CASE("Unavailable: one that cannot be created is the end of the deployment by default") {
  Life life;
  life.application("shop", "<Endpoint type='moody' path='/moody'>" +
                               life.parameter("until-there", "there") +
                               "</Endpoint><Endpoint type='plain' path='/'/>");
  life.start();
  CHECK(has(life.get("/shop/moody"), "HTTP/1.1 503 "));
  CHECK(has(life.get("/shop/"), "HTTP/1.1 503 "));
  CHECK(has(life.server.log.all(), "'moody' could not be created: the database sleeps"));
}

TEST_CASE("failCtxIfServletStartFails='false': the others serve, and it is tried again") {
  Life life;
  const std::string until = life.parameter("until-there", "there");
  life.application("shop", "<Endpoint type='moody' path='/moody'>" + until +
                               "</Endpoint><Endpoint name='page' type='plain' path='/'/>");
  life.application(
      "gone", "<Endpoint type='moody' path='/*'><Parameter name='never' value='true'/>" + until +
                  "</Endpoint>");
  life.application("odd", "<Endpoint type='moody' path='/*'><Parameter name='odd' value='true'/>" +
                              until + "</Endpoint>");
  life.application("strict", "<Endpoint type='moody' path='/*'>" + until + "</Endpoint>",
                   "failCtxIfServletStartFails='true'");
  life.start("failCtxIfServletStartFails='false'");

  const std::string missing = life.get("/shop/moody");
  CHECK(has(missing, "HTTP/1.1 503 "));
  CHECK(has(missing, "\r\nRetry-After: 1\r\n"));
  CHECK(life.body("/shop/") == "plain");
  CHECK(life.endpoint("/shop")["reason"] == "the database sleeps");
  CHECK(has(life.get("/gone/"), "HTTP/1.1 404 "));
  CHECK(has(life.get("/odd/"), "\r\nRetry-After: 60\r\n"));
  CHECK(has(life.server.log.all(), "application /strict is unavailable"));
  CHECK(has(life.server.log.all(),
            "/shop: moody could not be created: the database sleeps; it is tried again after 1 s"));

  std::ofstream(life.file("there")) << "yes";
  REQUIRE(life.server.log.await("/shop: moody is available"));
  CHECK(life.body("/shop/moody?session") == "at your service, 1");  // its listener counts, once
  CHECK(life.endpoint("/shop")["available"] == true);
  CHECK(has(life.get("/gone/"), "HTTP/1.1 404 "));

  fs::remove_all(life.server.folder / "apps/shop");
  REQUIRE(life.server.log.await("page gone"));
}

TEST_CASE("startTimeout: what hangs holds nobody up, and is taken when it is done") {
  Life life;
  life.application("slow",
                   "<Listener type='diary'/><Endpoint name='page' type='plain' path='/*'>" +
                       life.parameter("until", "there") + "</Endpoint>",
                   "startTimeout='200ms'");
  life.application("quick", "<Endpoint type='plain' path='/*'/>");
  life.start();
  CHECK(has(life.server.log.all(),
            "application /slow is unavailable: it has not started within 200ms ('startTimeout'): "
            "creating 'page'"));
  CHECK(has(life.get("/slow/"), "HTTP/1.1 503 "));
  CHECK(life.body("/quick/") == "plain");

  SUBCASE("it is deployed late") {
    std::ofstream(life.file("there")) << "yes";
    REQUIRE(life.server.log.await("application /slow deployed"));
    CHECK(tests::eventually([&] { return life.body("/slow/") == "plain"; }));
    CHECK_FALSE(has(life.server.log.all(), "gone"));
  }
  SUBCASE("another reload does not start it a second time") {
    life.server.reload();
    REQUIRE(life.server.log.await("application /slow is unavailable: it still starts"));
    REQUIRE(life.server.log.await("mapping 2 is in use"));
    std::ofstream(life.file("there")) << "yes";
    REQUIRE(life.server.log.await("application /slow deployed"));
    CHECK(tests::eventually([&] { return life.body("/slow/") == "plain"; }));
    const std::string all = life.server.log.all();
    CHECK(all.find("page made") == all.rfind("page made"));
  }
  SUBCASE("what has changed meanwhile counts, and the late one is ended") {
    life.application("slow", "<Endpoint name='other' type='plain' path='/*'/>");
    REQUIRE(life.server.log.await("application /slow deployed"));
    CHECK(tests::eventually([&] { return life.body("/slow/") == "plain"; }));
    std::ofstream(life.file("there")) << "yes";
    REQUIRE(life.server.log.await("diary gone"));
    CHECK(life.says({"page gone", "diary stopping with attributes", "diary gone"}));
    CHECK(life.body("/slow/") == "plain");
    CHECK_FALSE(has(life.server.log.all(), "other gone"));
  }
  std::ofstream(life.file("there")) << "yes";
}

TEST_CASE("Paused (reloading) context: the version before answers until the new one has started") {
  Life life;
  life.application("shop", "<Endpoint name='old' type='where' path='/*'/>");
  life.start();
  CHECK(life.body("/shop/x") == "old '/shop' '' '/x'");
  life.application("shop",
                   "<Endpoint name='new' type='where' path='/*'/><Endpoint type='plain'>" +
                       life.parameter("until", "there") + "</Endpoint>",
                   "startTimeout='100ms'");
  REQUIRE(life.server.log.await("application /shop was not replaced, the earlier one goes on"));
  CHECK(life.body("/shop/x") == "old '/shop' '' '/x'");
  std::ofstream(life.file("there")) << "yes";
  CHECK(tests::eventually([&] { return life.body("/shop/x") == "new '/shop' '' '/x'"; }));
}

TEST_CASE("startTimeout: the server ends also when a start hangs for ever") {
  tests::Installation installation;
  installation.application("hangs",
                           "<Application startTimeout='50ms'><Library file='lib/lifecycle.so'/>"
                           "<Endpoint type='plain' path='/*'><Parameter name='until' "
                           "value='/there/is/nothing'/></Endpoint></Application>",
                           {library()});
  installation.start();
  CHECK(has(installation.get("/hangs/"), "HTTP/1.1 503 "));
  CHECK(installation.stop() == EXIT_FAILURE);
  CHECK(has(installation.server().log(),
            "application /hangs still starts: creating 'plain'; ending without it"));
}
