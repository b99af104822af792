// The pattern language: every code, Tomcat's corner cases, and that no client can write outside its
// field.
#include "container/access_log_pattern.h"

#include <doctest/doctest.h>

#include <cstdlib>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace {

using namespace std::chrono_literals;
using container::AccessFields;
using container::AccessLogPattern;
using container::AccessRecord;
using container::LocalTimes;

class Fields final : public AccessFields {
 public:
  struct Entry {
    Source source;
    std::string name;
    std::string value;
  };

  explicit Fields(std::vector<Entry> entries) : entries_(std::move(entries)) {}

  std::optional<std::string_view> find(Source source, std::string_view name,
                                       std::size_t nth) const override {
    for (const Entry& entry : entries_)
      if (entry.source == source && entry.name == name && nth-- == 0) return entry.value;
    return std::nullopt;
  }

 private:
  std::vector<Entry> entries_;
};

const Fields known({
    {AccessFields::Source::request_header, "Referer", "http://a.test/\"><script>"},
    {AccessFields::Source::request_header, "User-Agent", "curl/8.0"},
    {AccessFields::Source::request_header, "Via", "1.1 one"},
    {AccessFields::Source::request_header, "Via", "1.1 two"},
    {AccessFields::Source::request_header, "Empty", ""},
    {AccessFields::Source::response_header, "Content-Type", "text/plain"},
    {AccessFields::Source::cookie, "id", "c1"},
    {AccessFields::Source::request_attribute, "trace", "t\n1"},
    {AccessFields::Source::session_attribute, "cart", "3"},
});

// 2026-11-24 10:00:00.123 UTC, over 1.5 s later.
AccessRecord sample() {
  AccessRecord record;
  record.remote_address = "10.0.0.9";
  record.peer_address = "10.0.0.1";
  record.local_address = "10.0.0.2";
  record.remote_host = "client.test";
  record.local_port = 8080;
  record.remote_port = 50123;
  record.method = "GET";
  record.target = "/a%20b?x=1";
  record.path = "/a%20b";
  record.query = "x=1";
  record.protocol = "HTTP/1.1";
  record.host = "www.test";
  record.user = "ada";
  record.session_id = "5E55";
  record.thread = "loop-0";
  record.status = 200;
  record.bytes_sent = 512;
  record.begin = std::chrono::system_clock::time_point(1795514400123ms);
  record.elapsed = 1500250us;
  record.until_commit = 7ms;
  record.connection_id = 42;
  record.fields = &known;
  return record;
}

class InTimeZone {
 public:
  explicit InTimeZone(const char* zone) {
    setenv("TZ", zone, 1);
    tzset();
  }
  ~InTimeZone() {
    unsetenv("TZ");
    tzset();
  }
};

std::string format(std::string_view pattern, const AccessRecord& record = sample()) {
  LocalTimes times;
  std::string line;
  AccessLogPattern(pattern).append(record, times, line);
  REQUIRE(line.back() == '\n');
  line.pop_back();
  return line;
}

}  // namespace

TEST_CASE("every plain code") {
  const InTimeZone zone("UTC0");
  CHECK(format("%a %A %h %l %u") == "10.0.0.9 10.0.0.2 client.test - ada");
  CHECK(format("%b %B %D %F %T") == "512 512 1500250 7 1");
  CHECK(format("%H %I %m %p %q") == "HTTP/1.1 loop-0 GET 8080 ?x=1");
  CHECK(format("%r|%s|%S|%U|%v|%X") == "GET /a%20b?x=1 HTTP/1.1|200|5E55|/a%20b|www.test|+");
  CHECK(format("%t") == "[24/Nov/2026:10:00:01 +0000]");
}

TEST_CASE("every code with a name") {
  CHECK(format("%{peer}a %{remote}a %{local}p %{remote}p %{c}L") ==
        "10.0.0.1 10.0.0.9 8080 50123 42");
  CHECK(format("%{ns}T %{us}T %{ms}T %{s}T %{fracsec}T") == "1500250000 1500250 1500 1 1.500");
  CHECK(format("%{User-Agent}i %{Content-Type}o %{id}c %{trace}r %{cart}s") ==
        R"(curl/8.0 text/plain c1 t\n1 3)");
  CHECK(format("%{Via}i") == "1.1 one,1.1 two");
  CHECK(format("%{None}i %{Empty}i %{none}c") == "- - -");
}

TEST_CASE("times: begin or end, units, date patterns, the local zone") {
  const InTimeZone zone("CET-1CEST,M3.5.0,M10.5.0/3");
  CHECK(format("%{begin}t %{end}t") == "[24/Nov/2026:11:00:00 +0100] [24/Nov/2026:11:00:01 +0100]");
  CHECK(format("%{sec}t %{begin:sec}t %{begin:msec}t %{begin:msec_frac}t %{end:msec_frac}t") ==
        "1795514401 1795514400 1795514400123 123 623");
  CHECK(format("%{begin:yyyy-MM-dd'T'HH:mm:ss.SSSXXX}t") == "2026-11-24T11:00:00.123+01:00");
  CHECK(format("%{begin:EEE, d MMMM yy h:mm a z Z X XX}t") ==
        "Tue, 24 November 26 11:00 AM CET +0100 +01 +0100");
  CHECK(format("%{begin:''yyyy 'o''clock' H k K hh}t") == "'2026 o'clock 11 11 11 11");
}

TEST_CASE("times that are shared between records stay right") {
  const InTimeZone zone("UTC0");
  LocalTimes times;
  const AccessLogPattern pattern("%{begin}t");
  for (int round = 0; round < 3; ++round) {
    for (const auto& [shift, expected] : {std::pair{0s, "[24/Nov/2026:10:00:00 +0000]\n"},
                                          std::pair{4s, "[24/Nov/2026:10:00:04 +0000]\n"},
                                          std::pair{86400s, "[25/Nov/2026:10:00:00 +0000]\n"}}) {
      AccessRecord record = sample();
      record.begin += shift;
      std::string line;
      pattern.append(record, times, line);
      CHECK(line == expected);
    }
  }
}

TEST_CASE("the first moment asked for may be any, also the second before the epoch") {
  const InTimeZone zone("UTC0");
  AccessRecord record = sample();
  record.begin = std::chrono::system_clock::time_point(-1s);
  CHECK(format("%{begin}t", record) == "[31/Dec/1969:23:59:59 +0000]");
  CHECK(format("%{begin:yyyy-MM-dd z}t", record) == "1969-12-31 UTC");
}

TEST_CASE("common and combined") {
  const InTimeZone zone("UTC0");
  const std::string common =
      R"(client.test - ada [24/Nov/2026:10:00:01 +0000] "GET /a%20b?x=1 HTTP/1.1" 200 512)";
  CHECK(format("common") == common);
  CHECK(format("combined") == common + R"( "http://a.test/\"><script>" "curl/8.0")");
}

TEST_CASE("unknown codes and stray signs as Tomcat writes them") {
  CHECK(format("%y|%{x}y|%{bogus}T|%{bogus}a") == "???y???|???y???|???T???|???a???");
  CHECK(format("%>s") ==
        "??"
        "?>???s");  // apart, or it would be a trigraph
  CHECK(format("%{c}") == "???{???c}");
  CHECK(format("100%% sure %") == "100% sure %");
  CHECK(format("") == "");
}

TEST_CASE("unknown codes are told as they are written, each once") {
  const auto unknown = [](std::string_view pattern) { return AccessLogPattern(pattern).unknown(); };
  CHECK(unknown("%h %y %{x}y %{bogus}T %y %>s %%") ==
        std::vector<std::string>{"%y", "%{x}y", "%{bogus}T", "%>"});
  CHECK(unknown("%h %{c}") == std::vector<std::string>{"%{c}"});
  for (const char* pattern : {"common", "combined", "json", "%{Via}i %D", "100%"})
    CHECK(unknown(pattern).empty());
}

TEST_CASE("what is not known is a dash") {
  const AccessRecord nothing;
  CHECK(format("%a %A %h %u %b %B %F %m %p %r %s %S %U %v %{remote}p %{x}i[%q]", nothing) ==
        "- - - - - 0 - - - - - - - - - -[]");
}

TEST_CASE("a client cannot leave its field or its line") {
  AccessRecord record = sample();
  record.target = "/\"\r\n127.0.0.1 - - \x1b[2J\xc3\xa9\\";
  CHECK(format("\"%r\"", record) == R"("GET /\"\r\n127.0.0.1 - - \x1b[2J\xc3\xa9\\ HTTP/1.1")");
}

TEST_CASE("a very long value is cut") {
  AccessRecord record = sample();
  const std::string path(100'000, 'a');
  record.path = path;
  CHECK(format("%U", record) == std::string(8192, 'a') + "...");
}

TEST_CASE("json lines parse and carry the values unharmed") {
  const InTimeZone zone("UTC0");
  AccessRecord record = sample();
  record.path = "/\"caf\xc3\xa9\"\n";
  record.user = {};
  const auto object = nlohmann::json::parse(format("json", record));
  CHECK(object["time"] == "2026-11-24T10:00:01.623Z");
  CHECK(object["path"] == "/\"caf\xc3\xa9\"\n");
  CHECK(object["user"].is_null());
  CHECK(object["statusCode"] == 200);
  CHECK(object["elapsedTime"] == 1500250);
  CHECK(object["connectionStatus"] == "+");
  CHECK(object["requestHeaders"]["Referer"] == "http://a.test/\"><script>");
  CHECK(AccessLogPattern("json").is_json());
}

TEST_CASE("bad patterns are refused with a sentence") {
  CHECK_THROWS_WITH_AS(AccessLogPattern("%h\n%u"), doctest::Contains("control characters"),
                       std::invalid_argument);
  CHECK_THROWS_WITH_AS(AccessLogPattern("%{yyyy-QQ}t"), doctest::Contains("'Q'"),
                       std::invalid_argument);
  CHECK_THROWS_WITH_AS(AccessLogPattern("%{'open}t"), doctest::Contains("not closed"),
                       std::invalid_argument);
  CHECK_THROWS_WITH_AS(AccessLogPattern("%h %{open"), doctest::Contains("'%{open' has no '}'"),
                       std::invalid_argument);
  // It would be the name of one header, and swallow the second.
  CHECK_THROWS_WITH_AS(AccessLogPattern("%{Referer %{User-Agent}i %s"),
                       doctest::Contains("'%{Referer %{User-Agent}i...' has no '}'"),
                       std::invalid_argument);
  CHECK_THROWS_WITH_AS(AccessLogPattern(std::string(4097, 'a')), doctest::Contains("4096"),
                       std::invalid_argument);
}
