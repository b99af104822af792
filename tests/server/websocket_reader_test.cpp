// Conformance of the message reader: raw bytes and what must come of them, in the order of the
// public Autobahn catalogue, for pieces of several sizes.
#include <doctest/doctest.h>

#include <cstring>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "tests/support/frames.h"
#include "tests/support/reader_log.h"

using namespace server::websocket;
using namespace std::string_literals;
using tests::close_payload;
using tests::Frame;
using tests::ReaderLog;

namespace {

struct Case {
  const char* name;     // as in the catalogue
  const char* section;  // of RFC 6455, or of RFC 7692 for 12 and 13
  std::string bytes;
  std::string heard;
  bool in_parts = true;  // the same comes of it when messages are taken in parts
};

std::string text(std::string payload) { return Frame{.payload = std::move(payload)}.bytes(); }
std::string binary(std::string payload) {
  return Frame{.opcode = 2, .payload = std::move(payload)}.bytes();
}
std::string begin(std::string payload, unsigned opcode = 1) {
  return Frame{.opcode = opcode, .payload = std::move(payload), .fin = false}.bytes();
}
std::string more(std::string payload) { return begin(std::move(payload), 0); }
std::string last(std::string payload) {
  return Frame{.opcode = 0, .payload = std::move(payload)}.bytes();
}
std::string ping(std::string payload = {}) {
  return Frame{.opcode = 9, .payload = std::move(payload)}.bytes();
}
std::string pong(std::string payload = {}) {
  return Frame{.opcode = 10, .payload = std::move(payload)}.bytes();
}
std::string close(std::string payload = {}) {
  return Frame{.opcode = 8, .payload = std::move(payload)}.bytes();
}
std::string heard(std::string_view name, std::string_view payload) {
  return ReaderLog::entry(name, payload);
}
std::string repeated(std::size_t count, const std::string& one) {
  std::string all;
  for (; count > 0; --count) all += one;
  return all;
}

constexpr std::size_t kMost = 300000;  // bytes of a message and of a frame, in the table

void run(const std::vector<Case>& cases, bool deflate) {
  for (const Case& one : cases)
    for (const std::size_t step : {1UL, 2UL, 7UL, 997UL, one.bytes.size() + 1})
      for (const bool parts : {false, true})
        for (const bool stops : {false, true})
          for (const bool own : {false, true}) {
            if ((parts && !one.in_parts) || (own && !deflate)) continue;
            CAPTURE(one.name);
            CAPTURE(one.section);
            CAPTURE(step);
            CAPTURE(parts);
            CAPTURE(stops);
            CAPTURE(own);
            const ReaderLimits limits{.max_text = kMost,
                                      .max_binary = kMost,
                                      .max_frame = kMost,
                                      .text_in_parts = parts,
                                      .binary_in_parts = parts};
            BufferStock stock;
            DeflatePool pool;
            ReaderLog log;
            log.stops = stops;
            MessageReader reader(MessageReader::Side::server, log, limits, stock);
            if (own) reader.inflate_with(std::make_unique<Inflater>(15, true));
            if (deflate && !own) reader.inflate_with(pool);
            log.feed(reader, one.bytes, step);
            CHECK(log.text == one.heard);
            CHECK_FALSE(log.strange);
          }
}

std::string deflated(std::string_view message) {
  DeflatePool pool;
  std::string payload;
  pool.compress(message, payload, 15, 6);
  return payload;
}

// A whole compressed message in frames of at most `size` bytes.
std::string compressed(unsigned opcode, std::string_view message, std::size_t size = kMost) {
  const std::string payload = deflated(message);
  std::string out;
  for (std::size_t at = 0; at < payload.size(); at += size)
    out += Frame{.opcode = at == 0 ? opcode : 0,
                 .payload = payload.substr(at, size),
                 .fin = at + size >= payload.size(),
                 .rsv = at == 0 ? 4U : 0U}
               .bytes();
  return out;
}

}  // namespace

TEST_CASE("1.* framing") {
  std::vector<Case> cases;
  for (const std::size_t size : {0UL, 1UL, 125UL, 126UL, 127UL, 128UL, 65535UL, 65536UL}) {
    const std::string stars(size, '*');
    const std::string bytes(size, '\xfe');
    cases.push_back({"1.1 text", "5.2", text(stars), heard("text", stars)});
    cases.push_back({"1.2 binary", "5.2", binary(bytes), heard("binary", bytes)});
  }
  cases.push_back(
      {"1.x not masked", "5.1", Frame{.payload = "a", .masked = false}.bytes(), "fault(1002)"});
  cases.push_back({"1.x top bit of the length", "5.2",
                   Frame{.opcode = 2, .claimed = 0x8000000000000001}.bytes(), "fault(1002)"});
  cases.push_back({"1.x 125 in two bytes", "5.2",
                   Frame{.payload = std::string(125, 'a'), .length_bytes = 2}.bytes(),
                   "fault(1002)"});
  cases.push_back({"1.x 65535 in eight bytes", "5.2",
                   Frame{.payload = std::string(65535, 'a'), .length_bytes = 8}.bytes(),
                   "fault(1002)"});
  cases.push_back({"1.x a ping with a long length", "5.2",
                   Frame{.opcode = 9, .payload = "a", .length_bytes = 2}.bytes(), "fault(1002)"});
  run(cases, false);
}

TEST_CASE("2.* pings and pongs") {
  const std::string longest(125, '\xfe');
  std::string ten, heard_ten;
  for (int count = 0; count < 10; ++count) {
    ten += ping("payload-" + std::to_string(count));
    heard_ten += (count == 0 ? "" : " ") + heard("ping", "payload-" + std::to_string(count));
  }
  run(
      {
          {"2.1", "5.5.2", ping(), "ping()"},
          {"2.2", "5.5.2", ping("Hello, world!"), "ping(Hello, world!)"},
          {"2.3", "5.5.2", ping("\0\xff\xfe\xfd\xfc\0\xff"s),
           heard("ping", "\0\xff\xfe\xfd\xfc\0\xff"s)},
          {"2.4", "5.5", ping(longest), heard("ping", longest)},
          {"2.5", "5.5", ping(longest + "x"), "fault(1002)"},
          {"2.5 pong", "5.5", pong(longest + "x"), "fault(1002)"},
          {"2.7", "5.5.3", pong(), "pong()"},
          {"2.8", "5.5.3", pong("unsolicited"), "pong(unsolicited)"},
          {"2.9", "5.5.3", pong("unsolicited") + ping("ping"), "pong(unsolicited) ping(ping)"},
          {"2.10", "5.5.2", ten, heard_ten},
      },
      false);
}

TEST_CASE("3.* reserved bits") {
  const auto with = [](unsigned opcode, unsigned rsv) {
    return Frame{.opcode = opcode, .payload = opcode == 8 ? "" : "Hi", .rsv = rsv}.bytes();
  };
  run(
      {
          {"3.1", "5.2", with(1, 1), "fault(1002)"},
          {"3.2", "5.2", text("Hi") + with(1, 2) + ping(), "text(Hi) fault(1002)"},
          {"3.3", "5.2", text("Hi") + with(1, 3) + ping(), "text(Hi) fault(1002)"},
          {"3.4", "5.2", text("Hi") + with(1, 4) + ping(), "text(Hi) fault(1002)"},
          {"3.5", "5.2", with(2, 5), "fault(1002)"},
          {"3.6", "5.2", with(9, 6), "fault(1002)"},
          {"3.7", "5.2", with(8, 7), "fault(1002)"},
      },
      false);
}

TEST_CASE("4.* opcodes") {
  std::vector<Case> cases;
  for (const unsigned opcode : {3U, 4U, 5U, 6U, 7U, 11U, 12U, 13U, 14U, 15U}) {
    const std::string frame = Frame{.opcode = opcode, .payload = "Hi"}.bytes();
    cases.push_back({"4.*.1", "5.2", Frame{.opcode = opcode}.bytes(), "fault(1002)"});
    cases.push_back({"4.*.3", "5.2", text("Hi") + frame + ping(), "text(Hi) fault(1002)"});
    cases.push_back({"4.*.x", "5.2", begin("Hi") + frame, "fault(1002)"});
  }
  run(cases, false);
}

TEST_CASE("5.* fragments") {
  run(
      {
          {"5.1", "5.5", begin("frag", 9) + last("ment"), "fault(1002)"},
          {"5.2", "5.5", begin("frag", 10) + last("ment"), "fault(1002)"},
          {"5.x", "5.5", begin("", 8), "fault(1002)"},
          {"5.3", "5.4", begin("frag") + last("ment"), "text(fragment)"},
          {"5.6", "5.4", begin("frag") + ping("p") + last("ment"), "ping(p) text(fragment)"},
          {"5.9", "5.4", last("non-continuation") + text("Hi"), "fault(1002)"},
          {"5.12", "5.4", more("non-continuation") + text("Hi"), "fault(1002)"},
          {"5.15", "5.4", begin("frag") + last("ment") + more("x") + text("y"),
           "text(fragment) fault(1002)"},
          {"5.18", "5.4", begin("frag") + text("ment"), "fault(1002)"},
          {"5.18 binary", "5.4", begin("frag", 2) + text("ment"), "fault(1002)"},
          {"5.19", "5.4",
           begin("f1") + more("f2") + ping("1") + more("f3") + more("f4") + ping("2") + last("f5"),
           "ping(1) ping(2) text(f1f2f3f4f5)"},
          {"5.x empty fragments", "5.4", begin("") + more("") + last(""), "text()"},
          {"5.x many empty", "5.4", begin("a", 2) + repeated(100, more("")) + last("b"),
           "binary(ab)"},
          {"5.x two in a row", "5.4",
           begin("a") + last("b") + begin("c", 2) + last("d") + text("e"),
           "text(ab) binary(cd) text(e)"},
          {"5.x pong within", "5.4", begin("a", 2) + pong("12") + last("b"), "pong(12) binary(ab)"},
      },
      false);
}

TEST_CASE("6.* UTF-8") {
  const std::string hello =
      "Hello-\xc2\xb5@\xc3\x9f\xc3\xb6\xc3\xa4\xc3\xbc\xc3\xa0\xc3\xa1-UTF-8!!";
  const std::string kosme = "\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5";
  const std::string bad = kosme + "\xed\xa0\x80" + "edited";
  std::string octets = begin(hello.substr(0, 1));
  for (const char octet : hello.substr(1)) octets += more({octet});
  std::vector<Case> cases{
      {"6.1.1", "5.6", text(""), "text()"},
      {"6.1.2", "5.6", begin("") + more("") + last(""), "text()"},
      {"6.1.3", "5.6", begin("") + more("middle") + last(""), "text(middle)"},
      {"6.2.1", "5.6", text(hello), heard("text", hello)},
      {"6.2.2", "5.6", begin(hello.substr(0, 7)) + last(hello.substr(7)), heard("text", hello)},
      {"6.2.3", "5.6", octets + last(""), heard("text", hello)},
      {"6.3.1", "8.1", text(bad), "fault(1007)"},
      {"6.3.2", "8.1", begin(kosme) + more("\xed\xa0") + last("\x80"), "fault(1007)"},
      {"6.4.1", "8.1", begin(kosme) + more("\xf4\x90\x80\x80") + last("edited"), "fault(1007)"},
      {"6.4.x ping within a character", "8.1", begin("\xe2\x82") + ping("p") + last("\xac"),
       "ping(p) text(\xe2\x82\xac)"},
      {"6.x next message starts anew", "8.1", begin("a") + last("\xc3\xa9") + text("\xa9"),
       "text(a\xc3\xa9) fault(1007)"},
      {"6.x binary is not looked at", "5.6", binary("\xff\xfe"), "binary(\xff\xfe)"},
  };
  for (const char* good :
       {"\xf0\x90\x80\x80", "\xef\xbf\xbf", "\xf4\x8f\xbf\xbf", "\xee\x80\x80", "\xed\x9f\xbf",
        "\xef\xbf\xbe", "\xdf\xbf", "\x7f", "\xc2\x80", "\xe0\xa0\x80", "\xef\xbf\xbd"})
    cases.push_back({"6.7-6.9, 6.22-6.23", "8.1", text(good), heard("text", good)});
  for (const char* wrong : {"\xce",
                            "\xce\xba\xe1",
                            "\xce\xba\xe1\xbd",
                            "\xf8\x88\x80\x80\x80",
                            "\xfc\x84\x80\x80\x80\x80",
                            "\xf7\xbf\xbf\xbf",
                            "\xf4\x90\x80\x80",
                            "\x80",
                            "\xbf",
                            "\x80\xbf",
                            "\xe2\x80",
                            "\xc0\xaf",
                            "\xe0\x80\xaf",
                            "\xf0\x80\x80\xaf",
                            "\xc1\xbf",
                            "\xe0\x9f\xbf",
                            "\xf0\x8f\xbf\xbf",
                            "\xc0\x80",
                            "\xed\xa0\x80",
                            "\xed\xad\xbf",
                            "\xed\xae\x80",
                            "\xed\xbf\xbf",
                            "\xed\xa0\x80\xed\xb0\x80",
                            "\xfe",
                            "\xff",
                            "\xfe\xfe\xff\xff"})
    cases.push_back({"6.6-6.21", "8.1", text(wrong), "fault(1007)"});
  run(cases, false);
}

TEST_CASE("7.* closing") {
  const std::string longest(123, '*');
  std::vector<Case> cases{
      {"7.1.1", "5.5.1", text("Hi") + close(close_payload(1000)), "text(Hi) close(1000)"},
      {"7.1.2", "5.5.1", close(close_payload(1000)) + close(), "close(1000)"},
      {"7.1.3", "5.5.1", close(close_payload(1000)) + ping(), "close(1000)"},
      {"7.1.4", "5.5.1", close(close_payload(1000)) + text("Hi"), "close(1000)"},
      {"7.1.5", "5.5.1", begin("a") + close(close_payload(1000)) + last("b"), "close(1000)"},
      {"7.1.x bytes that are no frame behind it", "5.5.1", close() + "\xff\xff\xff", "close(1005)"},
      {"7.3.1", "5.5.1", close(), "close(1005)"},
      {"7.3.2", "5.5.1", close("a"), "fault(1002)"},
      {"7.3.x the other half behind it", "5.5.1", close("\x03") + "\xe8", "fault(1002)"},
      {"7.3.3", "5.5.1", close(close_payload(1000)), "close(1000)"},
      {"7.3.4", "5.5.1", close(close_payload(1000, "Hello")), "close(1000,Hello)"},
      {"7.3.5", "5.5", close(close_payload(1000, longest)), heard("close", "1000," + longest)},
      {"7.3.6", "5.5", close(close_payload(1000, longest + "x")), "fault(1002)"},
      {"7.5.1", "8.1", close(close_payload(1000, "\xce\xba\xed\xa0\x80")), "fault(1007)"},
      {"7.5.x cut within a character", "8.1", close(close_payload(1000, "\xce")), "fault(1007)"},
  };
  for (const unsigned code : {1000U, 1001U, 1002U, 1003U, 1007U, 1008U, 1009U, 1010U, 1011U, 1012U,
                              1013U, 1014U, 3000U, 3999U, 4000U, 4999U})
    cases.push_back(
        {"7.7", "7.4", close(close_payload(code)), heard("close", std::to_string(code))});
  for (const unsigned code :
       {0U, 999U, 1004U, 1005U, 1006U, 1015U, 1016U, 1100U, 2000U, 2999U, 5000U, 65535U})
    cases.push_back({"7.9, 7.13", "7.4", close(close_payload(code)), "fault(1002)"});
  run(cases, false);
}

TEST_CASE("9.* limits and large messages") {
  const std::string large(kMost, '*');
  const std::string cut = Frame{.opcode = 2, .claimed = kMost + 1}.bytes();
  const std::string half(kMost / 2, 'a');
  run(
      {
          {"9.1", "5.2", text(large), heard("text", large)},
          {"9.2", "5.2", binary(large), heard("binary", large)},
          {"9.3", "5.4", begin(half) + last(half), heard("text", half + half)},
          {"9.4", "5.4", begin("", 2) + repeated(1000, more("0123456789")) + last("end"),
           heard("binary", repeated(1000, "0123456789") + "end")},
          // Refused by their heads: nothing of the payload is there.
          {"9.x frame", "10.4", cut, "fault(1009)"},
          {"9.x longest length", "10.4", Frame{.claimed = 0x7fffffffffffffff}.bytes(),
           "fault(1009)"},
          {"9.x message", "10.4",
           begin(half) + Frame{.opcode = 0, .fin = false, .claimed = kMost / 2 + 1}.bytes(),
           "fault(1009)", false},
          {"9.x next message", "10.4", text(large) + begin(half) + last(half + "x"),
           heard("text", large) + " fault(1009)", false},
      },
      false);
}

TEST_CASE("12.* and 13.* compressed messages") {
  std::vector<Case> cases;
  for (const std::size_t size : {0UL, 1UL, 16UL, 64UL, 1000UL, 16384UL, 131072UL}) {
    std::string words;
    while (words.size() < size)
      words += "token " + std::to_string(words.size() * 7919 % 10007) + ", ";
    words.resize(size);
    cases.push_back({"12.1", "7.2", compressed(1, words), heard("text", words)});
    cases.push_back({"12.2", "7.2", compressed(2, words), heard("binary", words)});
    cases.push_back({"12.x fragments", "7.2.3.1", compressed(1, words, 100), heard("text", words)});
    cases.push_back({"12.x not compressed", "7.2", text(words), heard("text", words)});
  }
  std::mt19937 random(13);
  std::string noise(kMost, '\0');
  for (char& byte : noise) byte = static_cast<char>(random());
  const std::string hello("\xf2\x48\xcd\xc9\xc9\x07\x00", 7);
  const auto frame = [](unsigned opcode, std::string payload, bool fin, unsigned rsv) {
    return Frame{.opcode = opcode, .payload = std::move(payload), .fin = fin, .rsv = rsv}.bytes();
  };
  for (Case& one : std::vector<Case>{
           {"13.x", "7.2.3.1", frame(1, hello, true, 4), "text(Hello)"},
           {"13.x fragments", "7.2.3.1",
            frame(1, hello.substr(0, 3), false, 4) + ping("p") + frame(0, hello.substr(3), true, 0),
            "ping(p) text(Hello)"},
           {"13.x empty last fragment", "7.2.3.1",
            frame(1, hello, false, 4) + ping("p") + frame(0, "", true, 0), "ping(p) text(Hello)"},
           {"13.x stored", "7.2.3.3",
            frame(2, "\x00\x05\x00\xfa\xff\x48\x65\x6c\x6c\x6f\x00"s, true, 4), "binary(Hello)"},
           {"13.x final block", "7.2.3.4", frame(1, "\xf3\x48\xcd\xc9\xc9\x07\x00\x00"s, true, 4),
            "text(Hello)"},
           {"13.x one compressed, one not", "7.2",
            frame(1, hello, true, 4) + text("plain") + frame(1, hello, true, 4),
            "text(Hello) text(plain) text(Hello)"},
           {"13.x RSV1 on a continuation", "6.1",
            frame(1, hello.substr(0, 3), false, 4) + frame(0, hello.substr(3), true, 4),
            "fault(1002)"},
           {"13.x RSV1 on a continuation only", "6.1",
            frame(1, "He", false, 0) + frame(0, hello, true, 4), "fault(1002)"},
           {"13.x RSV1 on a ping", "6.1", frame(9, "p", true, 4), "fault(1002)"},
           {"13.x RSV1 on a close", "6.1", frame(8, "", true, 4), "fault(1002)"},
           {"13.x RSV2", "6.1", frame(1, hello, true, 6), "fault(1002)"},
           {"13.x not deflated", "7.2.2", frame(2, "\xff\xff", true, 4), "fault(1007)"},
           {"13.x ends within a block", "7.2.2", frame(2, hello.substr(0, 4), true, 4),
            "fault(1007)"},
           {"13.x inflates to what is not UTF-8", "8.1 of RFC 6455",
            frame(1, deflated("abc\xed\xa0\x80"), true, 4), "fault(1007)"},
           {"13.x inflates to half a character", "8.1 of RFC 6455",
            frame(1, deflated("abc\xe2\x82"), true, 4), "fault(1007)"},
           {"13.x the same as binary", "5.6 of RFC 6455",
            frame(2, deflated("abc\xe2\x82"), true, 4), "binary(abc\xe2\x82)"},
           {"13.x the longest", "8", compressed(2, std::string(kMost, 'x')),
            heard("binary", std::string(kMost, 'x'))},
           {"13.x the longest that does not compress", "8", compressed(2, noise, 100000),
            heard("binary", noise)},
           {"13.x longer", "8", compressed(2, std::string(kMost + 1, 'x')), "fault(1009)", false},
           {"13.x much longer", "8", compressed(1, std::string(kMost * 90, 'x'), 999),
            "fault(1009)", false},
       })
    cases.push_back(std::move(one));
  run(cases, true);
}
