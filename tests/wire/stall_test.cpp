// Plugins that hold a worker or a loop: what the log and the status say, and that they say it once.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <nlohmann/json.hpp>
#include <string>

#include "tests/support/eventually.h"
#include "tests/support/frame_client.h"
#include "tests/support/running_server.h"

using nlohmann::json;
using tests::body_of;
using tests::Client;
using tests::RunningServer;

namespace {

// A server with the test plugin "stalled" at /s.
struct Scene {
  RunningServer server;
  const std::uint16_t port = tests::free_port();

  explicit Scene(const std::string& limits) {
    const char* plugins = std::getenv("MARGAY_TEST_PLUGINS");
    REQUIRE(plugins != nullptr);
    std::filesystem::create_directories(server.folder / "apps/s/lib");
    std::filesystem::copy_file(std::filesystem::path(plugins) / "stalled.so",
                               server.folder / "apps/s/lib/stalled.so");
    server.write("apps/s/app.xml",
                 "<Application><Library file='lib/stalled.so'/>"
                 "<Endpoint name='w' type='on-worker' path='/w'/>"
                 "<Endpoint name='l' type='on-loop' path='/l'/>"
                 "<Endpoint name='status' type='status' path='/status'/>"
                 "<WebSocket name='sw' type='on-worker' path='/sw'/>"
                 "<WebSocket name='sl' type='on-loop' path='/sl'/></Application>");
    server.write("server.xml",
                 "<Server " + limits + "><Service><Connector address='127.0.0.1' loops='1' port='" +
                     std::to_string(port) +
                     "'/><Engine><Host name='localhost'/></Engine></Service></Server>");
    for (const char* name : {"fifo", "other"})
      REQUIRE(::mkfifo(fifo(name).c_str(), S_IRUSR | S_IWUSR) == 0);
    server.start();
  }
  std::string fifo(const char* name = "fifo") const { return (server.folder / name).string(); }
  void go_on(const char* name = "fifo") const {
    const int descriptor = ::open(fifo(name).c_str(), O_WRONLY | O_CLOEXEC);
    REQUIRE(descriptor >= 0);
    CHECK(::write(descriptor, "x", 1) == 1);
    ::close(descriptor);
  }
  void ask(Client& client, const std::string& path, const char* name = "fifo") const {
    client.send("GET /s/" + path + "?fifo=" + fifo(name) + " HTTP/1.1\r\nHost: localhost\r\n\r\n");
  }
  json executor() const {
    return json::parse(body_of(RunningServer::get(port, "/s/status")))["executors"][0];
  }
};

constexpr const char* kShort = "loopStallWarning='60ms' workerStallWarning='60ms'";

}  // namespace

TEST_CASE(
    "StuckThreadDetection: an endpoint that holds a worker is named, and again when it is over") {
  Scene scene(kShort);
  Client client(scene.port);
  scene.ask(client, "w");
  CHECK(scene.server.log.await("/s: w has been holding a worker for "));
  const json stuck = scene.executor()["stuck"];
  REQUIRE(stuck.size() == 1);
  CHECK(stuck[0]["handler"] == "/s: w");
  CHECK(stuck[0]["seconds"].is_number());
  scene.go_on();
  CHECK(body_of(client.answer()) == "went on");
  CHECK(scene.server.log.await("/s: w has let its worker go after "));
  CHECK(scene.executor()["stuck"] == json::array());
  const std::string all = scene.server.log.all();
  CHECK(all.find("holding a worker") == all.rfind("holding a worker"));
}

TEST_CASE(
    "StuckThreadDetection: an endpoint that holds a loop is named, and again when it is over") {
  Scene scene(kShort);
  Client client(scene.port);
  scene.ask(client, "l");
  CHECK(scene.server.log.await("/s: l holds loop 0 for more than 60 ms: it must not block"));
  scene.go_on();
  CHECK(body_of(client.answer()) == "went on");
  CHECK(scene.server.log.await("/s: l has let loop 0 go after "));
}

TEST_CASE("StuckThreadDetection: so are WebSockets") {
  Scene scene(kShort);
  SUBCASE("on a worker") {
    tests::FrameClient client(scene.port, "/s/sw");
    client.text(scene.fifo());
    CHECK(scene.server.log.await("/s: sw has been holding a worker for "));
    scene.go_on();
    CHECK(client.next() == "went on");
    CHECK(scene.server.log.await("/s: sw has let its worker go after "));
  }
  SUBCASE("on their loop") {
    tests::FrameClient client(scene.port, "/s/sl");
    client.text(scene.fifo());
    CHECK(scene.server.log.await("/s: sl holds loop 0 for more than 60 ms"));
    scene.go_on();
    CHECK(client.next() == "went on");
    CHECK(scene.server.log.await("/s: sl has let loop 0 go after "));
  }
}

TEST_CASE("StuckThreadDetection: a limit of 0 names nobody") {
  Scene scene("loopStallWarning='60ms' workerStallWarning='0'");
  Client held(scene.port);
  scene.ask(held, "w");
  CHECK(tests::eventually([&] { return scene.executor()["busy"] == 2; }));  // with the status
  // By the time that the loop is told of, the worker has been looked at as often.
  Client client(scene.port);
  scene.ask(client, "l", "other");
  CHECK(scene.server.log.await("/s: l holds loop 0 for more than 60 ms"));
  scene.go_on("other");
  scene.go_on();
  CHECK(body_of(client.answer()) == "went on");
  CHECK(body_of(held.answer()) == "went on");
  CHECK(scene.server.log.all().find("holding a worker") == std::string::npos);
}
