// WebSocket handshakes through connector, engine and chain, up to the 101 that a stand-in sends.
#include <doctest/doctest.h>

#include <future>
#include <vector>

#include "container/assembly.h"
#include "container/config/read_config.h"
#include "container/engine.h"
#include "container/starts.h"
#include "server/connector.h"
#include "server/upgrade.h"
#include "tests/support/client.h"
#include "tests/support/installation.h"
#include "tests/support/websocket_tables.h"

using namespace container;
using tests::body_of;
using tests::Client;
using tests::eventually;
using tests::held;
using tests::notes;

namespace {

constexpr const char* kGood =
    "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";

// Sends the 101 and ends the connection behind it.
class Opener final : public Acceptor {
 public:
  void open(Handshake& handshake) override {
    opened += 1;
    subprotocol = handshake.subprotocol();
    extensions = handshake.extensions();
    deflate = handshake.deflate().has_value();
    void* const peer = handshake.take_peer();
    places.push_back(handshake.take_place());
    handshake.invocation().exchange().upgrade(std::make_unique<Token>());
    notes().add(peer == nullptr ? "open" : "open-with-peer");
  }

  std::atomic<int> opened{0};
  std::string subprotocol, extensions;
  bool deflate = false;
  std::vector<SessionPlace> places;

 private:
  struct Token final : server::UpgradeToken {
    std::unique_ptr<server::Protocol> install(server::Connection&) override { return nullptr; }
    const char* protocol_name() const override { return "nothing"; }
  };
};

class Lines final : public server::LogSink {
 public:
  void write(const server::LogLine& line) override {
    const std::scoped_lock lock(mutex_);
    text_ += std::string(line.message) + "\n";
  }
  std::string all() const {
    const std::scoped_lock lock(mutex_);
    return text_;
  }

 private:
  mutable std::mutex mutex_;  // guards text_
  std::string text_;
};

// A server with one application at /shop.
struct Shop {
  explicit Shop(const std::string& children, EntranceRules rules = {}, int async_timeout = 30'000)
      : workers({.max_threads = 4, .min_spare_threads = 2}), loop(0) {
    notes().take();
    loop.start();
    engine = std::make_unique<Engine>(std::vector<server::Loop*>{&loop});
    engine->use_acceptor(opener);
    entrance = std::make_unique<Entrance>(std::move(rules), *engine, workers, 1);
    engine->publish(mapping(children));
    server::ConnectorOptions options;
    options.address = "127.0.0.1";
    options.port = 0;
    options.http1.exchange.async_timeout = std::chrono::milliseconds(async_timeout);
    connector =
        std::make_unique<server::Connector>(options, std::vector<server::Loop*>{&loop}, *entrance);
    connector->listen();
  }
  ~Shop() {
    connector->close();
    connector.reset();
    opener.places.clear();  // before the application they belong to
    engine->publish(std::make_shared<const Mapping>());
    CHECK(eventually([&] { return engine->reap() == 0; }));
  }

  std::shared_ptr<const Mapping> mapping(const std::string& children) {
    std::vector<Diagnostic> warnings;
    const ApplicationConfig config =
        parse_application_config("<Application>" + children + "</Application>", "a", {}, warnings);
    const Types::BuiltIn built_in{Plugin::built_in(tests::websocket_tables().plugin)};
    const auto application = std::make_shared<Application>();
    application->context_path = "/shop";
    container::StartStep step;
    assemble(config, *application, {.built_in = built_in, .log = logs.log("app")}, step);
    auto made = std::make_shared<Mapping>();
    HostMapping host{.name = "localhost"};
    host.applications.push_back(application);
    host.contexts = *ContextTable::build(std::vector<ContextEntry>{{"/shop", 0}});
    made->entries.push_back(std::move(host));
    made->hosts = *HostTable::build({}, 0);
    return made;
  }

  std::string ask(const std::string& target, const std::string& fields = kGood,
                  const std::string& method = "GET", const std::string& version = "HTTP/1.1") {
    Client client(connector->port());
    client.send(method + " " + target + " " + version + "\r\nHost: shop.example\r\n" + fields +
                "\r\n");
    return client.answer();
  }

  Lines lines;
  server::Logs logs{lines};
  Opener opener;
  server::Workers workers;
  server::Loop loop;
  std::unique_ptr<Engine> engine;
  std::unique_ptr<Entrance> entrance;
  std::unique_ptr<server::Connector> connector;
};

int status_of(const std::string& answer) {
  return answer.size() < 12 ? 0 : std::atoi(answer.c_str() + 9);
}

bool has(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

// kGood without the line that begins so, and with another one.
std::string changed(const std::string& begin, const std::string& line = "") {
  std::string fields = kGood;
  const auto at = fields.find(begin);
  REQUIRE(at != std::string::npos);
  fields.erase(at, fields.find("\r\n", at) + 2 - at);
  return fields + line;
}

const char* const kEcho = R"(<WebSocket type="echo" path="/echo"/>)";

// Lets a hook that waits go on, where the route runs.
void decide(void (*what)(void*, margay_exchange*)) {
  REQUIRE(eventually([] { return notes().has("waiting"); }));
  held().host->resume(held().right, what, nullptr);
}

void go_on(void*, margay_exchange* exchange) {
  if (exchange == nullptr) {
    notes().add("gone");
  } else {
    held().host->proceed(exchange);
  }
  held().host->release(held().right);
}

}  // namespace

TEST_CASE("a good handshake is answered with 101") {
  Shop shop(kEcho);
  const std::string answer = shop.ask("/shop/echo");
  CHECK(answer.starts_with("HTTP/1.1 101 Switching Protocols\r\n"));
  CHECK(has(answer, "\r\nUpgrade: websocket\r\n"));
  CHECK(has(answer, "\r\nConnection: Upgrade\r\n"));
  CHECK(has(answer, "\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"));
  CHECK_FALSE(has(answer, "Sec-WebSocket-Protocol"));
  CHECK_FALSE(has(answer, "Sec-WebSocket-Extensions"));
  CHECK_FALSE(has(answer, "Content-Length"));
  CHECK(notes().take() == "modify peer open-with-peer");
  CHECK(status_of(shop.ask("/shop/echo",
                           "upgrade: h2c, WebSocket\r\nConnection: keep-alive, UPGRADE\r\n"
                           "Sec-WebSocket-Version: 8, 13\r\n"
                           "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n")) == 101);
  CHECK(status_of(shop.ask("/shop/echo", changed("Connection",
                                                 "Connection: keep-alive\r\n"
                                                 "Connection: Upgrade\r\n"))) == 101);
  CHECK(status_of(shop.ask("/shop/echo",
                           changed("Upgrade", "Upgrade: h2c\r\nUpgrade: websocket\r\n"))) == 101);
}

TEST_CASE("what is no handshake is a request like any other") {
  Shop shop(R"(<WebSocket type="echo" path="/echo, /both, /"/>
               <Endpoint type="page" path="/both, /else"/>)");
  CHECK(status_of(shop.ask("/shop/else")) == 200);
  CHECK(body_of(shop.ask("/shop/both", "")) == "page");
  CHECK(status_of(shop.ask("/shop/both")) == 101);
  CHECK(body_of(shop.ask("/shop/both", kGood, "POST")) == "page");
  CHECK(body_of(shop.ask("/shop/both", changed("Upgrade", "Upgrade: h2c\r\n"))) == "page");
  CHECK(status_of(shop.ask("/shop/nothing")) == 404);
  CHECK(status_of(shop.ask("/shop/nothing", "")) == 404);
  CHECK(status_of(shop.ask("/shop/")) == 101);
  CHECK(status_of(shop.ask("/shop")) == 101);  // no redirect, which clients would not follow
  const std::string plain = shop.ask("/shop/echo", "");
  CHECK(status_of(plain) == 426);
  CHECK(has(plain, "\r\nUpgrade: websocket\r\n"));
  CHECK(has(plain, "\r\nConnection: Upgrade\r\n"));
  CHECK(has(plain, "\r\nSec-WebSocket-Version: 13\r\n"));
  CHECK(has(plain, "Only WebSockets connect here."));
  CHECK(has(shop.ask("/shop/echo", "Connection: close\r\n"), "\r\nConnection: close, Upgrade\r\n"));
}

TEST_CASE("a default endpoint does not hide that only WebSockets connect") {
  for (const char* path : {"/", "/*"}) {
    CAPTURE(path);
    Shop shop(R"(<WebSocket type="echo" path="/echo"/><Endpoint type="page" path=")" +
              std::string(path) + R"("/>)");
    CHECK(status_of(shop.ask("/shop/echo", "")) == 426);
    CHECK(status_of(shop.ask("/shop/other", "")) == 200);
    CHECK(status_of(shop.ask("/shop/other")) == 200);
  }
}

TEST_CASE("each fault of a handshake has its status and a sentence") {
  Shop shop(kEcho);
  const auto refused = [&](const std::string& fields, int status, std::string_view sentence) {
    CAPTURE(fields);
    const std::string answer = shop.ask("/shop/echo", fields);
    CHECK(status_of(answer) == status);
    CHECK(has(answer, sentence));
    return answer;
  };
  refused(changed("Connection"), 400, "Connection: Upgrade");
  refused(changed("Connection", "Connection: keep-alive\r\n"), 400, "Connection: Upgrade");
  for (const char* version :
       {"", "Sec-WebSocket-Version: 12\r\n", "Sec-WebSocket-Version: 1 3\r\n"}) {
    const std::string answer =
        refused(changed("Sec-WebSocket-Version", version), 426, "version 13");
    CHECK(has(answer, "\r\nSec-WebSocket-Version: 13\r\n"));
    CHECK(has(answer, "\r\nUpgrade: websocket\r\n"));
  }
  for (const char* key :
       {"", "Sec-WebSocket-Key: \r\n", "Sec-WebSocket-Key: c2hvcnQ=\r\n",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZR==\r\n",  // bits behind the 16 bytes
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=A\r\n",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQAA\r\n",
        "Sec-WebSocket-Key: dGhl-HNhbXBsZSBub25jZQ==\r\n",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Key: "
        "dGhlIHNhbXBsZSBub25jZQ==\r\n"})
    refused(changed("Sec-WebSocket-Key", key), 400, "Sec-WebSocket-Key");
  refused(std::string(kGood) + "Transfer-Encoding: chunked\r\n\r\n0\r\n", 400, "a body");
  CHECK(status_of(shop.ask("/shop/echo", kGood, "GET", "HTTP/1.0")) == 400);
  CHECK(notes().take() == "");
  CHECK(shop.opener.opened == 0);
}

TEST_CASE("pages of other origins are refused, and the log says who and why") {
  Shop shop(R"(<WebSocket type="echo" path="/echo"/>
    <WebSocket name="list" type="echo" path="/list" origins="https://a.example:8443"/>
    <WebSocket name="all" type="echo" path="/all" origins="*"/>
    <WebSocket type="choosy" path="/asked"/>)");
  const auto status = [&](const std::string& target, const std::string& origin) {
    return status_of(shop.ask(target, std::string(kGood) + "Origin: " + origin + "\r\n"));
  };
  CHECK(status("/shop/echo", "http://shop.example") == 101);
  CHECK(status("/shop/echo", "http://SHOP.example:80") == 101);
  CHECK(status("/shop/echo", "https://shop.example") == 403);
  CHECK(
      has(shop.lines.all(),
          "/shop: echo: a page of 'https://shop.example' was refused; allowed is same-origin, and "
          "here is http://shop.example:80"));
  CHECK(status("/shop/echo", "http://shop.example:8080") == 403);
  CHECK(status("/shop/echo", "null") == 403);
  CHECK(status("/shop/echo", "") == 403);
  CHECK(status("/shop/echo", "http://shop.example\r\nOrigin: http://shop.example") == 403);
  CHECK(status("/shop/list", "https://a.example:8443") == 101);
  CHECK(status("/shop/list", "http://shop.example") == 403);
  CHECK(status("/shop/all", "null") == 101);
  notes().take();
  CHECK(status("/shop/asked?origin=close", "http://shop.example") == 403);
  CHECK(notes().take() == "[http://shop.example] origin");
  CHECK(status("/shop/asked", "https://anybody.example") == 101);
  CHECK(status_of(shop.ask("/shop/asked?origin=close")) == 403);  // asked without one as well
}

TEST_CASE("the same origin is what clients see, also behind a proxy") {
  Shop shop(kEcho, {.scheme = "https", .proxy_name = "www.example", .proxy_port = 8443});
  const std::string origin = "Origin: https://www.example:8443\r\n";
  CHECK(status_of(shop.ask("/shop/echo", kGood + origin)) == 101);
  CHECK(status_of(shop.ask("/shop/echo", std::string(kGood) + "Origin: http://shop.example\r\n")) ==
        403);
}

TEST_CASE("the first subprotocol of the client that is spoken here is chosen") {
  Shop shop(R"(<WebSocket type="echo" path="/echo"/>
    <WebSocket name="must" type="echo" path="/must" requireSubprotocol="true"/>
    <WebSocket type="choosy" path="/asked"/>)");
  const auto with = [&](const std::string& target, const std::string& protocols) {
    return shop.ask(target, kGood + protocols);
  };
  CHECK(has(with("/shop/echo", "Sec-WebSocket-Protocol: x, v1\r\nSec-WebSocket-Protocol: v2\r\n"),
            "\r\nSec-WebSocket-Protocol: v1\r\n"));
  CHECK(shop.opener.subprotocol == "v1");
  const std::string none = with("/shop/echo", "Sec-WebSocket-Protocol: V1, x\r\n");
  CHECK(status_of(none) == 101);
  CHECK_FALSE(has(none, "Sec-WebSocket-Protocol"));
  CHECK(status_of(with("/shop/echo", "Sec-WebSocket-Protocol: a b\r\n")) == 400);
  CHECK(status_of(with("/shop/must", "Sec-WebSocket-Protocol: v2\r\n")) == 101);
  const std::string refused = with("/shop/must", "Sec-WebSocket-Protocol: x\r\n");
  CHECK(status_of(refused) == 400);
  CHECK(has(refused, "one of the subprotocols it speaks: v2 v1"));
  CHECK(status_of(with("/shop/must", "")) == 400);
  CHECK(has(with("/shop/asked?protocol=last", "Sec-WebSocket-Protocol: v1, bearer, x\r\n"),
            "\r\nSec-WebSocket-Protocol: x\r\n"));
  CHECK_FALSE(has(with("/shop/asked", "Sec-WebSocket-Protocol: x\r\n"), "Sec-WebSocket-Protocol"));
  CHECK(status_of(with("/shop/asked?protocol=beyond", "Sec-WebSocket-Protocol: x\r\n")) == 500);
  CHECK(has(shop.lines.all(), "select_subprotocol chose number 1 of 1"));
}

TEST_CASE("extensions that are not known are left out, and the type sees every offer") {
  Shop shop(R"(<WebSocket type="choosy" path="/asked"/>)");
  const std::string answer =
      shop.ask("/shop/asked", std::string(kGood) +
                                  "Sec-WebSocket-Extensions: foo; a=\"1,2\", bar\r\n"
                                  "Sec-WebSocket-Extensions: baz\r\n");
  CHECK(status_of(answer) == 101);
  CHECK_FALSE(has(answer, "Sec-WebSocket-Extensions"));
  CHECK(has(notes().take(), R"(extensions:3 {foo; a="1,2"} {bar} {baz} modify)"));
}

TEST_CASE("compression is agreed on where the configuration, the type and the client want it") {
  Shop shop(R"(<WebSocket type="choosy" path="/pooled" compression="pooled"/>
    <WebSocket name="own" type="choosy" path="/own" compression="dedicated" serverMaxWindowBits="10"/>
    <WebSocket name="off" type="choosy" path="/off"/>)");
  const auto extensions = [&](const std::string& target, const std::string& offers) {
    const std::string answer = shop.ask(target, kGood + offers);
    CHECK(status_of(answer) == 101);
    CHECK(shop.opener.deflate == !shop.opener.extensions.empty());
    CHECK(has(answer, "\r\nSec-WebSocket-Extensions: ") == shop.opener.deflate);
    return shop.opener.extensions;
  };
  const std::string deflate = "Sec-WebSocket-Extensions: permessage-deflate\r\n";
  CHECK(extensions("/shop/pooled", deflate) ==
        "permessage-deflate; server_no_context_takeover; client_no_context_takeover");
  CHECK(extensions("/shop/own", deflate) == "permessage-deflate; server_max_window_bits=10");
  CHECK(extensions("/shop/off", deflate).empty());
  CHECK(extensions("/shop/pooled?extensions=none", deflate).empty());
  CHECK(extensions("/shop/own", "Sec-WebSocket-Extensions: permessage-deflate; what=ever\r\n" +
                                    deflate) == "permessage-deflate; server_max_window_bits=10");
  CHECK(extensions("/shop/own", "Sec-WebSocket-Extensions: permessage-deflate; =, \"\r\n").empty());
}

TEST_CASE("the type may refuse in its hooks, with or without a word") {
  Shop shop(kEcho);
  const auto ask = [&](const std::string& query) { return shop.ask("/shop/echo?" + query); };
  CHECK(status_of(ask("modify=close")) == 403);
  CHECK(status_of(ask("modify=fail")) == 500);
  CHECK(status_of(ask("modify=error")) == 402);
  const std::string answer = ask("modify=answer");
  CHECK(status_of(answer) == 401);
  CHECK(has(answer, "\r\nWWW-Authenticate: Basic\r\n"));
  CHECK(body_of(answer) == "who are you");
  CHECK(has(ask("modify=ok"), "\r\nX-Modified: yes\r\n"));
  notes().take();
  CHECK(status_of(ask("peer=fail")) == 503);
  CHECK(notes().take() == "modify peer end_peer");  // one was made before it failed
  CHECK(status_of(ask("peer=close&made=none")) == 503);
  CHECK(notes().take() == "modify peer");
  CHECK(status_of(ask("peer=answer")) == 401);
  CHECK(notes().take() == "modify peer end_peer");
  CHECK(status_of(ask("made=none")) == 101);
  CHECK(notes().take() == "modify peer open");
}

TEST_CASE("interceptors stand around the handshake, in order and back") {
  Shop shop(R"(<WebSocket type="echo" path="/echo">
    <Interceptor name="one" type="guard"/><Interceptor name="two" type="guard"/>
    <Interceptor name="three" type="guard"/></WebSocket>)");
  const auto ask = [&](const std::string& query) {
    const std::string answer = shop.ask("/shop/echo?" + query);
    return std::to_string(status_of(answer)) + " " + notes().take();
  };
  CHECK(ask("") == "101 one two three modify peer open-with-peer after-three after-two after-one");
  CHECK(ask("two=close") == "403 one two after-one(The handshake was refused.)");
  CHECK(ask("one=answer") == "401 one");
  CHECK(ask("three=answer") ==
        "401 one two three after-two(refused with status 401) after-one(refused with status 401)");
  CHECK(ask("two=error") == "402 one two after-one(refused with status 402)");
  CHECK(ask("two=fail") == "500 one two after-one(A hook of the handshake has failed.)");
  CHECK(has(ask("peer=close"),
            "503 one two three modify peer after-three(This WebSocket cannot take "
            "the session.) after-two("));
  const std::string refused =
      shop.ask("/shop/echo", std::string(kGood) + "Origin: https://a.example\r\n");
  CHECK(status_of(refused) == 403);
  CHECK(notes().take() == "");  // refused before any interceptor
}

TEST_CASE("concurrency: a hook may decide later, on the loop and on workers") {
  for (const char* type : {"guard", "slow"}) {
    CAPTURE(type);
    Shop shop(std::string(R"(<WebSocket type="echo" path="/echo">
      <Interceptor name="one" type=")") +
              type + R"("/><Interceptor name="two" type="guard"/>
      </WebSocket><WebSocket type="choosy" path="/asked"/>)");
    const auto later = [&](const std::string& target, void (*what)(void*, margay_exchange*)) {
      auto answer = std::async(std::launch::async, [&] { return shop.ask(target); });
      decide(what);
      const std::string text = answer.get();
      return std::to_string(status_of(text)) + " " + notes().take();
    };
    CHECK(later("/shop/echo?one=wait", go_on) ==
          "101 one waiting two modify peer open-with-peer after-two after-one");
    CHECK(later("/shop/echo?two=wait", go_on) ==
          "101 one two waiting modify peer open-with-peer after-two after-one");
    CHECK(later("/shop/echo?modify=wait", go_on) ==
          "101 one two modify waiting peer open-with-peer after-two after-one");
    CHECK(later("/shop/asked?origin=wait", go_on) ==
          "101 [] origin waiting modify peer open-with-peer");
    const auto refuse = [](void*, margay_exchange* exchange) {
      held().host->send_error(exchange, 429, tests::text("slow down"));
      held().host->release(held().right);
    };
    CHECK(later("/shop/echo?two=wait", refuse) ==
          "429 one two waiting after-one(It was answered otherwise.)");
    const auto forget = [](void*, margay_exchange*) { held().host->release(held().right); };
    CHECK(later("/shop/echo?two=wait", forget) ==
          "500 one two waiting after-one(It was answered otherwise.)");
  }
}

TEST_CASE("a decision that does not come in time is a refusal, and comes too late") {
  Shop shop(R"(<WebSocket type="echo" path="/echo"><Interceptor name="one" type="guard"/>
               <Interceptor name="two" type="guard"/></WebSocket>)",
            {}, 50);
  CHECK(status_of(shop.ask("/shop/echo?two=wait")) == 500);
  CHECK(has(shop.lines.all(), "/shop: echo: no answer within asyncTimeout"));
  CHECK(eventually([] { return notes().has("after-one(It was answered otherwise.)"); }));
  decide(go_on);
  CHECK(eventually([] { return notes().has("gone"); }));
  CHECK(shop.opener.opened == 0);
}

TEST_CASE("concurrency: interceptors hear of a client that goes while they wait") {
  for (const char* type : {"guard", "slow"}) {
    CAPTURE(type);
    Shop shop(std::string(R"(<WebSocket type="echo" path="/echo" maxSessions="1">
      <Interceptor name="one" type=")") +
              type + R"("/><Interceptor name="two" type="guard"/>
      </WebSocket>)");
    {
      Client client(shop.connector->port());
      client.send("GET /shop/echo?two=wait HTTP/1.1\r\nHost: a\r\n" + std::string(kGood) + "\r\n");
      REQUIRE(eventually([] { return notes().has("waiting"); }));
    }
    CHECK(eventually([] { return notes().has("after-one(The client has gone.)"); }));
    decide(go_on);
    CHECK(eventually([] { return notes().has("gone.) gone"); }));
    CHECK(notes().take() == "one two waiting after-one(The client has gone.) gone");
    CHECK(shop.opener.opened == 0);
    CHECK(status_of(shop.ask("/shop/echo")) == 101);  // its place is free again
  }
}

TEST_CASE("a server that stops, or has no room, says when to come back") {
  Shop shop(R"(<WebSocket type="echo" path="/echo" maxSessions="2"/>
               <WebSocket name="none" type="echo" path="/none" maxSessions="0"/>)");
  CHECK(status_of(shop.ask("/shop/none")) == 503);
  CHECK(status_of(shop.ask("/shop/echo?modify=close")) == 403);  // takes no place
  CHECK(status_of(shop.ask("/shop/echo")) == 101);
  CHECK(status_of(shop.ask("/shop/echo")) == 101);
  const std::string full = shop.ask("/shop/echo");
  CHECK(status_of(full) == 503);
  CHECK(has(full, "\r\nRetry-After: 5\r\n"));
  CHECK(has(full, "As many sessions as may be are open."));
  shop.opener.places.pop_back();
  CHECK(status_of(shop.ask("/shop/echo")) == 101);
  shop.opener.places.clear();
  shop.engine->drain();
  const std::string draining = shop.ask("/shop/echo");
  CHECK(status_of(draining) == 503);
  CHECK(has(draining, "\r\nRetry-After: 5\r\n"));
  CHECK(has(draining, "The server is stopping."));
}

TEST_CASE("an interceptor that waits while the server stops still decides") {
  Shop shop(R"(<WebSocket type="echo" path="/echo">
    <Interceptor name="one" type="guard"/><Interceptor name="two" type="guard"/></WebSocket>)");
  Client client(shop.connector->port());
  client.send("GET /shop/echo?two=wait HTTP/1.1\r\nHost: a\r\n" + std::string(kGood) + "\r\n");
  REQUIRE(eventually([] { return notes().has("waiting"); }));
  shop.engine->drain();
  shop.connector->drain();
  SUBCASE("for it, which is told to go behind its 101") {
    decide(go_on);
    CHECK(status_of(client.answer()) == 101);
    CHECK(shop.opener.opened == 1);
  }
  SUBCASE("against it") {
    decide([](void*, margay_exchange* exchange) {
      held().host->send_error(exchange, 403, {});
      held().host->release(held().right);
    });
    const std::string answer = client.answer();
    CHECK(status_of(answer) == 403);
    CHECK(has(answer, "\r\nConnection: close\r\n"));
    CHECK(shop.opener.opened == 0);
  }
  client.rest();
  CHECK(client.closed());
}

TEST_CASE(
    "Programmatic add: upgrades stand behind all filters, whose fields are on 101 and refusals") {
  for (const char* use : {R"(path="/echo")", R"(endpoint="echo")"}) {
    CAPTURE(use);
    Shop shop(std::string(R"(<WebSocket type="echo" path="/echo"/><Filter type="stamp" )") + use +
              "/>");
    const std::string accepted = shop.ask("/shop/echo");
    CHECK(status_of(accepted) == 101);
    CHECK(has(accepted, "\r\nX-Before: yes\r\n"));
    CHECK(has(accepted, "\r\nX-Head: 101\r\n"));
    CHECK(accepted.ends_with("\r\n\r\n"));
    CHECK_FALSE(notes().has("body"));
    const std::string refused = shop.ask("/shop/echo?modify=close");
    CHECK(status_of(refused) == 403);
    CHECK(has(refused, "\r\nX-Before: yes\r\n"));
    CHECK(has(refused, "\r\nX-Head: 403\r\n"));
    CHECK(notes().has("body"));
    notes().take();
    CHECK(status_of(shop.ask("/shop/echo?filter=answer")) == 401);
    CHECK_FALSE(notes().has("modify"));
  }
}

TEST_CASE("refusals go through error pages") {
  Shop shop(R"(<WebSocket type="echo" path="/echo"/><Endpoint type="page" path="/sorry"/>
               <ErrorPage status="403" location="/sorry"/>)");
  const std::string refused = shop.ask("/shop/echo?modify=close");
  CHECK(status_of(refused) == 403);
  CHECK(body_of(refused) == "page");
}
