// Filters that guard applications, in a real server: forged requests, load, slow endpoints, health.
#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "tests/support/running_server.h"

using tests::body_of;
using tests::Client;
using tests::free_port;
using tests::RunningServer;

namespace {

int status(const std::string& answer) {
  return answer.size() < 12 ? 0 : std::atoi(answer.substr(9, 3).c_str());
}

std::string field(const std::string& answer, const std::string& name) {
  const auto at = answer.find("\r\n" + name + ": ");
  if (at == std::string::npos || at > answer.find("\r\n\r\n")) return {};
  const auto from = at + name.size() + 4;
  return answer.substr(from, answer.find("\r\n", from) - from);
}

struct Setting {
  std::string server;  // attributes
  std::string engine;  // filters
  std::string loops = "2";
  std::string connector;  // attributes
  bool debug = false;
};

// The plugin `guards` as the application /app, with what the test puts into its manifest.
struct Guarded {
  explicit Guarded(const std::string& manifest, const Setting& setting = {}) {
    server.write("server.xml", "<Server " + setting.server +
                                   "><Service><Connector address='127.0.0.1' loops='" +
                                   setting.loops + "' " + setting.connector + " port='" +
                                   std::to_string(port) + "'/><Engine>" + setting.engine +
                                   "<Host name='localhost'/></Engine></Service></Server>");
    const auto file = server.folder / "apps/app/lib/guards.so";
    std::filesystem::create_directories(file.parent_path());
    const char* plugins = std::getenv("MARGAY_TEST_PLUGINS");
    REQUIRE(plugins != nullptr);
    std::filesystem::copy_file(std::filesystem::path(plugins) / "guards.so", file);
    server.write("apps/app/app.xml",
                 "<Application><Library file='lib/guards.so'/>" + manifest + "</Application>");
    if (setting.debug) server.log_level(server::LogLevel::debug);
    server.start();
  }

  static std::string text(const std::string& line, const std::string& fields = "",
                          const std::string& body = "") {
    std::string request = line + " HTTP/1.1\r\nHost: localhost\r\n" + fields;
    if (!body.empty()) request += "Content-Length: " + std::to_string(body.size()) + "\r\n";
    return request + "\r\n" + body;
  }
  std::string ask(const std::string& line, const std::string& fields = "",
                  const std::string& body = "") {
    Client client(port);
    client.send(text(line, fields, body));
    return client.answer();
  }

  RunningServer server;
  std::uint16_t port = free_port();
};

std::string cookie_of(const std::string& answer) {
  const std::string set = field(answer, "Set-Cookie");
  return set.empty() ? set : "Cookie: " + set.substr(0, set.find(';')) + "\r\n";
}

constexpr const char* kUrlencoded = "Content-Type: application/x-www-form-urlencoded\r\n";

}  // namespace

TEST_CASE("guards: CSRF, a form is taken with the token of its page") {
  Guarded its("<Endpoint type='form' path='/*'/><Filter type='csrf' path='/*'/>");
  const std::string page = its.ask("GET /app/");
  const std::string cookie = cookie_of(page), token = body_of(page);
  REQUIRE(!cookie.empty());
  REQUIRE(token.size() == 64);
  const auto post = [&](const std::string& fields, const std::string& body) {
    return its.ask("POST /app/", fields + kUrlencoded, body);
  };
  const std::string taken = post(cookie, "what=that&_csrf=" + token);
  CHECK(status(taken) == 200);
  CHECK(body_of(taken) == "changed that");
  // Behind the token of the page there is another mask each time; both are good.
  const std::string again = its.ask("GET /app/", cookie);
  CHECK(field(again, "Set-Cookie").empty());
  CHECK(body_of(again) != token);
  CHECK(status(post(cookie, "_csrf=" + body_of(again))) == 200);

  const std::string refused = post(cookie, "what=that");
  CHECK(status(refused) == 403);
  CHECK(field(refused, "X-CSRF-Token") == "Required");
  CHECK(status(post("", "_csrf=" + token)) == 403);
  CHECK(status(post(cookie + "Sec-Fetch-Site: cross-site\r\n", "_csrf=" + token)) == 403);
  CHECK(status(post(cookie + "Origin: https://evil.example\r\n", "_csrf=" + token)) == 403);
  CHECK(status(post(cookie + "Origin: http://localhost:1\r\n", "_csrf=" + token)) == 403);
  CHECK(status(post(cookie + "Origin: http://localhost\r\n", "_csrf=" + token)) == 200);
}

TEST_CASE("guards: CSRF of REST, a client fetches the token and sends it in the field") {
  Guarded its("<Endpoint type='form' path='/*'/><Filter type='csrf' path='/*'/>");
  const std::string fetched = its.ask("GET /app/", "X-CSRF-Token: Fetch\r\n");
  const std::string cookie = cookie_of(fetched);
  const std::string token = "X-CSRF-Token: " + field(fetched, "X-CSRF-Token") + "\r\n";
  CHECK(field(fetched, "Cache-Control") == "no-store");
  CHECK(status(its.ask("DELETE /app/1", cookie + token)) == 200);
  CHECK(status(its.ask("DELETE /app/1", cookie)) == 403);
  CHECK(status(its.ask("PUT /app/1", cookie + token + "Content-Type: application/json\r\n",
                       "{}")) == 200);
}

TEST_CASE("guards: CSRF, multipart sends the token in a field or in the query") {
  Guarded its("<Endpoint type='form' path='/*'/><Filter type='csrf' path='/*'/>");
  const std::string page = its.ask("GET /app/");
  const std::string type = "Content-Type: multipart/form-data; boundary=x\r\n";
  const std::string body =
      "--x\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n--x--\r\n";
  CHECK(status(its.ask("POST /app/?_csrf=" + body_of(page), cookie_of(page) + type, body)) == 200);
  CHECK(status(its.ask("POST /app/", cookie_of(page) + type, body)) == 403);
  const std::string token =
      "--x\r\nContent-Disposition: form-data; name=\"_csrf\"\r\n\r\n" + body_of(page) + "\r\n";
  CHECK(status(its.ask("POST /app/", cookie_of(page) + type, token + body)) == 200);
}

TEST_CASE("guards: CSRF makes no session for pages that show no token") {
  Guarded its("<Endpoint type='form' path='/form'/><Filter type='csrf' path='/*'/>");
  const std::string plain = its.ask("GET /app/form?plain");
  CHECK(body_of(plain) == "plain");
  CHECK(cookie_of(plain).empty());
  CHECK(!cookie_of(its.ask("GET /app/form")).empty());
  // Too late for a session: there is no token, and the answer goes on.
  const std::string late = its.ask("GET /app/form?late");
  CHECK(cookie_of(late).empty());
  CHECK(body_of(late) == "page none");
  its.server.log.await("too late for a new session");
}

TEST_CASE("guards: CSRF, whoever logs in gets another token") {
  Guarded its("<Endpoint type='form' path='/*'/><Filter type='csrf' path='/*'/>");
  const std::string before = its.ask("GET /app/");
  const std::string after = its.ask("GET /app/?login", cookie_of(before));
  REQUIRE(!cookie_of(after).empty());
  const auto send = [&](const std::string& page) {
    return status(
        its.ask("POST /app/", cookie_of(after) + "X-CSRF-Token: " + body_of(page) + "\r\n"));
  };
  CHECK(send(before) == 403);
  CHECK(send(after) == 200);
}

// --- concurrency-limit
// --------------------------------------------------------------------------------

namespace {

constexpr const char* kSlow =
    "<Endpoint type='slow' path='/slow'/><Endpoint type='later' path='/later'/>"
    "<Endpoint type='reader' path='/read'/><Endpoint type='keeper' path='/keeper'/>"
    "<Endpoint type='crowd' path='/crowd'/><Endpoint type='form' path='/form'/>";

std::string limit(const std::string& parameters, const char* path = "/slow") {
  return kSlow + std::string("<Filter type='concurrency-limit' path='") + path + "'>" + parameters +
         "</Filter>";
}

std::string parameter(const std::string& name, const std::string& value) {
  return "<Parameter name='" + name + "' value='" + value + "'/>";
}

// One loop, which reads what was sent before it reads what came later by another connection. For
// routes that stay on it.
Setting one_loop() { return {.loops = "1"}; }

// A request of its own connection, which the server knows already.
struct Asker {
  explicit Asker(Guarded& its, const std::string& line, const std::string& fields = "")
      : client(its.port) {
    client.send(Guarded::text("GET /app/form?plain"));
    client.answer();
    client.send(Guarded::text(line, fields));
  }
  Client client;
};

void await_arrival(Guarded& its, const std::string& name) {
  its.ask("GET /app/keeper?await=" + name);
}
void open(Guarded& its, const std::string& name) { its.ask("GET /app/keeper?open=" + name); }
std::string told(Guarded& its) { return body_of(its.ask("GET /app/keeper?told")); }

}  // namespace

TEST_CASE("guards: Semaphore, who is too many waits in order") {
  Guarded its(limit(parameter("concurrency", "1") + parameter("maxWaiting", "2"), "/later"),
              one_loop());
  const std::string line = "GET /app/later?name=";
  Asker a(its, line + "a");
  await_arrival(its, "a");
  Asker b(its, line + "b");
  Asker c(its, line + "c");
  // Two wait: there is no place for a third.
  const std::string full = its.ask(line + "d");
  CHECK(status(full) == 503);
  CHECK(field(full, "Retry-After") == "1");
  CHECK(body_of(its.ask("GET /app/keeper?arrived")) == "1");
  for (const auto& [asker, name] :
       {std::pair(&a, std::string("a")), std::pair(&b, std::string("b")), {&c, "c"}}) {
    await_arrival(its, name);
    open(its, name);
    CHECK(body_of(asker->client.answer()) == "late " + name);
  }
  Asker e(its, line + "e");  // all places are free again
  open(its, "e");
  CHECK(body_of(e.client.answer()) == "late e");
}

TEST_CASE("guards: Semaphore, who waits on a worker's route is served as well") {
  Guarded its(limit(parameter("concurrency", "1")));
  Asker a(its, "GET /app/slow?name=a");
  await_arrival(its, "a");
  Asker b(its, "GET /app/slow?name=b");
  Asker c(its, "GET /app/slow?name=c");
  for (const char* name : {"c", "b", "a"}) open(its, name);
  for (Asker* one : {&a, &b, &c}) CHECK(status(one->client.answer()) == 201);
}

TEST_CASE("guards: Semaphore without `block` refuses at once") {
  Guarded its(limit(parameter("concurrency", "1") + parameter("block", "false") +
                    parameter("highConcurrencyStatus", "429") + parameter("retryAfter", "7")));
  Asker a(its, "GET /app/slow?name=refuse");
  await_arrival(its, "refuse");
  const std::string refused = its.ask("GET /app/slow?name=other");
  CHECK(status(refused) == 429);
  CHECK(field(refused, "Retry-After") == "7");
  open(its, "refuse");
  CHECK(status(a.client.answer()) == 201);
}

TEST_CASE("guards: Semaphore, who has waited for maxWait is sent away") {
  Guarded its(limit(parameter("concurrency", "1") + parameter("maxWait", "50ms")));
  Asker a(its, "GET /app/slow?name=patience");
  await_arrival(its, "patience");
  const std::string refused = its.ask("GET /app/slow?name=other");
  CHECK(status(refused) == 503);
  CHECK(field(refused, "Retry-After") == "1");
  open(its, "patience");
  CHECK(status(a.client.answer()) == 201);
}

TEST_CASE("guards: Semaphore, each client by itself with a `key`") {
  Guarded its(limit(parameter("concurrency", "1") + parameter("block", "false") +
                    parameter("key", "header:X-Client")));
  Asker a(its, "GET /app/slow?name=key-a", "X-Client: a\r\n");
  await_arrival(its, "key-a");
  CHECK(status(its.ask("GET /app/slow?name=key-c", "X-Client: a\r\n")) == 503);
  Asker b(its, "GET /app/slow?name=key-b", "X-Client: b\r\n");
  await_arrival(its, "key-b");
  open(its, "key-a");
  open(its, "key-b");
  CHECK(status(a.client.answer()) == 201);
  CHECK(status(b.client.answer()) == 201);
}

TEST_CASE("guards: Semaphore, who goes while it waits gives its place up") {
  Guarded its(limit(parameter("concurrency", "1") + parameter("maxWaiting", "1"), "/later"),
              one_loop());
  Asker a(its, "GET /app/later?name=gone-a");
  await_arrival(its, "gone-a");
  Asker b(its, "GET /app/later?name=gone-b");
  b.client.finish();
  CHECK(status(b.client.rest()) == 503);
  Asker c(its, "GET /app/later?name=gone-c");
  CHECK(status(its.ask("GET /app/later?name=gone-d")) == 503);
  open(its, "gone-a");
  await_arrival(its, "gone-c");
  open(its, "gone-c");
  CHECK(status(a.client.answer()) == 200);
  CHECK(status(c.client.answer()) == 200);
}

TEST_CASE("guards: Semaphore, never more at once than there may be, whoever asks") {
  Guarded its(limit(parameter("concurrency", "3") + parameter("maxWaiting", "64"), "/crowd"));
  std::vector<std::thread> threads;
  std::atomic<int> good{0};
  for (int i = 0; i < 24; ++i)
    threads.emplace_back([&] {
      Client client(its.port);
      for (int k = 0; k < 20; ++k) {
        client.send(Guarded::text("GET /app/crowd"));
        good += status(client.answer()) == 200;
      }
    });
  for (std::thread& one : threads) one.join();
  CHECK(good == 24 * 20);
  CHECK(std::stoi(body_of(its.ask("GET /app/crowd"))) <= 3);
}

// --- timeout
// ------------------------------------------------------------------------------------------

namespace {

std::string in_time(const char* path, const std::string& parameters = "") {
  return kSlow + std::string("<Filter type='timeout' path='") + path + "'>" +
         parameter("seconds", "0.1") + parameters + "</Filter>";
}

}  // namespace

TEST_CASE("guards: timeout, an endpoint that holds its worker is answered for") {
  Guarded its(in_time("/slow"));
  Client client(its.port);
  client.send(Guarded::text("GET /app/slow?name=held&told", "Accept: application/json\r\n"));
  const std::string answer = client.answer();
  CHECK(status(answer) == 503);
  CHECK(field(answer, "Content-Type") == "application/json");
  CHECK(body_of(answer).find("/app/slow") != std::string::npos);
  CHECK(body_of(answer).find("name=held") == std::string::npos);
  CHECK(field(answer, "X-Late").empty());
  its.server.log.await("no answer in time for GET /app/slow");
  // The connection goes on, and what the endpoint writes then is dropped.
  client.send(Guarded::text("GET /app/keeper?open=held"));
  CHECK(status(client.answer()) == 200);
  client.send(Guarded::text("GET /app/keeper?told"));
  CHECK(body_of(client.answer()) == "held taken closed\n");
}

TEST_CASE("guards: timeout, an endpoint that answers later is too late, on workers and loop") {
  for (const std::string line :
       {"GET /app/slow?later&name=late-worker", "GET /app/later?name=late-loop"}) {
    CAPTURE(line);
    Guarded its(in_time(line.find("slow") == std::string::npos ? "/later" : "/slow",
                        parameter("status", "504")));
    Client client(its.port);
    client.send(Guarded::text(line));
    CHECK(status(client.answer()) == 504);
    client.send(Guarded::text("GET /app/keeper?open=" + line.substr(line.rfind('=') + 1)));
    CHECK(status(client.answer()) == 200);
  }
}

TEST_CASE("guards: timeout, an answer that has begun goes on") {
  Guarded its(in_time("/slow"));
  Client client(its.port);
  client.send(Guarded::text("GET /app/slow?early&name=early"));
  CHECK(status(client.answer(true)) == 200);
  CHECK(status(its.ask("GET /app/slow?name=behind")) == 503);  // its time ends later
  open(its, "early");
  open(its, "behind");
  while (client.buffer().find("\r\n0\r\n\r\n") == std::string::npos)
    REQUIRE(client.receive(std::chrono::seconds(20)));
  CHECK(client.buffer().find("late early") != std::string::npos);
}

TEST_CASE("guards: timeout, who waits for a body that does not come is let go") {
  Guarded its(in_time("/read"));
  Client client(its.port);
  client.send("POST /app/read?told HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\nabc");
  CHECK(status(client.answer()) == 503);
  CHECK(told(its) == "read ended -2\n");
}

TEST_CASE("guards: timeout, who watches for the end hears it, and holds nothing") {
  Guarded its(in_time("/slow"));
  CHECK(status(its.ask("GET /app/slow?watched&name=watched")) == 503);
  open(its, "watched");
  CHECK(told(its) == "watched over, closed\n");
}

TEST_CASE("guards: timeout, the first of two counts") {
  Guarded its(in_time("/later") + "<Filter name='other' type='timeout' path='/later'>" +
              parameter("seconds", "3600") + "</Filter>");
  CHECK(status(its.ask("GET /app/later?name=two")) == 503);
  open(its, "two");
}

TEST_CASE("guards: timeout, many that are late at once") {
  Guarded its(in_time("/slow"));
  std::vector<std::thread> threads;
  std::atomic<int> late{0}, in_time_at_last{0};
  for (int i = 0; i < 16; ++i)
    threads.emplace_back([&, i] {
      const std::string name = "many-" + std::to_string(i);
      const int got = status(its.ask("GET /app/slow?name=" + name));
      late += got == 503;
      in_time_at_last += got == 201;
    });
  // The first may be in time yet; the others are opened while time runs out, or behind that.
  for (int i = 0; i < 8; ++i) open(its, "many-" + std::to_string(i));
  for (std::thread& one : threads) one.join();
  for (int i = 8; i < 16; ++i) open(its, "many-" + std::to_string(i));
  CHECK(late + in_time_at_last == 16);
}

// --- health and the others
// --------------------------------------------------------------------------------

TEST_CASE("guards: HealthCheck tells that all is well") {
  Guarded its(kSlow, {.engine = "<Filter type='health' path='/*'/>"});
  const std::string answer = its.ask("GET /health");
  CHECK(status(answer) == 200);
  CHECK(field(answer, "Content-Type") == "application/json");
  CHECK(body_of(answer) == "{\"status\":\"UP\",\"checks\":[]}");
  CHECK(status(its.ask("POST /health")) == 405);
  CHECK(status(its.ask("GET /app/health")) == 404);
}

TEST_CASE("guards: HealthCheck in an application stands behind its context path") {
  Guarded its(kSlow + std::string("<Filter type='health' path='/*'>") + parameter("path", "/up") +
              "</Filter>");
  CHECK(status(its.ask("GET /app/up")) == 200);
  CHECK(status(its.ask("GET /up")) == 404);
}

TEST_CASE("guards: HealthCheck is DOWN where an application could not be started") {
  Guarded its(kSlow, {.engine = "<Filter type='health' path='/*'/>"});
  CHECK(status(its.ask("GET /health")) == 200);
  its.server.write("apps/broken/app.xml",
                   "<Application><Endpoint type='none' path='/'/>"
                   "</Application>");
  its.server.reload();
  its.server.log.await("is in use");
  const std::string answer = its.ask("GET /health");
  CHECK(status(answer) == 503);
  CHECK(body_of(answer) ==
        "{\"status\":\"DOWN\",\"checks\":[{\"name\":\"applications\",\"status\":\"DOWN\"}]}");
}

TEST_CASE("guards: HealthCheck is DOWN for drainDelay, while everything goes on") {
  Guarded its(kSlow, {.server = "drainDelay='60s'", .engine = "<Filter type='health' path='/*'/>"});
  its.server.ask_to_stop();
  its.server.log.await("health checks say DOWN");
  const std::string answer = its.ask("GET /health");
  CHECK(status(answer) == 503);
  CHECK(body_of(answer) ==
        "{\"status\":\"DOWN\",\"checks\":[{\"name\":\"server\",\"status\":\"DOWN\"}]}");
  CHECK(status(its.ask("GET /app/form?plain")) == 200);
  its.server.stop();  // a second signal does not wait
  its.server.log.await("second signal");
}

TEST_CASE("guards: body-limit refuses before the body is sent") {
  Guarded its(kSlow + std::string("<Filter type='body-limit' path='/*'>") +
                  parameter("maxBody", "10") + parameter("requireLength", "true") + "</Filter>",
              {.connector = "continueResponseTiming='onRead'"});
  CHECK(body_of(its.ask("POST /app/read", "", "0123456789")) == "10");
  Client client(its.port);
  client.send(
      "POST /app/read HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\n"
      "Content-Length: 11\r\n\r\n");
  CHECK(status(client.answer()) == 413);
  CHECK(status(its.ask("POST /app/form", "", "01234567890")) == 413);
  Client chunked(its.port);
  chunked.send(
      "POST /app/read HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
      "1\r\na\r\n0\r\n\r\n");
  CHECK(status(chunked.answer()) == 411);
}

TEST_CASE("guards: RequestDumper writes heads without their secrets") {
  Guarded its(kSlow + std::string("<Filter type='request-dumper' path='/*'>") +
                  parameter("mask", "X-Mine") + "</Filter>",
              {.loops = "1", .debug = true});
  its.ask("GET /app/form?plain&access_token=secret1",
          "Authorization: Bearer secret2\r\nCookie: a=secret3\r\nX-Api-Key: secret4\r\n"
          "X-Mine: secret5\r\nX-Other: shown\r\n");
  its.server.log.await("GET /app/form?plain=****&access_token=**** HTTP/1.1; host: localhost");
  its.server.log.await("x-other: shown");
  its.server.log.await(": 200; ");
  CHECK(its.server.log.all().find("secret") == std::string::npos);
}

TEST_CASE("guards: AddDefaultCharset and SessionInitializer") {
  Guarded its(kSlow + std::string("<Filter type='add-default-charset' path='/*'/>"
                                  "<Filter type='session-initializer' path='/form'/>"));
  const std::string answer = its.ask("GET /app/form?plain");
  CHECK(field(answer, "Content-Type") == "text/plain; charset=UTF-8");
  CHECK(!cookie_of(answer).empty());
  CHECK(cookie_of(its.ask("GET /app/keeper")).empty());
}
