// Connections that plugins take over, through the real server.
#include <doctest/doctest.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

#include "tests/support/installation.h"
#include "tests/support/running_server.h"

using tests::body_of;
using tests::Client;
using tests::eventually;

namespace {

namespace fs = std::filesystem;

std::string offer(const std::string& target, const std::string& protocol,
                  const std::string& fields = "") {
  return "GET " + target +
         " HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: " + protocol + "\r\n" +
         fields + "\r\n";
}

// False when `text` did not come in time.
bool await(Client& client, const std::string& text) {
  while (client.buffer().find(text) == std::string::npos)
    if (!client.receive(std::chrono::seconds(10))) return false;
  return true;
}

// What is heard up to the next `text`, which is taken away.
std::string next(Client& client, const std::string& text = "\n") {
  if (!await(client, text)) return "nothing but " + client.buffer();
  const std::size_t end = client.buffer().find(text);
  const std::string heard = client.buffer().substr(0, end);
  client.buffer().erase(0, end + text.size());
  return heard;
}

// The server with the test plugin "taker", by loop and by worker.
struct Taking : tests::Installation {
  explicit Taking(const std::string& connector = "") : Installation(connector) {
    application("t", manifest("word"),
                {fs::path(tests::environment("MARGAY_TEST_PLUGINS")) / "taker.so"});
    start();
    REQUIRE(get("/t/loop?counts").starts_with("HTTP/1.1 200 "));
  }
  ~Taking() { CHECK(stop() == 0); }

  static std::string manifest(const std::string& word) {
    return "<Application><Parameter name=\"word\" value=\"" + word +
           R"("/><Library name="taker" file="lib/taker.so"/>
<Endpoint name="l" type="on-loop" path="/loop"/><Endpoint name="w" type="on-worker" path="/worker"/>
<Endpoint name="f" type="on-loop" path="/filtered"/>
<Filter name="taking" type="taking" path="/filtered"/></Application>)";
  }
  // Everything the plugin made for connections has gone.
  bool left_nothing() const {
    return eventually([&] { return body_of(get("/t/loop?counts")) == "0 protocols, 0 works\n"; });
  }
};

}  // namespace

TEST_CASE("concurrency: a plugin takes a connection over") {
  const Taking server;
  for (const std::string target : {"/t/loop", "/t/worker", "/t/loop?later", "/t/worker?later"}) {
    CAPTURE(target);
    Client client(server.port());
    client.send(offer(target, "other, Taken") + "word\nword\n");
    const std::string head = next(client, "\r\n\r\n");
    CHECK(head.starts_with("HTTP/1.1 101 "));
    CHECK(head.find("\r\nUpgrade: taken") != std::string::npos);
    CHECK((head.find("\r\nX-Word: word") == std::string::npos) ==
          (target.find("later") != std::string::npos));
    CHECK(next(client) == "opened");
    CHECK(next(client) == "word");
    CHECK(next(client) == "word");
    client.send("wo");
    client.send("rd\nthread\n");
    CHECK(next(client) == "word");
    CHECK(next(client) == "from a thread");
    client.send("arm\n");
    CHECK(next(client) == "late");
    client.finish();
    CHECK(client.rest() == "ended\n");
    CHECK(client.closed());
  }
  CHECK(server.left_nothing());
}

TEST_CASE("what is no offer is asked for one, and an answer that has begun stays what it is") {
  const Taking server;
  for (const std::string fields :
       {"", "Connection: Upgrade\r\nUpgrade: other\r\n", "Upgrade: taken\r\n"}) {
    CAPTURE(fields);
    const std::string answer = server.get("/t/worker", fields);
    CHECK(answer.starts_with("HTTP/1.1 426 "));
    CHECK(answer.find("\r\nUpgrade: taken\r\n") != std::string::npos);
  }
  Client client(server.port());
  client.send(offer("/t/loop?late", "taken"));
  CHECK(body_of(client.answer()) == "too late");
  client.send(offer("/t/filtered", "taken"));
  const std::string head = next(client, "\r\n\r\n");
  CHECK(head.starts_with("HTTP/1.1 101 "));
  CHECK(head.find("\r\nX-Filter: did not take") != std::string::npos);
  client.close();
  CHECK(server.left_nothing());
}

TEST_CASE("concurrency: a taken connection and its ends") {
  const Taking server;
  Client client(server.port());
  client.send(offer("/t/worker", "taken"));
  next(client, "opened\n");
  SUBCASE("a protocol that throws is cut, and the log knows") {
    client.send("throw\n");
    CHECK(client.rest().empty());
    CHECK(client.closed());
  }
  SUBCASE("one that cuts") {
    client.send("cut\nword\n");
    CHECK(client.rest().empty());
    CHECK(client.closed());
  }
  SUBCASE("a right that is held on") {
    client.send("hold\nword\n");
    CHECK(next(client) == "word");
    client.close();
  }
  SUBCASE("posts are bounded, and none is lost") {
    client.send("posts\nword\n");
    CHECK(next(client) == "1024 taken, 1024 alive");
    CHECK(next(client) == "word");
  }
  SUBCASE("posts behind the end") {
    client.send("gone\n");
    CHECK(client.rest().empty());
  }
  client.close();
  CHECK(server.left_nothing());
}

TEST_CASE("concurrency: a peer that does not read") {
  SUBCASE("is told when there is room") {
    const Taking server;
    Client client(server.port());
    client.send(offer("/t/loop", "taken") + "fill\n");
    CHECK(await(client, "room\n"));
    client.close();
    CHECK(server.left_nothing());
  }
  SUBCASE("is cut behind the write timeout") {
    const Taking server("writeTimeout=\"300ms\"");
    Client client(server.port());
    client.send(offer("/t/loop", "taken") + "fill\n");
    CHECK(server.left_nothing());
  }
}

TEST_CASE("a server that stops says goodbye to taken connections") {
  Taking server;
  Client client(server.port());
  client.send(offer("/t/loop", "taken"));
  next(client, "opened\n");
  server.server().signal(SIGTERM);
  CHECK(client.rest() == "drained\n");
  CHECK(client.closed());
}

TEST_CASE("concurrency: a reload leaves taken connections the code they began with") {
  tests::RunningServer server;
  const std::uint16_t port = tests::free_port();
  fs::create_directories(server.folder / "apps/t/lib");
  fs::copy_file(fs::path(tests::environment("MARGAY_TEST_PLUGINS")) / "taker.so",
                server.folder / "apps/t/lib/taker.so");
  server.write("apps/t/app.xml", Taking::manifest("old"));
  server.write("server.xml",
               "<Server><Service><Connector address='127.0.0.1' loops='2' port='" +
                   std::to_string(port) +
                   "'/><Engine><Host name='localhost' autoDeployInterval='50ms'/></Engine>"
                   "</Service></Server>");
  server.start();
  const auto mapped = [] {
    int count = 0;
    std::ifstream maps("/proc/self/maps");
    for (std::string line; std::getline(maps, line);)
      count += line.find("/taker.") != line.npos && line.find("r-xp") != line.npos;
    return count;
  };
  Client before(port);
  before.send(offer("/t/loop", "taken"));
  next(before, "opened\n");
  server.write("apps/t/app.xml", Taking::manifest("new"));
  REQUIRE(server.log.await("mapping 2 is in use"));
  Client after(port);
  after.send(offer("/t/loop", "taken") + "word\n");
  next(after, "opened\n");
  CHECK(next(after) == "new");
  before.send("word\nthread\n");
  CHECK(next(before) == "old");
  CHECK(next(before) == "from a thread");
  CHECK(mapped() == 2);
  before.close();
  if (!tests::is_sanitized()) CHECK(eventually([&] { return mapped() == 1; }));
  after.send("word\n");
  CHECK(next(after) == "new");
  // A stop neither waits for a client that stays nor runs code that has gone.
  server.stop();
  CHECK(after.rest() == "drained\n");
}

TEST_CASE("the sample lines turns each line round") {
  tests::Installation server;
  fs::copy(fs::path(tests::environment("MARGAY_APPS")) / "lines", server.base() / "apps/lines",
           fs::copy_options::recursive);
  server.start();
  const std::string refusal = server.get("/lines");
  CHECK(refusal.starts_with("HTTP/1.1 426 "));
  CHECK(refusal.find("\r\nUpgrade: margay-lines\r\n") != std::string::npos);
  Client client(server.port());
  client.send(offer("/lines", "margay-lines") + "first\nsec");
  CHECK(next(client, "\r\n\r\n").starts_with("HTTP/1.1 101 "));
  CHECK(next(client) == "tsrif");
  SUBCASE("until it hears quit") {
    client.send("ond\n\nquit\nnot this\n");
    CHECK(next(client) == "dnoces");
    CHECK(client.rest() == "\nbye\n");
    CHECK(client.closed());
  }
  SUBCASE("up to the longest") {
    client.send(std::string(20'000, 'x'));
    CHECK(client.rest() == "! a line has at most 8192 bytes\n");
    CHECK(client.closed());
  }
  SUBCASE("as fast as its answers are read, and loses none") {
    client.send("ond\n");
    CHECK(next(client) == "dnoces");
    std::string all;
    for (int i = 0; i < 400'000; ++i) all += "abcdefghi\n";
    std::thread sender([&] { client.send(all); });
    std::size_t heard = 0;
    while (heard < all.size() && await(client, "\n")) {
      heard += client.buffer().size();
      client.buffer().clear();
    }
    sender.join();
    CHECK(heard == all.size());
  }
  SUBCASE("until the server stops") {
    server.server().signal(SIGTERM);
    CHECK(client.rest() == "! the server stops\n");
    CHECK(client.closed());
  }
}
