// HTTP/2: requests in, answers out, windows and limits, as a client that keeps the rules sees them.
#include "server/http2/http2.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include <cstdio>
#include <string>

#include "server/log.h"
#include "tests/support/h2_peer.h"
#include "tests/support/handlers.h"

using tests::H2Answer;
using tests::H2Options;
using tests::H2Peer;

namespace {

void echo(server::Exchange& exchange) {
  exchange.response().set(exchange.arena(), "X-Protocol", exchange.request.protocol);
  exchange.body().append(exchange.request.method).append(" ").append(exchange.request.target);
  exchange.body().append(" ").append(exchange.buffered_body());
}

std::string pattern(std::size_t size) {
  std::string text(size, '\0');
  for (std::size_t i = 0; i < size; ++i) text[i] = static_cast<char>('a' + i % 23);
  return text;
}

}  // namespace

TEST_CASE("http2 answers a request, with fields in lower case and a length") {
  tests::SmallService service;
  service.answer = echo;
  H2Peer peer(service);
  const auto id = peer.ask("/one?two");
  peer.talk();
  const H2Answer& answer = peer.answer(id);
  CHECK(answer.status == 200);
  CHECK(answer.ended);
  CHECK(answer.body == "GET /one?two ");
  CHECK(answer.fields.at("x-protocol") == "HTTP/2.0");
  CHECK(answer.fields.at("content-length") == "13");
  CHECK(answer.fields.at("date").size() == 29);
  CHECK(service.finished_count == 1);
  CHECK(service.aborted_count == 0);
}

TEST_CASE("http2 drops what only HTTP/1 has from an answer") {
  tests::SmallService service;
  service.answer = [](server::Exchange& exchange) {
    for (const char* name : {"Connection", "Keep-Alive", "Upgrade", "Transfer-Encoding",
                             "Proxy-Connection", "X-Stays"})
      exchange.response().set(exchange.arena(), name, "value");
  };
  H2Peer peer(service);
  const auto id = peer.ask("/");
  peer.talk();
  const H2Answer& answer = peer.answer(id);
  CHECK(answer.status == 200);
  CHECK(answer.fields.size() == 3);
  CHECK(answer.fields.at("x-stays") == "value");
  CHECK(answer.fields.at("content-length") == "0");
}

TEST_CASE("http2 shows the authority as host and joins cookies") {
  tests::SmallService service;
  service.answer = [](server::Exchange& exchange) {
    const server::RequestHead& request = exchange.request;
    exchange.body().append(request.find(server::Known::host)).append("|");
    exchange.body().append(request.find(server::Known::cookie)).append("|");
    exchange.body().append(request.find("x-last")).append("|");
    exchange.body().append(std::to_string(request.fields.size()));
  };
  H2Peer peer(service);
  const auto id =
      peer.ask("/", "GET", {{"cookie", "a=1"}, {"x-one", "1"}, {"cookie", "b=2"}, {"x-last", "9"}});
  const auto same = peer.ask("/", "GET", {{"host", "TEST"}});
  const auto other = peer.ask("/", "GET", {{"host", "elsewhere"}});
  peer.talk();
  CHECK(peer.answer(id).body == "test|a=1; b=2|9|4");
  CHECK(peer.answer(same).body == "test|||1");
  CHECK(peer.answer(other).status == 400);
}

TEST_CASE("http2 refuses one stream and goes on with the others") {
  tests::SmallService service;
  service.answer = echo;
  H2Options options;
  options.http1.head = {.bytes = 1024, .fields = 4};
  options.http1.server = "Margay";
  H2Peer peer(service, options);
  H2Peer::Fields many;
  for (int i = 0; i < 5; ++i) many.emplace_back("x-" + std::to_string(i), "1");
  const auto long_field = peer.ask("/", "GET", {{"x-long", std::string(2000, 'x')}});
  const auto long_target = peer.ask("/" + std::string(2000, 'x'));
  const auto many_fields = peer.ask("/", "GET", many);
  const auto trace = peer.ask("/", "TRACE");
  const auto expects = peer.ask("/", "GET", {{"expect", "wonders"}});
  const auto fine = peer.ask("/fine");
  peer.talk();
  CHECK(peer.answer(long_field).status == 431);
  CHECK(peer.answer(long_target).status == 414);
  CHECK(peer.answer(many_fields).status == 431);
  CHECK(peer.answer(trace).status == 405);
  CHECK(peer.answer(expects).status == 417);
  CHECK(peer.answer(fine).body == "GET /fine ");
  CHECK(peer.answer(fine).fields.at("server") == "Margay");
  CHECK(peer.goodbyes().empty());
}

TEST_CASE("http2 answers HEAD, 204 and 304 without a body") {
  tests::SmallService service;
  service.answer = [](server::Exchange& exchange) {
    if (exchange.request.target != "/") {
      exchange.response().status = std::stoi(std::string(exchange.request.target.substr(1)));
    } else {
      exchange.body().append("twelve bytes");
    }
  };
  H2Peer peer(service);
  const auto head = peer.ask("/", "HEAD");
  const auto no_content = peer.ask("/204");
  const auto unchanged = peer.ask("/304");
  peer.talk();
  CHECK(peer.answer(head).fields.at("content-length") == "12");
  for (const auto id : {head, no_content, unchanged}) {
    CHECK(peer.answer(id).ended);
    CHECK(peer.answer(id).body.empty());
  }
  CHECK(peer.answer(no_content).fields.count("content-length") == 0);
  CHECK(peer.answer(unchanged).status == 304);
}

TEST_CASE("http2 collects a body and refuses one that is too long") {
  tests::SmallService service;
  service.answer = echo;
  service.body_limit = 200'000;
  H2Peer peer(service);
  const std::string text = pattern(150'000);
  const auto fits = peer.ask_with_body("/");
  peer.write(fits, text);
  peer.finish(fits);
  const auto too_long = peer.ask_with_body("/");
  peer.write(too_long, pattern(300'000));
  peer.talk();
  CHECK(peer.answer(fits).body == "POST / " + text);
  CHECK(peer.answer(too_long).status == 413);
  CHECK(peer.answer(too_long).ended);
  const auto after = peer.ask("/after");
  peer.talk();
  CHECK(peer.answer(after).status == 200);
  CHECK(service.finished_count == 3);
}

TEST_CASE("http2 streams a body and its trailers to a reader") {
  tests::SmallService service;
  tests::Reader reader(service);
  H2Options options;
  options.http1.chunks.trailers = {"x-sum"};
  H2Peer peer(service, options);
  const auto id = peer.ask_with_body("/");
  for (int i = 0; i < 10; ++i) {
    peer.write(id, pattern(100'000));
    peer.talk();
  }
  CHECK(reader.got == 1'000'000);
  peer.finish(id, {{"x-other", "no"}, {"x-sum", "42"}});
  peer.talk();
  CHECK(peer.answer(id).body == "1000000");
  CHECK(reader.trailer == "42");
}

TEST_CASE("http2 resets a stream whose trailers are too long, says so once, and goes on") {
  tests::SmallService service;
  tests::Reader reader(service);
  server::CapturedLog lines;
  server::Logs logs(lines);
  logs.set_level("", server::LogLevel::debug);
  H2Options options;
  options.http1.log = logs.log("margay.server");
  options.http1.chunks.trailer_bytes = 100;
  H2Peer peer(service, options);
  const auto id = peer.ask_with_body("/");
  peer.write(id, "some");
  peer.finish(id, {{"x-a", std::string(90, 'a')}, {"x-b", "b"}, {"x-c", "c"}});
  peer.talk();
  CHECK(peer.answer(id).reset == NGHTTP2_ENHANCE_YOUR_CALM);
  CHECK(reader.lost);
  REQUIRE(lines.lines().size() == 1);
  CHECK(lines.lines()[0].ends_with("stream 1 is reset: its trailers are over maxTrailerSize"));

  const auto next = peer.ask_with_body("/");
  peer.finish(next, {{"x-a", std::string(90, 'a')}});
  peer.talk();
  CHECK(peer.answer(next).body == "4");  // of both
  CHECK(peer.goodbyes().empty());
}

TEST_CASE("http2 holds a client back while its body is not read") {
  tests::SmallService service;
  service.body = server::Body::streamed;
  server::Exchange* taken = nullptr;
  server::Async* right = nullptr;
  service.answer = [&](server::Exchange& exchange) {
    taken = &exchange;
    right = &exchange.suspend();
  };
  H2Peer peer(service);
  const auto id = peer.ask_with_body("/");
  peer.write(id, pattern(1'000'000));
  peer.finish(id);
  peer.talk();
  // Its window, and what the exchange holds above it.
  CHECK(peer.unsent(id) >= 1'000'000 - 3 * 65'536);
  char piece[8192];
  std::size_t got = 0;
  for (std::ptrdiff_t size = 0; (size = taken->read(piece)) != 0; peer.talk())
    if (size > 0) got += static_cast<std::size_t>(size);
  CHECK(got == 1'000'000);
  taken->hand_over(true);
  right->release();
  peer.talk();
  CHECK(peer.answer(id).ended);
}

TEST_CASE("http2 offers 100 (Continue) to whoever asks for it, when the body is wanted") {
  tests::SmallService service;
  service.answer = echo;
  H2Peer peer(service);
  const auto id = peer.ask_with_body("/", {{"expect", "100-continue"}});
  peer.talk();
  CHECK(peer.answer(id).interim == std::vector<int>{100});
  peer.write(id, "body");
  peer.finish(id);
  peer.talk();
  CHECK(peer.answer(id).body == "POST / body");
}

TEST_CASE("http2 sends answers of any size within the client's windows") {
  tests::SmallService service;
  const std::string text = pattern(3'000'000);
  service.answer = [&](server::Exchange& exchange) { exchange.body().append(text); };
  SUBCASE("that are given back") {
    H2Peer peer(service, {.window = 100'000});
    const auto one = peer.ask("/");
    const auto two = peer.ask("/");
    peer.talk();
    CHECK(peer.answer(one).body == text);
    CHECK(peer.answer(two).body == text);
  }
  SUBCASE("that are not") {
    H2Peer peer(service, {.window = 1'000, .gives_window_back = false});
    const auto id = peer.ask("/");
    peer.talk();
    CHECK(peer.answer(id).body.size() == 1'000);
    peer.give_window(id, 500);
    peer.talk();
    CHECK(peer.answer(id).body == text.substr(0, 1'500));
    CHECK_FALSE(peer.answer(id).ended);
  }
}

TEST_CASE("http2 tells a writer when there is room again") {
  tests::SmallService service;
  int parts = 0;
  server::Async* right = nullptr;
  const auto write = [&](server::Exchange& exchange) {
    while (parts < 200) {
      ++parts;
      exchange.body().append(pattern(10'000));
      if (exchange.hand_over(false) != server::Write::ok) return;
    }
    exchange.hand_over(true);
    std::exchange(right, nullptr)->release();
  };
  service.answer = [&](server::Exchange& exchange) {
    right = &exchange.suspend();
    exchange.watch(true);
    write(exchange);
  };
  service.on_event = [&](server::Exchange& exchange, server::Event event) {
    if (event == server::Event::writable && right != nullptr) write(exchange);
  };
  H2Peer peer(service);
  const auto id = peer.ask("/");
  peer.talk();
  CHECK(peer.answer(id).body.size() == 2'000'000);
  CHECK(peer.answer(id).ended);
  CHECK(peer.answer(id).fields.count("content-length") == 0);
}

TEST_CASE("http2 sends a file behind what is written before it") {
  tests::SmallService service;
  const std::string text = pattern(500'000);
  std::FILE* const file = std::tmpfile();
  std::fwrite(text.data(), 1, text.size(), file);
  std::fflush(file);
  service.answer = [&](server::Exchange& exchange) {
    exchange.body().append("head ");
    const std::uint64_t length = exchange.request.target == "/cut" ? 600'000 : 400'000;
    exchange.hand_over({.descriptor = ::dup(fileno(file)), .offset = 100'000, .length = length});
  };
  H2Peer peer(service);
  const auto id = peer.ask("/");
  const auto cut = peer.ask("/cut");
  const auto head = peer.ask("/", "HEAD");
  peer.talk();
  std::fclose(file);
  CHECK(peer.answer(id).body == "head " + text.substr(100'000));
  CHECK(peer.answer(id).fields.at("content-length") == "400005");
  CHECK(peer.answer(cut).reset == NGHTTP2_INTERNAL_ERROR);  // shorter than it was
  CHECK(peer.answer(head).fields.at("content-length") == "400005");
  CHECK(peer.answer(head).ended);
}

TEST_CASE("http2 resets a stream whose answer is cut or shorter than promised") {
  tests::SmallService service;
  service.answer = [](server::Exchange& exchange) {
    if (exchange.request.target == "/promised")
      exchange.response().set(exchange.arena(), "Content-Length", "100");
    exchange.body().append("some");
    exchange.hand_over(false);
    if (exchange.request.target == "/cut") exchange.reset_connection();
  };
  H2Peer peer(service);
  const auto cut = peer.ask("/cut");
  const auto promised = peer.ask("/promised");
  const auto fine = peer.ask("/fine");
  peer.talk();
  CHECK(peer.answer(cut).reset == NGHTTP2_INTERNAL_ERROR);
  CHECK(peer.answer(promised).reset == NGHTTP2_INTERNAL_ERROR);
  CHECK(peer.answer(fine).body == "some");
  CHECK(peer.answer(fine).ended);
}
