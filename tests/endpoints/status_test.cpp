// Blocks of addresses, as `allow` of the status endpoint names them.
#include "endpoints/status.h"

#include <doctest/doctest.h>

using endpoints::AddressBlock;

namespace {

bool has(const char* block, const char* address) {
  const auto parsed = AddressBlock::parse(block);
  REQUIRE(parsed.has_value());
  return parsed->contains(address);
}

}  // namespace

TEST_CASE("a block contains what shares its prefix") {
  CHECK(has("127.0.0.0/8", "127.255.0.1"));
  CHECK_FALSE(has("127.0.0.0/8", "128.0.0.1"));
  CHECK(has("192.168.4.0/22", "192.168.7.255"));
  CHECK_FALSE(has("192.168.4.0/22", "192.168.8.0"));
  CHECK(has("0.0.0.0/0", "1.2.3.4"));
  CHECK_FALSE(has("0.0.0.0/0", "::1"));
  CHECK(has("::1", "::1"));
  CHECK_FALSE(has("::1", "::2"));
  CHECK(has("fd00::/8", "fdff::1"));
  CHECK_FALSE(has("::/0", "127.0.0.1"));
  CHECK_FALSE(has("10.0.0.1", ""));
}

TEST_CASE("what is no block of addresses") {
  for (const char* text : {"", "localhost", "10.0.0.0/33", "10.0.0.1/8", "10.0.0.0/", "10/8",
                           "::1/129", "fd00::1/8", "10.0.0.0/8x", "/8", "10.0.0.0/-1"}) {
    CAPTURE(text);
    CHECK_FALSE(AddressBlock::parse(text).has_value());
  }
}
