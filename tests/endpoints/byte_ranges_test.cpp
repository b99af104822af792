#include "endpoints/byte_ranges.h"

#include <doctest/doctest.h>

#include <string>

using endpoints::ByteRanges;
using endpoints::parse_ranges;

namespace {

// "first+size ..." , "all", or "416".
std::string parsed(const std::string& field, std::uint64_t size) {
  const ByteRanges ranges = parse_ranges(field, size);
  if (ranges.kind == ByteRanges::Kind::none) return "all";
  if (ranges.kind == ByteRanges::Kind::not_satisfied) return "416";
  std::string text;
  for (const auto& part : ranges.parts)
    text +=
        (text.empty() ? "" : " ") + std::to_string(part.first) + '+' + std::to_string(part.size);
  return text;
}

}  // namespace

TEST_CASE("ranges: what a field asks for, RFC 9110 section 14.1.2") {
  const struct {
    const char* field;
    const char* parts;
  } cases[] = {
      {"bytes=0-499", "0+500"},
      {"bytes=500-999", "500+500"},
      {"bytes=-500", "9500+500"},
      {"bytes=9500-", "9500+500"},
      {"bytes=0-0,-1", "0+1 9999+1"},
      {"bytes= 0-0 , , 9999-9999", "0+1 9999+1"},
      {"Bytes=1-2", "1+2"},
      {"bytes=0-99999", "0+10000"},
      {"bytes=-99999", "0+10000"},
      {"bytes=0-18446744073709551615", "0+10000"},
      {"bytes=0-99999999999999999999999", "0+10000"},
      {"bytes=10000-,5-6", "5+2"},
      {"bytes=10000-", "416"},
      {"bytes=99999999999999999999-", "416"},
      {"bytes=-0", "416"},
      {"bytes=5-4", "416"},
      {"bytes=", "416"},
      {"bytes=,", "416"},
      {"bytes=a-b", "416"},
      {"bytes=1", "416"},
      {"bytes=--1", "416"},
      {"bytes=1-2-3", "416"},
      {"bytes=+1-2", "416"},
      {"bytes 1-2", "416"},
      {"lines=1-2", "all"},
  };
  for (const auto& one : cases) {
    CAPTURE(one.field);
    CHECK(parsed(one.field, 10'000) == one.parts);
  }
}

TEST_CASE("ranges: an empty file has none") { CHECK(parsed("bytes=0-", 0) == "all"); }

TEST_CASE("ranges: what only attackers ask for is refused") {
  CHECK(parsed("bytes=0-9,5-14,10-19", 100) == "0+10 5+10 10+10");
  CHECK(parsed("bytes=0-9,5-14,10-19,0-99", 100) == "416");
  std::string many = "bytes=0-0";
  for (int i = 1; i < 32; ++i) many += "," + std::to_string(2 * i) + "-" + std::to_string(2 * i);
  CHECK(parsed(many, 100) != "416");
  CHECK(parsed(many + ",70-70", 100) == "416");
}
