// Requests through connector, engine, chain and plugins, over real sockets.
#include <doctest/doctest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <thread>

#include "container/engine.h"
#include "container/instance.h"
#include "endpoints/builtin.h"
#include "filters/builtin.h"
#include "server/connector.h"
#include "tests/support/client.h"

using namespace container;
using tests::body_of;
using tests::Client;

namespace {

namespace fs = std::filesystem;

fs::path plugin_file(const std::string& name) {
  return fs::path(std::getenv("MARGAY_PLUGINS")) / (name + ".so");
}

// Builds applications by hand, as the deployer does from configuration.
class Maker {
 public:
  std::string resident;

  std::shared_ptr<const Plugin> load(const fs::path& file) {
    auto plugin =
        Plugin::load(file, {.work = fs::temp_directory_path() / "margay-tests",
                            .on_resident = [this](std::string_view text) { resident = text; }});
    REQUIRE_MESSAGE(plugin.has_value(), (plugin ? std::string() : plugin.error()));
    return *plugin;
  }
  void endpoint(Application& to, const std::shared_ptr<const Plugin>& plugin, const char* type,
                const char* path, InstanceOptions options = {}) {
    const auto* found = plugin->find_endpoint(type);
    REQUIRE(found != nullptr);
    options.name = type;
    auto made = EndpointInstance::create(plugin, *found, std::move(options));
    REQUIRE(made.has_value());
    to.keeps.push_back(*made);
    routes.push_back({*Pattern::parse(path), static_cast<std::uint32_t>(to.endpoints.size())});
    to.endpoints.push_back({.type = found,
                            .self = (*made)->self(),
                            .name = type,
                            .title = type,
                            .unavailable = {},
                            .on_loop = (found->flags & MARGAY_ON_LOOP) != 0});
  }
  void filter(Application& to, const char* type, const char* path, InstanceOptions options) {
    const auto plugin = Plugin::built_in(*filters::builtin());
    auto made = FilterInstance::create(plugin, *plugin->find_filter(type), std::move(options));
    REQUIRE(made.has_value());
    to.keeps.push_back(*made);
    MappedFilter use{.type = &(*made)->type(), .self = (*made)->self()};
    use.patterns.push_back(*Pattern::parse(path, PatternUse::filter));
    to.filters.push_back(std::move(use));
  }
  std::shared_ptr<const Application> finish(Application application, std::string context_path) {
    application.context_path = std::move(context_path);
    auto table = RouteTable::build(routes);
    REQUIRE_MESSAGE(table.has_value(), (table ? std::string() : table.error().text));
    application.routes = std::move(*table);
    routes.clear();
    return std::make_shared<const Application>(std::move(application));
  }
  static std::shared_ptr<const Mapping> mapping(
      std::vector<std::shared_ptr<const Application>> applications) {
    auto made = std::make_shared<Mapping>();
    HostMapping host{.name = "localhost"};
    std::vector<ContextEntry> contexts;
    for (auto& one : applications) {
      contexts.push_back({one->context_path, static_cast<std::uint32_t>(host.applications.size())});
      host.applications.push_back(std::move(one));
    }
    host.contexts = *ContextTable::build(contexts);
    made->entries.push_back(std::move(host));
    made->hosts = *HostTable::build({}, 0);
    return made;
  }

 private:
  std::vector<Route> routes;
};

struct Running {
  Running() : workers({.max_threads = 4, .min_spare_threads = 2}), first(0), second(1) {
    first.start();
    second.start();
    engine = std::make_unique<Engine>(std::vector<server::Loop*>{&first, &second});
    entrance = std::make_unique<Entrance>(EntranceRules{}, *engine, workers, 2);
  }
  void listen() {
    server::ConnectorOptions options;
    options.address = "127.0.0.1";
    options.port = 0;
    options.http1.rules.allow_trace = true;
    connector = std::make_unique<server::Connector>(
        options, std::vector<server::Loop*>{&first, &second}, *entrance);
    connector->listen();
  }
  ~Running() {
    if (connector != nullptr) connector->close();
    connector.reset();
    engine->publish(std::make_shared<const Mapping>());
    while (engine->reap() > 0) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  std::string get(const std::string& target, const std::string& fields = "") {
    Client client(connector->port());
    client.send("GET " + target + " HTTP/1.1\r\nHost: localhost\r\n" + fields +
                "Connection: close\r\n\r\n");
    return client.rest();
  }

  Maker make;
  server::Workers workers;
  server::Loop first, second;
  std::unique_ptr<Engine> engine;
  std::unique_ptr<Entrance> entrance;
  std::unique_ptr<server::Connector> connector;
};

struct Folder {
  Folder() : path(fs::temp_directory_path() / ("margay-files-" + std::to_string(::getpid()))) {
    fs::create_directories(path / "sub");
    std::ofstream(path / "index.html") << "<p>index</p>";
    std::ofstream(path / "sub" / "big.txt") << std::string(300'000, 'b');
    std::ofstream(path.string() + ".secret") << "secret";
    fs::create_symlink(path.string() + ".secret", path / "link");
  }
  ~Folder() {
    fs::remove_all(path);
    fs::remove(path.string() + ".secret");
  }
  fs::path path;
};

}  // namespace

TEST_CASE("concurrency: an endpoint from a shared library, by worker and by loop") {
  Running server;
  Application hello;
  server.make.endpoint(hello, server.make.load(plugin_file("hello")), "hello", "/*");
  server.make.filter(hello, "headers", "/*",
                     {.name = "headers", .parameters = {{"set.X-Served-By", "margay"}}});
  auto hello_application = server.make.finish(std::move(hello), "/hello");
  Application later;
  server.make.endpoint(later, server.make.load(plugin_file("later")), "later", "/*");
  auto later_application = server.make.finish(std::move(later), "/later");
  Application upload;
  server.make.endpoint(upload, server.make.load(plugin_file("upload")), "upload", "/*");
  server.engine->publish(Maker::mapping({std::move(hello_application), std::move(later_application),
                                         server.make.finish(std::move(upload), "/upload")}));
  server.listen();

  SUBCASE("parameters are decoded, filters edit the head") {
    const std::string answer = server.get("/hello/x?name=J%C3%BCrgen+K");
    CHECK(body_of(answer) == "hello, J\xC3\xBCrgen K\n");
    CHECK(answer.find("X-Served-By: margay\r\n") != std::string::npos);
    CHECK(answer.find("Content-Length: 17\r\n") != std::string::npos);
  }
  SUBCASE("an endpoint that takes everything answers the bare context path") {
    CHECK(body_of(server.get("/hello?name=you")) == "hello, you\n");
  }
  SUBCASE("nobody's path: JSON for API clients, HTML for browsers") {
    CHECK(body_of(server.get("/nothing")).find("\"status\":404") != std::string::npos);
    const std::string page = server.get("/nothing", "Accept: text/html\r\n");
    CHECK(page.starts_with("HTTP/1.1 404 "));
    CHECK(page.find("Content-Type: text/html") != std::string::npos);
  }
  SUBCASE("nobody's path, with a body that nobody measures") {
    Client client(server.connector->port());
    client.send("POST /nothing HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\n\r\nabc");
    CHECK(client.answer().starts_with("HTTP/1.1 404 "));
    client.send("GET /hello/?name=a HTTP/1.1\r\nHost: localhost\r\n\r\n");
    CHECK(body_of(client.answer()) == "hello, a\n");
  }
  SUBCASE("TRACE tells what came in, without secrets, and passes the filters") {
    Client client(server.connector->port());
    client.send(
        "TRACE /hello/?a HTTP/1.1\r\nHost: localhost\r\nCookie: c\r\nX-Forwarded-For: f\r\n"
        "Authorization: a\r\nForwarded: f\r\nX-Mine: m\r\n\r\n");
    const std::string answer = client.answer();
    CHECK(answer.starts_with("HTTP/1.1 200 "));
    CHECK(answer.find("Content-Type: message/http\r\n") != std::string::npos);
    CHECK(answer.find("X-Served-By: margay\r\n") != std::string::npos);
    CHECK(body_of(answer) == "TRACE /hello/?a HTTP/1.1\r\nhost: localhost\r\nx-mine: m\r\n\r\n");
  }
  SUBCASE("bad targets") {
    for (const char* target :
         {"/hello/%zz", "/hello/%00", "/../etc", "/hello/%2e%2e/%2e%2e/x", "/a%2fb", "/a\\b"}) {
      CAPTURE(target);
      CHECK(server.get(target).starts_with("HTTP/1.1 400 "));
    }
  }
  SUBCASE("answers finished by another thread, many at once") {
    std::vector<std::thread> clients;
    std::atomic<int> good{0};
    for (int i = 0; i < 16; ++i)
      clients.emplace_back([&] {
        for (int n = 0; n < 5; ++n) good += body_of(server.get("/later/?ms=5")) == "later\n";
      });
    for (auto& one : clients) one.join();
    CHECK(good == 80);
  }
  SUBCASE("clients that go while their answer is suspended") {
    for (int i = 0; i < 50; ++i) {
      Client client(server.connector->port());
      client.send("GET /later/?ms=20 HTTP/1.1\r\nHost: localhost\r\n\r\n");
    }
    CHECK(body_of(server.get("/later/?ms=40")) == "later\n");
  }
  SUBCASE("a streamed body") {
    Client client(server.connector->port());
    const std::string piece(1 << 20, 'x');
    client.send("POST /upload/ HTTP/1.1\r\nHost: localhost\r\nContent-Length: 20971520\r\n\r\n");
    for (int i = 0; i < 20; ++i) REQUIRE(client.send(piece));
    CHECK(body_of(client.answer()).starts_with("20971520 bytes, fnv1a "));
  }
  SUBCASE("one mapping after the other, under load, loses nothing and unloads everything") {
    std::atomic<bool> stop{false};
    std::atomic<int> wrong{0}, answered{0};
    std::vector<std::thread> clients;
    for (int i = 0; i < 4; ++i)
      clients.emplace_back([&] {
        Client client(server.connector->port());
        while (!stop) {
          client.send("GET /hello/?name=a HTTP/1.1\r\nHost: localhost\r\n\r\n");
          if (body_of(client.answer()) == "hello, a\n") {
            ++answered;
          } else {
            ++wrong;
          }
        }
      });
    for (int i = 0; i < 20; ++i) {
      Application next;
      server.make.endpoint(next, server.make.load(plugin_file("hello")), "hello", "/*");
      server.engine->publish(Maker::mapping({server.make.finish(std::move(next), "/hello")}));
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
      server.engine->reap();
    }
    stop = true;
    for (auto& one : clients) one.join();
    while (server.engine->reap() > 0) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    CHECK(wrong == 0);
    CHECK(answered > 100);
    int mapped = 0;
    std::ifstream maps("/proc/self/maps");
    for (std::string line; std::getline(maps, line);)
      mapped += line.find("/margay-tests/hello.") != line.npos && line.find("r-xp") != line.npos;
    if (std::string_view(std::getenv("MARGAY_SANITIZED")).empty()) {
      CHECK(mapped == 1);
      CHECK(server.make.resident.empty());
    }
  }
}

TEST_CASE("static files, and nothing else") {
  const Folder folder;
  Running server;
  Application pages;
  server.make.endpoint(pages, Plugin::built_in(*endpoints::builtin()), "files", "/",
                       {.parameters = {{"root", folder.path.string()}}});
  auto root = server.make.finish(std::move(pages), "");
  Application docs;
  server.make.endpoint(docs, Plugin::built_in(*endpoints::builtin()), "files", "/",
                       {.parameters = {{"root", folder.path.string()}}});
  server.engine->publish(
      Maker::mapping({std::move(root), server.make.finish(std::move(docs), "/docs")}));
  server.listen();
  const std::string index = server.get("/");
  CHECK(body_of(index) == "<p>index</p>");
  CHECK(index.find("Content-Type: text/html") != std::string::npos);
  const auto tag = index.find("ETag: ");
  REQUIRE(tag != std::string::npos);
  CHECK(server
            .get("/", "If-None-Match: " + index.substr(tag + 6, index.find('\r', tag) - tag - 6) +
                          "\r\n")
            .starts_with("HTTP/1.1 304 "));
  CHECK(body_of(server.get("/sub/big.txt")) == std::string(300'000, 'b'));
  CHECK(server.get("/sub").find("Location: /sub/\r\n") != std::string::npos);
  CHECK(server.get("/docs?x=1").find("Location: /docs/?x=1\r\n") != std::string::npos);
  CHECK(body_of(server.get("/docs/")) == "<p>index</p>");
  for (const char* target :
       {"/link", "/sub/../link", "/missing", "/WEB-INF/web.xml", "/web-inf/x", "/sub/"}) {
    CAPTURE(target);
    CHECK(server.get(target).starts_with("HTTP/1.1 404 "));
  }
  Client client(server.connector->port());
  client.send("DELETE /index.html HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
  const std::string refused = client.rest();
  CHECK(refused.starts_with("HTTP/1.1 405 "));
  CHECK(refused.find("Allow: GET, HEAD, OPTIONS\r\n") != std::string::npos);
}

TEST_CASE("libraries that are refused") {
  const fs::path work = fs::temp_directory_path() / "margay-tests";
  fs::create_directories(work);
  std::ofstream(work / "text.so")
      << "not a library, but long enough to hold the header of one: .......................";
  const auto text = Plugin::load(work / "text.so", {.work = work});
  REQUIRE(!text);
  CHECK(text.error().find("is not a shared library (no ELF header)") != std::string::npos);
  const auto gone = Plugin::load(work / "gone.so", {.work = work});
  REQUIRE(!gone);
  CHECK(gone.error().find("cannot be read") != std::string::npos);
  margay_plugin table{
      MARGAY_PLUGIN_MAGIC, sizeof(margay_plugin), 2, 0, 0, 0, "x", "1", nullptr, nullptr};
  CHECK(refusal(table) == "was built for plugin ABI 2.0, this server has 1." +
                              std::to_string(MARGAY_ABI_MINOR) +
                              ": rebuild it against this server's headers");
  table.abi_major = MARGAY_ABI_MAJOR;
  CHECK(refusal(table).empty());
}
