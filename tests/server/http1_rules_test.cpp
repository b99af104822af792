// The rules of RFC 9110 and 9112 as bytes in and answers out, each also split at every byte.
#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <vector>

#include "tests/support/answers.h"
#include "tests/support/conversation.h"
#include "tests/support/small_server.h"

using tests::Answers;
using tests::Conversation;
using tests::SmallService;

namespace {

struct Rule {
  std::string name;
  std::string section;  // of RFC 9112; those with 9110 in front of RFC 9110
  std::string bytes;
  std::vector<std::string> answers;  // "status body"; only "status" when the body does not matter
  bool closed = false;               // behind the last answer, although the client stays
};

// "METHOD target Host [body]".
void mirror(server::Exchange& exchange) {
  const server::RequestHead& request = exchange.request;
  auto& body = exchange.body();
  body.append(request.method).append(" ").append(request.target);
  body.append(" ").append(request.find(server::Known::host));
  if (request.has_body) body.append(" [").append(exchange.buffered_body()).append("]");
}

// What was heard in the form of `expected`.
std::string spoken(const Answers& answers, const std::vector<std::string>& expected) {
  std::string text;
  std::size_t at = 0;
  for (const tests::Answer& one : answers.all()) {
    const bool brief = at < expected.size() && expected[at].size() == 3;
    text += std::to_string(one.status) + (brief || one.body.empty() ? "" : " " + one.body) + "|";
    ++at;
  }
  return text;
}

std::string joined(const std::vector<std::string>& answers) {
  std::string text;
  for (const std::string& one : answers) text += one + "|";
  return text;
}

void check(const Rule& rule, const server::http1::Options& options, bool whole) {
  SmallService service;
  service.answer = mirror;
  Conversation client(service, options);
  if (whole) {
    client.say(rule.bytes);
  } else {
    client.say_byte_by_byte(rule.bytes);
  }
  const Answers answers(client.heard(), service.methods);
  CAPTURE(rule.name);
  CAPTURE(rule.section);
  CAPTURE(whole);
  CAPTURE(client.heard());
  CHECK(spoken(answers, rule.answers) == joined(rule.answers));
  CHECK((answers.end() == Answers::End::clean || answers.end() == Answers::End::open));
  CHECK(client.ended() == rule.closed);
  if (rule.closed && !answers.all().empty()) CHECK(answers.all().back().closes());
}

void check(const std::vector<Rule>& rules, const server::http1::Options& options = {}) {
  for (const Rule& rule : rules)
    for (const bool whole : {true, false}) check(rule, options, whole);
}

std::string get(std::string_view fields, std::string_view target = "/") {
  return std::string("GET ").append(target).append(" HTTP/1.1\r\n").append(fields) + "\r\n";
}
std::string post(std::string_view fields, std::string_view body = "") {
  return std::string("POST / HTTP/1.1\r\nHost: h\r\n").append(fields).append("\r\n").append(body);
}
std::string chunked(std::string_view body) { return post("Transfer-Encoding: chunked\r\n", body); }

}  // namespace

TEST_CASE("http1 rules: the request line") {
  check({
      {"empty lines before it", "2.2", "\r\n\r\n" + get("Host: h\r\n"), {"200 GET / h"}},
      {"HTTP/0.9", "3", "GET /\r\n\r\n", {"400"}, true},
      {"unknown major version", "2.3", "GET / HTTP/2.0\r\nHost: h\r\n\r\n", {"505"}, true},
      {"the preface of HTTP/2", "2.3", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", {"505"}, true},
      {"unknown minor version", "2.3", "GET / HTTP/1.2\r\nHost: h\r\n\r\n", {"505"}, true},
      {"version of two digits", "2.3", "GET / HTTP/1.10\r\nHost: h\r\n\r\n", {"400"}, true},
      {"version in lower case", "2.3", "GET / http/1.1\r\nHost: h\r\n\r\n", {"400"}, true},
      {"another protocol", "2.3", "GET / HTTQ/1.1\r\nHost: h\r\n\r\n", {"400"}, true},
      {"two spaces behind the method", "3", "GET  / HTTP/1.1\r\nHost: h\r\n\r\n", {"400"}, true},
      {"two spaces behind the target", "3", "GET /  HTTP/1.1\r\nHost: h\r\n\r\n", {"400"}, true},
      {"space at the end", "3", "GET / HTTP/1.1 \r\nHost: h\r\n\r\n", {"400"}, true},
      {"space in front", "3", " GET / HTTP/1.1\r\nHost: h\r\n\r\n", {"400"}, true},
      {"tab for a space", "3", "GET\t/ HTTP/1.1\r\nHost: h\r\n\r\n", {"400"}, true},
      {"space in the target", "3.2", "GET /a b HTTP/1.1\r\nHost: h\r\n\r\n", {"400"}, true},
      {"method that is no token", "9110 9.1", "G(T / HTTP/1.1\r\nHost: h\r\n\r\n", {"400"}, true},
      {"unknown method", "9110 9.1", "BREW / HTTP/1.1\r\nHost: h\r\n\r\n", {"501"}, true},
      {"method in lower case", "9110 9.1", "get / HTTP/1.1\r\nHost: h\r\n\r\n", {"501"}, true},
      {"CONNECT", "9110 9.3.6", "CONNECT h:1 HTTP/1.1\r\nHost: h:1\r\n\r\n", {"501"}, true},
      {"TRACE", "9110 9.3.8", "TRACE / HTTP/1.1\r\nHost: h\r\n\r\n", {"405"}, true},
      {"target of 8191 bytes and more", "3", "GET /" + std::string(8192, 'a'), {"414"}, true},
  });
  server::http1::Options traced;
  traced.rules.allow_trace = true;
  check({{"TRACE, allowed", "9110 9.3.8", "TRACE / HTTP/1.1\r\nHost: h\r\n\r\n", {"200"}}}, traced);
}

TEST_CASE("http1 rules: Host and the forms of the target") {
  check({
      {"a name and a port", "3.2", get("Host: a.b:81\r\n"), {"200 GET / a.b:81"}},
      {"an address in brackets", "3.2", get("Host: [::1]:81\r\n"), {"200 GET / [::1]:81"}},
      {"empty", "3.2", get("Host:\r\n"), {"200"}},
      {"none", "3.2", get(""), {"400"}, true},
      {"two", "3.2", get("Host: h\r\nHost: h\r\n"), {"400"}, true},
      {"a path in it", "3.2", get("Host: a/b\r\n"), {"400"}, true},
      {"user-info in it", "3.2", get("Host: u@h\r\n"), {"400"}, true},
      {"a list", "3.2", get("Host: a, b\r\n"), {"400"}, true},
      {"a port beyond 65535", "3.2", get("Host: a:65536\r\n"), {"400"}, true},
      {"a port that is no number", "3.2", get("Host: a:8o\r\n"), {"400"}, true},
      {"an open bracket", "3.2", get("Host: [::1\r\n"), {"400"}, true},
      {"none in HTTP/1.0", "3.2", "GET / HTTP/1.0\r\n\r\n", {"200 GET / "}, true},
      {"two in HTTP/1.0", "3.2", "GET / HTTP/1.0\r\nHost: h\r\nHost: h\r\n\r\n", {"400"}, true},
      {"absolute, the same host",
       "3.2.2",
       get("Host: h\r\n", "http://h/a"),
       {"200 GET http://h/a h"}},
      {"absolute, the same host in another case",
       "3.2.2",
       get("Host: h\r\n", "HTTP://H/a"),
       {"200 GET HTTP://H/a h"}},
      {"absolute without a path", "3.2.2", get("Host: h:8\r\n", "http://h:8?x"), {"200"}},
      {"absolute with user-info", "3.2.2", get("Host: h\r\n", "http://u:p@h/a@b"), {"200"}},
      {"absolute, another host", "3.2.2", get("Host: h\r\n", "http://g/"), {"400"}, true},
      {"absolute, another port", "3.2.2", get("Host: h\r\n", "http://h:81/"), {"400"}, true},
      {"absolute, the host as user-info",
       "3.2.2",
       get("Host: h\r\n", "http://h@g/"),
       {"400"},
       true},
      {"absolute beside an empty Host", "3.2.2", get("Host:\r\n", "http://h/"), {"400"}, true},
      {"absolute without Host", "3.2.2", get("", "http://h/"), {"400"}, true},
      {"absolute in HTTP/1.0",
       "3.2.2",
       "GET http://h:8/a HTTP/1.0\r\n\r\n",
       {"200 GET http://h:8/a h:8"},
       true},
      {"absolute in HTTP/1.0, another Host",
       "3.2.2",
       "GET http://u@h/a HTTP/1.0\r\nHost: g\r\n\r\n",
       {"200 GET http://u@h/a h"},
       true},
      {"absolute in HTTP/1.0, a bad host",
       "3.2.2",
       "GET http://h:x/a HTTP/1.0\r\n\r\n",
       {"400"},
       true},
      {"a URI in the query is not the form",
       "3.2.1",
       get("Host: h\r\n", "/?u=http://g/"),
       {"200 GET /?u=http://g/ h"}},
  });
}

TEST_CASE("http1 rules: field lines") {
  const std::string h = "Host: h\r\n";
  check({
      {"white space around the value", "5.1", get("Host: \t h \t\r\n"), {"200 GET / h"}},
      {"bytes above ASCII in a value", "9110 5.5", get(h + "X: \xc3\xa4\r\n"), {"200"}},
      {"tab in a value", "9110 5.5", get(h + "X: a\tb\r\n"), {"200"}},
      {"bare LF in the request line", "2.2", "GET / HTTP/1.1\n" + h + "\r\n", {"400"}, true},
      {"bare LF behind a field", "2.2", get("Host: h\nX: y\r\n"), {"400"}, true},
      {"bare LF as the end", "2.2", "GET / HTTP/1.1\r\n" + h + "\n", {"400"}, true},
      {"bare CR in a value", "2.2", get(h + "X: a\rb\r\n"), {"400"}, true},
      {"bare CR in the request line", "2.2", "GET /\r HTTP/1.1\r\n" + h + "\r\n", {"400"}, true},
      {"CR and a byte as the end", "2.2", "GET / HTTP/1.1\r\n" + h + "\rX", {"400"}, true},
      {"folded line", "5.2", get(h + "X: a\r\n b\r\n"), {"400"}, true},
      {"line folded by a tab", "5.2", get(h + "X: a\r\n\tb\r\n"), {"400"}, true},
      {"white space before the first field", "2.2", get(" " + h), {"400"}, true},
      {"space before the colon", "5.1", get(h + "X : a\r\n"), {"400"}, true},
      {"space in a name", "5.1", get(h + "X Y: a\r\n"), {"400"}, true},
      {"empty name", "5.1", get(h + ": a\r\n"), {"400"}, true},
      {"no colon", "5.1", get(h + "XY\r\n"), {"400"}, true},
      {"parenthesis in a name", "9110 5.6.2", get(h + "X(: a\r\n"), {"400"}, true},
      {"byte above ASCII in a name", "9110 5.6.2", get(h + "X\xe4: a\r\n"), {"400"}, true},
      {"NUL in a value", "9110 5.5", get(h + std::string("X: a\0b\r\n", 8)), {"400"}, true},
      {"control byte in a value", "9110 5.5", get(h + "X: a\x01\r\n"), {"400"}, true},
      {"DEL in a value", "9110 5.5", get(h + "X: a\x7f\r\n"), {"400"}, true},
      {"head above its limit", "9110 5.4", get(h + "X: " + std::string(8192, 'a')), {"431"}, true},
  });
  std::string many = h;
  for (int i = 0; i < 99; ++i) many += "X: y\r\n";
  check({{"as many fields as may be", "9110 5.4", get(many), {"200"}},
         {"one field more", "9110 5.4", get(many + "X: y\r\n"), {"431"}, true}});
}

TEST_CASE("http1 rules: how long the body is") {
  check({
      {"by length", "6.2", post("Content-Length: 2\r\n", "ab"), {"200 POST / h [ab]"}},
      {"leading zeros", "6.2", post("Content-Length: 002\r\n", "ab"), {"200 POST / h [ab]"}},
      {"zero", "6.2", post("Content-Length: 0\r\n"), {"200 POST / h"}},
      {"none", "6.3", post(""), {"200 POST / h"}},
      {"of a GET",
       "9110 9.3.1",
       get("Host: h\r\nContent-Length: 1\r\n") + "a" + get("Host: h\r\n", "/2"),
       {"200 GET / h [a]", "200 GET /2 h"}},
      {"in HTTP/1.0",
       "6.3",
       "POST / HTTP/1.0\r\nContent-Length: 1\r\n\r\na",
       {"200 POST /  [a]"},
       true},
      {"two lengths",
       "6.3",
       post("Content-Length: 1\r\nContent-Length: 1\r\n", "a"),
       {"400"},
       true},
      {"two that differ",
       "6.3",
       post("Content-Length: 1\r\nContent-Length: 2\r\n", "a"),
       {"400"},
       true},
      {"list of lengths", "6.3", post("Content-Length: 1, 1\r\n", "a"), {"400"}, true},
      {"sign", "9110 8.6", post("Content-Length: +1\r\n", "a"), {"400"}, true},
      {"negative", "9110 8.6", post("Content-Length: -1\r\n", "a"), {"400"}, true},
      {"hexadecimal", "9110 8.6", post("Content-Length: 0x1\r\n", "a"), {"400"}, true},
      {"space inside", "9110 8.6", post("Content-Length: 1 1\r\n", "a"), {"400"}, true},
      {"empty length", "9110 8.6", post("Content-Length:\r\n", "a"), {"400"}, true},
      {"length of 20 digits",
       "9110 8.6",
       post("Content-Length: 99999999999999999999\r\n"),
       {"400"},
       true},
      {"length and coding",
       "6.3",
       post("Content-Length: 1\r\nTransfer-Encoding: chunked\r\n", "a"),
       {"400"},
       true},
      {"coding and length",
       "6.3",
       post("Transfer-Encoding: chunked\r\nContent-Length: 1\r\n", "a"),
       {"400"},
       true},
      {"length and empty coding",
       "6.3",
       post("Content-Length: 1\r\nTransfer-Encoding:\r\n", "a"),
       {"400"},
       true},
      {"empty coding", "6.1", post("Transfer-Encoding:\r\n"), {"400"}, true},
      {"two codings",
       "6.1",
       post("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"),
       {"400"},
       true},
      {"chunked not last", "6.1", post("Transfer-Encoding: chunked, gzip\r\n"), {"400"}, true},
      {"chunked twice", "6.1", post("Transfer-Encoding: chunked, chunked\r\n"), {"400"}, true},
      {"chunked and nothing", "6.1", post("Transfer-Encoding: chunked,\r\n"), {"400"}, true},
      {"unknown coding", "6.1", post("Transfer-Encoding: gzip\r\n"), {"501"}, true},
      {"coding before chunked", "6.1", post("Transfer-Encoding: gzip, chunked\r\n"), {"501"}, true},
      {"parameter of chunked", "7.1", post("Transfer-Encoding: chunked;a=b\r\n"), {"501"}, true},
      {"name with a control byte",
       "6.1",
       post("Transfer-Encoding: \x0b"
            "chunked\r\n"),
       {"400"},
       true},
      {"chunked in HTTP/1.0",
       "6.1",
       "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
       {"400"},
       true},
  });
}

TEST_CASE("http1 rules: chunks") {
  const std::string two = "200 POST / h [ab]";
  check({
      {"one", "7.1", chunked("2\r\nab\r\n0\r\n\r\n"), {two}},
      {"two", "7.1", chunked("1\r\na\r\n1\r\nb\r\n0\r\n\r\n"), {two}},
      {"none", "7.1", chunked("0\r\n\r\n"), {"200 POST / h []"}},
      {"zeros in front", "7.1", chunked("002\r\nab\r\n000\r\n\r\n"), {two}},
      {"hexadecimal in any case",
       "7.1",
       chunked("a\r\n0123456789\r\nB\r\n0123456789a\r\n0\r\n\r\n"),
       {"200 POST / h [01234567890123456789a]"}},
      {"and a request behind",
       "7.1",
       chunked("2\r\nab\r\n0\r\n\r\n") + get("Host: h\r\n"),
       {two, "200 GET / h"}},
      {"CR LF inside the data", "7.1", chunked("2\r\n\r\n\r\n0\r\n\r\n"), {"200 POST / h [\r\n]"}},
      {"extension", "7.1.1", chunked("2;a\r\nab\r\n0;b\r\n\r\n"), {two}},
      {"extensions with values", "7.1.1", chunked("2;a=b;c=d;e\r\nab\r\n0\r\n\r\n"), {two}},
      {"white space around everything",
       "7.1.1",
       chunked("2 ;\ta = b ; c\t=\"d\" ;e\r\nab\r\n0\r\n\r\n"),
       {two}},
      {"quoted value", "7.1.1", chunked("2;a=\"\\\";\\\\ \"\r\nab\r\n0\r\n\r\n"), {two}},
      {"empty quoted value", "7.1.1", chunked("2;a=\"\"\r\nab\r\n0\r\n\r\n"), {two}},
      {"white space behind the size", "7.1.1", chunked("2 \r\nab\r\n0\r\n\r\n"), {"400"}, true},
      {"tab behind the size", "7.1.1", chunked("2\t\r\nab\r\n0\r\n\r\n"), {"400"}, true},
      {"white space behind the last size", "7.1.1", chunked("0 \r\n\r\n"), {"400"}, true},
      {"white space before the size", "7.1", chunked(" 2\r\nab\r\n0\r\n\r\n"), {"400"}, true},
      {"white space in the size", "7.1", chunked("1 0\r\n"), {"400"}, true},
      {"white space behind an extension", "7.1.1", chunked("2;a \r\n"), {"400"}, true},
      {"white space behind a value", "7.1.1", chunked("2;a=b \r\n"), {"400"}, true},
      {"extension without a name", "7.1.1", chunked("2;\r\n"), {"400"}, true},
      {"extension of a value only", "7.1.1", chunked("2;=b\r\n"), {"400"}, true},
      {"extension without its value", "7.1.1", chunked("2;a=\r\n"), {"400"}, true},
      {"two names in one extension", "7.1.1", chunked("2;a b\r\n"), {"400"}, true},
      {"extension with a bad name", "7.1.1", chunked("2;a/b\r\n"), {"400"}, true},
      {"token behind a quoted value", "7.1.1", chunked("2;a=\"b\"c\r\n"), {"400"}, true},
      {"quote left open", "7.1.1", chunked("2;a=\"b\r\n"), {"400"}, true},
      {"LF in an extension", "7.1.1", chunked("2;a\nb\r\n"), {"400"}, true},
      {"extensions above their limit",
       "7.1.1",
       chunked("2;" + std::string(8192, 'a') + "\r\n"),
       {"400"},
       true},
      {"size that is no number", "7.1", chunked("x\r\n"), {"400"}, true},
      {"size with a prefix", "7.1", chunked("0x2\r\nab\r\n0\r\n\r\n"), {"400"}, true},
      {"negative size", "7.1", chunked("-2\r\n"), {"400"}, true},
      {"empty size", "7.1", chunked("\r\n"), {"400"}, true},
      {"size of 16 digits", "7.1", chunked("1000000000000000\r\n"), {"413"}, true},
      {"size ended by LF", "7.1", chunked("2\nab\r\n0\r\n\r\n"), {"400"}, true},
      {"size ended by CR and a byte", "7.1", chunked("2\rXab\r\n0\r\n\r\n"), {"400"}, true},
      {"data ended by LF", "7.1", chunked("2\r\nab\n0\r\n\r\n"), {"400"}, true},
      {"data ended by two other bytes", "7.1", chunked("2\r\nabXX0\r\n\r\n"), {"400"}, true},
      {"data longer than its size", "7.1", chunked("2\r\nabc\r\n0\r\n\r\n"), {"400"}, true},
      {"trailer", "7.1.2", chunked("2\r\nab\r\n0\r\nX: y\r\nZ:\r\n\r\n"), {two}},
      {"trailer without a name", "7.1.2", chunked("0\r\n: y\r\n\r\n"), {"400"}, true},
      {"trailer with a space before the colon",
       "7.1.2",
       chunked("0\r\nX : y\r\n\r\n"),
       {"400"},
       true},
      {"folded trailer", "7.1.2", chunked("0\r\nX: y\r\n z\r\n\r\n"), {"400"}, true},
      {"trailer ended by LF", "7.1.2", chunked("0\r\nX: y\n\r\n"), {"400"}, true},
      {"control byte in a trailer", "7.1.2", chunked("0\r\nX: \x01\r\n\r\n"), {"400"}, true},
      {"end of LF only", "7.1", chunked("0\r\n\n"), {"400"}, true},
      {"trailers above their limit",
       "7.1.2",
       chunked("0\r\nX: " + std::string(8192, 'y')),
       {"431"},
       true},
  });
}

TEST_CASE("http1 rules: staying and closing") {
  const std::string stay = get("Host: h\r\n");
  check({
      {"keep-alive", "9.3", stay + stay, {"200 GET / h", "200 GET / h"}},
      {"close", "9.3", get("Host: h\r\nConnection: close\r\n") + stay, {"200"}, true},
      {"close in a list and any case",
       "9.3",
       get("Host: h\r\nConnection: te, CLOSE ,x\r\n"),
       {"200"},
       true},
      {"close in the second field",
       "9.3",
       get("Host: h\r\nConnection: te\r\nConnection: close\r\n"),
       {"200"},
       true},
      {"a name that only begins so", "9.3", get("Host: h\r\nConnection: closed\r\n"), {"200"}},
      {"HTTP/1.0", "9.3", "GET / HTTP/1.0\r\n\r\n", {"200"}, true},
      {"HTTP/1.0 that stays", "9.3", "GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n", {"200"}},
      {"HTTP/1.0 of two minds",
       "9.3",
       "GET / HTTP/1.0\r\nConnection: keep-alive, close\r\n\r\n",
       {"200"},
       true},
      {"upgrade offered",
       "9110 7.8",
       get("Host: h\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: "
           "AA\r\n") +
           stay,
       {"200 GET / h", "200 GET / h"}},
      {"upgrade offered with a body",
       "9110 7.8",
       post("Connection: Upgrade\r\nUpgrade: x\r\nContent-Length: 1\r\n", "a") + stay,
       {"200 POST / h [a]", "200 GET / h"}},
      {"no request behind a refused one", "9.3", get("") + stay, {"400"}, true},
  });
}

TEST_CASE("http1 rules: expectations") {
  const std::string expecting = "Expect: 100-continue\r\n";
  check({
      {"the body is asked for", "9110 10.1.1", post(expecting + "Content-Length: 1\r\n"), {"100"}},
      {"and then answered",
       "9110 10.1.1",
       post(expecting + "Content-Length: 1\r\n", "a"),
       {"100", "200 POST / h [a]"}},
      {"in chunks",
       "9110 10.1.1",
       post(expecting + "Transfer-Encoding: chunked\r\n", "1\r\na\r\n0\r\n\r\n"),
       {"100", "200 POST / h [a]"}},
      {"in any case",
       "9110 10.1.1",
       post("Expect: 100-Continue\r\nContent-Length: 1\r\n"),
       {"100"}},
      {"no body", "9110 10.1.1", get("Host: h\r\n" + expecting), {"200"}},
      {"HTTP/1.0 cannot expect",
       "9110 10.1.1",
       "POST / HTTP/1.0\r\n" + expecting + "Content-Length: 1\r\n\r\na",
       {"200"},
       true},
      {"not the length that may be sent",
       "9110 10.1.1",
       post(expecting + "Content-Length: 2000000\r\n"),
       {"413"},
       true},
      {"another expectation", "9110 10.1.1", post("Expect: tea\r\n"), {"417"}, true},
      {"another one beside it",
       "9110 10.1.1",
       post(expecting + "Expect: tea\r\nContent-Length: 1\r\n"),
       {"417"},
       true},
  });
}
