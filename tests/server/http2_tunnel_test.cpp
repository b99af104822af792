// Streams of HTTP/2 that become connections (RFC 8441): which bytes go where, and who hears of the
// end.
#include "server/http2/tunnel.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tests/support/h2_client.h"
#include "tests/support/handlers.h"
#include "tests/support/small_server.h"

// NOLINTNEXTLINE: the words of frames are all over the tables
using namespace tests::h2;
using tests::Held;
using tests::SmallService;

namespace {

class Echo;

// What became of the tokens and protocols of one test.
struct Story {
  int tokens = 0;     // destroyed
  int protocols = 0;  // destroyed
  int lost = 0;
  int rooms = 0;
  std::vector<Echo*> all;  // in the order of opening; those that are gone, too
  std::function<void(server::Connection&)> on_install;
  std::function<bool(Echo&, std::string_view)> on_bytes;  // true: echoed all the same
  std::function<void(Echo&)> on_room;
  std::function<void()> on_lost;
};

// Answers with capitals, which it makes in place, and says what else it hears.
class Echo final : public server::Protocol {
 public:
  Echo(server::Connection& its, Story& story) : connection(its), story_(story) {
    story_.all.push_back(this);
  }
  ~Echo() override { ++story_.protocols; }
  void bytes(std::span<char> data) override {
    if (story_.on_bytes && !story_.on_bytes(*this, {data.data(), data.size()})) return;
    for (char& c : data)
      if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 0x20);
    connection.write({data.data(), data.size()});
  }
  void end_of_input() override {
    connection.write("<end>");
    connection.close_when_flushed();
  }
  void room() override {
    ++story_.rooms;
    if (story_.on_room) story_.on_room(*this);
  }
  void timeout() override { connection.write("<timeout>"); }
  void drain() override {
    connection.write("<drain>");
    connection.close_when_flushed();
  }
  void lost() override {
    ++story_.lost;
    if (story_.on_lost) story_.on_lost();
  }

  server::Connection& connection;

 private:
  Story& story_;
};

class Token final : public server::UpgradeToken {
 public:
  explicit Token(Story& story) : story_(story) {}
  ~Token() override { ++story_.tokens; }
  std::unique_ptr<server::Protocol> install(server::Connection& connection) override {
    if (story_.on_install) story_.on_install(connection);
    return std::make_unique<Echo>(connection, story_);
  }
  const char* protocol_name() const override { return "echo"; }

 private:
  Story& story_;
};

void agree(server::Exchange& exchange, Story& story) {
  exchange.response().status = 101;
  exchange.response().set(exchange.arena(), "Upgrade", "echo");
  exchange.response().set(exchange.arena(), "Connection", "Upgrade");
  exchange.response().set(exchange.arena(), "Sec-WebSocket-Accept", "none");
  exchange.response().set(exchange.arena(), "X-Kept", "yes");
  exchange.upgrade(std::make_unique<Token>(story));
}

// Lets a suspended exchange agree.
void agree_later(Held& held, std::size_t which, Story& story) {
  held.rights[which]->resume(
      reinterpret_cast<void (*)()>(+[](void* to, server::Exchange* exchange) {
        if (exchange != nullptr) agree(*exchange, *static_cast<Story*>(to));
      }),
      &story);
  held.rights[which]->release();
}

// A service that agrees to whatever is offered, and answers the rest.
struct Agreeing {
  Agreeing() {
    service.answer = [this](server::Exchange& exchange) {
      if (exchange.upgradable()) return agree(exchange, story);
      exchange.body().append("ordinary");
    };
  }
  Story story;
  SmallService service;
};

// All of one stream that came: bytes, then "|end", "|RST NAME".
std::string of_stream(const std::vector<Frame>& frames, std::uint32_t stream) {
  std::string text;
  for (const Frame& one : frames) {
    if (one.stream != stream) continue;
    if (one.type == kData) text += one.payload;
    if (one.type == kRstStream) text += std::string("|RST ") + nghttp2_http2_strerror(one.word(0));
    if ((one.type == kData || one.type == kHeaders) && (one.flags & kEndStream) != 0)
      text += "|end";
  }
  return text;
}
std::string hear(Client& client, std::uint32_t stream = 1) {
  return of_stream(client.take(), stream);
}

std::uint32_t given_back(const std::vector<Frame>& frames, std::uint32_t stream) {
  std::uint32_t sum = 0;
  for (const Frame& one : frames)
    if (one.type == kWindowUpdate && one.stream == stream) sum += one.word(0);
  return sum;
}

}  // namespace

TEST_CASE("tunnel: the server says that it takes extended CONNECT") {
  Agreeing its;
  Client client(its.service);
  const std::vector<Frame> heard = client.take();
  REQUIRE(heard[0].type == kSettings);
  std::uint32_t value = 0;
  for (std::size_t at = 0; at < heard[0].payload.size(); at += 6)
    if (heard[0].payload.substr(at, 2) == number(8, 2)) value = heard[0].word(at + 2);
  CHECK(value == 1);
}

TEST_CASE("tunnel: the request is shown as an upgrade, the answer is a 200") {
  Agreeing its;
  server::RequestHead seen;
  std::string upgrade, connection, method, target;
  const auto agreed = its.service.answer;
  its.service.answer = [&](server::Exchange& exchange) {
    seen = exchange.request;
    method = exchange.request.method;
    target = exchange.request.target;
    upgrade = exchange.request.find(server::Known::upgrade);
    connection = exchange.request.find("connection");
    agreed(exchange);
  };
  Client client(its.service);
  client.say(connect(1, "echo", {}, "/chat?x=1"));
  CHECK(method == "GET");
  CHECK(target == "/chat?x=1");
  CHECK(upgrade == "echo");
  CHECK(connection == "upgrade");
  CHECK(seen.protocol == "HTTP/2.0");
  CHECK(seen.offers_upgrade);
  CHECK(seen.tunnels);
  const std::vector<Frame> heard = client.take();
  const Frame& head = heard.back();
  CHECK(head.status == "200");
  CHECK((head.flags & kEndStream) == 0);
  CHECK(head.fields.count("upgrade") == 0);
  CHECK(head.fields.count("connection") == 0);
  CHECK(head.fields.count("sec-websocket-accept") == 0);
  CHECK(head.fields.count("content-length") == 0);
  CHECK(head.fields.at("x-kept") == "yes");
  CHECK(its.service.finished_count == 1);
  CHECK(its.service.aborted_count == 0);
  CHECK(its.story.tokens == 1);
  client.say(data(1, "once", 0) + data(1, "more", 0));
  CHECK(hear(client) == "ONCEMORE");
  CHECK(its.story.protocols == 0);
}

TEST_CASE("tunnel: bytes that come before the answer are not lost") {
  Agreeing its;
  const std::string all = connect(1) + data(1, "early ", 0) + data(1, "bird", 0);
  SUBCASE("on the loop") {
    for (std::size_t size = 0; size <= all.size(); ++size) {
      CAPTURE(size);
      Client client(its.service);
      client.say(std::string_view(all).substr(0, size));
      client.say(std::string_view(all).substr(size));
      CHECK(hear(client) == "EARLY BIRD");
    }
  }
  SUBCASE("on a worker") {
    server::Workers workers({.max_threads = 1, .min_spare_threads = 1});
    its.service.workers = &workers;
    Client client(its.service);
    client.say(all);
    std::string heard;
    CHECK(client.wire().await([&] { return (heard += hear(client)).ends_with("BIRD"); }));
    CHECK(heard == "EARLY BIRD");
  }
  SUBCASE("of an answer that comes late, within the window") {
    Held held(its.service);
    Client client(its.service);
    client.say(all);
    const std::string rest(65'535 - 10, 'x');
    for (std::size_t at = 0; at < rest.size(); at += 16'000)
      client.say(data(1, rest.substr(at, 16'000), 0));
    CHECK(given_back(client.take(), 1) == 0);
    client.say(data(1, "y", 0));  // one byte more than the window
    CHECK(client.summary().find("RST:1:FLOW_CONTROL_ERROR") != std::string::npos);
    CHECK(its.service.aborted_count == 0);
    agree_later(held, 0, its.story);
    client.wire().settle();
    CHECK(its.story.all.empty());
    CHECK_FALSE(client.ended());
  }
  SUBCASE("also when `install` has paused") {
    its.story.on_install = [](server::Connection& connection) { connection.pause(); };
    Client client(its.service);
    client.say(all + data(1, "later", 0));
    CHECK(hear(client) == "EARLY BIRDLATER");
    client.say(data(1, "held", 0));
    CHECK(hear(client).empty());
    its.story.all[0]->connection.resume();
    client.wire().settle();
    CHECK(hear(client) == "HELD");
  }
}

TEST_CASE("tunnel: what does not open one is an ordinary answer") {
  SmallService service;
  Client client(service);
  const std::string after = connect(1, "websocket") + data(1, "early", 0);
  SUBCASE("refused") {
    service.answer = [](server::Exchange& exchange) {
      exchange.response().status = 403;
      exchange.body().append("no");
    };
    client.say(after);
    const std::vector<Frame> heard = client.take();
    CHECK(of_stream(heard, 1) == "no|end|RST NO_ERROR");
    CHECK(std::any_of(heard.begin(), heard.end(),
                      [](const Frame& one) { return one.status == "403"; }));
  }
  SUBCASE("by somebody who speaks nothing but HTTP: 501, without his answer") {
    service.answer = [](server::Exchange& exchange) { exchange.body().append("a page"); };
    client.say(after);
    CHECK(client.summary() == "501:1 RST:1:NO_ERROR");
  }
  SUBCASE("by somebody who goes on and on: he is told") {
    service.answer = [](server::Exchange& exchange) {
      exchange.local = &exchange.suspend();
      exchange.watch(true);
      exchange.body().append("a page");
      exchange.hand_over(false);
    };
    service.on_event = [](server::Exchange& exchange, server::Event event) {
      CHECK(event == server::Event::aborted);
      static_cast<server::Async*>(exchange.local)->release();
    };
    client.say(after);
    CHECK(client.summary() == "501:1 RST:1:NO_ERROR");
    CHECK(service.finished_count == 1);
  }
  SUBCASE("CONNECT without :protocol") {
    client.say(headers(1, block({{":method", "CONNECT"}, {":authority", "h"}}), kEndHeaders));
    CHECK(client.summary() == "501:1 RST:1:NO_ERROR");
  }
  SUBCASE("a :protocol that is none") {
    client.say(connect(1, "web socket"));
    CHECK(client.summary() == "400:1 RST:1:NO_ERROR");
  }
  SUBCASE("a CONNECT that ends with its head") {
    client.say(connect(1, "websocket", {}, "/", kEndHeaders | kEndStream));
    CHECK(client.summary() == "400:1");
  }
  CHECK_FALSE(client.ended());
  service.answer = [](server::Exchange& exchange) { exchange.body().append("next"); };
  client.say(get(3));
  CHECK(hear(client, 3) == "next|end");
}

TEST_CASE("tunnel: how it ends") {
  Agreeing its;
  Client client(its.service);
  client.say(connect(1));
  client.take();
  REQUIRE(its.story.all.size() == 1);
  server::Connection& connection = its.story.all[0]->connection;
  const auto ended = [&] { return its.story.lost == 1 && its.story.protocols == 1; };
  SUBCASE("the client has said its last") {
    client.say(data(1, "bye", kEndStream));
    CHECK(hear(client) == "BYE<end>|end");
  }
  SUBCASE("with a frame of nothing") {
    client.say(data(1, "bye", 0) + data(1, "", kEndStream));
    CHECK(hear(client) == "BYE<end>|end");
  }
  SUBCASE("the client breaks off") {
    client.say(data(1, "bye", 0) + rst_stream(1));
    CHECK(hear(client).empty());
  }
  SUBCASE("the protocol ends well") {
    connection.write("last");
    connection.close_when_flushed();
    client.wire().settle();
    CHECK(hear(client) == "last|end|RST NO_ERROR");
  }
  SUBCASE("the protocol ends well, and waits for the client's last") {
    connection.write("last");
    connection.linger();
    client.wire().settle();
    CHECK(hear(client) == "last|end");
    CHECK_FALSE(ended());
    client.say(data(1, "ignored", 0) + data(1, "", kEndStream));
    CHECK(hear(client).empty());
  }
  SUBCASE("the protocol cuts") {
    connection.write("lost");
    connection.close();
    client.wire().settle();
    CHECK(hear(client) == "|RST CANCEL");
  }
  SUBCASE("the protocol cuts while it is told of bytes") {
    its.story.on_bytes = [](Echo& echo, std::string_view) {
      echo.connection.close();
      return false;
    };
    client.say(data(1, "bye", 0) + data(1, "bye", 0) + data(1, "", kEndStream));
    CHECK(hear(client) == "|RST CANCEL");
  }
  SUBCASE("trailers come, which have no meaning here: RFC 9113 section 8.5") {
    client.say(headers(1, field("x", "y"), kEndHeaders | kEndStream));
    CHECK(hear(client) == "|RST PROTOCOL_ERROR");
  }
  SUBCASE("its deadline passes") {
    connection.arm(1);
    CHECK(client.wire().await([&] { return hear(client) == "<timeout>"; }));
    connection.close_when_flushed();
    connection.flush();
    client.wire().settle();
    CHECK(hear(client) == "|end|RST NO_ERROR");
  }
  CHECK(ended());
  CHECK_FALSE(client.ended());
  client.say(get(3));
  CHECK(hear(client, 3) == "ordinary|end");
}

TEST_CASE("tunnel: how the connection ends") {
  Agreeing its;
  Client client(its.service);
  client.say(connect(1) + connect(3) + data(3, "a", 0));
  client.take();
  REQUIRE(its.story.all.size() == 2);
  SUBCASE("the network breaks") {
    client.wire().lose();
    CHECK(client.wire().gone());
  }
  SUBCASE("the network breaks, and whoever hears of it cuts the other tunnel") {
    its.story.on_lost = [&] {
      for (Echo* const one : its.story.all) one->connection.close();
    };
    client.wire().lose();
    CHECK(client.wire().gone());
  }
  SUBCASE("from within a callback of a tunnel") {
    its.story.on_bytes = [&](Echo&, std::string_view) {
      client.wire().cut();
      return false;
    };
    client.say(data(1, "x", 0) + data(3, "y", 0));
    CHECK(client.wire().gone());
  }
  SUBCASE("the client closes its side of the socket") {
    client.wire().finish();
    const std::vector<Frame> heard = client.take();
    CHECK(of_stream(heard, 1).starts_with("<end>|end"));
    CHECK(of_stream(heard, 3).starts_with("<end>|end"));
    CHECK(client.ended());
  }
  SUBCASE("the client makes an error of the connection") {
    client.say(data(0, "x", 0));
    CHECK(client.summary() == "GOAWAY:PROTOCOL_ERROR");
    CHECK(client.ended());
  }
  CHECK(its.story.lost == 2);
  CHECK(its.story.protocols == 2);
}

TEST_CASE("tunnel: a draining connection ends behind its tunnels") {
  Agreeing its;
  Held held(its.service);
  const auto later = its.service.answer;
  its.service.answer = [&](server::Exchange& exchange) {
    if (held.rights.empty()) return later(exchange);
    agree(exchange, its.story);
  };
  Client client(its.service);
  client.say(connect(1));  // is not answered yet
  client.say(connect(3));
  client.take();
  client.wire().drain();
  const std::vector<Frame> heard = client.take();
  CHECK(of_stream(heard, 3) == "<drain>|end|RST NO_ERROR");
  CHECK(std::any_of(heard.begin(), heard.end(),
                    [](const Frame& one) { return one.type == kGoaway && one.word(0) != 3; }));
  client.say(ping(std::string_view("margay\0\1", 8), kAck));
  CHECK_FALSE(client.ended());
  agree_later(held, 0, its.story);
  client.wire().settle();
  CHECK(hear(client) == "<drain>|end|RST NO_ERROR");
  CHECK(client.ended());
  CHECK(its.story.protocols == 2);
}

TEST_CASE("tunnel: a client that goes before the answer") {
  Story story;
  SmallService service;
  Held held(service);
  Client client(service);
  client.say(connect(1) + data(1, "abc", 0));
  SUBCASE("breaks off") {
    client.say(rst_stream(1));
    agree_later(held, 0, story);
    client.wire().settle();
    CHECK(story.all.empty());
    CHECK_FALSE(client.ended());
  }
  SUBCASE("breaks off in the turn of the answer") {
    agree_later(held, 0, story);
    client.say(rst_stream(1));
    CHECK(story.all.size() == static_cast<std::size_t>(story.lost));
  }
  SUBCASE("has said its last") {
    client.say(data(1, "def", kEndStream));
    agree_later(held, 0, story);
    client.wire().settle();
    CHECK(hear(client) == "ABCDEF<end>|end");
  }
  SUBCASE("loses the connection") {
    client.wire().lose();
    agree_later(held, 0, story);
    CHECK(client.wire().await([&] { return service.finished_count == 1; }));
    CHECK(story.all.empty());
  }
  CHECK(service.finished_count == 1);
  CHECK(story.tokens >= static_cast<int>(story.all.size()));
  CHECK(story.protocols == static_cast<int>(story.all.size()));
}

TEST_CASE("tunnel: output waits for the windows, and its writer hears of room") {
  Agreeing its;
  Client client(its.service, {}, {}, std::string(kPreface) + settings({{4, 10}}));
  client.say(connect(1) + connect(3));
  client.take();
  server::Connection& first = its.story.all[0]->connection;
  first.write("0123456789abcdef");
  CHECK(first.queued() == 0);  // it is in the cork
  client.wire().settle();
  CHECK(hear(client) == "0123456789");
  CHECK(first.queued() == 6);
  CHECK(first.progress() == 10);
  SUBCASE("of its stream") {
    client.say(data(3, "x", 0));  // the other one goes on
    CHECK(hear(client, 3) == "X");
    client.say(window_update(1, 4));
    CHECK(hear(client) == "abcd");
    CHECK(first.queued() == 2);
    CHECK(its.story.rooms == 2);
    client.say(window_update(1, 100));
    CHECK(hear(client) == "ef");
    CHECK(first.queued() == 0);
    CHECK(first.progress() == 16);
    CHECK(its.story.rooms == 3);
    client.say(window_update(1, 100));
    CHECK(its.story.rooms == 3);
  }
  SUBCASE("and to end it") {
    first.close_when_flushed();
    client.wire().settle();
    CHECK(hear(client).empty());
    client.say(window_update(1, 6));
    CHECK(hear(client) == "abcdef|end|RST NO_ERROR");
    CHECK(its.story.protocols == 1);
  }
  SUBCASE("of the connection") {
    client.say(window_update(1, 200'000));
    CHECK(hear(client) == "abcdef");
    for (int i = 0; i < 10; ++i) first.write(std::string(10'000, 'y'));
    client.wire().settle();
    CHECK(hear(client).size() == 65'535 - 16);
    CHECK(first.queued() == 100'016 - 65'535);
    client.say(window_update(0, 40'000));
    CHECK(hear(client).size() == 100'016 - 65'535);
    CHECK(first.queued() == 0);
    CHECK(its.story.rooms == 3);
  }
}

TEST_CASE("tunnel: input that is not read holds back its own stream and no other") {
  Agreeing its;
  Client client(its.service);
  client.say(connect(1) + connect(3));
  client.take();
  server::Connection& first = its.story.all[0]->connection;
  const std::string piece(16'000, 'a');
  std::string frames;
  for (int i = 0; i < 4; ++i) frames += data(1, piece, 0);
  first.pause();
  client.say(frames);
  const std::vector<Frame> heard = client.take();
  CHECK(of_stream(heard, 1).empty());
  CHECK(given_back(heard, 1) == 0);
  client.say(data(3, "x", 0));
  CHECK(hear(client, 3) == "X");
  SUBCASE("until it is") {
    first.resume();
    client.wire().settle();
    const std::vector<Frame> all = client.take();
    CHECK(of_stream(all, 1) == std::string(64'000, 'A'));
    CHECK(given_back(all, 1) == 64'000);
  }
  SUBCASE("and an end behind it is heard in its turn") {
    client.say(data(1, "z", kEndStream));
    CHECK(hear(client).empty());
    first.resume();
    client.wire().settle();
    CHECK(hear(client).substr(64'000 - 1) == "AZ<end>|end");
  }
  SUBCASE("a client that sends more than the window is cut") {
    client.say(data(1, piece, 0));
    CHECK(client.summary() == "RST:1:FLOW_CONTROL_ERROR");
    CHECK(its.story.lost == 1);
  }
  SUBCASE("a protocol that ends does not wait for it") {
    first.close_when_flushed();
    first.flush();
    client.wire().settle();
    CHECK(hear(client) == "|end|RST NO_ERROR");
  }
}

TEST_CASE("tunnel: what it writes in one turn leaves in few frames, and with that of others") {
  Agreeing its;
  Client client(its.service);
  client.say(connect(1) + connect(3));
  client.take();
  for (int i = 0; i < 100; ++i)
    for (Echo* const one : its.story.all) one->connection.write("word ");
  client.wire().settle();
  std::string first, second;
  std::size_t frames = 0;
  for (const Frame& one : client.take()) {
    if (one.type != kData) continue;
    (one.stream == 1 ? first : second) += one.payload;
    ++frames;
  }
  CHECK(first.size() == 500);
  CHECK(second.size() == 500);
  CHECK(frames == 2);
}

TEST_CASE("tunnel: output that the socket does not take") {
  Agreeing its;
  server::http2::Options options;
  options.write_timeout = 60'000;
  const std::string wide =
      std::string(kPreface) + settings({{4, 0x7fffffff}}) + window_update(0, 0x7fffffff - 65'535);
  Client client(its.service, options, {}, wide);
  client.say(connect(1) + connect(3));
  client.take();
  client.wire().listen(false);
  server::Connection& first = its.story.all[0]->connection;
  std::size_t written = 0;
  while (first.has_room()) {
    first.write(std::string(50'000, 'x'));
    written += 50'000;
    client.wire().turn();
  }
  CHECK(written > 2 * server::Connection::kHighMark);  // that of the socket came first
  client.wire().turn();
  CHECK(first.queued() >= server::Connection::kHighMark);
  std::string heard;
  const auto hear_all = [&] {
    client.wire().listen(true);
    for (std::string more; !(more = client.wire().take()).empty() || client.wire().turn();)
      heard += more;
    client.wire().settle();
    heard += client.wire().take();
  };
  SUBCASE("leaves when it does") {
    hear_all();
    CHECK(heard.size() > written);
    CHECK(first.queued() == 0);
    CHECK(its.story.rooms >= 1);
  }
  SUBCASE("is lost with the tunnel, but the frame that has begun is whole") {
    first.close();
    CHECK(its.story.lost == 1);
    client.wire().turn();
    CHECK(its.story.protocols == 0);  // nghttp2 has a frame of it in hand
    hear_all();
    CHECK(its.story.protocols == 1);
    CHECK(heard.size() < written);
    CHECK(heard.substr(heard.size() - 13) == rst_stream(1, NGHTTP2_CANCEL));
    client.say(data(3, "on", 0));
    CHECK(hear(client, 3) == "ON");
  }
  SUBCASE("is lost with the connection") {
    client.wire().lose();
    CHECK(its.story.lost == 2);
    CHECK(its.story.protocols == 2);
  }
}

TEST_CASE("tunnel: a peer that has closed its side can make no more room") {
  Agreeing its;
  Client client(its.service, {}, {}, std::string(kPreface) + settings({{4, 10}}));
  client.say(connect(1));
  its.story.all[0]->connection.write("0123456789abcdef");
  client.wire().finish();
  CHECK(client.ended());
  CHECK(its.story.lost == 1);
  CHECK(hear(client).starts_with("0123456789"));
}

// nghttp2 sends an empty frame that ends a stream only when its window is open.
TEST_CASE("tunnel: a peer that has closed its side gets no end for which there is no room") {
  Agreeing its;
  Client client(its.service, {}, {}, std::string(kPreface) + settings({{4, 10}}));
  client.say(connect(1));
  server::Connection& tunnel = its.story.all[0]->connection;
  tunnel.write("0123456789");
  client.wire().settle();
  tunnel.close_when_flushed();
  tunnel.flush();
  client.wire().settle();
  CHECK(its.story.lost == 0);
  client.wire().finish();
  CHECK(client.ended());
  CHECK(its.story.lost == 1);
  CHECK(its.story.protocols == 1);
}

TEST_CASE("tunnel: a writer that goes on whenever there is room does not hold the loop") {
  Agreeing its;
  const std::string wide =
      std::string(kPreface) + settings({{4, 0x7fffffff}}) + window_update(0, 0x7fffffff - 65'535);
  Client client(its.service, {}, {}, wide);
  client.say(connect(1) + connect(3));
  client.take();
  std::size_t left = 20'000'000;
  const std::string piece(50'000, 'x');
  its.story.on_room = [&](Echo& echo) {
    while (left != 0 && echo.connection.has_room()) {
      echo.connection.write(piece);
      left -= piece.size();
    }
  };
  its.story.on_room(*its.story.all[0]);
  std::size_t turns = 0;
  for (int quiet = 0; left != 0 && quiet < 5; ++turns) quiet = client.wire().turn() ? 0 : quiet + 1;
  CHECK(left == 0);
  CHECK(turns > 10);
}

TEST_CASE("tunnel: a file goes as bytes do") {
  Agreeing its;
  Client client(its.service);
  client.say(connect(1));
  client.take();
  std::FILE* const made = std::tmpfile();
  const std::string text(100'000, 'f');
  std::fwrite(text.data(), 1, text.size(), made);
  std::fflush(made);
  server::FileRange file{::fileno(made), 10, text.size() - 10};
  server::Connection& connection = its.story.all[0]->connection;
  its.story.on_room = [&](Echo&) {
    if (file.length != 0) CHECK(connection.send_file(file, true));
  };
  connection.write("before ");
  CHECK(connection.send_file(file, true));
  CHECK(file.length != 0);  // it would be behind the window
  client.wire().settle();
  std::string heard = hear(client);
  CHECK(heard.size() == 65'535);
  client.say(window_update(0, 1'000'000) + window_update(1, 1'000'000));
  heard += hear(client);
  CHECK(heard == "before " + text.substr(10));
  file.length = 5;  // behind its end
  CHECK_FALSE(connection.send_file(file, true));
  std::fclose(made);
}

TEST_CASE("tunnel: counts among the streams that may be open, until its end") {
  Agreeing its;
  server::http2::Options options;
  options.max_concurrent_streams = 2;
  options.keep_alive_timeout = 100;
  Client client(its.service, options);
  client.say(connect(1) + connect(3) + get(5));
  CHECK(client.summary() == "200:1 200:3 RST:5:REFUSED_STREAM");
  client.say(rst_stream(1) + get(7));
  CHECK(hear(client, 7) == "ordinary|end");
  CHECK_FALSE(client.wire().await([&] { return client.ended(); }, std::chrono::milliseconds(400)));
  client.say(data(3, "", kEndStream));
  CHECK(client.wire().await([&] { return client.ended(); }));  // idle now
}

TEST_CASE("tunnel: a client may give back the window of each small message") {
  Agreeing its;
  Client client(its.service);
  client.say(connect(1));
  client.take();
  for (int i = 0; i < 200; ++i) {
    for (int one = 0; one < 10; ++one) {
      its.story.all[0]->connection.write("tick");
      client.wire().turn();
    }
    std::string updates;
    for (int one = 0; one < 10; ++one) updates += window_update(0, 4) + window_update(1, 4);
    REQUIRE(client.say(updates));
  }
  CHECK_FALSE(client.ended());
  CHECK(client.abuses == 0);
  std::string heard = hear(client);
  CHECK(heard.size() == 200 * 10 * 4);
}
