// HTTP sessions through the whole server: cookies, limits, turns, listeners, sockets, restarts.
#include <doctest/doctest.h>

#include <cstdlib>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "tests/support/certificates.h"
#include "tests/support/eventually.h"
#include "tests/support/frame_client.h"
#include "tests/support/installation.h"
#include "tests/support/running_server.h"
#include "tests/support/tls_client.h"

using tests::body_of;
using tests::Client;
using tests::RunningServer;

namespace {

// A server with the test plugin "sessions" at /s, whose <Manager> has these attributes.
struct Scene {
  RunningServer server;
  const std::uint16_t port = tests::free_port();

  explicit Scene(const std::string& manager = "", const std::string& engine = "",
                 const std::string& more = "") {
    const char* plugins = std::getenv("MARGAY_TEST_PLUGINS");
    REQUIRE(plugins != nullptr);
    std::filesystem::create_directories(server.folder / "apps/s/lib");
    std::filesystem::copy_file(std::filesystem::path(plugins) / "sessions.so",
                               server.folder / "apps/s/lib/sessions.so");
    server.write("apps/s/app.xml",
                 "<Application><Manager " + manager +
                     "/><Library name='sessions' file='lib/sessions.so'/>"
                     "<Endpoint name='l' type='on-loop' path='/l'>"
                     "<Parameter name='listens' value='yes'/></Endpoint>"
                     "<Endpoint name='w' type='on-worker' path='/w'/>"
                     "<Endpoint name='slow' type='slow' path='/slow' synchronizeOnSession='true'/>"
                     "<Endpoint name='free' type='slow' path='/free'/>"
                     "<Endpoint name='status' type='status' path='/status'/>"
                     "<Endpoint name='m' type='on-loop' path='/m'/>"
                     "<Filter type='maker' path='/m'/>"
                     "<WebSocket name='q' type='quiet' path='/q'/>"
                     "<WebSocket name='made' type='quiet' path='/made'>"
                     "<Interceptor type='maker'/></WebSocket>"
                     "<WebSocket name='betrayed' type='quiet' path='/betrayed'>"
                     "<Interceptor type='traitor'/></WebSocket></Application>");
    server.write("server.xml",
                 "<Server><Service><Connector address='127.0.0.1' loops='2' port='" +
                     std::to_string(port) + "'/>" + more + "<Engine " + engine +
                     "><Host name='localhost' appBase='apps'/></Engine></Service></Server>");
    server.start();
  }

  std::string ask(const std::string& target, const std::string& cookie = "") const {
    return RunningServer::get(port, "/s" + target, "localhost",
                              cookie.empty() ? "" : "Cookie: " + cookie + "\r\n");
  }
  std::string say(const std::string& target, const std::string& cookie = "") const {
    return body_of(ask(target, cookie));
  }
};

// The value of Set-Cookie; empty: there is none.
std::string set_cookie(const std::string& answer) {
  const auto at = answer.find("Set-Cookie: ");
  return at == answer.npos ? "" : answer.substr(at + 12, answer.find("\r\n", at) - at - 12);
}
std::string cookie_of(const std::string& answer) {
  const std::string whole = set_cookie(answer);
  return whole.substr(0, whole.find(';'));
}
std::string id_of(const std::string& answer) {
  const std::string cookie = cookie_of(answer);
  return cookie.substr(cookie.find('=') + 1);
}

}  // namespace

TEST_CASE("Ids: 32 hexadecimal digits, another one for each session") {
  const Scene scene;
  const std::string one = id_of(scene.ask("/l")), other = id_of(scene.ask("/w"));
  CHECK(one.size() == 32);
  CHECK(one.find_first_not_of("0123456789abcdef") == one.npos);
  CHECK(one != other);
}

TEST_CASE("Ids: sessionIdLength and the jvmRoute behind a dot") {
  const Scene scene("sessionIdLength='20'", "jvmRoute='node-1'");
  const std::string first = scene.ask("/l?set=a:1");
  const std::string id = id_of(first);
  CHECK(id.size() == 40 + 7);
  CHECK(id.ends_with(".node-1"));
  CHECK(scene.say("/l?get=a", "JSESSIONID=" + id) == "1 old " + id.substr(0, 40));
  CHECK(scene.say("/l?get=a", "JSESSIONID=" + id.substr(0, 40) + ".node-2") ==
        "1 old " + id.substr(0, 40));
}

TEST_CASE("Cookie: name, path, HttpOnly and SameSite=Lax by default") {
  const Scene scene;
  const std::string answer = scene.ask("/l");
  CHECK(set_cookie(answer) == "JSESSIONID=" + id_of(answer) + "; Path=/s; HttpOnly; SameSite=Lax");
  CHECK(set_cookie(scene.ask("/l", cookie_of(answer))).empty());
  CHECK(set_cookie(scene.ask("/l?peek")).empty());
}

TEST_CASE("Cookie: sessionCookieName, Path, Domain, useHttpOnly and sameSiteCookies") {
  const Scene scene(
      "sessionCookieName='sid' sessionCookiePath='/' sessionCookieDomain='example.org' "
      "useHttpOnly='false' sameSiteCookies='none' usePartitioned='true'");
  const std::string answer = scene.ask("/l");
  // Browsers refuse SameSite=None and Partitioned of a cookie that is not secure.
  CHECK(set_cookie(answer) == "sid=" + id_of(answer) + "; Path=/; Domain=example.org");
}

TEST_CASE("Cookie: cookies='false' makes a session for one request") {
  const Scene scene("cookies='false'");
  const std::string first = scene.ask("/l?set=a:1");
  CHECK(set_cookie(first).empty());
  const std::string id = body_of(first).substr(8);
  CHECK(scene.say("/l?peek", "JSESSIONID=" + id) == "none");
}

TEST_CASE("Cookie: Secure when the request is secure, and Partitioned with it") {
  tests::Certificates files;
  const tests::Identity own = files.make("localhost");
  const std::uint16_t tls_port = tests::free_port();
  const Scene scene(
      "usePartitioned='true' sameSiteCookies='none'", "",
      "<Connector address='127.0.0.1' SSLEnabled='true' port='" + std::to_string(tls_port) +
          "'><SSLHostConfig><Certificate certificateFile='" + own.certificate_file +
          "' certificateKeyFile='" + own.key_file + "'/></SSLHostConfig></Connector>");
  tests::TlsWishes wishes;
  wishes.server_name = "localhost";
  tests::TlsClient client(tls_port, wishes);
  REQUIRE(client.shake_hands());
  const std::string answer = client.ask("GET /s/l HTTP/1.1\r\nHost: localhost\r\n\r\n");
  CHECK(set_cookie(answer) ==
        "JSESSIONID=" + id_of(answer) + "; Path=/s; Secure; HttpOnly; SameSite=None; Partitioned");
}

TEST_CASE("Cookie parser: bytes 0x80 to 0xFF, cookies without '=', quotes") {
  const Scene scene;
  const std::string session = cookie_of(scene.ask("/l?set=a:1"));
  std::string upper;
  for (int byte = 0x80; byte <= 0xFF; ++byte) upper += static_cast<char>(byte);
  for (const std::string& before :
       {"x=" + upper, std::string("nothing"), std::string("JSESSIONID"), std::string("=v"),
        std::string("x=\"a; y=b\""), std::string("x=a=b"), std::string("; ;,;")}) {
    CAPTURE(before);
    CHECK(scene.say("/l?get=a", before + "; " + session).starts_with("1 old "));
    CHECK(scene.say("/l?get=a", session + ";" + before).starts_with("1 old "));
  }
}

TEST_CASE("Fixation: an id that a client made up is not adopted") {
  const Scene scene;
  const std::string invented = "0123456789abcdef0123456789abcdef";
  const std::string answer = scene.ask("/l", "JSESSIONID=" + invented);
  CHECK(id_of(answer).size() == 32);
  CHECK(id_of(answer) != invented);
  CHECK(scene.say("/l?peek", "JSESSIONID=" + invented) == "none");
}

TEST_CASE("Fixation: the id changes and the old one is worth nothing") {
  const Scene scene;
  const std::string before = cookie_of(scene.ask("/l?set=a:kept"));
  const std::string answer = scene.ask("/w?change", before);
  const std::string after = cookie_of(answer);
  CHECK(body_of(answer).starts_with("changed old "));
  CHECK(after.size() == before.size());
  CHECK(after != before);
  CHECK(scene.say("/l?peek", before) == "none");
  CHECK(scene.say("/l?peek", after) == "there kept");
}

TEST_CASE("Cookie: of several of the name the one with a session counts") {
  const Scene scene;
  const std::string cookie = cookie_of(scene.ask("/l?set=a:1"));
  CHECK(scene.say("/l?peek", "JSESSIONID=other; x; y=z; " + cookie) == "there 1");
}

TEST_CASE("Attributes: kept between loops and workers, typed and as bytes") {
  const Scene scene;
  const std::string cookie = cookie_of(scene.ask("/l?set=a:one&count"));
  CHECK(scene.say("/w?get=a&count", cookie).starts_with("one old "));
  CHECK(scene.say("/w?get=count&json", cookie).starts_with("2 typed old "));
  scene.ask("/w?remove=a", cookie);
  CHECK(scene.say("/l?get=a", cookie).starts_with("none old "));
}

TEST_CASE("Limits: over maxActiveSessions session() fails, which is 503") {
  const Scene scene("maxActiveSessions='2'");
  const std::string first = cookie_of(scene.ask("/l"));
  scene.ask("/w");
  CHECK(scene.ask("/l").starts_with("HTTP/1.1 503 "));
  CHECK(scene.ask("/w").starts_with("HTTP/1.1 503 "));
  CHECK(scene.ask("/l", first).starts_with("HTTP/1.1 200 "));
  scene.ask("/l?end", first);
  CHECK(scene.ask("/l").starts_with("HTTP/1.1 200 "));
}

TEST_CASE("Limits: maxAttributes and maxSessionSize refuse what is more") {
  const Scene scene("maxAttributes='2' maxSessionSize='100'");
  const std::string cookie = cookie_of(scene.ask("/l?set=a:1"));
  CHECK(scene.say("/l?set=b:2", cookie).starts_with("set "));
  CHECK(scene.say("/l?set=c:3", cookie).starts_with("full "));
  CHECK(scene.say("/l?set=b:4&get=b", cookie).starts_with("set 4 "));
  scene.ask("/l?remove=b", cookie);
  CHECK(scene.say("/l?big=95", cookie).starts_with("set "));
  CHECK(scene.say("/l?big=96", cookie).starts_with("full "));
}

TEST_CASE("Commit: a new session behind it is refused") {
  const Scene scene;
  CHECK(scene.say("/l?late") == "too late for a new session: the answer is committed");
}

TEST_CASE("Timeout: a session whose time is over is gone, and listeners hear of it") {
  const Scene scene;
  scene.say("/l?heard");
  const std::string cookie = cookie_of(scene.ask("/l?set=a:1&age=1"));
  CHECK(scene.say("/l?peek", cookie) == "there 1");
  std::string heard;
  CHECK(tests::eventually([&] {
    heard += scene.say("/l?heard");
    return heard.find("destroyed with 1\n") != heard.npos;
  }));
  CHECK(scene.say("/l?peek", cookie) == "none");
}

TEST_CASE("Timeout: a request that goes on protects its session") {
  const Scene scene("sessionTimeout='1s'");
  const std::string cookie = cookie_of(scene.ask("/l?set=a:1"));
  Client waiting(scene.port);  // synchronizeOnSession uses the session
  waiting.send("GET /s/slow HTTP/1.1\r\nHost: localhost\r\nCookie: " + cookie + "\r\n\r\n");
  const std::string other = cookie_of(scene.ask("/l?set=a:other"));
  std::string heard;
  CHECK(tests::eventually([&] {
    heard += scene.say("/l?heard");
    return heard.find("destroyed with other\n") != heard.npos;
  }));
  CHECK(heard.find("destroyed with 1\n") == heard.npos);
  CHECK(scene.say("/l?peek", cookie) == "there 1");
  CHECK(scene.say("/slow?go") == "1");
  CHECK(body_of(waiting.answer()) == "done");
}

TEST_CASE("status: sessions live, created, expired and rejected") {
  const Scene scene("maxActiveSessions='2'");
  const auto figures = [&] {
    const auto told = nlohmann::json::parse(scene.say("/status"));
    return told["hosts"][0]["applications"][0]["sessions"];
  };
  const std::string cookie = cookie_of(scene.ask("/l"));
  scene.ask("/l?age=1");
  scene.ask("/l");
  CHECK(figures() == nlohmann::json{{"live", 2}, {"created", 2}, {"expired", 0}, {"rejected", 1}});
  CHECK(tests::eventually([&] { return figures()["expired"] == 1; }));
  scene.ask("/l?end", cookie);
  CHECK(figures() == nlohmann::json{{"live", 0}, {"created", 2}, {"expired", 1}, {"rejected", 1}});
}

TEST_CASE("Events: created, attributes, id and end, in their order") {
  const Scene scene;
  scene.say("/l?heard");
  const std::string cookie = cookie_of(scene.ask("/l?set=a:1"));
  scene.ask("/w?set=a:2", cookie);
  scene.ask("/w?remove=a", cookie);
  const std::string fresh = cookie_of(scene.ask("/w?change", cookie));
  CHECK(scene.say("/w?end", fresh).ends_with(" ended"));
  CHECK(
      scene.say("/l?heard") ==
      "created\nadded a=1\nreplaced a=2 was 1\nremoved a=2\nid-changed\ndestroyed with nothing\n");
}

TEST_CASE("Persistence: sessions outlive a reload of their application") {
  Scene scene;
  const std::string cookie = cookie_of(scene.ask("/l?set=a:kept"));
  std::string manifest = scene.server.read("apps/s/app.xml");
  manifest.insert(manifest.rfind("</Application>"), "<Parameter name='new' value='1'/>");
  scene.server.write("apps/s/app.xml", manifest);
  scene.server.log.await("application /s deployed");
  scene.server.log.await("application /s deployed");
  CHECK(scene.say("/l?peek", cookie) == "there kept");
}

TEST_CASE("Turns: requests of one session run one after another, those of others do not wait") {
  const Scene scene;
  const std::string cookie = cookie_of(scene.ask("/l"));
  const std::string request =
      "GET /s/slow HTTP/1.1\r\nHost: localhost\r\nCookie: " + cookie + "\r\n\r\n";
  Client first(scene.port), second(scene.port);
  first.send(request);
  second.send(request);
  // Each time there is one and not two, since the other waits outside.
  for (int i = 0; i < 2; ++i) {
    std::string held;
    CHECK(tests::eventually([&] { return (held = scene.say("/slow?go")) != "0"; }));
    CHECK(held == "1");
  }
  CHECK(body_of(first.answer()) == "done");
  CHECK(body_of(second.answer()) == "done");
  Client stranger(scene.port), own(scene.port);  // /free does not synchronize
  own.send("GET /s/free HTTP/1.1\r\nHost: localhost\r\nCookie: " + cookie + "\r\n\r\n");
  stranger.send("GET /s/free HTTP/1.1\r\nHost: localhost\r\nCookie: " + cookie + "\r\n\r\n");
  std::size_t done = 0;
  CHECK(tests::eventually([&] { return (done += std::stoul(scene.say("/free?go"))) == 2; }));
}

TEST_CASE("Turns: over maxWaiting requests are answered 503, and an aborted holder passes its on") {
  const Scene scene("maxWaiting='1'");
  const std::string cookie = cookie_of(scene.ask("/l"));
  const std::string request =
      "GET /s/slow HTTP/1.1\r\nHost: localhost\r\nCookie: " + cookie + "\r\n\r\n";
  std::vector<std::unique_ptr<Client>> clients;
  for (int i = 0; i < 3; ++i) {
    clients.push_back(std::make_unique<Client>(scene.port));
    clients.back()->send(request);
  }
  // One has the turn, one waits, one was too many.
  std::string refused;
  CHECK(tests::eventually([&] {
    for (auto& one : clients)
      if (one->receive(std::chrono::milliseconds(1))) refused = one->buffer();
    return !refused.empty();
  }));
  CHECK(refused.starts_with("HTTP/1.1 503 "));
  CHECK(tests::eventually([&] { return scene.say("/slow?go") == "1"; }));
  CHECK(tests::eventually([&] { return scene.say("/slow?go") == "1"; }));
}

TEST_CASE("Turns: who waits too long is answered by the page for that, and the next one goes on") {
  const std::uint16_t hasty = tests::free_port();
  const Scene scene(
      "maxWaiting='4'/><ErrorPage status='503' location='/l'", "",
      "<Connector address='127.0.0.1' asyncTimeout='200ms' port='" + std::to_string(hasty) + "'/>");
  const std::string cookie = cookie_of(scene.ask("/l"));
  const std::string fields = "Cookie: " + cookie + "\r\n";
  Client holder(scene.port);
  holder.send("GET /s/slow HTTP/1.1\r\nHost: localhost\r\n" + fields + "\r\n");
  CHECK(tests::eventually([&] { return scene.say("/slow?held") == "1"; }));
  const std::string late = RunningServer::get(hasty, "/s/slow", "localhost", fields);
  CHECK(late.starts_with("HTTP/1.1 503 "));
  CHECK(late.find("Content-Length: ") != late.npos);
  CAPTURE(late);
  CHECK(body_of(late).starts_with("old "));  // what the page at /l says
  CHECK(scene.say("/slow?go") == "1");
  CHECK(holder.answer().starts_with("HTTP/1.1 200 "));
}

TEST_CASE("Cookie: the path of a context is that which browsers send") {
  RunningServer server;
  const std::uint16_t port = tests::free_port();
  const char* plugins = std::getenv("MARGAY_TEST_PLUGINS");
  REQUIRE(plugins != nullptr);
  std::filesystem::create_directories(server.folder / "apps/gr\xC3\xB6\xC3\x9F e/lib");
  std::filesystem::copy_file(std::filesystem::path(plugins) / "sessions.so",
                             server.folder / "apps/gr\xC3\xB6\xC3\x9F e/lib/sessions.so");
  server.write("apps/gr\xC3\xB6\xC3\x9F e/app.xml",
               "<Application><Library file='lib/sessions.so'/>"
               "<Endpoint type='on-loop' path='/l'/></Application>");
  server.write("server.xml", "<Server><Service><Connector address='127.0.0.1' port='" +
                                 std::to_string(port) +
                                 "'/><Engine><Host name='localhost'/></Engine></Service></Server>");
  server.start();
  CHECK(set_cookie(RunningServer::get(port, "/gr%C3%B6%C3%9F%20e/l"))
            .find("; Path=/gr%C3%B6%C3%9F%20e;") != std::string::npos);
}

TEST_CASE("Sockets: those bound to a session close with 1008 when it ends, also behind a new id") {
  const Scene scene;
  const std::string cookie = cookie_of(scene.ask("/l"));
  tests::FrameClient bound(scene.port, "/s/q", "Cookie: " + cookie + "\r\n");
  tests::FrameClient free(scene.port, "/s/q");
  REQUIRE(bound.is_open());
  REQUIRE(free.is_open());
  bound.text("here");  // its answer shows that the server has it
  REQUIRE(bound.frame().has_value());
  const std::string fresh = cookie_of(scene.ask("/l?change", cookie));
  scene.ask("/l?end", fresh);
  const auto last = bound.frame();
  REQUIRE(last.has_value());
  CHECK(last->payload.substr(0, 2) == "\x03\xf0");  // 1008
  free.text("still here");
  const auto heard = free.frame();
  REQUIRE(heard.has_value());
  CHECK(heard->payload == "still here");
}

TEST_CASE("Sockets: one whose session ends before it is open closes with 1008, too") {
  const Scene scene;
  const std::string cookie = cookie_of(scene.ask("/l"));
  tests::FrameClient bound(scene.port, "/s/betrayed", "Cookie: " + cookie + "\r\n");
  REQUIRE(bound.is_open());
  CHECK(bound.next() == "<close 1008 the session has ended>");
  CHECK(scene.say("/l?peek", cookie) == "none");
  tests::FrameClient anybody(scene.port, "/s/betrayed");
  anybody.text("still here");
  CHECK(anybody.next() == "still here");
}

TEST_CASE("Limits: a filter or an interceptor that makes one too many answers 503") {
  const Scene scene("maxActiveSessions='1'");
  const std::string cookie = cookie_of(scene.ask("/m"));
  CHECK(cookie.size() > 32);
  CHECK(scene.ask("/m", cookie).starts_with("HTTP/1.1 200 "));
  CHECK(scene.ask("/m").starts_with("HTTP/1.1 503 "));
  CHECK(tests::FrameClient(scene.port, "/s/made", "Cookie: " + cookie + "\r\n").is_open());
  CHECK(tests::FrameClient(scene.port, "/s/made").head.starts_with("HTTP/1.1 503 "));
}

TEST_CASE("Turns: a holder whose client has gone passes its turn on when it ends") {
  const Scene scene;
  const std::string cookie = cookie_of(scene.ask("/l"));
  const std::string request =
      "GET /s/slow HTTP/1.1\r\nHost: localhost\r\nCookie: " + cookie + "\r\n\r\n";
  auto holder = std::make_unique<Client>(scene.port);
  holder->send(request);
  Client next(scene.port);
  // Whoever of the two came first: one goes, the other gets its turn.
  next.send(request);
  holder.reset();
  CHECK(tests::eventually([&] {
    scene.say("/slow?go");
    return next.receive(std::chrono::milliseconds(1)) || !next.buffer().empty();
  }));
  CHECK(body_of(next.answer()) == "done");
  // Whoever comes behind both has its turn when they have ended; then nobody is held any more.
  Client third(scene.port);
  third.send(request);
  CHECK(tests::eventually([&] {
    scene.say("/slow?go");
    return third.receive(std::chrono::milliseconds(1)) || !third.buffer().empty();
  }));
  CHECK(body_of(third.answer()) == "done");
}

TEST_CASE("Persistence: sessions outlive a restart, in a file for its owner only") {
  Scene scene("pathname='work/sessions'");
  const std::string cookie = cookie_of(scene.ask("/l?set=a:kept"));
  scene.server.stop();
  const auto file = scene.server.folder / "work/sessions";
  REQUIRE(std::filesystem::exists(file));
  CHECK(std::filesystem::status(file).permissions() ==
        (std::filesystem::perms::owner_read | std::filesystem::perms::owner_write));
  scene.server.start();
  CHECK(scene.say("/l?peek", cookie) == "there kept");
}

TEST_CASE("Persistence: saveOnRestart='false' writes nothing at the end") {
  Scene scene("pathname='work/sessions' saveOnRestart='false'");
  const std::string cookie = cookie_of(scene.ask("/l?set=a:lost"));
  scene.server.stop();
  scene.server.start();
  CHECK(scene.say("/l?peek", cookie) == "none");
}

TEST_CASE("Persistence: limits hold for what a file has, and those used last have the places") {
  Scene scene("pathname='work/sessions'");
  std::vector<std::string> cookies;
  for (int i = 0; i < 4; ++i) cookies.push_back(cookie_of(scene.ask("/l?set=a:kept")));
  const std::string large = cookie_of(scene.ask("/l?set=a:kept&big=1000"));
  // The clock of the file has milliseconds: the others are older by one at least.
  const auto before = container::milliseconds_since_1970();
  CHECK(tests::eventually([&] { return container::milliseconds_since_1970() > before; }));
  for (const int used : {3, 1}) scene.ask("/l?get=a", cookies[static_cast<std::size_t>(used)]);
  scene.server.stop();
  std::string manifest = scene.server.read("apps/s/app.xml");
  manifest.insert(manifest.find("<Manager ") + 9, "maxActiveSessions='2' maxSessionSize='500' ");
  scene.server.write("apps/s/app.xml", manifest);
  scene.server.start();
  CHECK(scene.server.log.await("1 sessions hold more than maxAttributes or maxSessionSize"));
  CHECK(scene.server.log.await("2 sessions are over maxActiveSessions"));
  std::string there;
  for (const std::string& cookie : cookies) there += scene.say("/l?peek", cookie) + " ";
  CHECK(there == "none there kept none there kept ");
  CHECK(scene.say("/l?peek", large) == "none");
  CHECK(scene.ask("/l").starts_with("HTTP/1.1 503 "));
}

TEST_CASE("Persistence: a torn file gives what is whole, and the log names the offset") {
  Scene scene("pathname='work/sessions'");
  const std::string cookie = cookie_of(scene.ask("/l?set=a:kept"));
  scene.server.stop();
  const std::string whole = scene.server.read("work/sessions");
  scene.server.write("work/sessions", whole + whole.substr(18, 20));
  scene.server.start();
  CHECK(scene.server.log.await("offset " + std::to_string(whole.size()) + ": the record is cut"));
  CHECK(scene.say("/l?peek", cookie) == "there kept");
}

TEST_CASE("Persistence: kill -9 between two writes loses nothing older than the last") {
  tests::Installation its;
  const std::filesystem::path plugins = tests::environment("MARGAY_TEST_PLUGINS");
  its.application("s",
                  "<Application><Manager pathname='work/sessions' saveInterval='100ms'/>"
                  "<Library name='sessions' file='lib/sessions.so'/>"
                  "<Endpoint name='l' type='on-loop' path='/l'/></Application>",
                  {plugins / "sessions.so"});
  its.start();
  const auto file = its.base() / "work/sessions";
  const auto written = [&] {
    std::ostringstream bytes;
    bytes << std::ifstream(file, std::ios::binary).rdbuf();
    return bytes.str();
  };
  std::vector<std::string> cookies;
  const auto make = [&](int count) {
    for (int i = 0; i < count; ++i) cookies.push_back(cookie_of(its.get("/s/l?set=a:kept")));
  };
  make(100);
  const std::string last = cookies.back().substr(cookies.back().find('=') + 1);
  CHECK(tests::eventually([&] { return written().find(last) != std::string::npos; }));
  const std::size_t older = cookies.size();
  // Until the file changes again: then a write has just been completed, or the next goes on.
  const std::string before = written();
  do make(5);
  while (written() == before);
  its.server().signal(SIGKILL);
  its.server().join();
  const std::string kept = written();
  its.start();
  for (std::size_t i = 0; i < cookies.size(); ++i) {
    CAPTURE(i);
    const bool is_kept = kept.find(cookies[i].substr(cookies[i].find('=') + 1)) != kept.npos;
    if (i < older) CHECK(is_kept);
    CHECK(body_of(its.get("/s/l?peek", "Cookie: " + cookies[i] + "\r\n")) ==
          (is_kept ? "there kept" : "none"));
  }
}
