// WebSockets under strain, through the real server: callbacks that block, slow readers, exceptions.
#include <doctest/doctest.h>

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <thread>

#include "tests/support/frame_client.h"
#include "tests/support/running_server.h"

using tests::FrameClient;

namespace {

namespace fs = std::filesystem;

// The server with the test plugin "strained" as its root application.
struct Strained : tests::RunningServer {
  explicit Strained(const std::string& children) {
    const char* plugins = std::getenv("MARGAY_TEST_PLUGINS");
    REQUIRE(plugins != nullptr);
    fs::create_directories(folder / "code");
    fs::copy_file(fs::path(plugins) / "strained.so", folder / "code" / "strained.so");
    write("server.xml", "<Server><Service><Connector address='127.0.0.1' loops='2' port='" +
                            std::to_string(port) +
                            "'/><Engine><Host name='localhost'><Context path='' "
                            "docBase='../code'><Library file='strained.so'/>" +
                            children + "</Context></Host></Engine></Service></Server>");
    start();
  }
  std::size_t count(std::string_view text) const {
    const std::string all = log.all();
    std::size_t found = 0;
    for (auto at = all.find(text); at != all.npos; at = all.find(text, at + 1)) ++found;
    return found;
  }

  const std::uint16_t port = tests::free_port();
};

std::string numbered(int number, std::size_t size) {
  std::string text = std::to_string(number) + " ";
  text.resize(size, 'x');
  return text;
}

}  // namespace

TEST_CASE(
    "concurrency: a peer that floods a blocked callback is read up to the bound, no further") {
  Strained server("<WebSocket type='blocker' path='/' inboundQueueMessages='8'/>");
  FrameClient peer(server.port), other(server.port);
  peer.text("block");
  REQUIRE(peer.next() == "blocked");
  constexpr int kCount = 4000;  // of 16,000 bytes: the kernel's buffers hold a tenth
  std::atomic<int> said{0};
  std::thread flood([&] {
    for (int i = 0; i < kCount && peer.text(numbered(i, 16'000)); ++i) said = i + 1;
    peer.text("end");
  });
  std::string read;
  do {
    other.text("read?");
    read = other.next();
  } while (std::atoi(read.c_str()) < 8 || said < 20);
  other.text("go on");
  const std::string heard = peer.next();
  flood.join();
  CAPTURE(heard);
  const std::string expected = std::to_string(kCount) + " in order, ";
  REQUIRE(heard.starts_with(expected));
  const int meanwhile = std::atoi(heard.c_str() + expected.size());
  CHECK(meanwhile >= 8);
  CHECK(meanwhile <= 10);  // with "block" itself
}

TEST_CASE("concurrency: a worker waits for a slow reader") {
  Strained server("<WebSocket type='patient' path='/' sendQueueSize='64000' sendTimeout='60s'/>");
  auto peer = std::make_unique<FrameClient>(server.port, "/", "", "", 4096);
  REQUIRE(peer->is_open());
  SUBCASE("and goes on when it reads") {
    peer->text("20000 1000 20000");
    REQUIRE(server.log.await("waits"));
    for (int i = 0; i < 20'000; ++i) REQUIRE(peer->next() == numbered(i, 1000));
    CHECK(server.log.await("sent all"));
  }
  SUBCASE("also with messages longer than the queue") {
    peer->text("40 500000 20000");
    REQUIRE(server.log.await("waits"));
    for (int i = 0; i < 40; ++i) REQUIRE(peer->next() == numbered(i, 500'000));
    CHECK(server.log.await("sent all"));
  }
  SUBCASE("for as long as it likes") {
    peer->text("20000 1000 50");
    CHECK(server.log.await("ends with full"));
  }
  SUBCASE("until it has gone") {
    peer->text("20000 1000 20000");
    REQUIRE(server.log.await("waits"));
    peer.reset();
    CHECK(server.log.await("ends with gone"));
  }
}

TEST_CASE("what a class throws reaches error, and the socket closes with 1011") {
  for (const std::string where : {"loop", "worker"}) {
    CAPTURE(where);
    Strained server("<WebSocket type='class-" + where + "' path='/'/>");
    FrameClient opening(server.port, "/?open");
    CHECK(opening.next() == "error thrown in open");
    CHECK(opening.next().starts_with("<close 1011 "));
    CHECK(server.log.await("class error thrown in open"));
    CHECK(server.log.await("class close 1011"));
    CHECK(server.log.await("class is gone"));

    FrameClient message(server.port, "/?message");
    CHECK(message.next() == "open");
    message.text("x");
    CHECK(message.next() == "error thrown in message");
    CHECK(message.next().starts_with("<close 1011 "));
    CHECK(server.log.await("class close 1011"));
    CHECK(server.log.await("class is gone"));

    FrameClient closing(server.port, "/?close");
    CHECK(closing.next() == "open");
    closing.close(1000);
    CHECK(closing.next() == "<close 1000>");
    CHECK(server.log.await("class close 1000"));
    CHECK(server.log.await("thrown in close"));
    CHECK(server.log.await("class is gone"));
    CHECK(server.count("class close ") == 3);
  }
}

TEST_CASE("what a struct throws, and what cannot be decoded, reaches on_error and stays open") {
  for (const std::string where : {"loop", "worker"}) {
    CAPTURE(where);
    Strained server("<WebSocket type='struct-" + where + "' path='/'/>");
    FrameClient opening(server.port, "/?open");
    CHECK(opening.next() == "error thrown in open");
    CHECK(opening.next().starts_with("<close 1011 "));
    CHECK(server.log.await("struct close 1011"));
    CHECK(server.log.await("struct is gone"));

    FrameClient message(server.port, "/?message");
    CHECK(message.next() == "open");
    message.text(R"({"value":-1})");
    CHECK(message.next() == "error thrown in message");
    message.text("no number");
    CHECK(message.next().starts_with("error "));
    message.text(R"({"value":7})");
    CHECK(message.next() == "7");
    message.close(1000);
    CHECK(message.next() == "<close 1000>");
    CHECK(server.log.await("struct close 1000"));
    CHECK(server.log.await("struct is gone"));

    FrameClient closing(server.port, "/?close");
    CHECK(closing.next() == "open");
    closing.close(1000);
    CHECK(closing.next() == "<close 1000>");
    CHECK(server.log.await("thrown in close"));
    CHECK(server.log.await("struct is gone"));
    CHECK(server.count("struct close ") == 3);
  }
}
