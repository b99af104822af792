// FORM: the way over the login page and back, and what plugins do with logins.
#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "tests/support/eventually.h"
#include "tests/support/frame_client.h"
#include "tests/support/running_server.h"

using tests::body_of;
using tests::Client;
using tests::free_port;
using tests::RunningServer;

namespace {

int status(const std::string& answer) { return std::atoi(answer.substr(9, 3).c_str()); }
bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}
std::string field(const std::string& answer, const std::string& name) {
  const auto at = answer.find("\r\n" + name + ": ");
  if (at == std::string::npos || at > answer.find("\r\n\r\n")) return {};
  const auto from = at + name.size() + 4;
  return answer.substr(from, answer.find("\r\n", from) - from);
}

constexpr const char* kUsers =
    "<tomcat-users><user username='ada' password='pw' roles='admin'/>"
    "<user username='bob' password='pw:2' roles=''/>"
    "<user username='j\xC3\xB6rg' password='p\xC3\xA4' roles='admin'/></tomcat-users>";
constexpr const char* kMemory = "<Realm type='memory' pathname='users.xml'/>";

// A server with one application `/a`, in which `/a/in/*` is for who has logged in.
struct Scene {
  explicit Scene(const std::string& login = "", const std::string& realm = kMemory,
                 const std::string& more = "") {
    const char* plugins = std::getenv("MARGAY_TEST_PLUGINS");
    REQUIRE(plugins != nullptr);
    std::filesystem::create_directories(server.folder / "apps/a/lib");
    std::filesystem::copy_file(std::filesystem::path(plugins) / "guarded.so",
                               server.folder / "apps/a/lib/guarded.so");
    server.write("users.xml", kUsers);
    server.write("server.xml", "<Server><Service><Connector address='127.0.0.1' loops='2' port='" +
                                   std::to_string(port) +
                                   "'/><Engine><Host name='localhost' appBase='apps'>" + realm +
                                   "</Host></Engine></Service></Server>");
    write_application(
        "<LoginConfig authMethod='FORM' realmName='Shop' loginPage='/login' "
        "errorPage='/login?failed' " +
        login + "/>" + more);
    server.start();
  }
  void write_application(const std::string& security) const {
    server.write("apps/a/app.xml",
                 "<Application><Library file='lib/guarded.so'/>"
                 "<Endpoint type='me' path='/*'/><Endpoint type='me_on_loop' path='/in/loop/*'/>"
                 "<Endpoint type='reader' path='/in/read'/><Endpoint type='door' path='/door'/>"
                 "<Endpoint type='me' name='small' path='/in/small' maxBody='2KiB'/>"
                 "<Endpoint type='door_on_loop' path='/door-on-loop'/>"
                 "<Endpoint type='status' path='/status'/>"
                 "<WebSocket type='quiet' path='/in/socket'/>"
                 "<WebSocket type='quiet' name='open' path='/socket'/>"
                 "<SecurityConstraint path='/in/*, /login' roles='**'/>"
                 "<SecurityConstraint path='/in/admin/*' roles='admin'/>" +
                     security + "</Application>");
  }

  RunningServer server;
  std::uint16_t port = free_port();
};

// Keeps cookies, and follows nothing by itself.
struct Browser {
  explicit Browser(const Scene& scene) : port(scene.port) {}

  std::string ask(const std::string& line, const std::string& fields = "",
                  const std::string& body = "") {
    std::string head = line + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n" + fields;
    if (!cookie.empty() && takes_cookies) head += "Cookie: " + cookie + "\r\n";
    if (!body.empty()) head += "Content-Length: " + std::to_string(body.size()) + "\r\n";
    Client client(port);
    client.send(head + "\r\n" + body);
    const std::string answer = client.rest();
    if (const std::string set = field(answer, "Set-Cookie"); !set.empty())
      cookie = set.substr(0, set.find(';'));
    return answer;
  }
  std::string get(const std::string& target) { return ask("GET " + target); }
  std::string post(const std::string& target, const std::string& body,
                   const std::string& fields = "") {
    return ask("POST " + target, fields + "Content-Type: application/x-www-form-urlencoded\r\n",
               body);
  }
  std::string log_in(const std::string& user = "ada", const std::string& password = "pw",
                     const std::string& fields = "") {
    return post("/a/j_security_check", "j_username=" + user + "&j_password=" + password, fields);
  }
  // Where it is sent; empty: nowhere.
  std::string sent_to(const std::string& answer) const {
    CAPTURE(answer);
    CHECK(status(answer) == 303);
    return field(answer, "Location");
  }

  std::uint16_t port;
  std::string cookie;
  bool takes_cookies = true;
};

// How many sessions' time was over.
int expired(const Scene& scene) {
  const auto told = nlohmann::json::parse(body_of(RunningServer::get(scene.port, "/a/status")));
  return told["hosts"][0]["applications"][0]["sessions"]["expired"].get<int>();
}

}  // namespace

TEST_CASE("FORM: to the login page, in, and back to what was asked for") {
  const Scene scene;
  Browser browser(scene);
  const std::string asked = browser.get("/a/in/x?y=1&z=%20");
  CHECK(browser.sent_to(asked) == "/a/login");
  CHECK(field(asked, "Cache-Control") == "no-store");
  CHECK(has(browser.get("/a/login"),
            "user= "));  // a constraint names it, and it is open all the same
  const std::string before = browser.cookie;
  const std::string in = browser.log_in();
  CHECK(browser.sent_to(in) == "/a/in/x?y=1&z=%20");
  CHECK(browser.cookie != before);
  CHECK(has(browser.get("/a/in/x?y=1&z=%20"), "user=ada type=FORM role=admin role=** body="));
  CHECK(has(browser.get("/a/in/loop/x"), "user=ada type=FORM"));
  CHECK(has(browser.get("/a/open"), "user=ada type=FORM"));  // known where nobody must be, too
  CHECK(status(browser.get("/a/in/admin/x")) == 200);

  Browser stranger(scene);
  stranger.cookie = before;  // the id from before the login is worth nothing
  CHECK(stranger.sent_to(stranger.get("/a/in/x")) == "/a/login");
}

TEST_CASE("FORM: a wrong password leads to the error page, and another try goes on") {
  const Scene scene;
  Browser browser(scene);
  browser.get("/a/in/x");
  CHECK(browser.sent_to(browser.log_in("ada", "no")) == "/a/login?failed");
  CHECK(browser.sent_to(browser.log_in("nobody", "pw")) == "/a/login?failed");
  CHECK(browser.sent_to(browser.post("/a/j_security_check", "j_username=ada")) ==
        "/a/login?failed");
  CHECK(browser.sent_to(browser.post("/a/j_security_check", "j_username=ada&j_password=p%00w")) ==
        "/a/login?failed");
  CHECK(browser.sent_to(browser.get("/a/in/x")) == "/a/login");
  CHECK(browser.sent_to(browser.log_in()) == "/a/in/x");
}

TEST_CASE("FORM: a user without the role hears 403") {
  const Scene scene;
  Browser browser(scene);
  browser.get("/a/in/admin/x");
  CHECK(browser.sent_to(browser.log_in("bob", "pw%3A2")) == "/a/in/admin/x");
  CHECK(status(browser.get("/a/in/admin/x")) == 403);
  CHECK(has(browser.get("/a/in/x"), "user=bob"));
}

TEST_CASE("FORM: a request with a body is made again, once") {
  const Scene scene;
  Browser browser(scene);
  CHECK(browser.sent_to(browser.ask("PUT /a/in/x?echo=1",
                                    "Content-Type: text/plain\r\nOrigin: http://localhost\r\n"
                                    "If-Match: \"1\"\r\nUser-Agent: old\r\n",
                                    "hello")) == "/a/login");
  CHECK(browser.sent_to(browser.log_in()) == "/a/in/x?echo=1");
  CHECK(has(browser.get("/a/in/x"), "body="));  // another path is not it
  const std::string made =
      browser.ask("GET /a/in/x?echo=1", "User-Agent: new\r\nIf-None-Match: \"2\"\r\n");
  CHECK(has(made,
            "user=ada type=FORM role=admin role=** body=hello method=PUT "
            "content-type=text/plain content-length=5 origin=http://localhost agent=new"));
  CHECK(has(browser.get("/a/in/x?echo=1"), "body= method=GET content-type= content-length= "));
}

TEST_CASE("FORM: a body is made again for endpoints that read piece by piece, and on the loop") {
  const Scene scene;
  Browser browser(scene);
  browser.post("/a/in/read", std::string(3000, 'x'));
  browser.log_in();
  CHECK(body_of(browser.get("/a/in/read")) == "POST by ada of 3000");
  CHECK(body_of(browser.get("/a/in/read")) == "GET by ada of 0");
  CHECK(body_of(browser.post("/a/in/read", std::string(9000, 'x'))) == "POST by ada of 9000");

  Browser other(scene);
  other.post("/a/in/loop/x", "a=b");
  other.log_in();
  CHECK(has(other.get("/a/in/loop/x"), "body=a=b"));
}

TEST_CASE("FORM: maxSavePostSize, 4 KiB unless it is set") {
  const auto kept = [](const Scene& scene, std::size_t size, const char* path = "/a/in/x") {
    Browser browser(scene);
    return status(browser.post(path, std::string(size, 'x')));
  };
  SUBCASE("4 KiB") {
    const Scene scene;
    CHECK(kept(scene, 4096) == 303);
    CHECK(kept(scene, 4097) == 413);
    CHECK(kept(scene, 2048, "/a/in/small") == 303);
    CHECK(kept(scene, 2049, "/a/in/small") == 413);  // as without a login
  }
  SUBCASE("0: no body") {
    const Scene scene("maxSavePostSize='0'");
    CHECK(kept(scene, 1) == 413);
    CHECK(kept(scene, 0) == 303);
  }
}

TEST_CASE("FORM: a login that nothing was asked for before: 408, 400, or the landing page") {
  SUBCASE("without a landing page") {
    const Scene scene;
    Browser browser(scene);
    CHECK(status(browser.log_in()) == 408);
    browser.get("/a/door?set=x");
    CHECK(status(browser.log_in()) == 400);
    CHECK(has(browser.get("/a/door"), "user= "));
  }
  SUBCASE("with one") {
    const Scene scene("landingPage='/hom\xC3\xA9'");
    Browser browser(scene);
    CHECK(browser.sent_to(browser.log_in("ada", "no")) == "/a/login?failed");
    CHECK(browser.sent_to(browser.log_in()) == "/a/hom%C3%A9");
    CHECK(has(browser.get("/a/in/x"), "user=ada"));
  }
}

TEST_CASE("FORM: without cookies nobody gets in, and nothing goes round for ever") {
  const Scene scene;
  Browser browser(scene);
  browser.takes_cookies = false;
  CHECK(browser.sent_to(browser.get("/a/in/x")) == "/a/login");
  CHECK(status(browser.get("/a/login")) == 200);
  CHECK(status(browser.log_in()) == 408);
  CHECK(status(browser.get("/a/login?failed")) == 200);
}

TEST_CASE("FORM: the form of a page in a folder, and nothing but POST") {
  const Scene scene;
  Browser browser(scene);
  browser.get("/a/in/x");
  const std::string asked = browser.get("/a/j_security_check?j_username=ada&j_password=pw");
  CHECK(status(asked) == 405);
  CHECK(field(asked, "Allow") == "POST");
  CHECK(browser.sent_to(browser.post("/a/pages/en/j_security_check",
                                     "j_username=ada&j_password=pw")) == "/a/in/x");
}

TEST_CASE("FORM: too long a form is refused") {
  const Scene scene;
  Browser browser(scene);
  browser.get("/a/in/x");
  CHECK(status(browser.log_in("ada", std::string(17'000, 'x'))) == 413);
}

TEST_CASE("FORM: forms of other sites are refused with 403") {
  const Scene scene;
  Browser browser(scene);
  browser.get("/a/in/x");
  for (const char* from : {"Sec-Fetch-Site: cross-site\r\n", "Sec-Fetch-Site: same-site\r\n",
                           "Origin: null\r\n", "Origin: http://evil.example\r\n",
                           "Origin: http://localhost:1\r\n", "Origin: https://localhost\r\n",
                           "Sec-Fetch-Site: cross-site\r\nOrigin: http://localhost\r\n"}) {
    CAPTURE(from);
    CHECK(status(browser.log_in("ada", "pw", from)) == 403);
  }
  CHECK(browser.sent_to(browser.log_in("ada", "no", "Sec-Fetch-Site: same-origin\r\n")) ==
        "/a/login?failed");
  CHECK(browser.sent_to(browser.log_in("ada", "pw", "Origin: http://localhost\r\n")) == "/a/in/x");
}

TEST_CASE("FORM: what another site posts is not made again with the user's rights") {
  const Scene scene;
  Browser browser(scene);
  CHECK(status(browser.post("/a/in/x", "pay=1", "Sec-Fetch-Site: cross-site\r\n")) == 403);
  CHECK(browser.cookie.empty());
  CHECK(browser.sent_to(browser.ask("GET /a/in/x", "Sec-Fetch-Site: cross-site\r\n")) ==
        "/a/login");  // a link
}

TEST_CASE("FORM: scripts and WebSockets hear 401, and do not replace what the page asked for") {
  const Scene scene;
  Browser browser(scene);
  browser.get("/a/in/x");
  const std::string fetched =
      browser.ask("GET /a/in/data", "Sec-Fetch-Mode: cors\r\nSec-Fetch-Site: same-origin\r\n");
  CHECK(status(fetched) == 401);
  CHECK(field(fetched, "WWW-Authenticate") == "Form realm=\"Shop\"");
  const tests::FrameClient socket(scene.port, "/a/in/socket", "Cookie: " + browser.cookie + "\r\n");
  CHECK(status(socket.head) == 401);
  CHECK(browser.sent_to(browser.log_in()) == "/a/in/x");
  const tests::FrameClient open(scene.port, "/a/in/socket", "Cookie: " + browser.cookie + "\r\n");
  CHECK(open.is_open());
}

TEST_CASE("FORM: the way back never leads to another host") {
  const Scene scene;
  Browser browser(scene);
  for (const char* target : {"//evil.example/..//a/in/x", "http://localhost/a/in/x", "///a/in/x"}) {
    CAPTURE(target);
    browser.cookie.clear();
    browser.get(target);
    CHECK(browser.sent_to(browser.log_in()) == "/a/in/x");
  }
  // Another spelling of one's own path stays as it is.
  browser.cookie.clear();
  browser.get("/a/in/./x;v=1");
  CHECK(browser.sent_to(browser.log_in()) == "/a/in/./x;v=1");
  browser.cookie.clear();
  browser.get("/a/in/%C3%A4%20%3Fx");
  CHECK(browser.sent_to(browser.log_in()) == "/a/in/%C3%A4%20%3Fx");
  CHECK(has(browser.get("/a/in/%C3%A4%20%3Fx"), "user=ada"));
}

TEST_CASE("FORM: authenticationSessionTimeout ends a session that waits, and not one that is in") {
  const Scene scene("authenticationSessionTimeout='1'");
  Browser late(scene), soon(scene);
  late.get("/a/in/x");
  soon.get("/a/in/x");
  CHECK(soon.sent_to(soon.log_in()) == "/a/in/x");
  CHECK(tests::eventually([&] { return expired(scene) == 1; }));
  CHECK(status(late.log_in()) == 408);
  CHECK(has(soon.get("/a/in/x"), "user=ada"));
}

TEST_CASE("FORM: a session that the application made keeps its time and what it holds") {
  const Scene scene("authenticationSessionTimeout='1'");
  Browser browser(scene);
  browser.get("/a/door?set=cart");
  browser.get("/a/in/x");
  Browser other(scene);
  other.get("/a/in/x");
  CHECK(tests::eventually([&] { return expired(scene) == 1; }));
  CHECK(browser.sent_to(browser.log_in()) == "/a/in/x");
  CHECK(has(browser.get("/a/door?get"), "a=cart user=ada"));
}

TEST_CASE("FORM: somebody else in the same browser gets a session of their own") {
  const Scene scene("landingPage='/home'");
  Browser browser(scene);
  browser.log_in();
  browser.get("/a/door?set=secret");
  CHECK(browser.sent_to(browser.log_in("ada", "pw")) == "/a/home");
  CHECK(has(browser.get("/a/door?get"), "a=secret user=ada"));
  CHECK(browser.sent_to(browser.log_in("bob", "pw%3A2")) == "/a/home");
  CHECK(has(browser.get("/a/door?get"), "a=none user=bob"));
}

TEST_CASE("FORM: somebody else gets nothing of a session whose user has logged out") {
  const Scene scene;
  Browser browser(scene);
  browser.get("/a/in/x");
  browser.log_in();
  browser.get("/a/door?set=mine");
  CHECK(body_of(browser.get("/a/door?logout&get")) == "a=mine user= type=");
  const std::string before = browser.cookie;
  SUBCASE("who comes back finds it") {
    CHECK(has(body_of(browser.get("/a/door?login=ada:pw&get")), "in a=mine user=ada"));
  }
  SUBCASE("somebody else does not") {
    CHECK(has(body_of(browser.get("/a/door?login=bob:pw:2")), "in user=bob"));
    CHECK(browser.cookie != before);
    CHECK(has(body_of(browser.get("/a/door?get")), "a=none"));
  }
}

TEST_CASE("FORM: what waits since a logout is made again for whoever logs in") {
  const Scene scene;
  Browser browser(scene);
  browser.get("/a/in/x");
  browser.log_in();
  browser.get("/a/door?set=mine");
  browser.get("/a/door?logout");
  browser.sent_to(browser.post("/a/in/x?echo", "text=kept"));
  const std::string back = browser.sent_to(browser.log_in("bob", "pw:2"));
  CHECK(back == "/a/in/x?echo");
  const std::string made = body_of(browser.get(back));
  CHECK(has(made, "user=bob"));
  CHECK(has(made, "body=text=kept method=POST"));
  CHECK(has(body_of(browser.get("/a/door?get")), "a=none"));
}

TEST_CASE("FORM: a page for an error knows the user, also of what was refused for its length") {
  const Scene scene("", kMemory, "<ErrorPage location='/page'/>");
  Browser browser(scene);
  browser.get("/a/in/x");
  browser.log_in();
  const std::string answer = browser.ask("POST /a/in/small", "Content-Length: 99999\r\n");
  CHECK(status(answer) == 413);
  CHECK(has(answer, "user=ada type=FORM role=admin"));
}

TEST_CASE("FORM: a filter of the host that refuses is no way in, whatever page tells of it") {
  const Scene scene("",
                    std::string(kMemory) +
                        "<Filter type='remote-cidr' path='/a/j_security_check, /a/in/*'>"
                        "<Parameter name='deny' value='127.0.0.0/8'/></Filter>",
                    "<ErrorPage location='/page'/>");
  Browser browser(scene);
  const std::string asked = browser.get("/a/in/x");
  CHECK(status(asked) == 403);
  CHECK(has(asked, "user= type="));
  browser.get("/a/door?set=x");  // makes a session
  const std::string cookie = browser.cookie;
  const std::string refused = browser.log_in();
  CHECK(status(refused) == 403);
  CHECK(browser.cookie == cookie);
  CHECK(has(body_of(browser.get("/a/door")), "user= type="));
}

TEST_CASE("FORM: a WebSocket whose login or session ends during the handshake closes with 1008") {
  std::string how;
  SUBCASE("") { how = "logout"; }
  SUBCASE("") { how = "end"; }
  CAPTURE(how);
  const Scene scene("", kMemory,
                    "<WebSocket type='quiet' name='held' path='/in/held'>"
                    "<Interceptor type='held'/></WebSocket>");
  Browser browser(scene);
  browser.get("/a/in/x");
  browser.log_in();
  Client client(scene.port);
  client.send(
      "GET /a/in/held HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n"
      "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nCookie: " +
      browser.cookie + "\r\n\r\n");
  REQUIRE(tests::eventually([&] { return has(browser.get("/a/door?held"), "held=1"); }));
  CHECK(status(browser.get("/a/door?" + how)) == 200);
  browser.get("/a/door?release");
  CHECK(status(client.answer(true)) == 101);
  while (client.buffer().size() < 4 && client.receive(std::chrono::seconds(20))) {
  }
  CHECK(client.buffer().substr(2, 2) == std::string("\x03\xf0", 2));
}

TEST_CASE("FORM: names and passwords in UTF-8, or as characterEncoding says") {
  SUBCASE("UTF-8") {
    const Scene scene("landingPage='/home'");
    Browser browser(scene);
    CHECK(browser.sent_to(browser.log_in("j%C3%B6rg", "p%C3%A4")) == "/a/home");
    CHECK(has(browser.get("/a/in/x"), "user=j\xC3\xB6rg"));
  }
  SUBCASE("ISO-8859-1") {
    const Scene scene("landingPage='/home' characterEncoding='ISO-8859-1'");
    Browser browser(scene);
    CHECK(browser.sent_to(browser.log_in("j%F6rg", "p%E4")) == "/a/home");
    CHECK(has(browser.get("/a/in/x"), "user=j\xC3\xB6rg"));
  }
}

TEST_CASE("FORM: LockOutRealm shuts a user out who has failed five times") {
  const Scene scene(
      "landingPage='/home'",
      std::string("<Realm type='lockout' addressFailureCount='100'>") + kMemory + "</Realm>");
  Browser browser(scene);
  for (int i = 0; i < 5; ++i)
    CHECK(browser.sent_to(browser.log_in("ada", "no")) == "/a/login?failed");
  CHECK(browser.sent_to(browser.log_in()) == "/a/login?failed");
  CHECK(browser.sent_to(browser.log_in("bob", "pw%3A2")) == "/a/home");
}

TEST_CASE("FORM: a realm that cannot tell is 503") {
  const Scene scene("landingPage='/home'", "", "<Realm type='fixed'/>");
  Browser browser(scene);
  const std::string answer = browser.log_in("broken", "x");
  CHECK(status(answer) == 503);
  CHECK(field(answer, "Retry-After") == "1");
  CHECK(browser.sent_to(browser.log_in("lib", "rary")) == "/a/home");
}

TEST_CASE("FORM: who is taken out of the users file, or gets another password, is logged out") {
  const Scene scene("landingPage='/home'");
  Browser ada(scene), bob(scene);
  ada.log_in();
  bob.log_in("bob", "pw%3A2");
  tests::FrameClient socket(scene.port, "/a/socket", "Cookie: " + ada.cookie + "\r\n");
  REQUIRE(socket.is_open());
  auto& server = const_cast<RunningServer&>(scene.server);
  server.write("users.xml",
               "<users><user username='ada' password='other' roles='admin'/>"
               "<user username='bob' password='pw:2' roles=''/></users>");
  server.log.await("were read again");
  // Where nobody has to log in a handshake goes on as nobody.
  tests::FrameClient later(scene.port, "/a/socket", "Cookie: " + ada.cookie + "\r\n");
  REQUIRE(later.is_open());
  later.text("still here");
  CHECK(later.next() == "still here");
  CHECK(ada.sent_to(ada.get("/a/in/x")) == "/a/login");
  const auto last = socket.frame();
  REQUIRE(last.has_value());
  CHECK(last->payload.substr(0, 2) == "\x03\xf0");  // 1008
  CHECK(has(bob.get("/a/in/x"), "user=bob"));
  server.write("users.xml", "<users><user username='ada' password='other' roles='admin'/></users>");
  server.log.await("were read again");
  CHECK(bob.sent_to(bob.get("/a/in/x")) == "/a/login");
}

TEST_CASE("FORM: a login outlives a reload of the application, if its users are the same") {
  const Scene scene("landingPage='/home'", "", kMemory);
  Browser ada(scene), bob(scene);
  ada.log_in();
  bob.log_in("bob", "pw%3A2");
  auto& server = const_cast<RunningServer&>(scene.server);
  server.write("other.xml",
               "<users><user username='ada' password='pw' roles='admin'/>"
               "<user username='bob' password='changed' roles=''/></users>");
  scene.write_application(
      "<LoginConfig authMethod='FORM' loginPage='/login' errorPage='/wrong'/>"
      "<Realm type='memory' pathname='other.xml'/>");
  CHECK(tests::eventually([&] { return field(bob.get("/a/in/x"), "Location") == "/a/login"; }));
  CHECK(has(ada.get("/a/in/x"), "user=ada type=FORM role=admin"));
  server.write("other.xml", "<users><user username='bob' password='changed' roles=''/></users>");
  server.log.await("were read again");
  CHECK(ada.sent_to(ada.get("/a/in/x")) == "/a/login");
}

// --- what plugins do
// -------------------------------------------------------------------------------

TEST_CASE("login(): a user from now on and in the session, which gets another id") {
  const Scene scene;
  Browser browser(scene);
  CHECK(has(browser.get("/a/door?login=ada:no"), "refused user= type="));
  CHECK(browser.cookie.empty());
  browser.get("/a/door?set=cart");
  const std::string before = browser.cookie;
  CHECK(has(browser.get("/a/door?login=ada:pw"), "in user=ada type=FORM admin"));
  CHECK(browser.cookie != before);
  CHECK(has(browser.get("/a/in/admin/x"), "user=ada"));
  CHECK(has(browser.get("/a/door?get"), "a=cart"));
}

TEST_CASE("login(): on a loop it is an error, and nobody is logged in") {
  const Scene scene;
  Browser browser(scene);
  CHECK(status(browser.get("/a/door-on-loop?login=ada:pw")) == 500);
  CHECK(has(browser.get("/a/door-on-loop"), "user= "));
}

TEST_CASE("logout(): of FORM and of login(), with the session's sockets") {
  const Scene scene("landingPage='/home'");
  Browser browser(scene);
  for (const char* how : {"form", "login"}) {
    CAPTURE(how);
    if (std::string(how) == "form")
      browser.log_in();
    else
      browser.get("/a/door?login=ada:pw");
    tests::FrameClient socket(scene.port, "/a/in/socket", "Cookie: " + browser.cookie + "\r\n");
    REQUIRE(socket.is_open());
    CHECK(has(browser.get("/a/door-on-loop?set=kept&logout"), "user= type="));
    const auto last = socket.frame();
    REQUIRE(last.has_value());
    CHECK(last->payload.substr(0, 2) == "\x03\xf0");  // 1008
    CHECK(browser.sent_to(browser.get("/a/in/x")) == "/a/login");
    CHECK(has(browser.get("/a/door?get"), "a=kept"));
  }
}

TEST_CASE("logout(): the end of the session is one, too") {
  const Scene scene("landingPage='/home'");
  Browser browser(scene);
  browser.log_in();
  browser.get("/a/door?end");
  CHECK(browser.sent_to(browser.get("/a/in/x")) == "/a/login");
}

TEST_CASE("authenticate(): the endpoint asks for a user where no constraint does") {
  const Scene scene;
  Browser browser(scene);
  CHECK(browser.sent_to(browser.get("/a/door?ask")) == "/a/login");
  CHECK(browser.sent_to(browser.log_in()) == "/a/door?ask");
  CHECK(has(browser.get("/a/door?ask"), "user=ada type=FORM"));
}

TEST_CASE("authenticate() and login() with BASIC") {
  const Scene scene("", kMemory, "");
  auto& server = const_cast<RunningServer&>(scene.server);
  scene.write_application("<LoginConfig authMethod='BASIC' realmName='B'/>");
  server.log.await("mapping 2 is in use");
  Browser browser(scene);
  CHECK(tests::eventually([&] {
    return field(browser.get("/a/door?ask"), "WWW-Authenticate") ==
           "Basic realm=\"B\", charset=\"UTF-8\"";
  }));
  CHECK(has(browser.ask("GET /a/door?ask", "Authorization: Basic YWRhOnB3\r\n"),
            "user=ada type=BASIC admin"));
  CHECK(status(browser.ask("GET /a/door?ask", "Authorization: Basic YWRhOm5v\r\n")) == 401);
  browser.get("/a/door?login=bob:pw:2");
  CHECK(has(browser.get("/a/in/x"), "user=bob type=BASIC"));
  browser.get("/a/door?logout");
  CHECK(status(browser.get("/a/in/x")) == 401);
}

TEST_CASE("FORM: what cannot work is refused with its place") {
  const auto trouble = [](const std::string& security) {
    RunningServer server;
    server.write("apps/a/app.xml", "<Application>\n" + security + "</Application>");
    server.write("server.xml",
                 "<Server><Service><Connector address='127.0.0.1' port='" +
                     std::to_string(free_port()) +
                     "'/><Engine><Host name='localhost' appBase='apps'/></Engine></Service>"
                     "</Server>");
    server.start();
    return server.log.all();
  };
  CHECK(has(trouble("<LoginConfig authMethod='FORM' errorPage='/x'/>"),
            "app.xml:2:1: error: <LoginConfig authMethod=\"FORM\"> needs 'loginPage'"));
  CHECK(has(trouble("<LoginConfig authMethod='FORM' loginPage='/x'/>"), "needs 'errorPage'"));
  CHECK(has(trouble("<LoginConfig authMethod='FORM' loginPage='x' errorPage='/x'/>"),
            "app.xml:2:43: error: attribute 'loginPage': 'x' is no path"));
  CHECK(has(trouble("<LoginConfig authMethod='BASIC' loginPage='/x'/>"),
            "attribute 'loginPage' is for authMethod=\"FORM\" only"));
  CHECK(has(trouble("<LoginConfig authMethod='FORM' loginPage='/x' errorPage='/x'/>"
                    "<Manager cookies='false'/>"),
            "needs sessions"));
  CHECK(has(trouble("<LoginConfig authMethod='FORM' loginPage='/x' errorPage='/x' "
                    "maxSavePostSize='2MiB'/>"),
            "more than 1 MiB"));
  CHECK(has(trouble("<LoginConfig authMethod='FORM' loginPage='/x' errorPage='/x' "
                    "authenticationSessionTimeout='0'/>"),
            "within a second"));
  CHECK(has(trouble("<LoginConfig authMethod='FORM' loginPage='/x' errorPage='/x'/>"),
            "needs a <Realm>"));
}
