// What is read from PROXY headers, and which are refused.
#include "server/proxy_header.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "tests/support/proxy_headers.h"

using server::Address;
using server::AddressBlock;
using server::ProxyHeader;
using server::read_proxy_header;
using State = server::ProxyHeader::State;
using tests::kBinary4;
using tests::kBinary6;
using tests::proxy_header;

namespace {

std::string text(const Address& address) {
  if (address.family == 0) return "nobody";
  char room[46];
  return std::string(address.text(room)) + " " + std::to_string(address.port);
}

// "SOURCE -> DESTINATION", or why there is none. Also of every piece: all but the whole is partial.
std::string read(const std::string& bytes) {
  const ProxyHeader header = read_proxy_header(bytes + "GET");
  switch (header.state) {
    case State::partial:
      return "partial";
    case State::absent:
      return "absent";
    case State::malformed:
      return header.trouble;
    case State::complete:
      break;
  }
  CHECK(header.size == bytes.size());
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    CAPTURE(size);
    CHECK(read_proxy_header(std::string_view(bytes).substr(0, size)).state == State::partial);
  }
  return text(header.source) + " -> " + text(header.destination);
}

}  // namespace

TEST_CASE("proxy header: version 1") {
  CHECK(read("PROXY TCP4 203.0.113.7 198.51.100.1 40000 443\r\n") ==
        "203.0.113.7 40000 -> 198.51.100.1 443");
  CHECK(read("PROXY TCP4 255.255.255.255 255.255.255.255 65535 65535\r\n") ==
        "255.255.255.255 65535 -> 255.255.255.255 65535");
  CHECK(read("PROXY TCP6 2001:db8::7 2001:db8::1 1 0\r\n") == "2001:db8::7 1 -> 2001:db8::1 0");
  CHECK(read("PROXY TCP6 ::ffff:203.0.113.7 ::1 1 2\r\n") == "203.0.113.7 1 -> ::1 2");
  CHECK(read("PROXY UNKNOWN\r\n") == "nobody -> nobody");
  CHECK(read("PROXY UNKNOWN ffff::ffff ffff::ffff 65535 65535 and more\r\n") == "nobody -> nobody");
}

TEST_CASE("proxy header: version 1 that is malformed") {
  const char* const bad_address = "has a bad address";
  const char* const bad_port = "has a bad port";
  const char* const bad_family = "names neither TCP4, TCP6 nor UNKNOWN";
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"PROXY TCP4 203.0.113.7 2001:db8::1 1 2", bad_address},
      {"PROXY TCP4 2001:db8::1 203.0.113.7 1 2", bad_address},
      {"PROXY TCP6 203.0.113.7 203.0.113.8 1 2", bad_address},
      {"PROXY TCP4 203.0.113 198.51.100.1 1 2", bad_address},
      {"PROXY TCP4 203.0.113.256 198.51.100.1 1 2", bad_address},
      {"PROXY TCP4  203.0.113.7 198.51.100.1 1 2", bad_address},
      {"PROXY TCP6 [2001:db8::1] 2001:db8::1 1 2", bad_address},
      {"PROXY TCP6 fe80::1%eth0 2001:db8::1 1 2", bad_address},
      {"PROXY TCP4", bad_address},
      {"PROXY TCP4 203.0.113.7 198.51.100.1", bad_port},
      {"PROXY TCP4 203.0.113.7 198.51.100.1 1", bad_port},
      {"PROXY TCP4 203.0.113.7 198.51.100.1 1 65536", bad_port},
      {"PROXY TCP4 203.0.113.7 198.51.100.1 01 2", bad_port},
      {"PROXY TCP4 203.0.113.7 198.51.100.1 -1 2", bad_port},
      {"PROXY TCP4 203.0.113.7 198.51.100.1 1 2 ", bad_port},
      {"PROXY TCP4 203.0.113.7 198.51.100.1 1 2 3", bad_port},
      {"PROXY UDP4 203.0.113.7 198.51.100.1 1 2", bad_family},
      {"PROXY tcp4 203.0.113.7 198.51.100.1 1 2", bad_family},
      {"PROXY ", bad_family},
  };
  for (const auto& [line, trouble] : cases) {
    CAPTURE(line);
    CHECK(read(line + "\r\n") == trouble);
  }
  CHECK(read("PROXY UNKNOWN " + std::string(91, 'x') + "\r\n") == "nobody -> nobody");  // 107
  CHECK(read("PROXY UNKNOWN " + std::string(92, 'x') + "\r\n") == "does not end within 107 bytes");
  CHECK(read("PROXY UNKNOWN\nGET") == "partial");
}

TEST_CASE("proxy header: version 2") {
  CHECK(read(proxy_header(0x21, 0x11, kBinary4)) == "203.0.113.7 40000 -> 198.51.100.1 443");
  CHECK(read(proxy_header(0x21, 0x21, kBinary6)) == "2001:db8::7 40000 -> 2001:db8::1 443");
  SUBCASE("a client that came with datagrams, to a proxy that did not") {
    CHECK(read(proxy_header(0x21, 0x12, kBinary4)) == "203.0.113.7 40000 -> 198.51.100.1 443");
    CHECK(read(proxy_header(0x21, 0x22, kBinary6)) == "2001:db8::7 40000 -> 2001:db8::1 443");
  }
  SUBCASE("what names nobody") {
    CHECK(read(proxy_header(0x20, 0x00, "")) == "nobody -> nobody");
    CHECK(read(proxy_header(0x20, 0x11, kBinary4)) == "nobody -> nobody");
    CHECK(read(proxy_header(0x20, 0x11, "passed over")) == "nobody -> nobody");
    CHECK(read(proxy_header(0x21, 0x00, "whatever")) == "nobody -> nobody");
    CHECK(read(proxy_header(0x21, 0x31, std::string(216, 'x'))) == "nobody -> nobody");
  }
  SUBCASE("TLVs are passed over") {
    const std::string authority(
        "\x02\0\x0b"
        "example.org",
        14);
    const std::string noop("\x04\0\0", 3);
    CHECK(read(proxy_header(0x21, 0x11, kBinary4 + authority + noop)) ==
          "203.0.113.7 40000 -> 198.51.100.1 443");
    const std::string large = std::string("\xee\x0f\xe1", 3) + std::string(4065, 'x');
    CHECK(read(proxy_header(0x21, 0x11, kBinary4 + large)) ==
          "203.0.113.7 40000 -> 198.51.100.1 443");  // 4096
    CHECK(read(proxy_header(0x21, 0x11,
                            kBinary4 + std::string("\xee\x0f\xe2", 3) + std::string(4066, 'x'))) ==
          "is longer than 4096 bytes");
  }
  SUBCASE("a checksum is verified") {
    const std::string said("\x03\0\x04\x43\xe0\x91\x32", 7);
    CHECK(read(proxy_header(0x21, 0x11, kBinary4 + said)) ==
          "203.0.113.7 40000 -> 198.51.100.1 443");
    const std::string wrong("\x03\0\x04\x43\xe0\x91\x33", 7);
    CHECK(read(proxy_header(0x21, 0x11, kBinary4 + wrong)) == "does not match its checksum");
  }
}

TEST_CASE("proxy header: version 2 that is malformed") {
  CHECK(read(proxy_header(0x11, 0x11, kBinary4)) == "is of no version known");
  CHECK(read(proxy_header(0x22, 0x11, kBinary4)) == "has an unknown command");
  for (const unsigned family : {0x01U, 0x10U, 0x13U, 0x20U, 0x33U, 0x41U, 0xffU}) {
    CAPTURE(family);
    CHECK(read(proxy_header(0x21, family, kBinary4)) == "has an unknown family or transport");
    // LOCAL: the proxy speaks for itself, and the rest does not count.
    CHECK(read(proxy_header(0x20, family, kBinary4)) == read(proxy_header(0x20, 0x11, kBinary4)));
  }
  const char* const too_short = "is too short for its addresses";
  CHECK(read(proxy_header(0x21, 0x11, kBinary4.substr(1))) == too_short);
  CHECK(read(proxy_header(0x21, 0x21, kBinary4)) == too_short);
  CHECK(read(proxy_header(0x21, 0x31, kBinary6)) == too_short);
  for (const std::string& tlvs :
       {std::string("\x04"), std::string("\x04\0", 2), std::string("\x04\0\x01", 3),
        std::string("\x04\0\0\x04\0", 5), std::string("\x03\0\x02xx", 5)}) {
    CAPTURE(tlvs);
    CHECK(read(proxy_header(0x21, 0x11, kBinary4 + tlvs)) == "has a broken TLV");
  }
}

TEST_CASE("proxy header: none") {
  for (const char* other : {"GET / HTTP/1.1\r\n", "PRI * HTTP/2.0\r\n", "\x16\x03\x01", "PROXY\t",
                            "\r\n\r\nGET", "proxy TCP4"}) {
    CAPTURE(other);
    CHECK(read(other) == "absent");
  }
  CHECK(read_proxy_header("").state == State::partial);
}

TEST_CASE("address: blocks") {
  const auto in = [](const char* block, const char* address) {
    return AddressBlock::parse(block).value().contains(Address::parse(address).value());
  };
  CHECK(in("10.0.0.0/8", "10.255.0.1"));
  CHECK_FALSE(in("10.0.0.0/8", "11.0.0.0"));
  CHECK(in("172.16.0.0/12", "172.31.255.255"));
  CHECK_FALSE(in("172.16.0.0/12", "172.32.0.0"));
  CHECK(in("10.0.0.0/8", "::ffff:10.1.2.3"));
  CHECK(in("0.0.0.0/0", "203.0.113.7"));
  CHECK_FALSE(in("0.0.0.0/0", "2001:db8::1"));
  CHECK(in("::/0", "203.0.113.7"));
  CHECK(in("::1", "::1"));
  CHECK_FALSE(in("::1", "::2"));
  CHECK(in("fe80::/10", "febf::1"));
  CHECK_FALSE(in("fe80::/10", "fec0::1"));
  CHECK_FALSE(AddressBlock::parse("0.0.0.0/0").value().contains(Address{}));
  for (const char* bad : {"", "10.0.0", "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/8x", "::/129", "/8",
                          "[::1]", "10.0.0.0/-1", "example.org"}) {
    CAPTURE(bad);
    CHECK_FALSE(AddressBlock::parse(bad));
  }
}
