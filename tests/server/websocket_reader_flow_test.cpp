// The message reader as its owner sees it: where bytes are copied and kept, when it stops, when a
// fault shows, and what is told about limits.
#include <doctest/doctest.h>

#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "server/websocket/close_code.h"
#include "tests/support/frames.h"
#include "tests/support/reader_log.h"

using namespace server::websocket;
using tests::Frame;
using tests::ReaderLog;

namespace {

struct Reading {
  explicit Reading(MessageReader::Side side = MessageReader::Side::server)
      : reader(side, log, limits, stock) {}

  std::size_t read(std::string bytes) {
    last = std::move(bytes);
    return reader.read(last.data(), last.size());
  }

  ReaderLimits limits;
  BufferStock stock;
  DeflatePool pool;
  ReaderLog log;
  MessageReader reader;
  std::string last;  // the bytes of the last read, as the reader left them
};

std::string compressed(Deflater& deflater, std::string_view message) {
  std::string payload;
  deflater.compress(message, payload, false);
  return Frame{.payload = payload, .rsv = 4}.bytes();
}

// Remembers where the bytes were.
class Where final : public Events {
 public:
  const char* at = nullptr;
  bool message(Opcode, std::string_view bytes, bool, bool) override {
    at = bytes.data();
    return true;
  }
  bool ping(std::string_view) override { return true; }
  bool pong(std::string_view) override { return true; }
  bool close(std::uint16_t, std::string_view) override { return true; }
};

}  // namespace

TEST_CASE("a reader is small, and idle it holds nothing") {
  CHECK(sizeof(MessageReader) <= 64 + 8 * sizeof(void*));
  Reading it;
  CHECK(it.reader.idle());
  CHECK(it.reader.memory() == 0);
  const std::string frame = Frame{.payload = std::string(1000, 'a')}.bytes();
  it.read(frame.substr(0, 1));
  CHECK_FALSE(it.reader.idle());
  CHECK(it.reader.memory() < 512);  // a head in pieces
  it.read(frame.substr(1, 100));
  CHECK_FALSE(it.reader.idle());
  CHECK(it.reader.memory() == 1000);  // as the head says
  it.read(frame.substr(101));
  CHECK(it.reader.idle());
  CHECK(it.reader.memory() == 0);
  CHECK(it.stock.memory() == 1000);
  it.read(Frame{.opcode = 9, .payload = "ping"}.bytes().substr(0, 8));
  CHECK_FALSE(it.reader.idle());
  it.read(Frame{.opcode = 9, .payload = "ping"}.bytes().substr(8));
  CHECK(it.reader.idle());
  CHECK(it.reader.memory() == 0);
  CHECK(it.log.text.ends_with("ping(ping)"));
}

TEST_CASE("a whole message is given out where it was read") {
  Where where;
  ReaderLimits limits;
  BufferStock stock;
  MessageReader reader(MessageReader::Side::server, where, limits, stock);
  std::string bytes = Frame{.payload = "in place"}.bytes();
  CHECK(reader.read(bytes.data(), bytes.size()) == bytes.size());
  CHECK(where.at == bytes.data() + 6);
  // Its head alone comes first: still nothing is copied.
  bytes = Frame{.payload = "in place"}.bytes();
  CHECK(reader.read(bytes.data(), 6) == 6);
  CHECK(reader.read(bytes.data() + 6, 8) == 8);
  CHECK(where.at == bytes.data() + 6);
  CHECK(stock.memory() == 0);
}

TEST_CASE("a client reads what is not masked, and nothing else") {
  Reading it(MessageReader::Side::client);
  it.read(Frame{.payload = "from a server", .masked = false}.bytes());
  CHECK(it.log.text == "text(from a server)");
  it.read(Frame{.payload = "masked"}.bytes());
  REQUIRE(it.reader.fault() != nullptr);
  CHECK(it.reader.fault()->code == close::protocol_error);
}

TEST_CASE("a listener who stops gets the rest when it is read again") {
  Reading it;
  it.log.stops = true;
  const std::string one = Frame{.payload = "one"}.bytes();
  CHECK(it.read(one + Frame{.opcode = 9}.bytes() + one) == one.size());
  CHECK(it.log.text == "text(one)");
  const std::string rest = it.last.substr(one.size());
  CHECK(it.read(rest) == 6);
  CHECK(it.log.text == "text(one) ping()");
  CHECK(it.read(it.last.substr(6)) == one.size());
  CHECK(it.log.text == "text(one) ping() text(one)");
  CHECK(it.read("") == 0);
}

TEST_CASE("nothing is read behind a close frame or a fault") {
  Reading closed;
  const std::string close = Frame{.opcode = 8}.bytes();
  CHECK(closed.read(close + Frame{.payload = "late"}.bytes()) == close.size());
  CHECK(closed.reader.closed());
  CHECK(closed.reader.fault() == nullptr);
  CHECK(closed.read(Frame{.payload = "later"}.bytes()) == 0);
  CHECK(closed.log.text == "close(1005)");

  Reading broken;
  broken.read(Frame{.opcode = 3}.bytes() + Frame{.payload = "late"}.bytes());
  REQUIRE(broken.reader.fault() != nullptr);
  CHECK_FALSE(broken.reader.closed());
  CHECK(broken.read(Frame{.payload = "later"}.bytes()) == 0);
  CHECK(broken.log.text.empty());
}

TEST_CASE("text that cannot become valid is refused before its frame is complete") {
  const std::string bytes = Frame{.payload = "\xce\xba\xed\xa0\x80 and more", .fin = false}.bytes();
  for (const bool parts : {false, true}) {
    Reading it;
    it.limits.text_in_parts = parts;
    it.read(bytes.substr(0, 6 + 3));
    CHECK(it.reader.fault() == nullptr);
    it.read(bytes.substr(6 + 3, 1));
    REQUIRE(it.reader.fault() != nullptr);
    CHECK(it.reader.fault()->code == close::bad_text);
    CHECK(it.reader.memory() < 512);  // the text is gone
  }
}

TEST_CASE("compressed text of a socket with its own inflater is refused as early") {
  Reading it;
  it.reader.inflate_with(std::make_unique<Inflater>(15, true));
  Deflater deflater(15, 6, 8);
  std::string payload;
  deflater.compress("\xed\xa0\x80", payload, false);
  it.read(
      Frame{.payload = payload + std::string("\0\0\xff\xff", 4), .fin = false, .rsv = 4}.bytes());
  REQUIRE(it.reader.fault() != nullptr);
  CHECK(it.reader.fault()->code == close::bad_text);
}

TEST_CASE("what is too long is refused by its head, with a reason that names the limit") {
  Reading it;
  it.limits = {.max_text = 10, .max_binary = 20, .max_frame = 15};
  const auto refused = [](const ReaderLimits& limits, const std::string& bytes) {
    Reading one;
    one.limits = limits;
    one.read(bytes);
    const Fault* fault = one.reader.fault();
    CHECK(one.log.text.empty());
    return fault == nullptr ? "" : std::to_string(fault->code) + " " + fault->reason;
  };
  CHECK(refused(it.limits, Frame{.payload = "12345678901"}.bytes().substr(0, 6)) ==
        "1009 a message longer than 10 bytes");
  CHECK(refused(it.limits, Frame{.opcode = 2, .claimed = 16}.bytes()) ==
        "1009 a frame longer than 15 bytes");
  CHECK(refused(it.limits, Frame{.opcode = 2, .payload = "12345678901", .fin = false}.bytes() +
                               Frame{.opcode = 0, .claimed = 10}.bytes()) ==
        "1009 a message longer than 20 bytes");
  CHECK(refused({.max_text = 0}, Frame{.payload = "a"}.bytes()) ==
        "1009 a message longer than 0 bytes");
  // No limits: nothing overflows.
  constexpr std::size_t none = ~std::size_t{0};
  CHECK(refused({.max_text = none, .max_frame = none}, Frame{.claimed = 1ULL << 39U}.bytes())
            .empty());
}

TEST_CASE("limits may change while a reader reads") {
  Reading it;
  const ReaderLimits narrow{.max_text = 3};
  it.read(Frame{.payload = "1234"}.bytes());
  it.reader.limit_by(narrow);
  it.read(Frame{.payload = "123"}.bytes());
  CHECK(it.reader.fault() == nullptr);
  it.read(Frame{.payload = "1234"}.bytes());
  CHECK(it.reader.fault() != nullptr);
}

TEST_CASE("in parts a message of any length comes as it is read, and text in whole characters") {
  Reading it;
  it.limits = {.max_text = 10, .max_binary = 10, .max_frame = 100000, .text_in_parts = true};
  std::string words;
  while (words.size() < 50000)
    words +=
        "gr\xc3\xbc\xc3\x9f "
        "\xe2\x82\xac\xf0\x9f\x90\x88,";
  const std::string frame = Frame{.payload = words}.bytes();
  it.log.feed(it.reader, frame, 7);
  CHECK(it.log.text == ReaderLog::entry("text", words));
  CHECK_FALSE(it.log.strange);  // no part ended within a character
  CHECK(it.log.parts > words.size() / 8);
  CHECK(it.log.longest <= 7);
  CHECK(it.stock.memory() == 0);
}

TEST_CASE("a bomb never becomes more than the limit, be the inflater shared or its own") {
  Deflater deflater(15, 9, 8);
  const std::string bomb = compressed(deflater, std::string(10000000, 'x'));
  REQUIRE(bomb.size() < 20000);
  for (const bool own : {false, true})
    for (const std::size_t step : {100UL, bomb.size()}) {
      Reading it;
      if (own) it.reader.inflate_with(std::make_unique<Inflater>(15, true));
      if (!own) it.reader.inflate_with(it.pool);
      it.log.feed(it.reader, bomb, step);
      CHECK(it.log.text == "fault(1009)");
      CHECK(std::string_view(it.reader.fault()->reason) == "a message longer than 65536 bytes");
      CHECK(it.stock.memory() <= 2 * 65536 + bomb.size());
    }
}

TEST_CASE("a bomb in parts comes in small ones, and a listener who stops is not overrun") {
  Deflater deflater(15, 9, 8);
  const std::string text(1000000, 'x');
  std::string bytes = compressed(deflater, text) + Frame{.opcode = 9}.bytes();
  Reading it;
  it.limits.text_in_parts = true;
  it.log.stops = true;
  it.reader.inflate_with(std::make_unique<Inflater>(15, true));
  std::size_t at = it.reader.read(bytes.data(), bytes.size());
  CHECK(it.log.parts == 1);
  while (at < bytes.size()) at += it.reader.read(bytes.data() + at, bytes.size() - at);
  CHECK(it.log.longest <= 16384);
  CHECK(it.log.text == ReaderLog::entry("text", text) + " ping()");
  CHECK(it.reader.idle());
}

TEST_CASE("in parts all is given out that can be inflated, before the rest of the frame is there") {
  Deflater deflater(15, 9, 8);
  std::string payload;
  deflater.compress(std::string(1000000, 'x'), payload, false);
  const std::string bytes = Frame{.opcode = 2, .payload = payload, .rsv = 4}.bytes();
  const std::size_t head = bytes.size() - payload.size();
  std::string room(1000001, '\0');
  for (std::size_t size = 300; size < 340; ++size) {
    Inflater inflater(15, true);
    const Inflater::Step all = inflater.inflate(std::string_view(payload).substr(0, size), false,
                                                room.data(), room.size());
    Reading it;
    it.limits.binary_in_parts = true;
    it.log.stops = size % 2 == 0;
    it.reader.inflate_with(std::make_unique<Inflater>(15, true));
    it.log.feed(it.reader, std::string_view(bytes).substr(0, head + size), bytes.size());
    CHECK(it.log.given == all.made);
  }
}

TEST_CASE("what comes too long for the pool's inflater is refused while it is collected") {
  Reading it;
  it.limits = {.max_text = 1000};
  it.reader.inflate_with(it.pool);
  it.read(Frame{.payload = std::string(1000, 'a'), .fin = false, .rsv = 4}.bytes());
  CHECK(it.reader.fault() == nullptr);
  it.read(Frame{.opcode = 0, .claimed = 1000}.bytes());
  REQUIRE(it.reader.fault() != nullptr);
  CHECK(std::string_view(it.reader.fault()->reason) == "a message longer than 1000 bytes");
}

TEST_CASE("sockets share the inflater of a pool although their messages come in turns") {
  Reading one, other;
  DeflatePool pool;
  one.reader.inflate_with(pool);
  other.reader.inflate_with(pool);
  const auto frame = [&](const std::string& text) {
    std::string payload;
    pool.compress(text, payload, 15, 6);
    return Frame{.payload = payload, .rsv = 4}.bytes();
  };
  const std::string a = frame("aaaa bbbb aaaa bbbb");
  const std::string b = frame("cccc dddd cccc dddd");
  for (std::size_t at = 0; at < a.size(); ++at) {
    one.read(a.substr(at, 1));
    other.read(b.substr(at, 1));
  }
  CHECK(one.log.text == "text(aaaa bbbb aaaa bbbb)");
  CHECK(other.log.text == "text(cccc dddd cccc dddd)");
  // A message that broke the stream does not harm the next.
  one.read(Frame{.payload = "\xf2\x48", .rsv = 4}.bytes());
  CHECK(one.reader.fault()->code == close::bad_text);
  other.read(frame("once more"));
  CHECK(other.log.text.ends_with("text(once more)"));
}

TEST_CASE("with its own inflater a socket keeps the context, across plain messages too") {
  Reading it;
  it.reader.inflate_with(std::make_unique<Inflater>(15, true));
  CHECK(it.reader.memory() == Inflater::memory(15));
  Deflater deflater(15, 6, 8);
  const std::string text = "the same words, and the same words again";
  it.log.feed(it.reader, compressed(deflater, text), 3);
  it.read(Frame{.payload = "plain"}.bytes());
  it.read(compressed(deflater, text));
  const std::string whole = ReaderLog::entry("text", text);
  CHECK(it.log.text == whole + " text(plain) " + whole);
  CHECK(it.reader.memory() == Inflater::memory(15));
}
