// Bodies of 1 GiB each way: the server waits for the slower side instead of keeping them.
#include <doctest/doctest.h>

#include <sys/stat.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>

#include "tests/support/client.h"
#include "tests/support/process.h"

using tests::Client;

namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kLimit = std::uint64_t{64} << 20U;  // of resident memory, at its highest
constexpr std::size_t kPiece = 256 * 1024;

bool is_sanitized() { return !std::string_view(std::getenv("MARGAY_SANITIZED")).empty(); }
// Bytes: 1 GiB, or what a sanitizer, whose own memory is not measured, does in the same time.
std::uint64_t body_size() { return std::uint64_t{1} << (is_sanitized() ? 26U : 30U); }

// A server on a free port, with the sample applications and a folder that holds one large file.
class Server {
 public:
  explicit Server(const std::string& attributes = "")
      : folder_(make_folder(attributes)),
        process_({std::getenv("MARGAY"), "run", "--config", (folder_ / "server.xml").string()}) {
    const std::string line = process_.await("listening on ");
    REQUIRE_MESSAGE(!line.empty(), process_.log());
    port_ = static_cast<std::uint16_t>(std::stoi(line.substr(line.rfind(':') + 1)));
  }
  ~Server() {
    process_.signal(SIGTERM);
    CHECK(process_.join() == 0);
    fs::remove_all(folder_);
  }
  std::uint16_t port() const { return port_; }

  std::ptrdiff_t descriptors() const {
    return std::distance(fs::directory_iterator("/proc/" + std::to_string(process_.pid()) + "/fd"),
                         {});
  }
  // Bytes, the most there ever were.
  std::uint64_t peak_memory() const {
    std::ifstream figures("/proc/" + std::to_string(process_.pid()) + "/status");
    for (std::string word; figures >> word;)
      if (std::uint64_t kib = 0; word == "VmHWM:" && figures >> kib) return kib * 1024;
    return 0;
  }

 private:
  static fs::path make_folder(const std::string& attributes) {
    std::string name = (fs::temp_directory_path() / "margay-memory-XXXXXX").string();
    const fs::path folder = ::mkdtemp(name.data());
    fs::create_directories(folder / "files" / "static");
    std::ofstream(folder / "files" / "static" / "large.bin");
    fs::resize_file(folder / "files" / "static" / "large.bin",
                    body_size());  // sparse: takes no room
    std::ofstream(folder / "files" / "static" / "small.txt") << "small";
    fs::copy_file(std::getenv("MARGAY_LETTERS"), folder / "files" / "letters.so");
    const std::string base = (folder / "files").string();
    std::ofstream(folder / "server.xml")
        << "<Server><Service><Connector port='0' address='127.0.0.1' " << attributes
        << "/><Engine defaultHost='localhost'><Host name='localhost' appBase='"
        << std::getenv("MARGAY_APPS") << "'><Context path='/files' docBase='" << base
        << "'><Endpoint type='files' path='/*'/></Context><Context path='/letters' docBase='"
        << base << "'><Library file='letters.so'/><Endpoint type='files' path='/*'/>"
        << "<Filter type='letters' path='*'/></Context></Host></Engine></Service></Server>";
    return folder;
  }

  fs::path folder_;
  tests::Process process_;
  std::uint16_t port_ = 0;
};

// Requests beside the slow one: they are served, and meanwhile the server could have taken all.
void serve_others(const Server& server) {
  for (int i = 0; i < 50; ++i) {
    Client other(server.port());
    other.send("GET /files/small.txt HTTP/1.1\r\nHost: localhost\r\n\r\n");
    REQUIRE(other.answer().ends_with("\r\n\r\nsmall"));
  }
}

void check_memory(const Server& server) {
  const std::uint64_t peak = server.peak_memory();
  CAPTURE(peak);
  CHECK(peak > 0);
  if (!is_sanitized()) CHECK(peak < kLimit);
}

// Takes `size` bytes piece by piece; false when they are fewer, or others than `letter`.
bool download(Client& client, std::uint64_t size, char letter) {
  const std::string expected(client.buffer().size() + kPiece, letter);
  while (size > 0) {
    std::string& here = client.buffer();
    if (here.empty() && !client.receive(std::chrono::seconds(20), kPiece)) return false;
    const std::size_t part = std::min<std::uint64_t>(here.size(), size);
    if (std::memcmp(here.data(), expected.data(), part) != 0) return false;
    here.erase(0, part);
    size -= part;
  }
  return true;
}

}  // namespace

TEST_CASE("memory: a body of 1 GiB comes in") {
  const Server server;
  Client client(server.port());
  const std::string piece(kPiece, 'x');
  SUBCASE("by its length, from a client slower than the server at first and faster then") {
    client.send("POST /upload/ HTTP/1.1\r\nHost: localhost\r\nContent-Length: " +
                std::to_string(body_size()) + "\r\n\r\nx");
    serve_others(server);
    for (std::uint64_t sent = 1; sent < body_size(); sent += kPiece)
      REQUIRE(client.send(std::string_view(piece).substr(0, body_size() - sent)));
    CHECK(client.answer().find("\r\n\r\n" + std::to_string(body_size()) + " bytes, ") !=
          std::string::npos);
  }
  SUBCASE("in chunks") {
    client.send("POST /upload/ HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n");
    const std::string chunk = "40000\r\n" + piece + "\r\n";
    for (std::uint64_t sent = 0; sent < body_size(); sent += kPiece) REQUIRE(client.send(chunk));
    client.send("0\r\n\r\n");
    CHECK(client.answer().find("\r\n\r\n" + std::to_string(body_size()) + " bytes, ") !=
          std::string::npos);
  }
  check_memory(server);
}

TEST_CASE("memory: a body of 1 GiB goes out") {
  std::string attributes;
  SUBCASE("by sendfile") {}
  SUBCASE("copied") { attributes = "useSendfile='false'"; }
  const Server server(attributes);
  Client client(server.port());
  client.send("GET /files/large.bin HTTP/1.1\r\nHost: localhost\r\n\r\n");
  serve_others(server);  // the client reads nothing meanwhile
  const std::string head = client.answer(true);
  CHECK(head.starts_with("HTTP/1.1 200 "));
  CHECK(head.find("Content-Length: " + std::to_string(body_size()) + "\r\n") != std::string::npos);
  CHECK(download(client, body_size(), '\0'));
  client.send("GET /files/small.txt HTTP/1.1\r\nHost: localhost\r\n\r\n");
  CHECK(client.answer().ends_with("\r\n\r\nsmall"));
  check_memory(server);
}

TEST_CASE("memory: a body of 1 GiB goes out through a filter, on the loop") {
  const Server server;
  Client client(server.port());
  SUBCASE("to a client that reads nothing at first") {
    client.send("GET /letters/large.bin HTTP/1.0\r\nHost: localhost\r\n\r\n");
    serve_others(server);
    const std::string head = client.answer(true);
    CHECK(head.find("Content-Length") == std::string::npos);
    CHECK(download(client, body_size(), 'm'));
    CHECK(client.rest() == "!");
  }
  SUBCASE("behind another answer") {
    client.send(
        "GET /letters/small.txt HTTP/1.1\r\nHost: localhost\r\n\r\n"
        "GET /letters/large.bin HTTP/1.1\r\nHost: localhost\r\n\r\n");
    CHECK(client.answer().ends_with("mmmmm!"));
    CHECK(client.answer(true).find("Transfer-Encoding: chunked\r\n") != std::string::npos);
  }
  SUBCASE("to many that go in the middle of it") {
    serve_others(server);
    const std::ptrdiff_t few = server.descriptors() + 10;  // the file may stay open on each loop
    for (int i = 0; i < 20; ++i) {
      Client one(server.port());
      one.send("GET /letters/large.bin HTTP/1.1\r\nHost: localhost\r\n\r\n");
      CHECK(one.receive(std::chrono::seconds(20)));
    }
    for (int i = 0; i < 100 && server.descriptors() >= few; ++i) serve_others(server);
    CHECK(server.descriptors() < few);
  }
  SUBCASE("not at all for HEAD, nor is its length guessed") {
    client.send(
        "HEAD /letters/large.bin HTTP/1.1\r\nHost: localhost\r\n\r\n"
        "GET /letters/small.txt HTTP/1.1\r\nHost: localhost\r\n\r\n");
    CHECK(client.answer(true).find("Content-Length") == std::string::npos);
    CHECK(client.answer().ends_with("\r\n\r\nmmmmm!"));
  }
  check_memory(server);
}
