// Who may see what: constraints, BASIC, DIGEST, realms, over real sockets.
#include <doctest/doctest.h>

#include "server/crypto/bytes.h"
#include "server/crypto/digest.h"
#include "tests/support/answer_text.h"
#include "tests/support/eventually.h"
#include "tests/support/running_server.h"

using tests::Client;
using tests::field;
using tests::free_port;
using tests::RunningServer;
using tests::status;

namespace {

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

std::string basic(const std::string& both) {
  return "Authorization: Basic " +
         server::crypto::to_base64(both, server::crypto::Base64::standard) + "\r\n";
}

// A server with one application `/a` that says who its user is, on every path.
struct Guarded {
  explicit Guarded(const std::string& security, const std::string& realm = kMemory,
                   const std::string& around = "") {
    const char* plugins = std::getenv("MARGAY_TEST_PLUGINS");
    REQUIRE(plugins != nullptr);
    std::filesystem::create_directories(server.folder / "apps/a/lib");
    std::filesystem::copy_file(std::filesystem::path(plugins) / "guarded.so",
                               server.folder / "apps/a/lib/guarded.so");
    server.write(
        "users.xml",
        "<tomcat-users><user username='ada' password='pw' roles='admin'/>"
        "<user username='bob' password='pw:2' roles=''/>"
        "<user username='j\xC3\xB6rg' password='p\xC3\xA4' roles='admin'/></tomcat-users>");
    server.write("server.xml", "<Server><Service><Connector address='127.0.0.1' port='" +
                                   std::to_string(port) + "'/><Engine><Host name='localhost'>" +
                                   realm + around + "</Host></Engine></Service></Server>");
    server.write("apps/a/app.xml",
                 "<Application><Library file='lib/guarded.so'/>"
                 "<Endpoint type='me' path='/*'/><Endpoint type='me_on_loop' path='/loop/*'/>" +
                     security + "</Application>");
    server.start();
  }
  std::string ask(const std::string& line, const std::string& fields = "",
                  const std::string& body = "") {
    Client client(port);
    client.send(line + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n" + fields + "\r\n" +
                body);
    return client.rest();
  }
  static constexpr const char* kMemory = "<Realm type='memory' pathname='users.xml'/>";

  RunningServer server;
  std::uint16_t port = free_port();
};

constexpr const char* kBasic =
    "<LoginConfig authMethod='BASIC' realmName='Shop'/><SecurityRole name='admin'/>"
    "<SecurityConstraint path='/admin/*' roles='admin'/>"
    "<SecurityConstraint path='/users/*, /loop/*' roles='**'/>"
    "<SecurityConstraint path='/nobody' roles=''/>"
    "<SecurityConstraint path='/edit/*' method='PUT' roles='admin'/>";

}  // namespace

TEST_CASE("BASIC: who has no user is asked, who has the role comes in, who lacks it hears 403") {
  Guarded at(kBasic);
  const std::string asked = at.ask("GET /a/admin/x");
  CHECK(status(asked) == 401);
  CHECK(field(asked, "WWW-Authenticate") == "Basic realm=\"Shop\", charset=\"UTF-8\"");
  CHECK(status(at.ask("GET /a/admin/x", basic("ada:wrong"))) == 401);
  CHECK(status(at.ask("GET /a/admin/x", basic("nobody:pw"))) == 401);
  const std::string in = at.ask("GET /a/admin/x", basic("ada:pw"));
  CHECK(status(in) == 200);
  CHECK(has(in, "user=ada type=BASIC role=admin role=** body="));
  CHECK(status(at.ask("GET /a/admin/x", basic("bob:pw:2"))) == 403);
  CHECK(has(at.ask("GET /a/users/x", basic("bob:pw:2")), "user=bob type=BASIC role=** "));
  CHECK(has(at.ask("GET /a/admin/x", basic("j\xC3\xB6rg:p\xC3\xA4")), "user=j\xC3\xB6rg"));
  CHECK(has(at.ask("GET /a/loop/x", basic("ada:pw")), "user=ada"));
  CHECK(has(at.ask("GET /a/open", basic("ada:pw")), "user= type= body="));
}

TEST_CASE("BASIC: charset is named unless it is turned off") {
  Guarded at(
      "<LoginConfig authMethod='BASIC' realmName='Shop' charset='false'/>"
      "<SecurityConstraint path='/*' roles='**'/>");
  CHECK(field(at.ask("GET /a/x"), "WWW-Authenticate") == "Basic realm=\"Shop\"");
  CHECK(status(at.ask("GET /a/x", basic("ada:pw"))) == 200);
}

TEST_CASE("Constraints: a body that nobody may send is not waited for") {
  Guarded at(kBasic);
  Client client(at.port);
  client.send("POST /a/admin/x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000\r\n\r\nonly");
  CHECK(status(client.answer()) == 401);
  Client asking(at.port);
  asking.send(
      "POST /a/admin/x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n"
      "Expect: 100-continue\r\n\r\n");
  CHECK(status(asking.answer()) == 401);
}

TEST_CASE("Constraints: disableProxyCaching, what a user was needed for is private") {
  for (const bool is_private : {true, false}) {
    Guarded at("<LoginConfig authMethod='BASIC' disableProxyCaching='" +
               std::string(is_private ? "true" : "false") +
               "'/><SecurityConstraint path='/users/*' roles='**'/>");
    const std::string in = at.ask("GET /a/users/x", basic("ada:pw"));
    CHECK(status(in) == 200);
    CHECK(field(in, "Cache-Control") == (is_private ? "private" : ""));
    CHECK(field(at.ask("GET /a/open", basic("ada:pw")), "Cache-Control").empty());
    CHECK(field(at.ask("POST /a/users/x", basic("ada:pw")), "Cache-Control").empty());
  }
}

TEST_CASE("Constraints: judged before the filters of the application") {
  Guarded at(std::string(kBasic) +
             "<Filter type='health' path='/*'><Parameter name='path' value='/admin/up'/>"
             "</Filter>");
  CHECK(status(at.ask("GET /a/admin/up")) == 401);
  const std::string up = at.ask("GET /a/admin/up", basic("ada:pw"));
  CHECK(status(up) == 200);
  CHECK(has(up, "UP"));
}

TEST_CASE("BASIC: malformed credentials are refused") {
  Guarded at(kBasic);
  for (const std::string& bad :
       {std::string("Authorization: Basic\r\n"), std::string("Authorization: Basic !!!\r\n"),
        std::string("Authorization: Basic YWRh\r\n"),
        "Authorization: Bearer " + std::string("x\r\n"), basic("ada:pw") + basic("ada:pw"),
        basic(std::string("ada:pw\0", 7)), std::string("Authorization: BasicYWRhOnB3\r\n")}) {
    CAPTURE(bad);
    CHECK(status(at.ask("GET /a/admin/x", bad)) == 401);
  }
  CHECK(status(at.ask("GET /a/admin/x", "Authorization: bAsIc YWRhOnB3\r\n")) == 200);
}

TEST_CASE("Constraints: judged on the path that endpoints see") {
  Guarded at(kBasic);
  for (const char* path : {"/a/admin", "/a/admin/", "/a/./admin/x", "/a/b/../admin/x",
                           "/a//admin/x", "/a/%61dmin/x", "/a/admin;v=1/x", "/a/admin/x;v=1",
                           "//a/admin/x", "/a;x/admin", "/a/open/%2e%2e/admin/x"}) {
    CAPTURE(path);
    CHECK(status(at.ask(std::string("GET ") + path)) == 401);
  }
  CHECK(status(at.ask("GET http://localhost/a/admin/x")) == 401);
  CHECK(status(at.ask("GET /a/administrator")) == 200);
}

TEST_CASE("Constraints: what was refused before them is not judged, whatever page tells of it") {
  const std::string page =
      "<ErrorPage location='/open'/><ErrorPage status='413' location='/loop/e'/>";
  SUBCASE("by a filter of the host") {
    Guarded at(kBasic + page, Guarded::kMemory,
               "<Filter type='remote-cidr'><Parameter name='deny' value='127.0.0.0/8'/></Filter>");
    for (const std::string& fields : {std::string(), basic("ada:pw"), basic("ada:wrong")}) {
      const std::string answer = at.ask("GET /a/admin/x", fields);
      CHECK(status(answer) == 403);
      CHECK(field(answer, "WWW-Authenticate").empty());
      CHECK(has(answer, "user= type= body="));
    }
  }
  SUBCASE("for its length, on the loop") {
    Guarded at(kBasic + page);
    for (const char* both : {"ada:pw", "ada:wrong"}) {
      const std::string answer =
          at.ask("POST /a/admin/x", basic(both) + "Content-Length: 999999999\r\n");
      CHECK(status(answer) == 413);
      CHECK(has(answer, "user= type= body="));
    }
  }
}

TEST_CASE("Constraints: a welcome file is judged by its own name") {
  Guarded at(
      "<LoginConfig authMethod='BASIC'/><SecurityConstraint path='*.html' roles='**'/>"
      "<SecurityConstraint path='/pages/open/*'/><SecurityConstraint path='/in/*' roles='**'/>"
      "<Endpoint name='pages' type='files' path='/pages/*'/>"
      "<Endpoint name='in' type='files' path='/in/*'/>"
      "<Endpoint name='told' type='me_on_loop' path='/pages/told/index.html'/>");
  for (const char* name : {"docs", "open", "told", "a b"})
    at.server.write("apps/a/static/" + std::string(name) + "/index.html", "secret");
  at.server.write("apps/a/static/index.html", "secret");
  REQUIRE(at.server.log.await("mapping 2 is in use"));
  for (int i = 0; i < 2; ++i) {  // the second time it is in memory
    for (const char* folder : {"docs", "told", "a%20b"}) {
      const std::string path = "/a/pages/" + std::string(folder) + "/";
      const std::string answer = at.ask("GET " + path + "?x=1");
      CHECK(status(answer) == 302);
      CHECK(field(answer, "Location") == path + "index.html?x=1");
      CHECK_FALSE(has(answer, "secret"));
      CHECK(status(at.ask("GET " + path + "index.html")) == 401);
      CHECK(status(at.ask("GET " + path + "index.html", basic("ada:pw"))) == 200);
    }
    // Where both are guarded alike nobody is sent elsewhere.
    CHECK(has(at.ask("GET /a/pages/open/"), "secret"));
    CHECK(status(at.ask("GET /a/in/")) == 401);
    CHECK(has(at.ask("GET /a/in/", basic("ada:pw")), "secret"));
  }
}

TEST_CASE("Constraints: methods, and patterns that nobody may see") {
  Guarded at(kBasic);
  CHECK(status(at.ask("GET /a/nobody", basic("ada:pw"))) == 403);
  CHECK(status(at.ask("GET /a/edit/x")) == 200);
  CHECK(status(at.ask("PUT /a/edit/x", "Content-Length: 0\r\n")) == 401);
  CHECK(status(at.ask("PUT /a/edit/x", "Content-Length: 0\r\n" + basic("ada:pw"))) == 200);
  const std::string posted =
      at.ask("POST /a/admin/x", "Content-Length: 5\r\n" + basic("ada:pw"), "hello");
  CHECK(has(posted, "body=hello"));
}

TEST_CASE("Constraints: CORS pre-flights pass only where allowCorsPreflight says so") {
  const std::string preflight =
      "Origin: https://shop.example\r\nAccess-Control-Request-Method: PUT\r\n";
  const auto with = [](const std::string& allowed) {
    return "<LoginConfig authMethod='BASIC' allowCorsPreflight='" + allowed +
           "'/><SecurityConstraint path='/*' roles='**'/>";
  };
  SUBCASE("never") {
    Guarded at(with("never"));
    CHECK(status(at.ask("OPTIONS /a/x", preflight)) == 401);
  }
  SUBCASE("filter, and there is none") {
    Guarded at(with("filter"));
    CHECK(status(at.ask("OPTIONS /a/x", preflight)) == 401);
  }
  SUBCASE("filter, and it answers") {
    Guarded at(with("filter") +
               "<Filter type='cors' path='/*'><Parameter name='cors.allowed.origins' "
               "value='https://shop.example'/><Parameter name='cors.allowed.methods' "
               "value='GET,PUT'/></Filter>");
    const std::string answer = at.ask("OPTIONS /a/x", preflight);
    CHECK(status(answer) == 200);
    CHECK(field(answer, "Access-Control-Allow-Origin") == "https://shop.example");
    CHECK(status(at.ask("OPTIONS /a/x", "Origin: https://shop.example\r\n")) == 401);
    CHECK(status(at.ask("PUT /a/x", preflight)) == 401);
    // The filter lets pages of the server itself pass; who pretends to be one comes no further.
    CHECK(status(at.ask("OPTIONS /a/x",
                        "Origin: http://localhost\r\nAccess-Control-Request-Method: PUT\r\n")) ==
          401);
    CHECK(status(at.ask("OPTIONS /a/x",
                        "Origin: http://localhost\r\n"
                        "Access-Control-Request-Method: PUT\r\n" +
                            basic("ada:pw"))) == 200);
  }
  SUBCASE("always") {
    Guarded at(with("always"));
    CHECK(status(at.ask("OPTIONS /a/x", preflight)) == 200);
    CHECK(status(at.ask("OPTIONS /a/x", "Origin: https://shop.example\r\n")) == 401);
    CHECK(status(at.ask("GET /a/x", preflight)) == 401);
  }
}

TEST_CASE("Constraints: preemptiveAuthentication looks at credentials where none are needed") {
  Guarded at("<LoginConfig authMethod='BASIC' preemptiveAuthentication='true'/>");
  CHECK(has(at.ask("GET /a/x", basic("ada:pw")), "user=ada type=BASIC role=admin"));
  CHECK(has(at.ask("GET /a/x"), "user= "));
  CHECK(status(at.ask("GET /a/x", basic("ada:no"))) == 401);
}

TEST_CASE("LockOutRealm: five failures, then not even the right password") {
  Guarded at(kBasic, std::string("<Realm type='lockout'>") + Guarded::kMemory + "</Realm>");
  CHECK(status(at.ask("GET /a/admin/x", basic("ada:pw"))) == 200);
  for (int i = 0; i < 5; ++i) CHECK(status(at.ask("GET /a/admin/x", basic("ada:no"))) == 401);
  CHECK(status(at.ask("GET /a/admin/x", basic("ada:pw"))) == 401);
  CHECK(has(at.server.log.all(), "locked out"));
  CHECK_FALSE(has(at.server.log.all(), "ada:no"));
}

TEST_CASE("CombinedRealm: the second knows who the first does not") {
  Guarded at(
      "<LoginConfig authMethod='BASIC'/><SecurityConstraint path='/*' roles='**'/>"
      "<Realm type='combined'><Realm type='memory' pathname='users.xml'/>"
      "<Realm type='fixed'/></Realm>",
      "");
  CHECK(has(at.ask("GET /a/x", basic("ada:pw")), "user=ada"));
  CHECK(has(at.ask("GET /a/x", basic("lib:rary")), "user=lib type=BASIC role=staff role=**"));
  CHECK(status(at.ask("GET /a/x", basic("lib:no"))) == 401);
  const std::string broken = at.ask("GET /a/x", basic("broken:x"));
  CHECK(status(broken) == 503);
  CHECK(field(broken, "Retry-After") == "1");
}

TEST_CASE("MemoryRealm: the file of users is read again when it changes") {
  Guarded at(kBasic);
  CHECK(status(at.ask("GET /a/admin/x", basic("new:x"))) == 401);
  at.server.write("users.xml", "<users><user username='new' password='x' roles='admin'/></users>");
  at.server.log.await("were read again");
  CHECK(status(at.ask("GET /a/admin/x", basic("new:x"))) == 200);
  CHECK(status(at.ask("GET /a/admin/x", basic("ada:pw"))) == 401);
  at.server.write("users.xml", "<users><user username='new'/></users>");
  at.server.log.await("the users before stay");
  CHECK(status(at.ask("GET /a/admin/x", basic("new:x"))) == 200);
}

TEST_CASE("Realms and keys: what lacked them comes back when they are there, and is not reloaded") {
  RunningServer server;
  const std::uint16_t port = free_port();
  const auto server_xml = [&](const std::string& realm) {
    server.write("server.xml", "<Server><Service><Connector address='127.0.0.1' port='" +
                                   std::to_string(port) +
                                   "'/><Engine><Host name='localhost' autoDeployInterval='50ms'>" +
                                   realm + "</Host></Engine></Service></Server>");
  };
  const auto app = [&](const std::string& name, const std::string& security) {
    server.write("apps/" + name + "/app.xml",
                 "<Application><Endpoint type='status' path='/*'/>"
                 "<SecurityConstraint path='/*' roles='**'/>" +
                     security + "</Application>");
  };
  const auto ask = [&](const std::string& target, const std::string& fields = "") {
    return status(RunningServer::get(port, target, "localhost", fields));
  };
  const std::string users =
      "<tomcat-users><user username='ada' password='pw' roles=''/></tomcat-users>";
  app("a",
      "<LoginConfig authMethod='BASIC'/>"
      "<Realm type='lockout'><Realm type='memory' pathname='conf/users.xml'/></Realm>");
  app("k", "<LoginConfig authMethod='BEARER'><Bearer secretFile='keys/secret'/></LoginConfig>");
  app("h", "<LoginConfig authMethod='BASIC'/>");
  server_xml("");
  server.start();
  for (const char* one : {"/a/", "/k/", "/h/"}) CHECK(ask(one) == 503);

  SUBCASE("of an application") {
    server.write("conf/users.xml", "<tomcat-users><user username='ada'/></tomcat-users>");
    REQUIRE(server.log.await("mapping 2 is in use"));
    CHECK(ask("/a/") == 503);
    server.write("conf/users.xml", users);
    REQUIRE(server.log.await("mapping 3 is in use"));
    CHECK(ask("/a/", basic("ada:pw")) == 200);
    CHECK(ask("/k/") == 503);
    server.write("apps/k/keys/secret", std::string(32, 'x'));
    REQUIRE(server.log.await("mapping 4 is in use"));
    CHECK(ask("/k/") == 401);

    server.write("conf/users.xml", "<tomcat-users/>");
    server.write("apps/k/keys/secret", std::string(32, 'y'));
    REQUIRE(server.log.await("were read again"));
    app("other", "");
    REQUIRE(server.log.await("mapping 5 is in use"));
    const std::string all = server.log.all();
    for (const std::string one : {"application /a deployed", "application /k deployed"})
      CHECK(all.find(one) == all.rfind(one));
    CHECK(ask("/a/", basic("ada:pw")) == 401);
  }
  SUBCASE("of an application that goes on as it was") {
    server.write("conf/users.xml", users);
    REQUIRE(server.log.await("mapping 2 is in use"));
    app("a", "<LoginConfig authMethod='BASIC'/><Realm type='memory' pathname='conf/others.xml'/>");
    REQUIRE(server.log.await("application /a was not replaced"));
    CHECK(ask("/a/", basic("ada:pw")) == 200);
    server.write("conf/others.xml", "<tomcat-users/>");
    REQUIRE(server.log.await("application /a deployed"));
    CHECK(tests::eventually([&] { return ask("/a/", basic("ada:pw")) == 401; }));
  }
  SUBCASE("of a host") {
    server_xml("<Realm type='memory' pathname='conf/host.xml'/>");
    REQUIRE(server.log.await("nothing was changed"));
    CHECK(ask("/h/") == 503);
    server.write("conf/host.xml", users);
    REQUIRE(server.log.await("mapping 2 is in use"));
    CHECK(ask("/h/", basic("ada:pw")) == 200);
  }
}

TEST_CASE("Realms and keys: a host that deploys nothing by itself waits for a reload") {
  RunningServer server;
  const std::uint16_t port = free_port();
  const auto with = [](const std::string& realm) {
    return "<Application><Endpoint type='status' path='/*'/>" + realm + "</Application>";
  };
  server.write("server.xml", "<Server><Service><Connector address='127.0.0.1' port='" +
                                 std::to_string(port) +
                                 "'/><Engine><Host name='localhost' autoDeploy='false' "
                                 "autoDeployInterval='50ms'/></Engine></Service></Server>");
  server.write("apps/a/app.xml", with("<LoginConfig authMethod='BASIC'/>"
                                      "<Realm type='memory' pathname='conf/users.xml'/>"));
  server.start();
  CHECK(status(RunningServer::get(port, "/a/")) == 503);
  server.write("apps/unready/app.xml", with(""));
  server.write("conf/users.xml", "<tomcat-users/>");
  std::this_thread::sleep_for(std::chrono::seconds(1));  // twice what settles a change
  CHECK(status(RunningServer::get(port, "/unready/")) == 404);
  server.reload();
  REQUIRE(server.log.await("mapping 2 is in use"));
  CHECK(status(RunningServer::get(port, "/a/")) == 200);
  CHECK(status(RunningServer::get(port, "/unready/")) == 200);
}

TEST_CASE("Access log: %u is the user") {
  Guarded at(kBasic, Guarded::kMemory,
             "<AccessLog pattern='%u %U %s' directory='logs' rotatable='false' buffered='false'/>");
  at.ask("GET /a/admin/x", basic("ada:pw"));
  at.ask("GET /a/admin/x");
  at.server.stop();
  const std::string log = at.server.read("logs/access_log");
  CHECK(has(log, "ada /a/admin/x 200"));
  CHECK(has(log, "- /a/admin/x 401"));
}

TEST_CASE("DIGEST: SHA-256 with a nonce that counts; MD5 only where it is configured") {
  Guarded at(
      "<LoginConfig authMethod='DIGEST' realmName='Shop'/>"
      "<SecurityConstraint path='/*' roles='**'/>");
  const std::string asked = field(at.ask("GET /a/x?y=1"), "WWW-Authenticate");
  CHECK(has(asked, "algorithm=SHA-256"));
  CHECK_FALSE(has(asked, "MD5"));
  const auto value = [&](const std::string& name) {
    const auto from = asked.find(name + "=\"") + name.size() + 2;
    return asked.substr(from, asked.find('"', from) - from);
  };
  const auto hex = [](server::crypto::Hash hash, const std::string& text) {
    return server::crypto::to_hex(server::crypto::digest(hash, {text}));
  };
  const auto proof = [&](const std::string& uri, const std::string& nc, const std::string& password,
                         const std::string& algorithm = "SHA-256", const std::string& nonce = "",
                         const std::string& more = "") {
    const auto hash = *server::crypto::hash_of(algorithm);
    const std::string used = nonce.empty() ? value("nonce") : nonce;
    const std::string response = hex(hash, hex(hash, "ada:Shop:" + password) + ':' + used + ':' +
                                               nc + ":c:auth:" + hex(hash, "GET:" + uri));
    return "Authorization: Digest username=\"ada\", realm=\"Shop\", nonce=\"" + used +
           "\", uri=\"" + uri + "\", qop=auth, nc=" + nc + ", cnonce=\"c\", opaque=\"" +
           value("opaque") + "\", algorithm=" + algorithm + ", response=\"" + response + "\"" +
           more + "\r\n";
  };
  CHECK(has(at.ask("GET /a/x?y=1", proof("/a/x?y=1", "00000001", "pw")), "user=ada type=DIGEST"));
  CHECK(status(at.ask("GET /a/x?y=1", proof("/a/x?y=1", "00000001", "pw"))) == 401);  // replayed
  CHECK(status(at.ask("GET /a/x?y=1", proof("/a/x?y=1", "00000002", "no"))) == 401);
  CHECK(status(at.ask("GET /a/x?y=1", proof("/a/x?y=1", "00000002", "pw"))) == 200);
  CHECK(status(at.ask("GET /a/other", proof("/a/x?y=1", "00000003", "pw"))) == 401);
  CHECK(status(at.ask("GET /a/x?y=1", proof("/a/x?y=1", "00000004", "pw", "MD5"))) == 401);
  CHECK(status(at.ask("GET /a/x?y=1", proof("/a/x?y=1", "00000005", "pw", "SHA-256", "1-2-3"))) ==
        401);
  const auto hashed = [&](const std::string& nc, const std::string& is) {
    return at.ask("GET /a/x?y=1", proof("/a/x?y=1", nc, "pw", "SHA-256", "", ", userhash=" + is));
  };
  CHECK(status(hashed("00000006", "false")) == 200);
  CHECK(status(hashed("00000007", "true")) == 401);
}

TEST_CASE("Security: what cannot work is refused with its place") {
  const auto trouble = [](const std::string& security, const std::string& realm = "") {
    Guarded at(security, realm);
    return at.server.log.all();
  };
  CHECK(has(trouble("<SecurityConstraint path='/*' roles='a'/>"), "need a <LoginConfig>"));
  CHECK(has(trouble("<LoginConfig authMethod='BASIC'/>"), "needs a <Realm>"));
  CHECK(has(trouble("<LoginConfig authMethod='BASCI'/>"), "did you mean"));
  CHECK(has(trouble("<LoginConfig authMethod='BEARER'/>"), "needs a <Bearer>"));
}
