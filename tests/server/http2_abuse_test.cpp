// HTTP/2 clients that make the server work for nothing, and busy ones that do not.
#include <doctest/doctest.h>

#include <functional>
#include <string>
#include <vector>

#include "server/log.h"
#include "tests/support/h2_client.h"
#include "tests/support/small_server.h"

// NOLINTNEXTLINE: the words of frames are all over the tables
using namespace tests::h2;

namespace {

using Next = std::function<std::string(std::uint32_t)>;  // the bytes of the n-th attempt

std::uint32_t stream_of(std::uint32_t attempt) { return attempt * 2 + 3; }

struct Attack {
  std::string title;
  std::uint32_t enough;  // attempts
  std::string first;
  Next next;
};

}  // namespace

TEST_CASE("http2 abuse: ends in GOAWAY, one line of log, and is counted") {
  const std::string continued = headers(1, request(), kEndStream);
  const std::vector<Attack> attacks = {
      {"PING", 12, "", [](std::uint32_t) { return ping(); }},
      {"acknowledged PING", 12, "", [](std::uint32_t) { return ping("12345678", kAck); }},
      {"SETTINGS", 12, "", [](std::uint32_t) { return settings(); }},
      {"PRIORITY", 12, "",
       [](std::uint32_t) { return frame(kPriority, 0, 1, number(0) + "\x0f"); }},
      {"PRIORITY_UPDATE", 12, get(1),
       [](std::uint32_t) { return frame(kPriorityUpdate, 0, 0, number(1) + "u=1"); }},
      {"unknown frames", 12, "", [](std::uint32_t) { return frame(0x77, 0, 0, ""); }},
      {"WINDOW_UPDATE of one byte", 20, "", [](std::uint32_t) { return window_update(0, 1); }},
      {"empty DATA", 8, post(1), [](std::uint32_t) { return data(1, "", 0); }},
      {"empty CONTINUATION", 8, continued,
       [](std::uint32_t) { return frame(kContinuation, 0, 1, ""); }},
      {"long CONTINUATION", 20, continued,
       [](std::uint32_t) {
         return frame(kContinuation, 0, 1, field("x", std::string(2000, 'y')));
       }},
      {"CVE-2023-44487, rapid reset", 250, "",
       [](std::uint32_t n) { return get(stream_of(n)) + rst_stream(stream_of(n)); }},
      {"CVE-2025-8671, made to reset", 250, "",
       [](std::uint32_t n) {
         return get(stream_of(n), {{"X", "y"}});
       }},
      {"made to refuse", 400, "", [](std::uint32_t n) { return post(stream_of(n)); }},
      {"a head that unpacks", 1, "",
       [](std::uint32_t) {
         // One field in the dynamic table, then only its index.
         return headers(1, request() + "\x40\x01x" + integer(0, 7, 3000) + std::string(3000, 'y') +
                               std::string(10'000, '\xbe'));
       }},
  };
  for (const Attack& attack : attacks) {
    CAPTURE(attack.title);
    server::CapturedLog lines;
    server::Logs logs(lines);
    server::http1::Options http1;
    http1.log = logs.log("margay.server");
    tests::SmallService service;
    service.answer = [](server::Exchange& exchange) { exchange.body().append("ok"); };
    Client client(service, {}, http1);
    client.say(attack.first);
    std::uint32_t attempts = 0;
    while (attempts < attack.enough && !client.ended()) client.say(attack.next(attempts++));
    CHECK(client.ended());
    CHECK(client.summary().find("GOAWAY:ENHANCE_YOUR_CALM") != std::string::npos);
    REQUIRE(lines.lines().size() == 1);
    CHECK(lines.lines()[0].starts_with("WARN margay.server: HTTP/2 connection of "));
    CHECK(client.abuses == 1);
    client.wire().hang_up();
    CHECK(service.finished_count == static_cast<int>(service.methods.size()));
  }
}

TEST_CASE("http2 abuse: a client that reads no answers is ended while they are few") {
  tests::SmallService service;
  service.answer = [](server::Exchange&) {};
  Client client(service, {.overhead_count_factor = 0, .max_queued_answers = 100});
  client.wire().listen(false);
  std::string many;
  for (int i = 0; i < 1000; ++i) many += ping();
  for (int i = 0; i < 200 && client.abuses == 0; ++i) client.say(many);
  CHECK(client.abuses == 1);
}

TEST_CASE("http2 abuse: busy clients are none") {
  tests::SmallService service;
  service.answer = [](server::Exchange& exchange) { exchange.body().append("ok"); };
  Client client(service);
  SUBCASE("thousands of requests, a hundred at a time") {
    for (std::uint32_t id = 1; id < 10'000;) {
      std::string many;
      for (int i = 0; i < 100; ++i, id += 2) many += get(id);
      client.say(many);
    }
    CHECK(service.finished_count == 5'000);
  }
  SUBCASE("a page is left, and all its images are cancelled") {
    std::string all;
    for (std::uint32_t id = 1; id < 200; id += 2) all += post(id);
    for (std::uint32_t id = 1; id < 200; id += 2) all += rst_stream(id);
    client.say(all + get(201));
    CHECK(client.summary().ends_with("200:201"));
  }
  SUBCASE("a long upload in small DATA frames, with its windows") {
    client.say(post(1));
    for (int i = 0; i < 5'000; ++i) client.say(data(1, "x", 0));
    client.say(data(1, "x"));
    CHECK(client.summary() == "200:1");
  }
  SUBCASE("what Firefox says first") {
    std::string hello;
    for (std::uint32_t id = 3; id < 13; id += 2)
      hello += frame(kPriority, 0, id, number(0) + "\x0f");
    client.say(hello + window_update(0, 12'517'377) + get(15));
    CHECK(client.summary() == "200:15");
  }
  CHECK(client.abuses == 0);
  CHECK_FALSE(client.ended());
}

TEST_CASE("http2 abuse: what is forgiven with time") {
  const server::http2::Options options;
  server::http2::Overhead overhead(options, 0);
  std::uint64_t now = 0;
  const auto pings = [&](int count) {
    for (int i = 0; i < count; ++i) overhead.heard(kPing, 0, 8, now);
    return overhead.excess() == nullptr;
  };
  SUBCASE("a PING each second, for ever") {
    for (int i = 0; i < 10'000; ++i, now += 1'000) REQUIRE(pings(1));
  }
  SUBCASE("but silence earns no more than a connection begins with") {
    now = 1'000'000;
    CHECK(pings(10));
    CHECK_FALSE(pings(1));
  }
  SUBCASE("nor a good life more than its floor") {
    for (int i = 0; i < 10'000; ++i) overhead.heard(kHeaders, kEndStream | kEndHeaders, 50, now);
    CHECK(pings(100));
    CHECK_FALSE(pings(1));
  }
}
