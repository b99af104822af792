// What a client asks for and what it takes for an answer: addresses, requests, heads. No sockets.
#include <doctest/doctest.h>

#include <set>
#include <string>

#include "server/websocket/accept_key.h"
#include "server/websocket/client_handshake.h"
#include "server/websocket/client_url.h"

using namespace server::websocket;

namespace {

std::string complaint(std::string_view url) {
  const auto parsed = parse_url(url);
  return parsed ? "" : parsed.error();
}

std::string moved(std::string_view base, std::string_view location) {
  const auto url = resolve_location(*parse_url(base), location);
  return url ? url->text() : url.error();
}

AnswerHead answer_to(std::string_view key) {
  return {.status = 101,
          .fields = {{"upgrade", "WebSocket"},
                     {"connection", "keep-alive, Upgrade"},
                     {"sec-websocket-accept", accept_key(key)}}};
}

}  // namespace

TEST_CASE("addresses are taken apart") {
  CHECK(parse_url("ws://Example.org") == Url{.host = "example.org", .port = 80, .target = "/"});
  CHECK(parse_url("Wss://h") == Url{.secure = true, .host = "h", .port = 443, .target = "/"});
  CHECK(parse_url("wss://h:80/x") == Url{.secure = true, .host = "h", .port = 80, .target = "/x"});
  CHECK(parse_url("WS://h:8080/a/b?c=d") == Url{.host = "h", .port = 8080, .target = "/a/b?c=d"});
  CHECK(parse_url("ws://h?x") == Url{.host = "h", .port = 80, .target = "/?x"});
  CHECK(parse_url("ws://127.0.0.1:1/") == Url{.host = "127.0.0.1", .port = 1, .target = "/"});
  CHECK(parse_url("ws://[::1]:99/x") == Url{.host = "::1", .port = 99, .target = "/x"});
  CHECK(parse_url("ws://[::1]")->authority() == "[::1]");
  CHECK(parse_url("ws://[::1]:99")->authority() == "[::1]:99");
  CHECK(parse_url("ws://h:80")->authority() == "h");
  CHECK(parse_url("wss://h:80")->authority() == "h:80");
  CHECK(parse_url("wss://h:443/")->text() == "wss://h/");
  CHECK(parse_url("ws://h:443/")->text() == "ws://h:443/");
}

TEST_CASE("addresses that cannot be connected to are refused with a reason") {
  CHECK(complaint("https://h/").find("write ws://host:port/path, or wss") != std::string::npos);
  CHECK(complaint("h:80/x").find("write ws://") != std::string::npos);
  CHECK(complaint("ws://user:secret@h/").find("Authorization") != std::string::npos);
  CHECK(complaint("ws:///x").find("names no host") != std::string::npos);
  CHECK(complaint("ws://h/#top").find("fragment") != std::string::npos);
  CHECK(complaint("ws://[::1/x").find("']'") != std::string::npos);
  CHECK(complaint("ws://[::1]x").find("no port") != std::string::npos);
  for (const char* port : {"0", "65536", "-1", "8x", " 8"})
    CHECK(complaint("ws://h:" + std::string(port) + "/").find("1 to 65535") != std::string::npos);
  CHECK(complaint("ws://h/a b").find("percent-encoded") != std::string::npos);
  CHECK(complaint("ws://h/a\r\nX: y").find("percent-encoded") != std::string::npos);
  CHECK(complaint("ws://h\r\nX: y/").find("not valid") != std::string::npos);
}

TEST_CASE("locations are seen from where the redirection came") {
  CHECK(moved("ws://h/a/b?c", "http://other:81/x") == "ws://other:81/x");
  CHECK(moved("ws://h/a/b?c", "ws://other/x#y") == "ws://other/x");
  CHECK(moved("ws://h:9/a/b?c", "/x?y") == "ws://h:9/x?y");
  CHECK(moved("ws://h/a/b?c", "x") == "ws://h/a/x");
  CHECK(moved("ws://h/a/b?c", "../x") == "ws://h/x");
  CHECK(moved("ws://h/a/b?c", "./../../../x/./y/..") == "ws://h/x/");
  CHECK(moved("ws://h/a/b?c", "?x=/../y") == "ws://h/a/b?x=/../y");
  CHECK(moved("ws://h/a", "//other/x") == "ws://other/x");
  CHECK(moved("ws://h/a", "https://other/x") == "wss://other/x");
  CHECK(moved("wss://h/a", "//other/x") == "wss://other/x");
  CHECK(moved("wss://h:444/a", "b") == "wss://h:444/b");
  CHECK(moved("wss://h/a", "http://h/b") == "ws://h/b");
  CHECK(moved("ws://h/a", "mailto:x").find("write ws://") != std::string::npos);
  CHECK(moved("ws://h/a", "/x\ny").find("percent-encoded") != std::string::npos);
}

TEST_CASE("the request has what RFC 6455 4.1 asks for") {
  const ClientWishes wishes{.subprotocols = {"v2", "v1"},
                            .fields = {{"Origin", "http://o"}, {"Cookie", "a=b"}},
                            .deflate = {.mode = DeflatePolicy::Mode::pooled}};
  const std::string text = handshake_request(*parse_url("ws://h:81/p?q"), wishes, "KEY", false);
  CHECK(text.starts_with("GET /p?q HTTP/1.1\r\nHost: h:81\r\n"));
  for (const char* field :
       {"Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Key: KEY",
        "Sec-WebSocket-Version: 13", "Sec-WebSocket-Protocol: v2, v1", "Origin: http://o",
        "Cookie: a=b", "Sec-WebSocket-Extensions: permessage-deflate"})
    CHECK_MESSAGE(text.find("\r\n" + std::string(field)) != std::string::npos, field);
  CHECK(text.ends_with("\r\n\r\n"));
  // Another host gets no credentials.
  const std::string other = handshake_request(*parse_url("ws://o/"), wishes, "KEY", true);
  CHECK(other.find("Cookie") == std::string::npos);
  CHECK(other.find("Origin") != std::string::npos);
  const std::string plain = handshake_request(*parse_url("ws://h/"), {}, "KEY", false);
  CHECK(plain.find("Protocol") == std::string::npos);
  CHECK(plain.find("Extensions") == std::string::npos);
  CHECK(plain.find("Origin") == std::string::npos);
}

TEST_CASE("no key comes twice") {
  std::set<std::string> keys;
  for (int i = 0; i < 100; ++i) keys.insert(make_key());
  CHECK(keys.size() == 100);
  CHECK(keys.begin()->size() == 24);
}

TEST_CASE("wishes that would break the request are refused") {
  CHECK(check_wishes({.subprotocols = {"a"}, .fields = {{"X-A", "b c\t\xc3\xa4"}}}).empty());
  CHECK(check_wishes({.fields = {{"X", "a\r\nY: b"}}}).find("line break") != std::string::npos);
  CHECK(check_wishes({.fields = {{"X\r\nY", "a"}}}).find("not valid") != std::string::npos);
  CHECK(check_wishes({.fields = {{"", "a"}}}).find("not valid") != std::string::npos);
  for (const char* ours : {"Host", "upgrade", "Connection", "Sec-WebSocket-Key", "Content-Length",
                           "Transfer-Encoding", "Sec-WebSocket-Protocol"})
    CHECK(check_wishes({.fields = {{ours, "a"}}}).find("own to set") != std::string::npos);
  CHECK(check_wishes({.subprotocols = {"a b"}}).find("token") != std::string::npos);
  CHECK(check_wishes({.subprotocols = {"a", "a"}}).find("twice") != std::string::npos);
}

TEST_CASE("a head may come in any pieces, and behind interim ones") {
  const std::string whole =
      "HTTP/1.1 103 Early\r\nLink: x\r\n\r\nHTTP/1.1 302 Found\r\nLocation:  /x \r\nA: 1\r\na: "
      "2\r\n\r\n";
  for (std::size_t step : {std::size_t{1}, std::size_t{7}, whole.size() + 4}) {
    AnswerReader reader;
    const std::string bytes = whole + "rest";
    std::size_t at = 0;
    while (!reader.head() && at < bytes.size()) {
      const auto used = reader.read(std::string_view(bytes).substr(at, step));
      REQUIRE(used);
      at += *used;
    }
    CHECK(at == whole.size());
    REQUIRE(reader.head());
    CHECK(reader.head()->status == 302);
    CHECK(reader.head()->find("location") == "/x");
    CHECK(reader.head()->find("a") == "1, 2");
    CHECK(!reader.head()->find("link"));
  }
}

TEST_CASE("heads that are none, or too long, are refused") {
  const auto refused = [](const std::string& bytes) {
    const auto used = AnswerReader().read(bytes);
    return used ? "" : used.error();
  };
  CHECK(refused("HTTP/2 101 x\r\n\r\n").find("HTTP/1.1") != std::string::npos);
  CHECK(refused("HTTP/1.1 1x1 x\r\n\r\n").find("HTTP/1.1") != std::string::npos);
  CHECK(refused("HTTP/1.1 101\r\nno colon\r\n\r\n").find("malformed") != std::string::npos);
  CHECK(refused("HTTP/1.1 101\r\nA : b\r\n\r\n").find("malformed") != std::string::npos);
  CHECK(refused("HTTP/1.1 101\r\nA: b\r\n c\r\n\r\n").find("malformed") != std::string::npos);
  const std::string begin = "HTTP/1.1 200 OK\r\nX: ";
  const std::string full = begin + std::string(kMaxAnswerHead - begin.size() - 4, 'x') + "\r\n\r\n";
  CHECK(refused(full).empty());
  CHECK(refused(begin + "x" + full.substr(begin.size())).find("8 KiB") != std::string::npos);
  CHECK(refused(std::string(100'000, 'x')).find("8 KiB") != std::string::npos);
}

TEST_CASE("a 101 is checked in every way") {
  const ClientWishes plain;
  const ClientWishes wishes{.subprotocols = {"v2", "v1"},
                            .deflate = {.mode = DeflatePolicy::Mode::pooled}};
  const auto refused = [](const AnswerHead& head, const ClientWishes& with) {
    const auto agreement = check_answer(head, with, "KEY");
    return agreement ? "" : agreement.error();
  };
  AnswerHead head = answer_to("KEY");
  CHECK(refused(head, plain).empty());
  for (std::size_t i = 0; i < head.fields.size(); ++i) {
    AnswerHead lacks = head;
    lacks.fields.erase(lacks.fields.begin() + static_cast<std::ptrdiff_t>(i));
    CHECK(!refused(lacks, plain).empty());
  }
  CHECK(refused(answer_to("OTHER"), plain).find("does not fit") != std::string::npos);
  AnswerHead spoken = head;
  spoken.fields.emplace_back("sec-websocket-protocol", "v1");
  CHECK(check_answer(spoken, wishes, "KEY")->subprotocol == "v1");
  CHECK(refused(spoken, plain).find("'v1'") != std::string::npos);
  AnswerHead deflated = head;
  deflated.fields.emplace_back(
      "sec-websocket-extensions",
      "permessage-deflate; server_no_context_takeover; client_no_context_takeover");
  CHECK(check_answer(deflated, wishes, "KEY")->deflate.has_value());
  CHECK(refused(deflated, plain).find("not offered") != std::string::npos);
  deflated.fields.back().second = "permessage-deflate; what=1";
  CHECK(refused(deflated, wishes).find("parameters") != std::string::npos);
  deflated.fields.back().second = "permessage-deflate, x-zip";
  CHECK(!refused(deflated, wishes).empty());
  deflated.fields.back().second = ";";
  CHECK(refused(deflated, wishes).find("malformed") != std::string::npos);
}
