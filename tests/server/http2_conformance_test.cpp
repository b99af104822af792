// HTTP/2 as its RFCs want it, over raw frames: each case is what a client says behind its preface
// and SETTINGS, and all that it must hear.
#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <vector>

#include "tests/support/h2_client.h"
#include "tests/support/small_server.h"

// NOLINTNEXTLINE: the words of frames are all over the tables
using namespace tests::h2;

namespace {

struct Case {
  std::string title;
  std::string said;
  const char* heard;  // as Client::summary; unless it ends in GOAWAY, PONG must follow
};

// A connection that goes on answers a PING; one that says GOAWAY because of an error ends.
void check(const std::vector<Case>& cases) {
  for (const Case& one : cases) {
    CAPTURE(one.title);
    tests::SmallService service;
    service.answer = [](server::Exchange& exchange) { exchange.body().append("ok"); };
    Client client(service);
    client.take();
    client.say(one.said);
    const std::string expected = one.heard;
    if (expected.find("GOAWAY") != std::string::npos) {
      CHECK(client.summary() == expected);
      CHECK(client.ended());
      continue;
    }
    client.say(ping());
    CHECK(client.summary() == expected + (expected.empty() ? "PONG" : " PONG"));
    CHECK_FALSE(client.ended());
  }
}

const char* const kProtocol = "GOAWAY:PROTOCOL_ERROR";
const char* const kSize = "GOAWAY:FRAME_SIZE_ERROR";
const char* const kCompression = "GOAWAY:COMPRESSION_ERROR";
const char* const kFlow = "GOAWAY:FLOW_CONTROL_ERROR";
const char* const kMalformed = "RST:1:PROTOCOL_ERROR";

std::string fields(Fields all, std::uint8_t flags = kEndStream | kEndHeaders) {
  return headers(1, block(all), flags);
}

}  // namespace

TEST_CASE("http2 conformance: RFC 9113 section 3.4, the preface") {
  tests::SmallService service;
  service.answer = [](server::Exchange&) {};
  SUBCASE("SETTINGS come first, with the server's first frame") {
    Client client(service);
    const std::vector<Frame> heard = client.take();
    REQUIRE_FALSE(heard.empty());
    CHECK(heard[0].type == kSettings);
    CHECK((heard[0].flags & kAck) == 0);
  }
  SUBCASE("another first frame than SETTINGS is a connection error") {
    Client client(service, {}, {}, std::string(kPreface) + ping());
    CHECK(client.summary() == kProtocol);
    CHECK(client.ended());
  }
  SUBCASE("an acknowledgement is not the client's SETTINGS") {
    Client client(service, {}, {}, std::string(kPreface) + frame(kSettings, kAck, 0, ""));
    CHECK(client.summary() == kProtocol);
  }
  SUBCASE("requests may follow before the server's SETTINGS are known") {
    Client client(service, {}, {}, std::string(kPreface) + settings() + get(1));
    CHECK(client.summary() == "200:1");
  }
}

TEST_CASE("http2 conformance: RFC 9113 section 4, frames") {
  check({
      {"4.1 unknown types are ignored", frame(0x16, 0, 0, "12345678"), ""},
      {"4.1 unknown types on a stream are ignored", frame(0xbe, 0xff, 1, "x") + get(1), "200:1"},
      {"4.1 undefined flags are ignored", ping("12345678", 0x16), "PONG"},
      {"4.1 the reserved bit of the stream is ignored",
       frame(kPing, 0, 0x80000000U, "12345678") + get(0x80000001U), "PONG 200:1"},
      {"4.2 a DATA frame of 2^14 bytes is taken", post(1) + data(1, std::string(16384, 'x')),
       "200:1"},
      {"4.2 a DATA frame that is too long", post(1) + data(1, std::string(16385, 'x')), kSize},
      {"4.2 a HEADERS frame that is too long",
       headers(1, request("GET", {{"x", std::string(16385, 'x')}})), kSize},
      {"4.2 an unknown frame that is too long", frame(0x99, 0, 0, std::string(16385, 'x')), kSize},
      {"4.3 a field block that cannot be decoded: RFC 7541 section 2.3.3, index out of the table",
       headers(1, request() + "\xff\xff\x03"), kCompression},
      {"4.3 decoded also where the stream is refused", headers(1, "\xff\xff\x03"), kCompression},
      {"4.3 only CONTINUATION may come within a field block",
       headers(1, request(), kEndStream) + ping(), kProtocol},
      {"4.3 no other stream's HEADERS within a field block",
       headers(1, request(), kEndStream) + get(3), kProtocol},
      {"4.3 no unknown frame within a field block",
       headers(1, request(), kEndStream) + frame(0x77, 0, 1, ""), kProtocol},
  });
}

TEST_CASE("http2 conformance: RFC 7541, field compression") {
  const std::string first = "\x82\x86\x84\x41\x01h";  // GET, http, /, :authority by increment
  check({
      {"2.3.3 index 0", headers(1, request() + "\x80"), kCompression},
      {"2.3.3 an index behind the dynamic table", headers(1, request() + "\xbe"), kCompression},
      {"2.3.3 an entry of the dynamic table is found by another request",
       headers(1, first) + headers(3, "\x82\x86\x84\xbe"), "200:1 200:3"},
      {"4.2 a size update at the begin of a block", headers(1, "\x20" + request()), "200:1"},
      {"4.2 a size update at the end of a block", headers(1, request() + "\x20"), kCompression},
      {"4.2 a size update above the limit", headers(1, integer(0x20, 5, 4097) + request()),
       kCompression},
      {"5.1 an integer that never ends",
       headers(1, request() + "\x7f\xff\xff\xff\xff\xff\xff\xff\x01"), kCompression},
      {"5.2 a string that is longer than its block",
       headers(1, request() + std::string("\x00\x7e", 2) + "x"), kCompression},
      {"5.2 Huffman padding longer than 7 bits",
       headers(1, request() + std::string("\x00\x01x\x84\x49\x50\x9f\xff", 8)), kCompression},
      {"5.2 Huffman padding that is not of EOS",
       headers(1, request() + std::string("\x00\x83\xf2\xb2\x40\x01y", 7)), kCompression},
      {"5.2 Huffman EOS", headers(1, request() + std::string("\x00\x84\xff\xff\xff\xff\x01y", 8)),
       kCompression},
      {"6.1 an indexed field of the static table",
       headers(1, "\x82\x86\x84" + field(":authority", "h")), "200:1"},
      {"6.2.1 a literal with increment", headers(1, first), "200:1"},
      {"6.2.3 a literal that is never indexed", headers(1, request() + "\x10\x01x\x01y"), "200:1"},
  });
}

TEST_CASE("http2 conformance: RFC 9113 section 5.1, the states of streams") {
  check({
      {"idle: DATA", data(1, "x"), kProtocol},
      {"idle: RST_STREAM", rst_stream(1), kProtocol},
      {"idle: WINDOW_UPDATE", window_update(1, 100), kProtocol},
      {"idle: CONTINUATION", frame(kContinuation, kEndHeaders, 1, request()), kProtocol},
      {"idle: PRIORITY is ignored", frame(kPriority, 0, 1, number(0) + "\x0f"), ""},
      {"half-closed: WINDOW_UPDATE, PRIORITY",
       get(1) + window_update(1, 100) + frame(kPriority, 0, 1, number(0) + "\x0f"), "200:1"},
      {"closed by RST_STREAM: RST_STREAM is not answered", post(1) + rst_stream(1) + rst_stream(1),
       ""},
      {"5.1.1 an even number", get(2), kProtocol},
      {"5.1.1 a number lower than one before", get(5) + get(3), "GOAWAY:PROTOCOL_ERROR"},
      {"5.1.1 numbers may be left out", get(1) + get(7), "200:1 200:7"},
      {"5.3.1 a HEADERS frame that depends on itself is an error as in RFC 7540",
       frame(kHeaders, kEndStream | kEndHeaders | kWithPriority, 1, number(1) + "\x0f" + request()),
       kProtocol},
  });
}

TEST_CASE("http2 conformance: RFC 9113 section 5.1, a stream that both have ended") {
  const std::string end = frame(kContinuation, kEndHeaders, 1, request());
  for (const Case& one : std::vector<Case>{
           {"DATA", data(1, "x"), "GOAWAY:STREAM_CLOSED"},
           {"HEADERS", get(1), "GOAWAY:STREAM_CLOSED"},
           {"HEADERS of one before it", get(3) + get(1), "GOAWAY:STREAM_CLOSED"},
           {"HEADERS whose number was left out", get(5) + get(3), "GOAWAY:PROTOCOL_ERROR"},
           {"CONTINUATION", end, kProtocol},
           {"WINDOW_UPDATE is ignored", window_update(1, 1024), "PONG"},
           {"RST_STREAM is ignored", rst_stream(1), "PONG"},
           {"PRIORITY is ignored", frame(kPriority, 0, 1, number(0) + "\x0f"), "PONG"},
       }) {
    CAPTURE(one.title);
    tests::SmallService service;
    service.answer = [](server::Exchange& exchange) { exchange.body().append("ok"); };
    Client client(service);
    client.say(get(1));
    CHECK(client.summary() == "200:1");
    client.say(one.said + ping());
    CHECK(client.summary() == std::string(one.heard));
  }
}

TEST_CASE("http2 conformance: RFC 9113 section 5.1.2, one stream too many is refused") {
  tests::SmallService service;
  service.answer = [](server::Exchange& exchange) { exchange.body().append("ok"); };
  Client client(service, {.max_concurrent_streams = 2});
  client.take();
  client.say(post(1) + post(3) + post(5) + data(1, "x") + post(7) + data(3, "y"));
  CHECK(client.summary() == "RST:5:REFUSED_STREAM 200:1 RST:7:REFUSED_STREAM 200:3");
  client.say(get(9));
  CHECK(client.summary() == "200:9");
  CHECK_FALSE(client.ended());
}

TEST_CASE("http2 conformance: RFC 9113 section 6, the types of frames") {
  const std::string prio = number(0) + "\x0f";
  check({
      {"6.1 DATA on stream 0", data(0, "x"), kProtocol},
      {"6.1 DATA with padding", post(1) + frame(kData, kEndStream | kPadded, 1, "\x02xyyy"),
       "200:1"},
      {"6.1 padding as long as the frame", post(1) + frame(kData, kPadded, 1, "\x06xyyyy"),
       kProtocol},
      {"6.1 no room for the padding's length", post(1) + frame(kData, kPadded, 1, ""), kSize},
      {"6.2 HEADERS on stream 0", get(0), kProtocol},
      {"6.2 HEADERS with padding and priority",
       frame(kHeaders, kEndStream | kEndHeaders | kPadded | kWithPriority, 1,
             "\x02" + prio + request() + "zz"),
       "200:1"},
      {"6.2 padding longer than the frame",
       frame(kHeaders, kEndStream | kEndHeaders | kPadded, 1, "\xff" + request()), kProtocol},
      {"6.3 PRIORITY on stream 0", frame(kPriority, 0, 0, prio), kProtocol},
      {"6.3 PRIORITY of another length", post(1) + frame(kPriority, 0, 1, "1234"), kSize},
      {"6.4 RST_STREAM on stream 0", rst_stream(0), kProtocol},
      {"6.4 RST_STREAM of another length", post(1) + frame(kRstStream, 0, 1, "123"), kSize},
      {"6.4 an unknown code is as any", post(1) + rst_stream(1, 0xbeef), ""},
      {"6.5 SETTINGS on a stream", frame(kSettings, 0, 1, ""), kProtocol},
      {"6.5 an acknowledgement with content", frame(kSettings, kAck, 0, "123456"), kSize},
      {"6.5 a length that is no multiple of 6", frame(kSettings, 0, 0, "123"), kSize},
      {"6.5.2 ENABLE_PUSH of 2", settings({{2, 2}}), kProtocol},
      {"6.5.2 INITIAL_WINDOW_SIZE above 2^31-1", settings({{4, 0x80000000U}}), kFlow},
      {"6.5.2 MAX_FRAME_SIZE under 2^14", settings({{5, 16383}}), kProtocol},
      {"6.5.2 MAX_FRAME_SIZE above 2^24-1", settings({{5, 16777216}}), kProtocol},
      {"6.5.2 an unknown setting is ignored", settings({{0xbeef, 1}}), ""},
      {"6.5.3 of the same setting the last value holds",
       settings({{4, 0x7fffffff}, {4, 100}}) + get(1), "200:1"},
      {"RFC 8441 section 3 ENABLE_CONNECT_PROTOCOL of 2", settings({{8, 2}}), kProtocol},
      {"RFC 9218 section 2.1 NO_RFC7540_PRIORITIES of 2", settings({{9, 2}}), kProtocol},
      {"6.6 PUSH_PROMISE from a client", frame(kPushPromise, kEndHeaders, 1, number(2) + request()),
       kProtocol},
      {"6.7 PING is answered", ping(), "PONG"},
      {"6.7 PING with acknowledgement is not answered", ping("12345678", kAck), ""},
      {"6.7 PING on a stream", frame(kPing, 0, 1, "12345678"), kProtocol},
      {"6.7 PING of another length", ping("123456"), kSize},
      {"6.8 GOAWAY on a stream", frame(kGoaway, 0, 1, number(0) + number(0)), kProtocol},
      {"6.8 GOAWAY that is too short", frame(kGoaway, 0, 0, number(0)), kSize},
      {"6.9 WINDOW_UPDATE of 0 for the connection", window_update(0, 0), kProtocol},
      {"6.9 WINDOW_UPDATE of 0 for a stream", post(1) + window_update(1, 0), kProtocol},
      {"6.9 WINDOW_UPDATE of another length", frame(kWindowUpdate, 0, 0, "123"), kSize},
      {"6.9.1 the connection's window above 2^31-1",
       window_update(0, 0x7fffffff) + window_update(0, 1), kFlow},
      {"6.9.1 a stream's window above 2^31-1", post(1) + window_update(1, 0x7fffffff),
       "RST:1:FLOW_CONTROL_ERROR"},
      {"6.9.2 SETTINGS lift a stream's window above 2^31-1",
       post(1) + window_update(1, 0x7ffeffff) + settings({{4, 0x7fffffff}}), kFlow},
      {"6.10 CONTINUATION",
       headers(1, request(), kEndStream) + frame(kContinuation, 0, 1, field("a", "b")) +
           frame(kContinuation, kEndHeaders, 1, field("c", "d")),
       "200:1"},
      {"6.10 CONTINUATION on stream 0",
       headers(1, request(), kEndStream) + frame(kContinuation, kEndHeaders, 0, ""), kProtocol},
      {"6.10 CONTINUATION behind the end of the block",
       post(1) + frame(kContinuation, kEndHeaders, 1, field("a", "b")), kProtocol},
      {"6.10 CONTINUATION behind DATA",
       post(1) + data(1, "x", 0) + frame(kContinuation, kEndHeaders, 1, field("a", "b")),
       kProtocol},
  });
}

TEST_CASE("http2 conformance: RFC 9113 section 8, requests") {
  const std::string body = post(1) + data(1, "x", 0);
  check({
      {"8.1 trailers", body + headers(1, field("x", "y")), "200:1"},
      {"8.1 trailers that do not end the stream", body + headers(1, field("x", "y"), kEndHeaders),
       kMalformed},
      {"8.1 a pseudo field among trailers", body + headers(1, field(":path", "/")), kMalformed},
      {"8.2 an upper-case name", get(1, {{"X-Test", "ok"}}), kMalformed},
      {"8.2.1 a name with a space", get(1, {{"a b", "ok"}}), kMalformed},
      {"8.2.1 a name with a colon inside", get(1, {{"a:b", "ok"}}), kMalformed},
      {"8.2.1 an empty name", get(1, {{"", "ok"}}), kMalformed},
      {"8.2.1 a value with a line end", get(1, {{"a", "b\nc"}}), kMalformed},
      {"8.2.1 a value with a zero byte", get(1, {{"a", std::string_view("b\0c", 3)}}), kMalformed},
      {"8.2.1 a value that begins with a space", get(1, {{"a", " b"}}), kMalformed},
      {"8.2.1 a value that ends with a tab", get(1, {{"a", "b\t"}}), kMalformed},
      {"8.2.2 connection", get(1, {{"connection", "keep-alive"}}), kMalformed},
      {"8.2.2 keep-alive", get(1, {{"keep-alive", "1"}}), kMalformed},
      {"8.2.2 proxy-connection", get(1, {{"proxy-connection", "keep-alive"}}), kMalformed},
      {"8.2.2 transfer-encoding", get(1, {{"transfer-encoding", "chunked"}}), kMalformed},
      {"8.2.2 upgrade", get(1, {{"upgrade", "foo"}}), kMalformed},
      {"8.2.2 te of trailers", get(1, {{"te", "trailers"}}), "200:1"},
      {"8.2.2 te of anything else", get(1, {{"te", "trailers, deflate"}}), kMalformed},
      {"8.3 an unknown pseudo field", get(1, {{":test", "ok"}}), kMalformed},
      {"8.3 a pseudo field of answers", get(1, {{":status", "200"}}), kMalformed},
      {"8.3 a pseudo field behind another",
       fields({{":method", "GET"}, {":scheme", "http"}, {"x", "y"}, {":path", "/"}}), kMalformed},
      {"8.3.1 an empty path", fields({{":method", "GET"}, {":scheme", "http"}, {":path", ""}}),
       kMalformed},
      {"8.3.1 a path that is none",
       fields({{":method", "GET"}, {":scheme", "http"}, {":path", "x"}, {":authority", "h"}}),
       kMalformed},
      {"8.3.1 no method", fields({{":scheme", "http"}, {":path", "/"}}), kMalformed},
      {"8.3.1 no scheme", fields({{":method", "GET"}, {":path", "/"}}), kMalformed},
      {"8.3.1 no path", fields({{":method", "GET"}, {":scheme", "http"}}), kMalformed},
      {"8.3.1 two methods",
       fields({{":method", "GET"}, {":method", "GET"}, {":scheme", "http"}, {":path", "/"}}),
       kMalformed},
      {"8.3.1 two schemes",
       fields({{":method", "GET"}, {":scheme", "http"}, {":scheme", "http"}, {":path", "/"}}),
       kMalformed},
      {"8.3.1 two paths",
       fields({{":method", "GET"}, {":scheme", "http"}, {":path", "/"}, {":path", "/"}}),
       kMalformed},
      {"8.3.1 host instead of :authority",
       fields({{":method", "GET"}, {":scheme", "http"}, {":path", "/"}, {"host", "h"}}), "200:1"},
      {"8.3.1 host that differs from :authority", get(1, {{"host", "other"}}), "400:1"},
      {"8.5 CONNECT without :protocol", fields({{":method", "CONNECT"}, {":authority", "h:1"}}),
       "501:1"},
      {"8.5 CONNECT with :path",
       fields({{":method", "CONNECT"}, {":authority", "h:1"}, {":path", "/"}}), kMalformed},
      {"RFC 9110 section 8.6 fewer bytes than content-length",
       post(1, {{"content-length", "2"}}) + data(1, "x"), kMalformed},
      {"RFC 9110 section 8.6 more bytes than content-length, in two frames",
       post(1, {{"content-length", "1"}}) + data(1, "x", 0) + data(1, "y"), kMalformed},
      {"RFC 9110 section 8.6 content-length without content", get(1, {{"content-length", "2"}}),
       kMalformed},
      {"RFC 9110 section 8.6 two lengths",
       post(1, {{"content-length", "1"}, {"content-length", "2"}}) + data(1, "x"), kMalformed},
      {"RFC 9110 section 8.6 a length that is no number",
       post(1, {{"content-length", "+1"}}) + data(1, "x"), kMalformed},
  });
}

TEST_CASE("http2 conformance: RFC 9113 section 5.2 and 6.9, windows of the answer") {
  tests::SmallService service;
  service.answer = [](server::Exchange& exchange) { exchange.body().append("0123456789"); };
  Client client(service);
  client.take();
  const auto received = [&] {
    std::string text;
    for (const Frame& one : client.take())
      if (one.type == kData) text += one.payload + ((one.flags & kEndStream) != 0 ? "." : "|");
    return text;
  };
  client.say(settings({{4, 3}}) + get(1));
  CHECK(received() == "012|");
  SUBCASE("SETTINGS widen it") {
    client.say(settings({{4, 5}}));
    CHECK(received() == "34|");
    client.say(settings({{4, 100}}));
    CHECK(received() == "56789.");
  }
  SUBCASE("SETTINGS make it negative, and WINDOW_UPDATE counts from there") {
    client.say(settings({{4, 1}}));
    CHECK(received().empty());
    client.say(window_update(1, 2));
    CHECK(received().empty());
    client.say(window_update(1, 1));
    CHECK(received() == "3|");
    client.say(window_update(1, 100));
    CHECK(received() == "456789.");
  }
}

TEST_CASE("http2: a client that has said its last ends what can only wait for it") {
  tests::SmallService service;
  service.answer = [](server::Exchange& exchange) { exchange.body().append("0123456789"); };
  Client client(service);
  client.take();
  SUBCASE("a body that is collected") {
    client.say(post(1) + data(1, "x", 0));
    client.wire().finish();
    CHECK(client.summary() == "400:1 RST:1:NO_ERROR");
  }
  SUBCASE("an answer without window") {
    client.say(settings({{4, 3}}) + get(1));
    client.wire().finish();
    CHECK(client.summary() == "200:1 RST:1:CANCEL");
  }
  CHECK(client.ended());
  client.wire().hang_up();
  CHECK(client.wire().gone());
  CHECK(service.finished_count == 1);
}

TEST_CASE("http2: an answer of a head alone comes before the reset of what goes on") {
  tests::SmallService service;
  service.body = server::Body::ignored;
  service.answer = [](server::Exchange& exchange) { exchange.response().status = 204; };
  Client client(service);
  client.say(post(1) + data(1, "x", 0));
  CHECK(client.summary() == "204:1 RST:1:NO_ERROR");
}

TEST_CASE("http2 conformance: RFC 9113 section 6.9, a client that sends more than its window") {
  tests::SmallService service;
  service.body = server::Body::streamed;
  std::vector<server::Async*> rights;
  service.answer = [&](server::Exchange& exchange) { rights.push_back(&exchange.suspend()); };
  Client client(service, {.initial_window_size = 1000}, {.exchange = {.high_mark = 500}});
  client.say(frame(kSettings, kAck, 0, "") + post(1) + data(1, std::string(900, 'x'), 0));
  client.take();
  client.say(data(1, std::string(101, 'x'), 0));
  CHECK(client.summary().find("FLOW_CONTROL_ERROR") != std::string::npos);
  client.wire().hang_up();
  for (server::Async* right : rights) right->release();
  client.wire().settle();
}
