// Rows of Tomcat's tree of server, hosts and contexts, and of its mapping, by their names.
#include <doctest/doctest.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "tests/support/eventually.h"
#include "tests/support/installation.h"
#include "tests/support/running_server.h"

using tests::body_of;
using tests::RunningServer;

namespace {

namespace fs = std::filesystem;

bool has(const std::string& answer, const std::string& text) {
  return answer.find(text) != std::string::npos;
}

// A server whose applications have the endpoint type `where`, which tells what it was asked by.
class Tree {
 public:
  Tree() : port(tests::free_port()) {
    const fs::path plugins = tests::environment("MARGAY_TEST_PLUGINS");
    fs::create_directories(server.folder / "code");
    fs::copy_file(plugins / "lifecycle.so", server.folder / "code/lifecycle.so");
  }

  static std::string where(const std::string& name, const std::string& path) {
    return "<Endpoint name='" + name + "' type='where' path='" + path + "'/>";
  }
  static std::string context(const std::string& path, const std::string& children) {
    return "<Context path='" + path + "' docBase='../code'><Library file='lifecycle.so'/>" +
           children + "</Context>";
  }
  std::string connector(std::uint16_t on) const {
    return "<Connector address='127.0.0.1' port='" + std::to_string(on) + "'/>";
  }
  void start(const std::string& hosts, const std::string& engine = "", const std::string& more = "",
             const std::string& server_attributes = "") {
    server.write("server.xml", "<Server " + server_attributes + "><Service>" + connector(port) +
                                   more + "<Engine " + engine + ">" + hosts +
                                   "</Engine></Service></Server>");
    server.start();
  }
  void start_with(const std::string& contexts) {
    start("<Host name='localhost' autoDeployInterval='50ms'>" + contexts + "</Host>");
  }
  std::string get(const std::string& target, const std::string& host = "localhost") const {
    return RunningServer::get(port, target, host);
  }
  std::string body(const std::string& target, const std::string& host = "localhost") const {
    return body_of(get(target, host));
  }

  RunningServer server;
  std::uint16_t port;
};

}  // namespace

TEST_CASE("Tree: connectors share an engine, whose filters stand before a host's and a context's") {
  Tree tree;
  const std::uint16_t second = tests::free_port();
  const auto filter = [](const std::string& name, const std::string& path) {
    return "<Filter name='" + name + "' type='headers' " + path + "><Parameter name='set.X-" +
           name + "' value='yes'/></Filter>";
  };
  tree.start(filter("Engine", "") + "<Host name='localhost'>" + filter("Host", "") +
                 Tree::context("/a", filter("Context", "path='/*'") + Tree::where("a", "/*")) +
                 Tree::context("/b", Tree::where("b", "/*")) + "</Host>",
             "", tree.connector(second));
  for (const std::uint16_t port : {tree.port, second}) {
    const std::string a = RunningServer::get(port, "/a/x");
    CHECK(body_of(a) == "a '/a' '' '/x'");
    CHECK(has(a, "X-Engine: yes"));
    CHECK(has(a, "X-Host: yes"));
    CHECK(has(a, "X-Context: yes"));
    const std::string b = RunningServer::get(port, "/b/x");
    CHECK(has(b, "X-Host: yes"));
    CHECK_FALSE(has(b, "X-Context"));
  }
}

TEST_CASE("Graceful stop wait: what is under way is answered, nothing new is taken") {
  Tree tree;
  const std::string hold = (tree.server.folder / "go").string();
  tree.start_with(Tree::context("/a",
                                "<Endpoint name='held' type='where' path='/*'><Parameter "
                                "name='hold' value='" +
                                    hold + "'/></Endpoint>"));
  tests::Client client(tree.port);
  client.send("GET /a/x HTTP/1.1\r\nHost: localhost\r\n\r\n");
  REQUIRE(tests::eventually([&] { return fs::exists(hold + ".began"); }));
  std::thread stopping([&] { tree.server.stop(); });
  CHECK(tree.server.log.await("stopping: waiting up to 30000 ms for 1 connections"));
  std::ofstream(hold) << "yes";
  CHECK(body_of(client.answer()) == "held '/a' '' '/x'");
  stopping.join();
  CHECK_THROWS(tests::Client(tree.port));
}

TEST_CASE("Background thread: deploys, undeploys and writes logs while nobody asks") {
  Tree tree;
  tree.start("<Host name='localhost' autoDeployInterval='50ms'><AccessLog rotatable='false'/>" +
             Tree::context("/a", Tree::where("a", "/*")) + "</Host>");
  CHECK(tree.body("/a/x") == "a '/a' '' '/x'");
  CHECK(tests::eventually([&] { return has(tree.server.read("logs/access_log"), "GET /a/x"); }));
  tree.server.write("apps/new/static/index.html", "new");
  tree.server.write("apps/new/app.xml", "<Application/>");
  REQUIRE(tree.server.log.await("application /new deployed"));
  CHECK(tests::eventually([&] { return tree.body("/new/") == "new"; }));
  fs::remove_all(tree.server.folder / "apps/new");
  REQUIRE(tree.server.log.await("undeploying"));
  CHECK(tests::eventually([&] { return has(tree.get("/new/"), "HTTP/1.1 404 "); }));
}

TEST_CASE("Host selection: exact name, wildcard alias, defaultHost; letter case does not count") {
  Tree tree;
  const auto host = [](const std::string& name, const std::string& aliases) {
    return "<Host name='" + name + "'>" + aliases + Tree::context("", Tree::where(name, "/*")) +
           "</Host>";
  };
  tree.start(host("localhost", "") + host("a.example.org", "<Alias>other.org</Alias>") +
                 host("wild", "<Alias>*.example.org</Alias>"),
             "defaultHost='localhost'");
  const auto who = [&](const std::string& name) {
    const std::string body = tree.body("/", name);
    return body.substr(0, body.find(' '));
  };
  CHECK(who("a.example.org") == "a.example.org");
  CHECK(who("A.EXAMPLE.org:80") == "a.example.org");
  CHECK(who("other.org") == "a.example.org");
  CHECK(who("b.example.org") == "wild");
  CHECK(who("c.b.example.org") == "localhost");
  CHECK(who("nobody.net") == "localhost");
}

TEST_CASE("Context selection: the longest prefix that ends at a slash, else the root, else 404") {
  const std::string contexts =
      Tree::context("/a", Tree::where("a", "/*")) + Tree::context("/a/b", Tree::where("ab", "/*"));
  SUBCASE("with a root") {
    Tree tree;
    tree.start_with(contexts + Tree::context("", Tree::where("root", "/*")));
    CHECK(tree.body("/a/b/c") == "ab '/a/b' '' '/c'");
    CHECK(tree.body("/a/bc") == "a '/a' '' '/bc'");
    CHECK(tree.body("/a/B/c") == "a '/a' '' '/B/c'");
    CHECK(tree.body("/ab") == "root '' '' '/ab'");
  }
  SUBCASE("without") {
    Tree tree;
    tree.start_with(contexts);
    CHECK(has(tree.get("/ab"), "HTTP/1.1 404 "));
    CHECK(tree.body("/a/x") == "a '/a' '' '/x'");
  }
}

TEST_CASE("Servlet mapping order: exact, longest prefix, extension, default") {
  Tree tree;
  tree.start_with(
      Tree::context("/a", Tree::where("exact", "/shop/cart.do") + Tree::where("short", "/shop/*") +
                              Tree::where("long", "/shop/deep/*") +
                              Tree::where("extension", "*.do") + Tree::where("default", "/")));
  CHECK(tree.body("/a/shop/cart.do") == "exact '/a' '/shop/cart.do' ''");
  CHECK(tree.body("/a/shop/other.do") == "short '/a' '/shop' '/other.do'");
  CHECK(tree.body("/a/shop") == "short '/a' '/shop' ''");
  CHECK(tree.body("/a/shop/deep/x") == "long '/a' '/shop/deep' '/x'");
  CHECK(tree.body("/a/shop/deeper") == "short '/a' '/shop' '/deeper'");
  CHECK(tree.body("/a/x/y.do") == "extension '/a' '/x/y.do' ''");
  CHECK(tree.body("/a/x/y.DO") == "default '/a' '/x/y.DO' ''");
  CHECK(tree.body("/a/x.do/y") == "default '/a' '/x.do/y' ''");
}

TEST_CASE("Special patterns: the context's root alone, and the slash that it wants") {
  Tree tree;
  tree.start_with(
      Tree::context("/a", "<Endpoint name='root' type='where'><Path></Path></Endpoint>" +
                              Tree::where("page", "/page")) +
      Tree::context("/b", Tree::where("all", "/*")) +
      Tree::context("/c", Tree::where("page", "/page")));
  CHECK(tree.body("/a/") == "root '/a' '' '/'");
  CHECK(has(tree.get("/a"), "\r\nLocation: /a/\r\n"));
  CHECK(has(tree.get("/a/other"), "HTTP/1.1 404 "));
  const std::string bare = tree.get("/c?q=1");
  CHECK(has(bare, "HTTP/1.1 302 "));
  CHECK(has(bare, "\r\nLocation: /c/?q=1\r\n"));
  CHECK(tree.body("/b").starts_with("all '/b' ''"));
}

TEST_CASE("Special patterns: OPTIONS * is about the server as a whole") {
  Tree tree;
  tree.start_with("");
  tests::Client client(tree.port);
  client.send("OPTIONS * HTTP/1.1\r\nHost: localhost\r\n\r\n");
  const std::string answer = client.answer();
  CHECK(has(answer, "HTTP/1.1 200 "));
  CHECK(has(answer, "\r\nAllow: GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS\r\n"));
  client.send("GET * HTTP/1.1\r\nHost: localhost\r\n\r\n");
  CHECK(has(client.answer(), "HTTP/1.1 400 "));
}

TEST_CASE("Reserved dirs: WEB-INF and META-INF are 404, in any case of letters") {
  Tree tree;
  for (const std::string folder : {"WEB-INF", "META-INF", "web-inf", "Meta-Inf"})
    tree.server.write("apps/shop/static/" + folder + "/secret.txt", "secret");
  tree.server.write("apps/shop/static/page.txt", "page");
  tree.server.write("apps/shop/app.xml", "<Application/>");
  tree.start_with("");
  CHECK(tree.body("/shop/page.txt") == "page");
  for (const char* path :
       {"/shop/WEB-INF/secret.txt", "/shop/META-INF/secret.txt", "/shop/web-inf/secret.txt",
        "/shop/Meta-Inf/secret.txt", "/shop/%57EB-INF/secret.txt", "/shop/x/../WEB-INF/secret.txt",
        "/shop/WEB-INF", "/shop/WEB-INF/"}) {
    CAPTURE(path);
    CHECK(has(tree.get(path), "HTTP/1.1 404 "));
  }
}

TEST_CASE("Property substitution: in server.xml and app.xml, from the environment, with defaults") {
  ::setenv("MARGAY_TREE_TEST", "from the environment", 1);
  ::setenv("MARGAY_TREE_PASSWORD", "pw", 1);
  tests::Installation installation("maxConnections=\"${NOT_SET_AT_ALL:-100}\"");
  const fs::path library = fs::path(tests::environment("MARGAY_TEST_PLUGINS")) / "lifecycle.so";
  installation.application(
      "shop",
      "<Application><Library file='lib/lifecycle.so'/><Endpoint name='a' type='where' "
      "path='/${NOT_SET_AT_ALL:-page}'><Parameter name='greeting' value=', ${MARGAY_TREE_TEST}'/>"
      "</Endpoint></Application>",
      {library});
  std::ofstream(installation.base() / "conf/tomcat-users.xml")
      << "<tomcat-users><user username='ada' password='${MARGAY_TREE_PASSWORD}'/></tomcat-users>";
  installation.application(
      "guarded",
      "<Application><Endpoint type='status' path='/*'/><Realm type='memory'/>"
      "<LoginConfig authMethod='BASIC'/><SecurityConstraint path='/*' roles='**'/></Application>");
  installation.start();
  CHECK(body_of(installation.get("/shop/page")) == "a '/shop' '/page' '', from the environment");
  const std::string ada = "Authorization: Basic YWRhOnB3\r\n";  // ada:pw
  CHECK(has(installation.get("/guarded/", ada), "HTTP/1.1 200 "));
}
