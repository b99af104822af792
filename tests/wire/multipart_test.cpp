// Forms with files over real sockets: in pieces, in chunks, too large, and cut in the middle.
#include <doctest/doctest.h>

#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>
#include <system_error>

#include "tests/support/installation.h"

using tests::body_of;
using tests::Client;
using tests::eventually;

namespace {

namespace fs = std::filesystem;

std::string field(const std::string& name, const std::string& content) {
  return "--X\r\nContent-Disposition: form-data; name=\"" + name + "\"\r\n\r\n" + content + "\r\n";
}
std::string file(const std::string& name, const std::string& file_name,
                 const std::string& content) {
  return "--X\r\nContent-Disposition: form-data; name=\"" + name + "\"; filename=\"" + file_name +
         "\"\r\nContent-Type: application/octet-stream\r\n\r\n" + content + "\r\n";
}

class Uploads : public tests::Installation {
 public:
  Uploads() {
    const std::string limits =
        "<Parameter name='location' value='spool'/><Parameter name='maxFileSize' value='200000'/>"
        "<Parameter name='maxRequestSize' value='500000'/>"
        "<Parameter name='fileSizeThreshold' value='1000'/>"
        "<Parameter name='maxPostSize' value='2000'/><Parameter name='maxPartCount' value='4'/>"
        "<Parameter name='maxParameterCount' value='3'/>";
    const fs::path folder =
        application("u",
                    "<Application><Library name='uploads' file='lib/uploads.so'/>"
                    "<Endpoint name='worker' type='on-worker' path='/worker'>" +
                        limits +
                        "</Endpoint>"
                        "<Endpoint name='loop' type='on-loop' path='/loop'>" +
                        limits +
                        "</Endpoint>"
                        "<Endpoint name='forms' type='forms' path='/forms/*'>" +
                        limits +
                        "</Endpoint>"
                        "</Application>",
                    {fs::path(tests::environment("MARGAY_TEST_PLUGINS")) / "uploads.so"});
    fs::create_directory(folder / "spool");
    start();
  }
  ~Uploads() {
    CHECK(left_nothing());
    CHECK(stop() == 0);
    CHECK(server().log().find(" error ") == std::string::npos);
  }

  fs::path folder() const { return base() / "apps" / "u"; }
  static std::string head(const std::string& target, const std::string& framing,
                          const std::string& type = "multipart/form-data; boundary=X") {
    return "POST /u/" + target + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n" +
           "Content-Type: " + type + "\r\n" + framing + "\r\n\r\n";
  }
  static std::string length(std::size_t size) { return "Content-Length: " + std::to_string(size); }
  std::string post(const std::string& target, const std::string& parts,
                   const std::string& type = "multipart/form-data; boundary=X") const {
    const std::string body = parts + "--X--\r\n";
    Client client(port());
    client.send(head(target, length(body.size()), type));
    client.send(body);
    return client.rest();
  }
  // Files in the folder of temporary files, with a name or open without one.
  int temporary_files() {
    int count = 0;
    for ([[maybe_unused]] const auto& one : fs::directory_iterator(folder() / "spool")) ++count;
    const fs::path open = "/proc/" + std::to_string(server().pid()) + "/fd";
    for (const auto& one : fs::directory_iterator(open)) {
      std::error_code gone;
      if (fs::read_symlink(one, gone).string().find("/u/spool/") != std::string::npos) ++count;
    }
    return count;
  }
  std::string reading() const { return body_of(get("/u/forms/reading")); }
  bool left_nothing() {
    return eventually([&] { return reading() == "0" && temporary_files() == 0; });
  }
};

}  // namespace

TEST_CASE("multipart: a form as browsers and curl send it, to a worker, a loop and a dispatcher") {
  const Uploads server;
  const std::string form = field("a", "1") + file("b", "C:\\x\\y.bin", std::string(150'000, 'x')) +
                           file("c", "", "") + field("d", "\xC3\xBC");
  for (const char* target : {"worker", "loop", "forms/all"}) {
    CAPTURE(target);
    const std::string answer = server.post(target, form);
    CHECK(answer.starts_with("HTTP/1.1 200 "));
    CHECK(body_of(answer) == "a=1 b<y.bin:150000* c<:0 d=\xC3\xBC");
  }
}

TEST_CASE("multipart: in chunks, byte by byte, with pauses between") {
  Uploads server;
  const std::string form =
      field("a", "\r\n--\r\n--Y") + file("b", "f", std::string(1001, 'y')) + "--X--\r\n";
  for (const char* target : {"worker", "loop"}) {
    CAPTURE(target);
    Client client(server.port());
    client.send(Uploads::head(target, "Transfer-Encoding: chunked"));
    for (const char c : form) {
      client.send(std::string("1\r\n") + c + "\r\n");
      // What was sent is read before more comes: the worker waits, the loop is called again.
      if (c == '\n') server.reading();
    }
    client.send("0\r\n\r\n");
    const std::string answer = client.rest();
    CHECK(body_of(answer) == "a=\r\n--\r\n--Y b<f:1001*");
  }
}

TEST_CASE("multipart: every limit and every fault has its status") {
  const Uploads server;
  const struct {
    std::string form, status, message;
  } cases[] = {
      {file("a", "a", std::string(200'001, 'x')), "413", "maxFileSize"},
      {file("a", "a", std::string(200'000, 'x')) + file("b", "b", std::string(200'000, 'x')) +
           file("c", "c", std::string(100'000, 'x')),
       "413", "maxRequestSize"},
      {field("a", std::string(2001, 'x')), "413", "maxPostSize"},
      {field("a", "1") + field("b", "1") + file("c", "1", "") + file("d", "1", "") +
           file("e", "1", ""),
       "413", "maxPartCount"},
      {field("a", "1") + field("b", "1") + field("c", "1") + field("d", "1"), "413",
       "maxParameterCount"},
      {field(std::string(500, 'x'), "1"), "413", "maxPartHeaderSize"},
      {"--X\r\n\r\n\r\n", "400", "Content-Disposition"},
      {"no delimiter", "400", "delimiter"},
  };
  for (const auto& one : cases)
    for (const char* target : {"worker", "loop", "forms/all"}) {
      CAPTURE(one.message);
      CAPTURE(target);
      const std::string answer = server.post(target, one.form);
      CHECK(answer.substr(0, 13) == "HTTP/1.1 " + one.status + " ");
      CHECK(answer.find(one.message) != std::string::npos);
    }
  for (const char* target : {"worker", "loop", "forms/all"})
    CHECK(server.post(target, "", "text/plain").starts_with("HTTP/1.1 415 "));
  // The length tells before a byte of the body has come.
  Client client(server.port());
  client.send(Uploads::head("worker", Uploads::length(500'001)));
  CHECK(client.answer().starts_with("HTTP/1.1 413 "));
}

TEST_CASE("multipart: what is cut in the middle leaves no file, no memory and no worker") {
  Uploads server;
  const std::string begin = file("a", "a", std::string(100'000, 'x'));
  for (const char* target : {"worker", "loop"})
    for (const char* framing : {"Content-Length: 300000", "Transfer-Encoding: chunked"}) {
      CAPTURE(target);
      CAPTURE(framing);
      char size[16] = "";
      std::snprintf(size, sizeof size, "%zx\r\n", begin.size() + 1000);
      const bool chunked = std::string_view(framing).ends_with("chunked");
      Client client(server.port());
      client.send(Uploads::head(target, framing) + (chunked ? size : "") + begin);
      CHECK(eventually([&] { return server.temporary_files() == 1; }));
      CHECK(fs::is_empty(server.folder() / "spool"));
      client.close();
      CHECK(server.left_nothing());
    }
}

TEST_CASE("multipart: a file that is saved has its name, and nobody else's is overwritten") {
  const Uploads server;
  for (const std::size_t size : {100U, 100'000U}) {
    const std::string form = file("file", "../../x", std::string(size, 'z'));
    const std::string name = "saved-" + std::to_string(size);
    CAPTURE(size);
    CHECK(server.post("worker?save=" + name, form).starts_with("HTTP/1.1 200 "));
    CHECK(fs::file_size(server.folder() / name) == size);
  }
  CHECK(server.post("worker?save=x", field("a", "1")).starts_with("HTTP/1.1 400 "));
}

TEST_CASE("multipart: handlers take fields and files of a form as their parameters") {
  const Uploads server;
  const std::string file_part = file("file", "x.txt", "x");
  CHECK(body_of(server.post("forms/typed", field("count", "5") + field("tag", "a&amp;b") +
                                               file_part + file("more", "m", ""))) ==
        "5 a&amp;b x.txt and more");
  CHECK(body_of(server.post("forms/typed", field("count", "5") + file_part)) == "5 x.txt");
  const std::string no_number = server.post("forms/typed", field("count", "x") + file_part);
  CHECK(no_number.starts_with("HTTP/1.1 400 "));
  CHECK(no_number.find("form parameter") != std::string::npos);
  const std::string no_file = server.post("forms/typed", field("count", "5"));
  CHECK(no_file.starts_with("HTTP/1.1 400 "));
  CHECK(no_file.find("is missing") != std::string::npos);
  CHECK(body_of(server.post("forms/optional", file("file", "", ""))) == "none");
  CHECK(body_of(server.post("forms/optional", file_part)) == "file");
  CHECK(body_of(server.post("forms/optional", "a=1", "application/x-www-form-urlencoded")) ==
        "none");
}

TEST_CASE("multipart: a folder for temporary files that is not there is an error of deployment") {
  tests::Installation server;
  server.application("u",
                     "<Application><Library name='uploads' file='lib/uploads.so'/>"
                     "<Endpoint name='worker' type='on-worker' path='/worker'>\n"
                     "<Parameter name='location' value='nowhere'/></Endpoint></Application>",
                     {fs::path(tests::environment("MARGAY_TEST_PLUGINS")) / "uploads.so"});
  server.start();
  server.get("/u/worker");
  CHECK(server.stop() == 0);
  CHECK(server.server().log().find("parameter 'location': cannot make a file in '") !=
        std::string::npos);
}
