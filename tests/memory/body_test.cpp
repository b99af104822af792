// Bodies of 1 GiB each way: the server waits for the slower side instead of keeping them.
#include <doctest/doctest.h>

#include <sys/stat.h>

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "tests/support/client.h"
#include "tests/support/process.h"

using tests::Client;

namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kBody = std::uint64_t{1} << 30U;
constexpr std::uint64_t kLimit = std::uint64_t{64} << 20U;  // of resident memory, at its highest
constexpr std::size_t kPiece = 256 * 1024;

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
    fs::resize_file(folder / "files" / "static" / "large.bin", kBody);  // sparse: takes no room
    std::ofstream(folder / "files" / "static" / "small.txt") << "small";
    std::ofstream(folder / "server.xml")
        << "<Server><Service><Connector port=\"0\" address=\"127.0.0.1\" " << attributes
        << "/><Engine defaultHost=\"localhost\"><Host name=\"localhost\" appBase=\""
        << std::getenv("MARGAY_APPS") << "\"><Context path=\"/files\" docBase=\""
        << (folder / "files").string()
        << "\"><Endpoint type=\"files\" path=\"/*\"/></Context></Host></Engine></Service></Server>";
    return folder;
  }

  fs::path folder_;
  tests::Process process_;
  std::uint16_t port_ = 0;
};

bool is_sanitized() { return !std::string_view(std::getenv("MARGAY_SANITIZED")).empty(); }

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

// The size of the body, taken piece by piece.
std::uint64_t download(Client& client) {
  const std::string head = client.answer(true);
  REQUIRE(head.starts_with("HTTP/1.1 200 "));
  REQUIRE(head.find("Content-Length: " + std::to_string(kBody)) != std::string::npos);
  std::uint64_t got = 0;
  do {
    got += client.buffer().size();
    client.buffer().clear();
  } while (got < kBody && client.receive(std::chrono::seconds(20), kPiece));
  return got;
}

}  // namespace

TEST_CASE("memory: a body of 1 GiB comes in") {
  const Server server;
  Client client(server.port());
  const std::string piece(kPiece, 'x');
  SUBCASE("by its length, from a client slower than the server at first and faster then") {
    client.send("POST /upload/ HTTP/1.1\r\nHost: localhost\r\nContent-Length: " +
                std::to_string(kBody) + "\r\n\r\nx");
    serve_others(server);
    for (std::uint64_t sent = 1; sent < kBody; sent += kPiece)
      REQUIRE(client.send(std::string_view(piece).substr(0, kBody - sent)));
    CHECK(client.answer().find("\r\n\r\n1073741824 bytes, ") != std::string::npos);
  }
  SUBCASE("in chunks") {
    client.send("POST /upload/ HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n");
    const std::string chunk = "40000\r\n" + piece + "\r\n";
    for (std::uint64_t sent = 0; sent < kBody; sent += kPiece) REQUIRE(client.send(chunk));
    client.send("0\r\n\r\n");
    CHECK(client.answer().find("\r\n\r\n1073741824 bytes, ") != std::string::npos);
  }
  check_memory(server);
}

TEST_CASE("memory: a body of 1 GiB goes out") {
  std::string attributes;
  SUBCASE("by sendfile") {}
  SUBCASE("copied") { attributes = "useSendfile=\"false\""; }
  const Server server(attributes);
  Client client(server.port());
  client.send("GET /files/large.bin HTTP/1.1\r\nHost: localhost\r\n\r\n");
  serve_others(server);  // the client reads nothing meanwhile
  CHECK(download(client) == kBody);
  client.send("GET /files/small.txt HTTP/1.1\r\nHost: localhost\r\n\r\n");
  CHECK(client.answer().ends_with("\r\n\r\nsmall"));
  check_memory(server);
}
