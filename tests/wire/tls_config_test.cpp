// TLS as server.xml has it, over a running server: which certificate whom is shown, when files
// change, and who is asked to connect anew. The client is the openssl program.
#include <doctest/doctest.h>

#include <array>
#include <cstdio>

#include "tests/support/running_server.h"

using tests::free_port;
using tests::RunningServer;

namespace {

// What a command says, errors as well.
std::string said_by(const std::string& command) {
  std::FILE* pipe = ::popen((command + " 2>&1").c_str(), "r");
  REQUIRE(pipe != nullptr);
  std::string text;
  std::array<char, 4096> piece;
  for (std::size_t got = 0; (got = std::fread(piece.data(), 1, piece.size(), pipe)) > 0;)
    text.append(piece.data(), got);
  ::pclose(pipe);
  return text;
}

// NAME.pem and NAME.key for a host of that name.
void make_certificate(const RunningServer& server, const std::string& name, int days = 30) {
  const std::string file = (server.folder / name).string();
  said_by("openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN=" +
          name + " -days " + std::to_string(days) + " -keyout " + file + ".key -out " + file +
          ".pem");
  REQUIRE(std::filesystem::file_size(file + ".pem") > 0);
}

std::string host(const std::string& file, const std::string& attributes = "") {
  return "<SSLHostConfig " + attributes + "><Certificate certificateFile='" + file +
         ".pem' certificateKeyFile='" + file + ".key'/></SSLHostConfig>";
}

std::string server_xml(std::uint16_t port, const std::string& hosts,
                       const std::string& attributes = "") {
  return "<Server><Service><Connector address='127.0.0.1' SSLEnabled='true' port='" +
         std::to_string(port) + "' " + attributes + ">" + hosts +
         "</Connector><Engine><Host name='localhost'><Context path='/status'>"
         "<Endpoint type='status' path='/*'/></Context></Host></Engine></Service></Server>";
}

// A request over TLS for `host`, on a connection that asked for `name`.
std::string get(std::uint16_t port, const std::string& name, const std::string& host) {
  return said_by("printf 'GET /status/ HTTP/1.1\\r\\nHost: " + host +
                 "\\r\\nConnection: close\\r\\n\\r\\n' | openssl s_client -ign_eof -servername " +
                 name + " -connect 127.0.0.1:" + std::to_string(port));
}

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("each host has its certificate, and its requests only") {
  RunningServer server;
  const std::uint16_t port = free_port();
  make_certificate(server, "localhost");
  make_certificate(server, "b.example", 200'000);  // beyond what fits into nanoseconds
  SUBCASE("strict") {
    server.write("server.xml",
                 server_xml(port, host("localhost") + host("b.example", "hostName='B.example'")));
    server.start();
    const std::string mine = get(port, "b.example", "b.example");
    CHECK(has(mine, "subject=CN = b.example"));
    CHECK(has(mine, "HTTP/1.1 200 "));
    CHECK(has(mine, "\"keyType\": \"EC prime256v1\""));
    CHECK(has(mine, "\"notAfter\": \"25"));
    CHECK_FALSE(has(server.log.all(), " ended on "));
    const std::string others = get(port, "other.example", "other.example");
    CHECK(has(others, "subject=CN = localhost"));
    CHECK(has(others, "HTTP/1.1 200 "));
    CHECK(has(get(port, "b.example", "localhost"), "HTTP/1.1 421 "));
    CHECK(has(get(port, "localhost", "b.example"), "HTTP/1.1 421 "));
  }
  SUBCASE("not strict") {
    server.write("server.xml",
                 server_xml(port, host("localhost") + host("b.example", "hostName='b.example'"),
                            "strictSni='false'"));
    server.start();
    CHECK(has(get(port, "b.example", "localhost"), "HTTP/1.1 200 "));
  }
}

TEST_CASE("certificates are read again when their files change, and only a good pair is taken") {
  RunningServer server;
  const std::uint16_t port = free_port();
  make_certificate(server, "localhost");
  make_certificate(server, "fresh", 5);
  server.write("server.xml", server_xml(port, host("localhost")));
  server.start();
  CHECK(has(get(port, "localhost", "localhost"), "subject=CN = localhost"));

  server.write("localhost.key", server.read("fresh.key"));
  REQUIRE(server.log.await("the certificates before stay in use: "));
  REQUIRE(server.log.await("is not that of the certificate"));
  CHECK(has(get(port, "localhost", "localhost"), "subject=CN = localhost"));

  server.write("localhost.pem", server.read("fresh.pem"));
  REQUIRE(server.log.await("are shown the certificates as they are now"));
  REQUIRE(server.log.await("localhost.pem ends on "));
  CHECK(has(get(port, "localhost", "localhost"), "subject=CN = fresh"));
}

TEST_CASE("a reload changes hosts under open connectors, all or nothing") {
  RunningServer server;
  const std::uint16_t port = free_port();
  make_certificate(server, "localhost");
  make_certificate(server, "b.example");
  server.write("server.xml", server_xml(port, host("localhost")));
  server.start();

  server.write("server.xml", server_xml(port, host("localhost") + host("b.example")));
  server.reload();
  REQUIRE(server.log.await("nothing was changed: "));

  server.write("server.xml",
               server_xml(port, host("localhost") + host("b.example", "hostName='b.example'")));
  server.reload();
  REQUIRE(server.log.await("are shown the certificates as they are now"));
  REQUIRE(server.log.await("mapping 2 is in use"));
  CHECK(has(get(port, "b.example", "b.example"), "subject=CN = b.example"));
  CHECK_FALSE(has(server.log.all(), "accepts nothing more"));
}

TEST_CASE("what is wrong with files is said at their attribute") {
  RunningServer server;
  make_certificate(server, "localhost");
  const auto trouble = [&](const std::string& hosts) -> std::string {
    server.write("server.xml", server_xml(free_port(), "\n" + hosts));
    try {
      server.start();
    } catch (const std::exception& error) {
      return error.what();
    }
    return {};
  };
  CHECK(has(trouble("<SSLHostConfig><Certificate certificateFile='none.pem'/></SSLHostConfig>"),
            "server.xml:2:46: error: 'certificateFile': cannot read "));
  CHECK(has(trouble("<SSLHostConfig><Certificate certificateFile='localhost.pem'\n"
                    "certificateKeyFile='localhost.pem'/></SSLHostConfig>"),
            "server.xml:3:21: error: 'certificateKeyFile': "));
  const auto type = [&](const std::string& its) {
    return trouble(
        "<SSLHostConfig><Certificate certificateFile='localhost.pem'\n"
        "certificateKeyFile='localhost.key' type='" +
        its + "'/></SSLHostConfig>");
  };
  CHECK(has(type("RSA"), "server.xml:3:42: error: 'type': the certificate in '"));
  CHECK(has(type("RSA"),
            "' has a key of type EC prime256v1, not RSA; write type=\"EC\", or leave it out"));
  CHECK(has(trouble(host("localhost", "protocols='SSLv3'")),
            "server.xml:2:27: error: 'protocols': "));
  CHECK(type("EC").empty());
}

TEST_CASE("a server.xml that names certificates which are not there yet is tried again") {
  RunningServer server;
  const std::uint16_t port = free_port();
  make_certificate(server, "localhost");
  make_certificate(server, "fresh");
  server.write("server.xml", server_xml(port, host("localhost")));
  server.start();

  server.write("server.xml", server_xml(port, host("later")));
  server.reload();
  REQUIRE(server.log.await("nothing was changed: "));
  REQUIRE(server.log.await("It is tried again until the certificates can be used."));
  CHECK(has(get(port, "localhost", "localhost"), "subject=CN = localhost"));
  // Those in use are renewed meanwhile as ever.
  make_certificate(server, "localhost", 5);
  REQUIRE(server.log.await("localhost.pem ends on "));
  server.write("later.key", server.read("fresh.key"));
  server.write("later.pem", server.read("fresh.pem"));
  REQUIRE(server.log.await("is in use"));
  CHECK(has(get(port, "localhost", "localhost"), "subject=CN = fresh"));
}

TEST_CASE("a key is read again when only its rights have changed") {
  if (::geteuid() == 0) {
    MESSAGE("root may read every file");
    return;
  }
  RunningServer server;
  const std::uint16_t port = free_port();
  make_certificate(server, "localhost");
  make_certificate(server, "fresh");
  server.write("server.xml", server_xml(port, host("localhost")));
  server.start();

  namespace fs = std::filesystem;
  fs::permissions(server.folder / "fresh.key", fs::perms::none);
  fs::rename(server.folder / "fresh.key", server.folder / "localhost.key");
  fs::rename(server.folder / "fresh.pem", server.folder / "localhost.pem");
  REQUIRE(server.log.await("the certificates before stay in use: "));
  CHECK(has(get(port, "localhost", "localhost"), "subject=CN = localhost"));
  fs::permissions(server.folder / "localhost.key", fs::perms::owner_read);
  REQUIRE(server.log.await("are shown the certificates as they are now"));
  CHECK(has(get(port, "localhost", "localhost"), "subject=CN = fresh"));
}
