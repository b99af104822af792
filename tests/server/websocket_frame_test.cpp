// Frame heads, masks, close codes, UTF-8 and buffers: the small parts under the message reader.
#include "server/websocket/frame.h"

#include <doctest/doctest.h>

#include <random>
#include <string>
#include <vector>

#include "server/websocket/buffer.h"
#include "server/websocket/close_code.h"
#include "server/websocket/mask.h"
#include "server/websocket/utf8.h"

using namespace server::websocket;

namespace {

// Straight from section 5.3, to compare with.
std::string masked_byte_by_byte(std::string text, std::string_view key, std::size_t offset) {
  for (std::size_t at = 0; at < text.size(); ++at)
    text[at] = static_cast<char>(text[at] ^ key[(at + offset) % 4]);
  return text;
}

// The same for UTF-8: RFC 3629 section 4, one character after the other.
bool is_utf8_by_the_book(std::string_view text) {
  std::size_t at = 0;
  while (at < text.size()) {
    const auto byte = [&](std::size_t index) {
      return at + index < text.size() ? static_cast<unsigned char>(text[at + index]) : 0U;
    };
    const auto tail = [&](std::size_t index) { return byte(index) >= 0x80 && byte(index) <= 0xbf; };
    const unsigned lead = byte(0);
    std::size_t size = 0;
    if (lead < 0x80) size = 1;
    if (lead >= 0xc2 && lead <= 0xdf && tail(1)) size = 2;
    if (lead >= 0xe0 && lead <= 0xef && tail(1) && tail(2)) size = 3;
    if (lead >= 0xf0 && lead <= 0xf4 && tail(1) && tail(2) && tail(3)) size = 4;
    if ((lead == 0xe0 && byte(1) < 0xa0) || (lead == 0xed && byte(1) > 0x9f)) size = 0;
    if ((lead == 0xf0 && byte(1) < 0x90) || (lead == 0xf4 && byte(1) > 0x8f)) size = 0;
    if (size == 0) return false;
    at += size;
  }
  return true;
}

}  // namespace

TEST_CASE("a frame head has the shortest length and is read as it was written") {
  const std::vector<std::pair<std::uint64_t, std::size_t>> lengths{
      {0, 2}, {125, 2}, {126, 4}, {0xffff, 4}, {0x10000, 10}, {0x7fffffffffffffff, 10}};
  for (const auto& [length, size] : lengths) {
    CAPTURE(length);
    char head[kFrameHead];
    REQUIRE(write_frame_head(head, true, false, Opcode::text, length) == size);
    CHECK(frame_head_size(static_cast<unsigned char>(head[1])) == size);
    FrameHead read = parse_frame_head(head);
    CHECK(read.length == length);
    CHECK(read.minimal);
    CHECK(read.fin);
    CHECK_FALSE(read.rsv1);
    CHECK_FALSE(read.masked);
    CHECK(read.opcode == Opcode::text);

    std::uint32_t mask = 0;
    std::memcpy(&mask, "\x37\xfa\x21\x3d", 4);
    REQUIRE(write_masked_frame_head(head, false, true, Opcode::binary, length, mask) == size + 4);
    CHECK(frame_head_size(static_cast<unsigned char>(head[1])) == size + 4);
    read = parse_frame_head(head);
    CHECK(read.length == length);
    CHECK_FALSE(read.fin);
    CHECK(read.rsv1);
    CHECK(read.masked);
    CHECK(read.mask == mask);
    CHECK(std::string_view(head + size, 4) == "\x37\xfa\x21\x3d");
  }
}

TEST_CASE("the examples of RFC 6455 section 5.7") {
  char head[kFrameHead];
  CHECK(std::string_view(head, write_frame_head(head, true, false, Opcode::text, 5)) == "\x81\x05");
  CHECK(std::string_view(head, write_frame_head(head, false, false, Opcode::text, 3)) ==
        "\x01\x03");
  CHECK(std::string_view(head, write_frame_head(head, true, false, Opcode::continuation, 2)) ==
        std::string_view("\x80\x02"));
  CHECK(std::string_view(head, write_frame_head(head, true, false, Opcode::binary, 256)) ==
        std::string_view("\x82\x7e\x01\x00", 4));
  CHECK(std::string_view(head, write_frame_head(head, true, false, Opcode::binary, 65536)) ==
        std::string_view("\x82\x7f\0\0\0\0\0\1\0\0", 10));
  char hello[] = "\x7f\x9f\x4d\x51\x58";
  std::uint32_t mask = 0;
  std::memcpy(&mask, "\x37\xfa\x21\x3d", 4);
  unmask(hello, 5, mask, 0);
  CHECK(std::string_view(hello) == "Hello");
}

TEST_CASE("a head tells reserved bits and lengths that are longer than they must be") {
  const FrameHead bits = parse_frame_head("\x30\x01");
  CHECK_FALSE(bits.rsv1);
  CHECK(bits.rsv2);
  CHECK(bits.rsv3);
  CHECK_FALSE(parse_frame_head("\x82\x7e\x00\x7d").minimal);
  CHECK(parse_frame_head("\x82\x7e\x00\x7e").minimal);
  CHECK_FALSE(parse_frame_head("\x82\x7f\0\0\0\0\0\0\xff\xff").minimal);
  CHECK(parse_frame_head("\x82\x7f\0\0\0\0\0\1\0\0").minimal);
  CHECK(parse_frame_head("\x82\x7f\xff\xff\xff\xff\xff\xff\xff\xff").length == ~std::uint64_t{0});
}

TEST_CASE("masking is the same at any size, alignment and offset") {
  std::mt19937 random(11);
  const std::string_view key("\xa1\x02\x73\xf4");
  std::uint32_t mask = 0;
  std::memcpy(&mask, key.data(), 4);
  for (std::size_t size = 0; size < 130; ++size) {
    const std::size_t alignment = size % 9;
    const std::size_t offset = random() % 9;
    std::string text(size, '\0');
    for (char& byte : text) byte = static_cast<char>(random());
    std::string room(alignment + size + 1, 'x');
    text.copy(room.data() + alignment, size);
    unmask(room.data() + alignment, size, mask, offset);
    CHECK(room.substr(alignment, size) == masked_byte_by_byte(text, key, offset));
    CHECK(room.back() == 'x');
    unmask_to(room.data(), room.data() + alignment, alignment == 0 ? size : 0, mask, offset);
    if (alignment == 0) CHECK(room.substr(0, size) == text);
  }
}

TEST_CASE("only codes that somebody may send are accepted in a close frame") {
  for (const unsigned code : {1000U, 1001U, 1002U, 1003U, 1007U, 1008U, 1009U, 1010U, 1011U, 1012U,
                              1013U, 1014U, 3000U, 3999U, 4000U, 4999U})
    CHECK_MESSAGE(is_close_code(code), code);
  for (const unsigned code :
       {0U, 999U, 1004U, 1005U, 1006U, 1015U, 1016U, 1100U, 2000U, 2999U, 5000U, 65535U})
    CHECK_MESSAGE(!is_close_code(code), code);
}

TEST_CASE("a close reason is cut between characters") {
  CHECK(cut_reason("going").size() == 5);
  CHECK(cut_reason(std::string(123, 'a')).size() == 123);
  CHECK(cut_reason(std::string(124, 'a')).size() == 123);
  CHECK(cut_reason(std::string(122, 'a') + "\xc3\xa9").size() == 122);
  CHECK(cut_reason(std::string(121, 'a') + "\xc3\xa9\xc3\xa9").size() == 123);
  CHECK(cut_reason(std::string(121, 'a') + "\xf0\x9f\x90\x88").size() == 121);
}

TEST_CASE("UTF-8 is told from other bytes, whole and in pieces of any size") {
  const std::vector<std::string> parts{"a",
                                       "\xc2\x80",
                                       "\xdf\xbf",
                                       "\xe0\xa0\x80",
                                       "\xed\x9f\xbf",
                                       "\xee\x80\x80",
                                       "\xef\xbf\xbf",
                                       "\xf0\x90\x80\x80",
                                       "\xf4\x8f\xbf\xbf",
                                       "\x80",
                                       "\xc0\xaf",
                                       "\xc1\xbf",
                                       "\xe0\x9f\xbf",
                                       "\xed\xa0\x80",
                                       "\xf0\x8f\xbf\xbf",
                                       "\xf4\x90\x80\x80",
                                       "\xf5\x80\x80\x80",
                                       "\xff",
                                       "\xc3",
                                       "\xe2\x82",
                                       std::string(70, 'z'),
                                       std::string(1, '\0')};
  std::mt19937 random(5);
  int valid = 0;
  for (int round = 0; round < 4000; ++round) {
    std::string text;
    const auto wanted = round % 2 == 0 ? 9U : static_cast<unsigned>(parts.size());
    for (auto count = random() % 6; count > 0; --count) text += parts[random() % wanted];
    const bool expected = is_utf8_by_the_book(text);
    valid += expected ? 1 : 0;
    CAPTURE(text);
    CHECK(is_utf8(text) == expected);
    for (const std::size_t step :
         {std::size_t{1}, std::size_t{2}, std::size_t{3}, std::size_t{64}}) {
      Utf8Check check;
      bool good = true;
      for (std::size_t at = 0; good && at < text.size(); at += step)
        good = check.feed(std::string_view(text).substr(at, step));
      CHECK((good && check.complete()) == expected);
    }
  }
  CHECK(valid > 1000);
}

TEST_CASE("a byte that cannot be UTF-8 is noticed when it comes") {
  const std::vector<std::string> bad{"\x80",     "\xc0",      "\xc1",          "\xf5",
                                     "\xe0\x9f", "\xed\xa0",  "\xf0\x8f",      "\xf4\x90",
                                     "\xc3(",    "\xe2\x82(", "\xf0\x9f\x90(", "\xe2("};
  for (const std::string& text : bad) {
    CAPTURE(text);
    Utf8Check check;
    CHECK(check.feed("\xce\xba" + text.substr(0, text.size() - 1)));
    CHECK_FALSE(check.feed(text.substr(text.size() - 1)));
    check.reset();
    CHECK(check.complete());
    CHECK_FALSE(check.feed("\xce\xba" + text));
  }
  Utf8Check check;
  CHECK(check.feed("abc\xf0\x9f"));
  CHECK(check.begun() == 2);
  CHECK(check.missing() == 2);
}

TEST_CASE("a buffer keeps what was written when it grows, and a stock keeps few and small ones") {
  Buffer buffer;
  CHECK(buffer.capacity() == 0);
  buffer.reserve(3, 3);
  std::memcpy(buffer.end(), "abc", 3);
  buffer.grown(3);
  buffer.reserve(1, 100);
  CHECK(buffer.capacity() == 6);
  buffer.reserve(4, 5);
  CHECK(buffer.capacity() == 7);
  CHECK(buffer.view() == "abc");

  BufferStock stock;
  std::vector<Buffer> taken;
  for (int count = 0; count < 5; ++count) taken.push_back(stock.take(1000));
  for (Buffer& one : taken) stock.give_back(std::move(one));
  CHECK(stock.memory() == 4000);
  Buffer large = stock.take(BufferStock::kSpareBytes + 1);
  CHECK(stock.memory() == 3000);
  stock.give_back(std::move(large));
  CHECK(stock.memory() == 3000);
  stock.trim();  // all were needed
  CHECK(stock.memory() == 3000);
  stock.give_back(stock.take(1000));
  stock.trim();
  CHECK(stock.memory() == 1000);
  stock.trim();
  CHECK(stock.memory() == 0);
}
