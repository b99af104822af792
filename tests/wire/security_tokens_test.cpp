// BEARER over real sockets: where tokens may stand, and that what refuses one says little.
#include <doctest/doctest.h>

#include "tests/support/answer_text.h"
#include "tests/support/frame_client.h"
#include "tests/support/running_server.h"
#include "tests/support/tokens.h"

using tests::Client;
using tests::free_port;
using tests::hs256;
using tests::RunningServer;
using tests::status;

namespace {

const std::string kSecret = "0123456789abcdef0123456789abcdef";

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

std::string claims(std::int64_t from_now, const std::string& more = "") {
  return R"({"sub":"ada","aud":"shop","roles":["admin"],"exp":)" +
         std::to_string(tests::unix_seconds() + from_now) + more + "}";
}

struct Tokens {
  explicit Tokens(const std::string& bearer = "secretFile='secret'", const std::string& more = "") {
    const char* plugins = std::getenv("MARGAY_TEST_PLUGINS");
    REQUIRE(plugins != nullptr);
    server.plugin("echo.so", "apps/a/lib/echo.so");
    std::filesystem::copy_file(std::filesystem::path(plugins) / "guarded.so",
                               server.folder / "apps/a/lib/guarded.so");
    server.write("apps/a/secret", kSecret + "\n");
    server.write("server.xml",
                 "<Server><Service><Connector address='127.0.0.1' port='" + std::to_string(port) +
                     "'/><Engine><Host name='localhost'><AccessLog pattern='%r %q' "
                     "rotatable='false' buffered='false'/></Host></Engine></Service></Server>");
    server.write("apps/a/app.xml",
                 "<Application><Library file='lib/guarded.so'/><Library file='lib/echo.so'/>"
                 "<Endpoint type='me_on_loop' path='/*'/><WebSocket type='echo' path='/socket'/>"
                 "<LoginConfig authMethod='BEARER' realmName='Shop'>"
                 "<Bearer audience='shop' cookie='token' queryParameter='access_token' " +
                     bearer +
                     "/></LoginConfig><SecurityConstraint path='/*' roles='**'/>"
                     "<SecurityConstraint path='/admin/*' roles='admin'/>" +
                     more + "</Application>");
    server.log_level(server::LogLevel::trace);
    server.start();
  }
  std::string ask(const std::string& target, const std::string& fields = "") {
    Client client(port);
    client.send("GET " + target + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n" + fields +
                "\r\n");
    return client.rest();
  }
  static std::string bearer(const std::string& token) {
    return "Authorization: Bearer " + token + "\r\n";
  }
  // Whether a handshake is let through.
  int shake(const std::string& target, const std::string& fields = "") {
    Client client(port);
    client.send("GET " + target +
                " HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n" +
                fields + "\r\n");
    return status(client.answer(true));
  }

  RunningServer server;
  std::uint16_t port = free_port();
};

}  // namespace

TEST_CASE("Bearer/JWT: a good token comes in, again and again, with its roles and claims") {
  Tokens at;
  const std::string token = hs256(kSecret, claims(100, R"(,"x":1)"));
  for (int i = 0; i < 3; ++i) {
    const std::string in = at.ask("/a/admin/x", Tokens::bearer(token));
    CHECK(status(in) == 200);
    CHECK(has(in, "user=ada type=BEARER role=admin role=** claims={\"sub\":\"ada\""));
  }
  const std::string none = at.ask("/a/x");
  CHECK(status(none) == 401);
  CHECK(has(none, "WWW-Authenticate: Bearer realm=\"Shop\"\r\n"));
  CHECK_FALSE(has(at.server.log.all(), token.substr(0, 20)));
}

TEST_CASE("Bearer/JWT: bad tokens are refused, in few words") {
  Tokens at;
  const std::string good = hs256(kSecret, claims(100));
  for (const std::string& bad :
       {hs256("another secret, of 32 bytes or so", claims(100)), hs256(kSecret, claims(-100)),
        hs256(kSecret, R"({"sub":"ada","aud":"other","exp":99999999999})"), good + "A",
        good.substr(0, good.rfind('.') + 1),
        tests::token(R"({"alg":"none"})", claims(100), [](const std::string&) { return ""; })}) {
    const std::string answer = at.ask("/a/x", Tokens::bearer(bad));
    CHECK(status(answer) == 401);
    CHECK(has(answer, "WWW-Authenticate: Bearer realm=\"Shop\", error=\"invalid_token\"\r\n"));
    CHECK_FALSE(has(at.server.log.all(), bad.substr(0, 20)));
  }
  CHECK(status(at.ask("/a/x", Tokens::bearer(good) + Tokens::bearer(good))) == 401);
}

TEST_CASE("Bearer/JWT: one whose roles do not suffice hears 403 insufficient_scope") {
  Tokens at;
  const std::string token = hs256(kSecret, R"({"sub":"ada","aud":"shop","roles":["staff"],"exp":)" +
                                               std::to_string(tests::unix_seconds() + 100) + "}");
  CHECK(status(at.ask("/a/x", Tokens::bearer(token))) == 200);
  const std::string answer = at.ask("/a/admin/x", Tokens::bearer(token));
  CHECK(status(answer) == 403);
  CHECK(has(answer, "WWW-Authenticate: Bearer realm=\"Shop\", error=\"insufficient_scope\"\r\n"));
}

TEST_CASE("Bearer/JWT: from a cookie, and from the query in handshakes alone") {
  Tokens at("secretFile='secret'", "<SecurityConstraint path='/open'/>");
  const std::string token = hs256(kSecret, claims(100));
  CHECK(status(at.ask("/a/x", "Cookie: a=b; token=" + token + "\r\n")) == 200);
  CHECK(status(at.ask("/a/x", "Cookie: nottoken=" + token + "\r\n")) == 401);
  CHECK(status(at.ask("/a/x?access_token=" + token)) == 401);
  CHECK(at.shake("/a/socket?x=1&access_token=" + token) == 101);
  CHECK(at.shake("/a/socket?xaccess_token=" + token) == 401);
  CHECK(at.shake("/a/socket", Tokens::bearer(token)) == 101);
  CHECK(at.shake("/a/socket") == 401);
  CHECK(at.shake("/a/socket?access_token=" + token, "Authorization: Basic eDp5\r\n") == 401);
  CHECK(at.shake("/a/socket?access_token=" + token + "&access_token=" + token + "&y=2") == 101);
  // Also where nobody asked for it, and where there is no application.
  CHECK(status(at.ask("/a/open?access_token=" + token)) == 200);
  CHECK(status(at.ask("/nowhere?access_token=" + token)) == 404);
  CHECK(status(at.ask("/%zz?access_token=" + token)) == 400);
  at.server.stop();
  const std::string log = at.server.read("logs/access_log");
  CHECK(has(log, "/a/socket?access_token=****&access_token=****&y=2"));
  CHECK(has(log, "/a/open?access_token=****"));
  CHECK(has(log, "/nowhere?access_token=****"));
  CHECK(has(log, "/%zz?access_token=****"));
  CHECK_FALSE(has(log, "?access_token=" + token));
  CHECK_FALSE(has(log, "&access_token=" + token));
}

TEST_CASE("Bearer/JWT: a WebSocket whose token ends is closed with 1008") {
  Tokens at("secretFile='secret' leeway='0'");
  Client client(at.port);
  client.send(
      "GET /a/socket HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n"
      "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n" +
      Tokens::bearer(hs256(kSecret, claims(2))) + "\r\n");
  CHECK(status(client.answer(true)) == 101);
  while (client.buffer().size() < 4 && client.receive(std::chrono::seconds(20))) {
  }
  const std::string frame = client.buffer();
  REQUIRE(frame.size() >= 4);
  CHECK(frame[0] == static_cast<char>(0x88));
  CHECK(frame.substr(2, 2) == std::string("\x03\xf0", 2));
}

TEST_CASE("Bearer/JWT: a message with a newer token puts the end of its WebSocket off") {
  Tokens at("secretFile='secret' leeway='0' requireExpiry='false'",
            "<WebSocket type='renewed' path='/renewed'/>"
            "<SecurityConstraint path='/open/*'/>"
            "<WebSocket name='open' type='renewed' path='/open/renewed'/>");
  tests::FrameClient socket(at.port, "/a/renewed", Tokens::bearer(hs256(kSecret, claims(100))));
  REQUIRE(socket.is_open());
  const auto say = [&](const std::string& token) {
    socket.text(token);
    return socket.next();
  };
  SUBCASE("later, never, or sooner, as it says") {
    const std::int64_t end = tests::unix_seconds() + 5000;
    const std::string begin = R"({"sub":"ada","aud":"shop","roles":["staff","admin"])";
    CHECK(say(hs256(kSecret, begin + R"(,"exp":)" + std::to_string(end) + "}")) ==
          std::to_string(end));
    CHECK(say(hs256(kSecret, begin + "}")) == "0");
    CHECK(say(hs256(kSecret, claims(2))) != "refused");
    CHECK(socket.next().starts_with("<close 1008"));
  }
  SUBCASE("but not one that is not good, of somebody else, or with less rights") {
    const auto of = [](const std::string& user, const std::string& roles) {
      return R"({"sub":")" + user + R"(","aud":"shop","roles":[)" + roles + R"(],"exp":)" +
             std::to_string(tests::unix_seconds() + 100) + "}";
    };
    const std::string good = hs256(kSecret, of("ada", R"("admin")"));
    CHECK(say(good) != "refused");
    for (const std::string& bad :
         {std::string("?"), good + "A", hs256(kSecret, claims(-1)),
          hs256("another secret, of 32 bytes or so", of("ada", R"("admin")")),
          hs256(kSecret, of("bob", R"("admin")")), hs256(kSecret, of("ada", R"("staff")")),
          hs256(kSecret, of("ada", ""))}) {
      CAPTURE(bad);
      CHECK(say(bad) == "refused");
    }
    CHECK(say(good) != "refused");
    CHECK_FALSE(has(at.server.log.all(), good.substr(0, 20)));
  }
  SUBCASE("nor for a socket that came without one") {
    tests::FrameClient without(at.port, "/a/open/renewed");
    REQUIRE(without.is_open());
    without.text(hs256(kSecret, claims(100)));
    CHECK(without.next() == "refused");
  }
}

TEST_CASE("Bearer/JWT: a key set is read again when it changes, and what it knew is forgotten") {
  RunningServer other;
  const tests::SigningKey first = tests::SigningKey::curve(), second = tests::SigningKey::curve();
  const auto set = [](const tests::SigningKey& key, const char* id) {
    return std::string(R"({"keys":[{"kty":"EC","crv":"P-256","kid":")") + id + R"(","x":")" +
           key.member("x") + R"(","y":")" + key.member("y") + "\"}]}";
  };
  const auto signed_by = [&](const tests::SigningKey& key, const char* id) {
    return tests::token(std::string(R"({"alg":"ES256","kid":")") + id + "\"}", claims(100),
                        [&](const std::string& both) { return key.sign(both, EVP_sha256()); });
  };
  other.write("keys.json", set(first, "1"));
  Tokens at("jwksFile='" + (other.folder / "keys.json").string() + "'");
  const std::string token = signed_by(first, "1");
  CHECK(status(at.ask("/a/x", Tokens::bearer(token))) == 200);
  CHECK(status(at.ask("/a/x", Tokens::bearer(signed_by(second, "2")))) == 401);
  other.write("keys.json", set(second, "2"));
  at.server.log.await("the keys of tokens were read again");
  CHECK(status(at.ask("/a/x", Tokens::bearer(signed_by(second, "2")))) == 200);
  CHECK(status(at.ask("/a/x", Tokens::bearer(token))) == 401);
}
