// What applications do with WebSockets, from the handshake to the close, through the real server.
#include <doctest/doctest.h>

#include <array>
#include <charconv>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "tests/support/frame_client.h"
#include "tests/support/running_server.h"

using nlohmann::json;
using tests::body_of;
using tests::Client;
using tests::Frame;
using tests::FrameClient;

namespace {

namespace fs = std::filesystem;

// The server with the test plugin "scenarios" as its root application.
struct Scenario : tests::RunningServer {
  explicit Scenario(const std::string& children, server::LogLevel level = server::LogLevel::info) {
    const char* plugins = std::getenv("MARGAY_TEST_PLUGINS");
    REQUIRE(plugins != nullptr);
    fs::create_directories(folder / "code");
    fs::copy_file(fs::path(plugins) / "scenarios.so", folder / "code" / "scenarios.so");
    write("server.xml", "<Server><Service><Connector address='127.0.0.1' loops='2' port='" +
                            std::to_string(port) +
                            "'/><Engine><Host name='localhost'><Context path='' "
                            "docBase='../code'><Library file='scenarios.so'/>" +
                            children + "</Context></Host></Engine></Service></Server>");
    log_level(level);
    start();
  }

  const std::uint16_t port = tests::free_port();
};

// The number a message begins with; -1: none.
int number(std::string_view text) {
  int value = -1;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

// The numbers of messages up to and with `last`, or up to what is none, which `end` becomes.
std::vector<int> numbers(FrameClient& client, int last, std::string& end) {
  std::vector<int> heard;
  do {
    end = client.next();
    if (end.starts_with("<")) return heard;
    heard.push_back(number(end));
    REQUIRE(end.size() == 1000);
  } while (heard.back() != last);
  return heard;
}

}  // namespace

TEST_CASE("scenario 3: an interceptor reads the token, and the handler sees who it is") {
  Scenario server(
      "<WebSocket type='named' path='/named'><Interceptor type='query-token'/></WebSocket>");
  Client stranger(server.port);
  stranger.send(tests::opening("/named?other=1"));
  const std::string refusal = stranger.answer();
  CHECK(refusal.starts_with("HTTP/1.1 401 "));
  CHECK(body_of(refusal) == "add a token to the query");
  CHECK(server.log.all().find("named is open") == std::string::npos);

  FrameClient ann(server.port, "/named?token=ann%20b");
  REQUIRE(ann.is_open());
  CHECK(ann.next() == "you are ann b");
  CHECK(server.log.await("named is open"));
}

TEST_CASE("scenario 5: objects come and go, and what is none of them leaves the socket open") {
  Scenario server("<WebSocket type='call' path='/call'/>");
  FrameClient client(server.port, "/call");
  REQUIRE(client.is_open());
  const json call{{"code", 7}, {"msg", "grüß"}, {"data", {{"list", {1, 2.5, nullptr}}}}};
  json answer = call;
  answer["code"] = 8;
  for (const char* malformed : {R"({"code":7,"msg":)", R"({"code":7,"msg":"no data"})",
                                R"({"code":"x","msg":"","data":0})", "", "[]"}) {
    CAPTURE(malformed);
    client.text(malformed);
    CHECK(client.next().starts_with("on_error: "));
    client.text(call.dump());
    CHECK(json::parse(client.next(), nullptr, false) == answer);
  }
}

TEST_CASE("scenario 1: users log in by path, the second login counts, the list shrinks") {
  Scenario server("<WebSocket type='global' path='/globalWs/{token}'/>");
  FrameClient stranger(server.port, "/globalWs/made-up");
  REQUIRE(stranger.is_open());
  CHECK(stranger.next() == "bad token");
  CHECK(stranger.next() == "<close 4003 bad token>");

  FrameClient old(server.port, "/globalWs/token-of-ann");
  CHECK(old.next() == "hello ann, here are ann");
  FrameClient bob(server.port, "/globalWs/token-of-bob");
  CHECK(bob.next() == "hello bob, here are ann bob");
  CHECK(old.next() == "users ann bob");

  FrameClient ann(server.port, "/globalWs/token-of-ann");
  CHECK(ann.next() == "hello ann, here are ann bob");
  CHECK(old.next() == "replaced");
  CHECK(old.next() == "<close 4001 logged in elsewhere>");
  old.close(4001);
  CHECK(old.next() == "<end>");
  REQUIRE(server.log.await("a socket of ann has gone"));

  // Had the old one's end taken ann off the list, this would not be the next to be heard.
  bob.close(1000);
  CHECK(bob.next() == "<close 1000>");
  CHECK(ann.next() == "users ann");
}

TEST_CASE("scenario 4: a slow reader is closed with 1013, or has the newest messages") {
  Scenario server(
      "<WebSocket name='c' type='flood' path='/close' overflow='close' sendTimeout='10000ms' "
      "sendQueueSize='64000'/>"
      "<WebSocket name='d' type='flood' path='/drop' overflow='dropOldest' sendTimeout='10000ms' "
      "sendQueueSize='64000'/>");
  constexpr int kCount = 20'000;  // of 1000 bytes: more than the kernel's buffers take
  const auto flooded = [&](std::string_view path) {
    auto client = std::make_unique<FrameClient>(server.port, path, "", "", 4096);
    REQUIRE(client->is_open());
    CHECK(client->next() == "10000 ms, 64000 bytes");
    client->text(std::to_string(kCount));
    return client;
  };
  std::string end;
  SUBCASE("close") {
    const auto client = flooded("/close");
    REQUIRE(server.log.await("flooded until it was gone"));
    const std::vector<int> heard = numbers(*client, -1, end);
    CHECK(end.starts_with("<close 1013"));
    client->close(1013);
    CHECK(server.log.await("flood ends with 1013"));
    REQUIRE(heard.size() < kCount);
    for (std::size_t i = 0; i < heard.size(); ++i) REQUIRE(heard[i] == static_cast<int>(i));
  }
  SUBCASE("dropOldest") {
    const auto client = flooded("/drop");
    REQUIRE(server.log.await("flooded"));
    const std::vector<int> heard = numbers(*client, kCount - 1, end);
    REQUIRE(heard.size() > 60);
    for (std::size_t i = 1; i < heard.size(); ++i) REQUIRE(heard[i] > heard[i - 1]);
    CHECK(heard.back() == kCount - 1);
    const auto dropped = static_cast<std::size_t>(kCount) - heard.size();
    CHECK(dropped > 0);
    client->close(1000);
    CHECK(client->next() == "<close 1000>");
    CHECK(server.log.await("flood ends with 1000, dropped " + std::to_string(dropped)));
  }
}

TEST_CASE("scenario 2: concurrency: three publishers, twelve readers, every message in order") {
  Scenario server("<WebSocket type='crowd' path='/crowd'/>");
  constexpr int kCount = 200;
  std::vector<std::unique_ptr<FrameClient>> clients;
  for (int i = 0; i < 12; ++i) {
    clients.push_back(std::make_unique<FrameClient>(server.port, "/crowd"));
    REQUIRE(clients.back()->next() == "here");
  }
  clients.front()->text(std::to_string(kCount));
  for (const auto& client : clients) {
    std::array<int, 3> expected{};
    for (int i = 0; i < 3 * kCount; ++i) {
      const std::string text = client->next();
      CAPTURE(text);
      REQUIRE(text.size() > 2);
      REQUIRE(text[1] == ':');
      const int who = number(text);
      REQUIRE((who >= 0 && who < 3));
      REQUIRE(number(text.substr(2)) == expected[static_cast<std::size_t>(who)]++);
    }
  }
  CHECK(server.log.await("delivered 7200, refused 0"));
  CHECK(server.log.all().find("not published") == std::string::npos);
  CHECK(server.log.all().find("crowd: ") == std::string::npos);
}

TEST_CASE("scenario 8: the log tells the way of the token, and no frame is lost on it") {
  Scenario server(
      "<Filter type='witness' path='/traced'/><WebSocket type='traced' path='/traced'/>",
      server::LogLevel::debug);
  FrameClient client(server.port, "/traced?token=secret", {}, tests::text_frame("first"));
  REQUIRE(client.is_open());
  CHECK(client.next() == "heard first");
  CHECK(server.log.await("filter passes /traced"));
  CHECK(server.log.await("traced is made"));
  CHECK(server.log.await("traced takes GET /traced over as websocket"));
  CHECK(server.log.await("speaks websocket now, 11 bytes are there"));
  CHECK(server.log.await("traced is open"));
  CHECK(server.log.await("traced heard first"));
  CHECK(server.log.all().find("secret") == std::string::npos);
}

TEST_CASE("scenario 6: a heartbeat is answered, pings keep who answers them and end who does not") {
  Scenario server(
      "<WebSocket name='patient' type='heartbeat' path='/ws' pingInterval='20ms'/>"
      "<WebSocket name='strict' type='heartbeat' path='/strict' pingInterval='20ms' "
      "pongTimeout='100ms'/>");
  const std::string beat = R"({"cmd":1,"msg":"ping"})";
  FrameClient page(server.port, "/ws");
  page.text(beat);
  CHECK(json::parse(page.next_message(), nullptr, false) == json{{"cmd", 1}, {"msg", "pong"}});
  for (int pings = 0; pings < 5; ++pings) {
    const auto frame = page.frame();
    REQUIRE(frame);
    REQUIRE(frame->opcode == tests::Opcode::ping);
    page.say(Frame{.opcode = 10, .payload = frame->payload}.bytes());
  }
  page.text(beat);
  CHECK(json::parse(page.next_message(), nullptr, false) == json{{"cmd", 1}, {"msg", "pong"}});

  FrameClient dead(server.port, "/strict");
  REQUIRE(dead.is_open());
  std::string heard = dead.next();
  CHECK(heard.starts_with("<ping"));
  while (heard.starts_with("<ping")) heard = dead.next();
  CHECK(heard == "<end>");
  CHECK(server.log.await("heartbeat ends with 1006"));
}
