// The control socket as its clients see it: on a real socket, served by hand.
#include "container/control.h"

#include <doctest/doctest.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "container/unix_address.h"

#include "tests/support/temporary_folder.h"

using container::Control;
using container::ControlReply;

namespace {

namespace fs = std::filesystem;
using tests::TemporaryFolder;

struct Caller {
  explicit Caller(const fs::path& path) {
    const container::UnixAddress address(path);
    connected = ::connect(socket, address.get(), address.size()) == 0;
  }
  ~Caller() { ::close(socket); }
  void say(std::string_view text) const {
    REQUIRE(::send(socket, text.data(), text.size(), MSG_NOSIGNAL) ==
            static_cast<ssize_t>(text.size()));
  }
  // All until the end of the connection.
  std::string answer() const {
    std::string all;
    char bytes[4096];
    for (ssize_t got; (got = ::recv(socket, bytes, sizeof bytes, 0)) > 0;)
      all.append(bytes, static_cast<std::size_t>(got));
    return all;
  }
  bool is_quiet() const {  // neither bytes nor an end have come
    pollfd waiting{.fd = socket, .events = POLLIN, .revents = 0};
    return ::poll(&waiting, 1, 0) == 0;
  }
  int socket = ::socket(AF_UNIX, SOCK_STREAM, 0);
  bool connected = false;
};

ControlReply echo(std::string_view command) {
  return {.good = command != "bad", .text = "heard " + std::string(command)};
}

const Control::Clock::time_point start = Control::Clock::now();

}  // namespace

TEST_CASE("control: a command is answered, and its success can be told from its failure") {
  const TemporaryFolder folder;
  Control control(folder / "run/socket");
  const Caller good(folder / "run/socket");
  const Caller bad(folder / "run/socket");
  good.say("status\n");
  bad.say("bad\n");
  control.serve(echo, start);
  CHECK(good.answer() == "ok\nheard status\n");
  CHECK(bad.answer() == "failed\nheard bad\n");
}

TEST_CASE("control: a command may come in pieces") {
  const TemporaryFolder folder;
  Control control(folder / "socket");
  const Caller caller(folder / "socket");
  caller.say("rel");
  control.serve(echo, start);
  CHECK(caller.is_quiet());
  caller.say("oad\n");
  control.serve(echo, start);
  CHECK(caller.answer() == "ok\nheard reload\n");
}

TEST_CASE("control: a line that does not end is refused") {
  const TemporaryFolder folder;
  Control control(folder / "socket");
  const Caller caller(folder / "socket");
  caller.say(std::string(Control::max_line + 1, 'x'));
  control.serve(echo, start);
  CHECK(caller.answer() == "failed\na command has at most 256 bytes\n");
}

TEST_CASE("control: a silent client is cut, and makes room for those who wait") {
  const TemporaryFolder folder;
  Control control(folder / "socket");
  std::vector<std::unique_ptr<Caller>> silent;
  for (std::size_t i = 0; i < Control::max_clients; ++i)
    silent.push_back(std::make_unique<Caller>(folder / "socket"));
  control.serve(echo, start);
  const Caller next(folder / "socket");
  REQUIRE(next.connected);
  next.say("status\n");
  control.serve(echo, start + Control::max_idle / 2);
  CHECK(silent.front()->is_quiet());
  CHECK(next.is_quiet());
  control.serve(echo, start + Control::max_idle);
  CHECK(silent.front()->answer().empty());
  control.serve(echo, start + Control::max_idle);
  CHECK(next.answer() == "ok\nheard status\n");
}

TEST_CASE("control: a reply larger than the socket takes is sent as the client reads") {
  const TemporaryFolder folder;
  Control control(folder / "socket");
  const Caller caller(folder / "socket");
  caller.say("status\n");
  const std::string large(4 << 20, 'y');
  const auto talk = [&](std::string_view) { return ControlReply{.good = true, .text = large}; };
  std::string all;
  char bytes[65536];
  for (ssize_t got = 1; got > 0;) {
    control.serve(talk, start);
    got = ::recv(caller.socket, bytes, sizeof bytes, 0);
    if (got > 0) all.append(bytes, static_cast<std::size_t>(got));
  }
  CHECK(all == "ok\n" + large + "\n");
}

TEST_CASE("control: the socket is its owner's alone, and goes with the server") {
  const TemporaryFolder folder;
  const fs::path path = folder / "socket";
  {
    const Control control(path);
    struct stat found {};
    REQUIRE(::lstat(path.c_str(), &found) == 0);
    CHECK((found.st_mode & 07777) == 0600);
  }
  CHECK_FALSE(fs::exists(path));
}

TEST_CASE("control: what a dead server left behind is replaced") {
  const TemporaryFolder folder;
  const fs::path path = folder / "socket";
  {
    Control dead(path);
    fs::rename(path, folder / "kept");
  }
  fs::rename(folder / "kept", path);
  Control control(path);
  const Caller caller(path);
  CHECK(caller.connected);
}

TEST_CASE("control: a living server's socket is left alone") {
  const TemporaryFolder folder;
  const Control first(folder / "socket");
  CHECK_THROWS_WITH_AS(Control(folder / "socket"), doctest::Contains("another server"),
                       std::runtime_error);
  CHECK(Caller(folder / "socket").connected);
}

TEST_CASE("control: what is no socket is left alone") {
  const TemporaryFolder folder;
  std::ofstream(folder / "socket") << "precious";
  CHECK_THROWS_WITH_AS(Control(folder / "socket"), doctest::Contains("not a socket"),
                       std::runtime_error);
  CHECK(fs::file_size(folder / "socket") == 8);
}

TEST_CASE("control: a path longer than a socket's address is taken through its folder") {
  const TemporaryFolder folder;
  const fs::path path = folder / std::string(90, 'y') / std::string(90, 'z') / "socket";
  {
    Control control(path);
    CHECK(fs::is_socket(path));
    const Caller caller(path);
    REQUIRE(caller.connected);
    caller.say("status\n");
    control.serve(echo, start);
    CHECK(caller.answer() == "ok\nheard status\n");
    CHECK_THROWS_WITH_AS(Control{path}, doctest::Contains("another server"), std::runtime_error);
  }
  CHECK_FALSE(fs::exists(path));
}

TEST_CASE("control: a name that no socket can have is refused with what to do") {
  CHECK_THROWS_WITH_AS(Control("/tmp/" + std::string(120, 'z')), doctest::Contains("shorter"),
                       std::runtime_error);
}
