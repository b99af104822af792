// WebSockets over HTTP/2 through the whole server: the handshake, who is refused, what the status
// says, and the end.
#include <doctest/doctest.h>

#include <cstdlib>
#include <filesystem>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include "server/websocket/deflate.h"
#include "tests/support/h2_sockets.h"
#include "tests/support/running_server.h"

using nlohmann::json;
using tests::H2Sockets;
namespace h2 = tests::h2;

namespace {

namespace fs = std::filesystem;

// The server with the test plugins "scenarios" and "taker" as its root application.
struct Server : tests::RunningServer {
  explicit Server(const std::string& children = "<WebSocket type='traced' path='/traced'/>") {
    const char* plugins = std::getenv("MARGAY_TEST_PLUGINS");
    REQUIRE(plugins != nullptr);
    fs::create_directories(folder / "code");
    for (const char* name : {"scenarios.so", "taker.so"})
      fs::copy_file(fs::path(plugins) / name, folder / "code" / name);
    write("server.xml",
          "<Server><Service><Connector address='127.0.0.1' loops='2' port='" +
              std::to_string(port) +
              "'><UpgradeProtocol className='http2'/></Connector><Engine><Host name='localhost'>"
              "<AccessLog directory='logs' prefix='access' suffix='.log' rotatable='false' "
              "pattern='%r %s'/>"
              "<Context path='/status'><Endpoint type='status' path='/*'/></Context>"
              "<Context path='' docBase='../code'><Library file='scenarios.so'/>"
              "<Library file='taker.so'/>" +
              children + "</Context></Host></Engine></Service></Server>");
    start();
  }
  json status(H2Sockets& client) const { return json::parse(client.body(client.ask("/status/"))); }

  const std::uint16_t port = tests::free_port();
};

// A handshake in one's own words: fields behind :method and :protocol.
std::string answer_to(H2Sockets& client, H2Sockets::Stream stream, h2::Fields fields) {
  client.say(h2::headers(stream,
                         h2::block({{":method", "CONNECT"},
                                    {":protocol", "websocket"},
                                    {":scheme", "http"},
                                    {":authority", "localhost"}}) +
                             h2::block(fields),
                         h2::kEndHeaders));
  return client.status(stream);
}

void check_taken(const std::string& type) {
  Server server("<Endpoint name='taker' type='" + type + "' path='/taker'/>");
  H2Sockets client(server.port);
  client.say(h2::connect(1, "unheard-of", {}, "/taker") + h2::connect(3, "taken", {}, "/status/") +
             h2::connect(5, "taken", {}, "/taker") + h2::data(5, "word\n", 0) +
             h2::connect(7, "taken", {}, "/taker?later"));
  CHECK(client.status(1) == "426");
  CHECK(client.status(3) == "501");
  const auto hears = [&](H2Sockets::Stream stream, const std::string& text) {
    return client.await([&] { return client.bytes(stream) == text; });
  };
  CHECK(client.status(5) == "200");
  CHECK(client.fields(5)["x-word"] == "word");
  CHECK(hears(5, "opened\nword\n"));
  CHECK(client.status(7) == "200");
  client.say(7, "thread\n");
  CHECK(hears(7, "opened\nfrom a thread\n"));
  SUBCASE("that is filled until it has room again") {
    client.gives_windows_back = false;
    client.say(5, "fill\n");
    CHECK(client.await([&] { return client.bytes(5).size() > 30'000; }));
    client.say(h2::window_update(0, 10'000'000) + h2::window_update(5, 10'000'000));
    CHECK(client.await([&] { return client.bytes(5).ends_with("xroom\n"); }));
    client.say(5, "word\n");
    CHECK(client.await([&] { return client.bytes(5).ends_with("room\nword\n"); }));
  }
  SUBCASE("that is cut") {
    client.say(5, "cut\n");
    CHECK(client.await([&] { return client.ending(5) == "<reset CANCEL>"; }));
  }
  SUBCASE("whose client has said its last") {
    client.say(h2::data(5, "word\n"));
    CHECK(client.await([&] { return client.ending(5) == "<end>"; }));
    CHECK(client.bytes(5).ends_with("word\nended\n"));
  }
  SUBCASE("that is told of a drain") {
    std::thread stopping([&] { server.stop(); });
    CHECK(client.await([&] { return client.ending(5) == "<end>" && client.ending(7) == "<end>"; }));
    CHECK(client.bytes(7).ends_with("drained\n"));
    CHECK(client.await([&] { return client.has_gone(); }));
    stopping.join();
  }
}

}  // namespace

TEST_CASE("websocket over http2: a handshake without a key, and the first frame with it") {
  Server server;
  H2Sockets client(server.port);
  const auto one = client.open("/traced?x=1", {}, tests::text_frame("early"));
  CHECK(client.status(one) == "200");
  for (const char* name : {"upgrade", "connection", "sec-websocket-accept", "content-length"})
    CHECK(client.fields(one).count(name) == 0);
  CHECK(client.next(one) == "heard early");
  const auto two = client.open("/traced");
  client.text(two, "second");
  CHECK(client.next(two) == "heard second");

  const json told = server.status(client);
  CHECK(told["webSockets"]["open"] == 2);
  CHECK(told["webSockets"]["overHttp2"] == 2);
  CHECK(told["connectors"][0]["connections"] == 1);

  tests::FrameClient old(server.port, "/traced");
  CHECK(old.is_open());
  const json more = server.status(client);
  CHECK(more["webSockets"]["open"] == 3);
  CHECK(more["webSockets"]["overHttp2"] == 2);
}

TEST_CASE("websocket over http2: who is refused gets an ordinary answer") {
  Server server(
      "<WebSocket type='traced' path='/traced' maxSessions='1'/>"
      "<WebSocket name='picky' type='traced' path='/picky' subprotocols='v1' "
      "requireSubprotocol='true'/>"
      "<WebSocket type='named' path='/named'><Interceptor type='query-token'/></WebSocket>");
  H2Sockets client(server.port);
  const auto status_of = [&](std::string_view path, h2::Fields fields = {}) {
    return client.status(client.open(path, fields));
  };
  CHECK(status_of("/nowhere") == "404");
  CHECK(status_of("/status/") == "501");  // an endpoint that speaks HTTP alone
  CHECK(status_of("/traced", {{"origin", "https://elsewhere.example"}}) == "403");
  CHECK(status_of("/picky") == "400");
  const auto refused = client.open("/named?other=1");
  CHECK(client.status(refused) == "401");
  CHECK(client.body(refused) == "add a token to the query");
  CHECK(status_of("/traced", {{"origin", "http://localhost"}}) == "200");
  const auto second = client.open("/traced");
  CHECK(client.status(second) == "503");
  CHECK(client.fields(second)["retry-after"] == "5");

  CHECK(answer_to(client, 101, {{":path", "/traced"}}) == "426");
  CHECK(client.fields(101)["sec-websocket-version"] == "13");
  CHECK(client.fields(101).count("upgrade") == 0);
  CHECK(answer_to(client, 103, {{":path", "/traced"}, {"sec-websocket-version", "8"}}) == "426");
  CHECK(answer_to(client, 105, {{"sec-websocket-version", "13"}}).empty());  // no :path
  CHECK(client.next(105) == "<reset PROTOCOL_ERROR>");
  CHECK_FALSE(client.has_gone());
}

TEST_CASE("over http2 an endpoint on the loop takes a stream as it takes a connection") {
  check_taken("on-loop");
}
TEST_CASE("over http2 an endpoint on a worker takes a stream as it takes a connection") {
  check_taken("on-worker");
}

TEST_CASE("websocket over http2: a subprotocol and permessage-deflate") {
  Server server(
      "<WebSocket type='traced' path='/traced' subprotocols='v2 v1' compression='dedicated'/>");
  H2Sockets client(server.port);
  const auto one = client.open("/traced", {{"sec-websocket-protocol", "v0, v1, v2"},
                                           {"sec-websocket-extensions", "permessage-deflate"}});
  CHECK(client.status(one) == "200");
  CHECK(client.fields(one)["sec-websocket-protocol"] == "v1");
  CHECK(client.fields(one)["sec-websocket-extensions"].starts_with("permessage-deflate"));
  const std::string much(20'000, 'm');
  std::string deflated;
  server::websocket::Deflater deflater(15, 6, 8);
  server::websocket::Inflater inflater(15, true);
  for (int i = 0; i < 2; ++i) {
    deflated.clear();
    deflater.compress(much, deflated, false);
    client.say(one, tests::Frame{.opcode = 1, .payload = deflated, .rsv = 4}.bytes());
    const std::string heard = client.next(one);
    CHECK(heard.size() < 1'000);
    std::string whole(30'000, '\0');
    const auto step = inflater.inflate(heard, true, whole.data(), whole.size());
    CHECK(step.result == server::websocket::Inflater::Result::ok);
    CHECK(whole.substr(0, step.made) == "heard " + much);
  }
}

TEST_CASE("websocket over http2: a server that stops says 1001, then goodbye") {
  Server server;
  H2Sockets client(server.port);
  const auto one = client.open("/traced");
  CHECK(client.status(one) == "200");
  std::thread stopping([&] { server.stop(); });
  CHECK(client.next(one).starts_with("<close 1001"));
  client.close(one, 1001);
  CHECK(client.next(one) == "<end>");
  CHECK(client.heard_goaway());
  CHECK(client.await([&] { return client.has_gone(); }));
  stopping.join();
}

TEST_CASE("websocket over http2: the access log has the handshake") {
  Server server;
  {
    H2Sockets client(server.port);
    const auto one = client.open("/traced");
    client.text(one, "x");
    CHECK(client.next(one) == "heard x");
  }
  server.stop();
  std::string text;
  for (const auto& file : fs::recursive_directory_iterator(server.folder))
    if (file.path().filename() == "access.log") {
      std::ifstream in(file.path());
      std::getline(in, text);
    }
  CHECK(text == "GET /traced HTTP/2.0 101");
}
