// HTTP/1 and clients that are too slow: each wait has an end, and only waits for the client have.
#include <doctest/doctest.h>

#include <chrono>
#include <string>

#include "tests/support/conversation.h"
#include "tests/support/handlers.h"
#include "tests/support/small_server.h"

using tests::Conversation;
using tests::Held;
using tests::Reader;
using tests::SmallService;
using tests::summary;

namespace {

const std::string kGet = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";
const std::string kPost = "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1000000\r\n\r\n";
constexpr std::uint64_t kNever = 3'600'000;  // ms
constexpr std::uint64_t kShort = 200;

// Only what is under test is short.
server::http1::Options patient() {
  server::http1::Options options;
  options.connection_timeout = options.keep_alive_timeout = options.write_timeout = kNever;
  return options;
}

void answer_ok(SmallService& service) {
  service.answer = [](server::Exchange& exchange) { exchange.body().append("ok"); };
}

// Says one byte again and again, as long as the server listens.
bool drip(Conversation& client, const char* byte) {
  return client.await([&] {
    client.say(byte);
    return client.ended();
  });
}

}  // namespace

TEST_CASE("http1 timeouts: connectionTimeout, for a head") {
  SmallService service;
  answer_ok(service);
  server::http1::Options options = patient();
  options.connection_timeout = kShort;
  Conversation client(service, options);
  SUBCASE("that drips: 408") {
    client.say("GET / HTTP/1.1\r\nHost: h\r\nX: ");
    CHECK(drip(client, "x"));
    CHECK(summary(client.heard(), service.methods).starts_with("408 "));
  }
  SUBCASE("that drips on a used connection: the same") {
    client.say(kGet);
    client.take();
    service.methods.clear();
    client.say("GET / HTTP/1.1\r\nHost: h\r\nX: ");
    CHECK(drip(client, "x"));
    CHECK(summary(client.heard(), service.methods).starts_with("408 "));
  }
  SUBCASE("that never begins: closed without a word") {
    CHECK(client.await([&] { return client.ended(); }));
    CHECK(client.heard().empty());
  }
  SUBCASE("of which only empty lines come: the same") {
    CHECK(drip(client, "\r\n"));
    CHECK(client.heard().empty());
  }
}

TEST_CASE("http1 timeouts: keepAliveTimeout, between requests") {
  SmallService service;
  answer_ok(service);
  server::http1::Options options = patient();
  options.keep_alive_timeout = kShort;
  Conversation client(service, options);
  client.say(kGet);
  CHECK(client.await([&] { return client.ended(); }));
  CHECK(summary(client.heard(), service.methods) == "200 ok|");
}

TEST_CASE("http1 timeouts: the least rate of a body") {
  SmallService service;
  answer_ok(service);
  server::http1::Options options = patient();
  options.connection_timeout = kShort;
  options.min_upload_rate = 100'000;
  SUBCASE("that is collected: 408") {
    Conversation client(service, options);
    client.say(kPost);
    CHECK(drip(client, "x"));
    CHECK(summary(client.heard(), service.methods).starts_with("408 "));
  }
  SUBCASE("that is read: the reader hears that it is lost") {
    Reader reader(service);
    Conversation client(service, options);
    client.say(kPost);
    CHECK(drip(client, "x"));
    CHECK(client.await([&] { return client.gone() && service.finished_count == 1; }));
    CHECK(service.aborted_count == 1);
  }
  SUBCASE("that nobody reads: closed") {
    service.body = server::Body::ignored;
    Conversation client(service, options);
    client.say(kPost);
    CHECK(drip(client, "x"));
    CHECK(summary(client.heard(), service.methods) == "200 ok|");
  }
  SUBCASE("that the handler does not read yet: its own time") {
    service.body = server::Body::streamed;
    Held held(service);
    Conversation client(service, options);
    client.say(kPost);
    const std::string piece(100'000, 'x');
    std::size_t said = 0;
    while (said < 9 && client.say(piece)) ++said;
    REQUIRE(said < 9);  // no more is kept for it: the client waits for the server now
    const auto enough = std::chrono::steady_clock::now() + std::chrono::milliseconds(3 * kShort);
    client.await([&] { return client.ended() || std::chrono::steady_clock::now() > enough; });
    CHECK_FALSE(client.ended());
    held.answer(0, "late");
    client.settle();
    CHECK(summary(client.heard(), service.methods) == "200 late|");
  }
}

TEST_CASE("http1 timeouts: none while a handler thinks") {
  SmallService service;
  Held held(service);
  server::http1::Options options = patient();
  options.connection_timeout = options.keep_alive_timeout = options.write_timeout = kShort;
  Conversation client(service, options);
  client.say(kGet);
  const auto enough = std::chrono::steady_clock::now() + std::chrono::milliseconds(3 * kShort);
  client.await([&] { return client.ended() || std::chrono::steady_clock::now() > enough; });
  CHECK_FALSE(client.ended());
  held.answer(0, "late");
  client.settle();
  CHECK(summary(client.heard(), service.methods) == "200 late|");
}

TEST_CASE("http1 timeouts: writeTimeout, for a client that does not read") {
  SmallService service;
  const std::string much(8 * 1024 * 1024, 'x');
  service.answer = [&](server::Exchange& exchange) { exchange.body().append(much); };
  server::http1::Options options = patient();
  SUBCASE("at all: closed") {
    options.write_timeout = kShort;
    Conversation client(service, options);
    client.listen(false);
    client.say(kGet);
    CHECK(client.await([&] { return client.gone(); }));
    CHECK(service.finished_count == 1);
  }
  SUBCASE("for a moment: goes on") {
    options.write_timeout = 100 * kShort;  // a busy machine may take its time
    Conversation client(service, options);
    client.listen(false);
    client.say(kGet);
    client.listen(true);
    CHECK(client.await([&] { return client.heard().size() > much.size(); }));
    CHECK(summary(client.heard(), service.methods) == "200 " + much + "|");
  }
}

TEST_CASE("http1 timeouts: keepAliveTimeout, behind an answer that had to wait for its reader") {
  SmallService service;
  const std::string much(8 * 1024 * 1024, 'x');
  service.answer = [&](server::Exchange& exchange) { exchange.body().append(much); };
  server::http1::Options options = patient();
  options.keep_alive_timeout = kShort;
  Conversation client(service, options);
  client.listen(false);
  client.say(kGet);
  client.listen(true);
  CHECK(client.await([&] { return client.ended(); }));
  CHECK(summary(client.heard(), service.methods) == "200 " + much + "|");
}

TEST_CASE("http1 timeouts: asyncTimeout, for an answer that nobody gives") {
  SmallService service;
  Held held(service);
  server::http1::Options options = patient();
  options.exchange.async_timeout = std::chrono::milliseconds(kShort);
  Conversation client(service, options);
  client.say(kGet);
  CHECK(client.await([&] { return !client.heard().empty(); }));
  CHECK(summary(client.heard(), service.methods) == "500|");
  held.answer(0, "late");
  client.say(kGet);
  CHECK(held.rights.size() == 2);
  held.answer(1, "next");
  client.settle();
  CHECK(summary(client.heard(), service.methods) == "500|200 next|");
}

TEST_CASE("http1 timeouts: connectionUploadTimeout, for silence where no rate is asked for") {
  SmallService service;
  answer_ok(service);
  server::http1::Options options = patient();
  options.min_upload_rate = 0;
  options.upload_timeout = kShort;
  Conversation client(service, options);
  client.say(kPost);
  CHECK(client.await([&] { return client.ended(); }));
  CHECK(summary(client.heard(), service.methods).starts_with("408 "));
}
