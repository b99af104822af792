// HTTP/1 where order and moment matter: answers held back, bodies nobody reads, the end.
#include <doctest/doctest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <string>
#include <string_view>
#include <vector>

#include "tests/support/answers.h"
#include "tests/support/client.h"
#include "tests/support/conversation.h"
#include "tests/support/handlers.h"
#include "tests/support/small_server.h"

using tests::Answers;
using tests::Conversation;
using tests::Held;
using tests::Reader;
using tests::SmallService;
using tests::summary;

namespace {

const std::string kGet = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";

std::string post(std::string_view fields, std::string_view body = "") {
  return std::string("POST / HTTP/1.1\r\nHost: h\r\n").append(fields).append("\r\n").append(body);
}

}  // namespace

TEST_CASE("http1 flow: what answers carry") {
  SmallService service;
  Conversation client(service, {});
  struct Case {
    int status;
    const char* method;
    bool length;
  };
  for (const Case& one :
       {Case{200, "HEAD", true}, Case{404, "HEAD", true}, Case{204, "GET", false},
        Case{304, "GET", false}, Case{304, "HEAD", false}, Case{205, "GET", true}}) {
    CAPTURE(one.status);
    CAPTURE(one.method);
    service.methods.clear();
    service.answer = [&](server::Exchange& exchange) {
      exchange.response().status = one.status;
      exchange.body().append("content");
    };
    client.say(std::string(one.method) + " / HTTP/1.1\r\nHost: h\r\n\r\n");
    const std::string heard = client.take();
    CAPTURE(heard);
    const Answers answers(heard, service.methods);
    CHECK(answers.end() == Answers::End::clean);
    REQUIRE(answers.all().size() == 1);
    CHECK(answers.all()[0].body.empty());
    CHECK(answers.all()[0].find("content-length").has_value() == one.length);
    if (one.status == 205) CHECK(*answers.all()[0].find("content-length") == "0");
    if (one.status == 200) CHECK(*answers.all()[0].find("content-length") == "7");
  }
}

TEST_CASE("http1 flow: an answer in pieces") {
  SmallService service;
  service.answer = [](server::Exchange& exchange) {
    exchange.body().append("one ");
    exchange.hand_over(false);
    exchange.body().append("two");
  };
  Conversation client(service, {});
  SUBCASE("is chunked in HTTP/1.1") {
    client.say(kGet + kGet);
    CHECK(client.heard().find("Transfer-Encoding: chunked\r\n") != std::string::npos);
    CHECK(summary(client.heard(), service.methods) == "200 one two|200 one two|");
    CHECK_FALSE(client.ended());
  }
  SUBCASE("ends with the connection in HTTP/1.0, also one that would stay") {
    client.say("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    CHECK(client.heard().find("Transfer-Encoding") == std::string::npos);
    CHECK(summary(client.heard(), service.methods) == "200 one two|");
    CHECK(client.ended());
  }
  SUBCASE("has no body for HEAD, and the connection stays") {
    client.say("HEAD / HTTP/1.1\r\nHost: h\r\n\r\n");
    CHECK(summary(client.heard(), service.methods) == "200|");
    CHECK_FALSE(client.ended());
  }
  SUBCASE("of the length it promised is sent with it") {
    service.answer = [](server::Exchange& exchange) {
      exchange.response().set(exchange.arena(), "Content-Length", "6");
      exchange.body().append("one");
      exchange.hand_over(false);
      exchange.body().append("twotoomuch");
    };
    client.say(kGet + kGet);
    CHECK(summary(client.heard(), service.methods) == "200 onetwo|200 onetwo|");
  }
  SUBCASE("shorter than it promised is cut, so that nobody takes it for whole") {
    service.answer = [](server::Exchange& exchange) {
      exchange.response().set(exchange.arena(), "Content-Length", "6");
      exchange.body().append("one");
      exchange.hand_over(false);
    };
    client.say(kGet + kGet);
    CHECK(client.heard().empty());
    CHECK(client.ended());
  }
}

TEST_CASE("http1 flow: pipelined requests") {
  SmallService service;
  Held held(service);
  Conversation client(service, {});
  SUBCASE("are served side by side and answered in order") {
    client.say(kGet + kGet + kGet);
    REQUIRE(held.rights.size() == 3);
    held.answer(2, "c");
    held.answer(1, "b");
    client.settle();
    CHECK(client.heard().empty());
    held.answer(0, "a");
    client.settle();
    CHECK(summary(client.heard(), service.methods) == "200 a|200 b|200 c|");
  }
  SUBCASE("wait behind the sixteenth, and none is lost") {
    std::string many;
    for (int i = 0; i < 40; ++i) many += kGet;
    client.say(many);
    CHECK(held.rights.size() == 16);
    std::string expected;
    for (std::size_t i = 0; i < 40; ++i) {
      REQUIRE(held.rights.size() > i);
      held.answer(i, "x");
      client.settle();
      expected += "200 x|";
      CHECK(summary(client.heard(), service.methods) == expected);
    }
  }
  SUBCASE("wait behind one that may change something") {
    client.say(post("Content-Length: 1\r\n", "a") + kGet);
    CHECK(held.rights.size() == 1);
    held.answer(0, "a");
    client.settle();
    REQUIRE(held.rights.size() == 2);
    held.answer(1, "b");
    client.settle();
    CHECK(summary(client.heard(), service.methods) == "200 a|200 b|");
  }
  SUBCASE("that are refused are answered in their turn") {
    client.say(kGet + "GET / HTTP/1.1\r\n\r\n" + kGet);
    CHECK(client.heard().empty());
    held.answer(0, "a");
    client.settle();
    CHECK(summary(client.heard(), service.methods).starts_with("200 a|400 "));
    CHECK(client.ended());
    CHECK(held.rights.size() == 1);
  }
  SUBCASE("with a malformed body as well") {
    client.say(kGet + "GET / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nx");
    CHECK(client.heard().empty());
    held.answer(0, "a");
    client.settle();
    CHECK(summary(client.heard(), service.methods).starts_with("200 a|400 "));
    CHECK(client.ended());
  }
  SUBCASE("whose body is waited for are told to go on in their turn") {
    client.say(kGet +
               "GET / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\n");
    CHECK(client.heard().empty());
    held.answer(0, "a");
    client.settle();
    CHECK(summary(client.heard(), service.methods) == "200 a|100|");
    client.say("x");
    REQUIRE(held.rights.size() == 2);
    held.answer(1, "b");
    client.settle();
    CHECK(summary(client.heard(), service.methods) == "200 a|100|200 b|");
  }
  SUBCASE("of a client that has gone are dropped, one by one") {
    client.say(kGet + kGet);
    client.hang_up();
    CHECK(service.finished_count.load() == 0);
    held.answer(0, "a");
    held.answer(1, "b");
    client.settle();
    CHECK(service.finished_count.load() == 2);
    CHECK(client.gone());
  }
  SUBCASE("of a client that says no more are still answered") {
    client.say(kGet + kGet);
    client.finish();
    held.answer(0, "a");
    held.answer(1, "b");
    client.settle();
    CHECK(summary(client.heard(), service.methods) == "200 a|200 b|");
    CHECK(client.ended());
  }
}

TEST_CASE("http1 flow: the end of what a client says") {
  SmallService service;
  service.answer = [](server::Exchange& exchange) { exchange.body().append("ok"); };
  Conversation client(service, {});
  SUBCASE("in the middle of a head closes") {
    client.say("GET / HT");
    client.finish();
    CHECK(client.heard().empty());
    CHECK(client.ended());
  }
  SUBCASE("in the middle of a body is answered 400") {
    client.say(post("Content-Length: 2\r\n", "a"));
    client.finish();
    CHECK(summary(client.heard(), service.methods).starts_with("400 "));
    CHECK(client.ended());
  }
  SUBCASE("in the middle of a chunk as well, behind an earlier answer") {
    Held held(service);
    client.say(kGet + "GET / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab");
    client.finish();
    held.answer(0, "a");
    client.settle();
    CHECK(summary(client.heard(), service.methods).starts_with("200 a|400 "));
    CHECK(client.ended());
  }
  SUBCASE("in the middle of a body that is being read is told to the reader") {
    Reader reader(service);
    client.say(post("Content-Length: 2\r\n", "a"));
    client.finish();
    CHECK(reader.lost);
    CHECK(summary(client.heard(), service.methods) == "200 lost|");
    CHECK(client.ended());
  }
}

TEST_CASE("http1 flow: 100 (Continue) when the handler reads") {
  SmallService service;
  server::http1::Options options;
  options.continue_on_read = true;
  Conversation client(service, options);
  const std::string head = post("Expect: 100-continue\r\nContent-Length: 1\r\n");
  SUBCASE("a collected body is read") {
    service.answer = [](server::Exchange& exchange) { exchange.body().append("ok"); };
    client.say(head);
    CHECK(summary(client.heard(), service.methods) == "100|");
    client.say("a");
    CHECK(summary(client.heard(), service.methods) == "100|200 ok|");
  }
  SUBCASE("a streamed one only then") {
    service.body = server::Body::streamed;
    Held held(service);
    client.say(head);
    CHECK(client.heard().empty());
    held.rights[0]->resume(reinterpret_cast<void (*)()>(+[](void*, server::Exchange* exchange) {
                             char piece[8];
                             CHECK(exchange->read(piece) == -1);
                           }),
                           nullptr);
    client.settle();
    CHECK(summary(client.heard(), service.methods) == "100|");
    held.answer(0, "ok");
    client.say("a");
    CHECK(summary(client.heard(), service.methods) == "100|200 ok|");
  }
  SUBCASE("an answer without reading ends the connection: what follows may be the body or not") {
    service.body = server::Body::streamed;
    service.answer = [](server::Exchange& exchange) { exchange.body().append("no"); };
    client.say(head);
    CHECK(summary(client.heard(), service.methods) == "200 no|");
    CHECK(client.ended());
  }
  SUBCASE("an answer to a client that did not wait does not") {
    service.body = server::Body::streamed;
    service.answer = [](server::Exchange& exchange) { exchange.body().append("no"); };
    Held held(service);
    client.say(head);
    client.say("a" + kGet);
    held.answer(0, "no");
    client.settle();
    held.answer(1, "yes");
    client.settle();
    CHECK(summary(client.heard(), service.methods) == "200 no|200 yes|");
  }
}

TEST_CASE("http1 flow: a body nobody reads") {
  SmallService service;
  service.body = server::Body::ignored;
  service.answer = [](server::Exchange& exchange) { exchange.body().append("no"); };
  server::http1::Options options;
  options.max_swallow = 100;
  Conversation client(service, options);
  const std::string ten = "a\r\n0123456789\r\n";
  SUBCASE("is swallowed up to the limit") {
    client.say(post("Content-Length: 100\r\n") + std::string(100, 'x') + kGet);
    CHECK(summary(client.heard(), service.methods) == "200 no|200 no|");
  }
  SUBCASE("is not, when its length says that it is longer") {
    client.say(post("Content-Length: 101\r\n"));
    CHECK(client.heard().find("Connection: close\r\n") != std::string::npos);
    CHECK(summary(client.heard(), service.methods) == "200 no|");
    CHECK(client.ended());
  }
  SUBCASE("in chunks is swallowed up to the limit") {
    std::string all = post("Transfer-Encoding: chunked\r\n");
    for (int i = 0; i < 10; ++i) all += ten;
    client.say(all + "0\r\n\r\n" + kGet);
    CHECK(summary(client.heard(), service.methods) == "200 no|200 no|");
    CHECK_FALSE(client.ended());
  }
  SUBCASE("in chunks beyond the limit ends the connection") {
    std::string all = post("Transfer-Encoding: chunked\r\n");
    for (int i = 0; i < 11; ++i) all += ten;
    client.say(all + "0\r\n\r\n" + kGet);
    CHECK(summary(client.heard(), service.methods) == "200 no|");
    CHECK(client.ended());
  }
  SUBCASE("that is malformed ends it too") {
    client.say(post("Transfer-Encoding: chunked\r\n") + "x\r\n" + kGet);
    CHECK(summary(client.heard(), service.methods) == "200 no|");
    CHECK(client.ended());
  }
  SUBCASE("is never asked for") {
    client.say(post("Expect: 100-continue\r\nContent-Length: 1\r\n"));
    CHECK(summary(client.heard(), service.methods) == "200 no|");
    CHECK(client.ended());
  }
}

TEST_CASE("http1 flow: trailers") {
  SmallService service;
  server::http1::Options options;
  options.chunks.trailers = {"x-sum", "x-other"};
  const std::string bytes =
      post("Transfer-Encoding: chunked\r\n",
           "2\r\nab\r\n0\r\nX-Hidden: 1\r\nX-Sum: \t4 2\t\r\nX-Sum: 2\r\n\r\n");
  SUBCASE("that are allowed are there when the whole body is") {
    service.answer = [](server::Exchange& exchange) {
      CHECK(exchange.request.content_length == -1);
      CHECK(exchange.trailer("x-other").data() == nullptr);
      CHECK(exchange.trailer("x-hidden").data() == nullptr);
      exchange.body().append(exchange.trailer("X-Sum"));
    };
    Conversation client(service, options);
    client.say_byte_by_byte(bytes + bytes);
    CHECK(summary(client.heard(), service.methods) == "200 4 2|200 4 2|");
    client.take();
    service.methods.clear();
    client.say(post("Transfer-Encoding: chunked\r\n", "0\r\n\r\n"));
    CHECK(summary(client.heard(), service.methods) == "200|");
  }
  SUBCASE("and when a reader has come to its end") {
    Reader reader(service);
    Conversation client(service, options);
    client.say(bytes);
    CHECK(reader.trailer == "4 2");
    CHECK(reader.got == 2);
  }
  SUBCASE("are dropped unless allowed") {
    Reader reader(service);
    Conversation client(service, {});
    client.say(bytes);
    CHECK(reader.trailer.empty());
    CHECK(summary(client.heard(), service.methods) == "200 2|");
  }
}

TEST_CASE("http1 flow: the number of requests on a connection") {
  SmallService service;
  service.answer = [](server::Exchange& exchange) { exchange.body().append("ok"); };
  server::http1::Options options;
  options.max_keep_alive_requests = 3;
  Conversation client(service, options);
  client.say(kGet + kGet);
  CHECK(client.heard().find("Connection: close") == std::string::npos);
  client.say(kGet + kGet);
  CHECK(summary(client.heard(), service.methods) == "200 ok|200 ok|200 ok|");
  CHECK(client.heard().find("Connection: close") != std::string::npos);
  CHECK(client.ended());
}

TEST_CASE("http1 flow: a refusal can be read by a client that is still sending") {
  tests::SmallServer server;
  server.service.answer = [](server::Exchange& exchange) { exchange.body().append("ok"); };
  server.listen();
  const std::string much(256 * 1024, 'x');
  for (const std::string& start :
       {"GET / HTTP/1.1\r\nHost: h\r\nX: " + much, "GET /" + much, post("Expect: tea\r\n") + much,
        post("Content-Length: 99999999\r\n") + much}) {
    tests::Client client(server.port());
    client.send(start);
    client.send(much);
    const std::string answer = client.rest();
    CHECK(answer.starts_with("HTTP/1.1 4"));
    CHECK(answer.find("Connection: close\r\n") != std::string::npos);
    CHECK(client.closed());
  }
}

// The second answer waits in the queue behind the first; when the first has left, the socket takes
// all of the second at once, and is told so only later.
TEST_CASE("http1 flow: a file behind two answers that had to wait") {
  const std::string large(300'000, 'l'), small(10'000, 's'), body(100'000, 'f');
  const int file = ::memfd_create("body", MFD_CLOEXEC);
  REQUIRE(::write(file, body.data(), body.size()) == static_cast<ssize_t>(body.size()));
  for (const bool zero_copy : {true, false}) {
    CAPTURE(zero_copy);
    SmallService service;
    service.answer = [&](server::Exchange& exchange) {
      if (exchange.request.target == "/file") {
        exchange.response().set(exchange.arena(), "content-length", "100000");
        exchange.hand_over(server::FileRange{::dup(file), 0, body.size()});
      } else {
        exchange.body().append(exchange.request.target == "/large" ? large : small);
      }
    };
    server::http1::Options options;
    options.use_sendfile = zero_copy;
    Conversation client(service, options);
    client.listen(false);
    for (const char* target : {"/large", "/small", "/file"})
      client.say(std::string("GET ") + target + " HTTP/1.1\r\nHost: h\r\n\r\n");
    client.listen(true);
    client.settle();
    const std::string heard = summary(client.take(), service.methods);
    CHECK(heard.size() == large.size() + small.size() + body.size() + 3 * 5);
    CHECK(heard.ends_with("|200 " + body + "|"));
  }
  ::close(file);
}

TEST_CASE("http1 flow: who waited behind another answer hears that there is room") {
  SmallService service;
  server::Async* first = nullptr;
  server::Async* second = nullptr;
  int writable = 0;
  service.answer = [&](server::Exchange& exchange) {
    server::Async*& right = first == nullptr ? first : second;
    right = &exchange.suspend();
    if (second == nullptr) return;
    exchange.watch(true);
    exchange.body().append("a");
    CHECK(exchange.hand_over(false) == server::Write::full);
  };
  service.on_event = [&](server::Exchange& exchange, server::Event event) {
    if (event != server::Event::writable || second == nullptr) return;
    ++writable;
    exchange.body().append("b");
    exchange.hand_over(true);
    std::exchange(second, nullptr)->release();
  };
  Conversation client(service, {});
  client.say(kGet + kGet);
  CHECK(client.heard().empty());
  first->resume(reinterpret_cast<void (*)()>(
                    +[](void*, server::Exchange* exchange) { exchange->hand_over(true); }),
                nullptr);
  first->release();
  client.settle();
  CHECK(writable == 1);
  CHECK(summary(client.heard(), service.methods) == "200|200 ab|");
}
