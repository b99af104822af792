// Numbers, sizes, times and lists as text.
#include "container/config/value.h"

#include <doctest/doctest.h>

namespace container {

using std::chrono::milliseconds;

TEST_CASE("sizes are bytes, or have a unit") {
  CHECK(parse_size("0", Limit::required) == 0);
  CHECK(parse_size("8192", Limit::required) == 8192);
  CHECK(parse_size("64KiB", Limit::required) == 65'536);
  CHECK(parse_size("2MiB", Limit::required) == 2'097'152);
  CHECK(parse_size("10KB", Limit::required) == 10'000);
  CHECK(parse_size("3GiB", Limit::required) == 3'221'225'472);
  CHECK(parse_size("-1", Limit::optional) == unlimited);
  for (const char* bad : {"", "-1", "-5", "+5", "5 KiB", "5kib", "KiB", "1.5MiB", "0x10", "5KiBs",
                          "99999999999999999999", "1048577GiB"}) {
    CAPTURE(bad);
    CHECK_FALSE(parse_size(bad, Limit::required).has_value());
  }
}

TEST_CASE("times are milliseconds, or have a unit") {
  CHECK(parse_duration("20000", Limit::required) == milliseconds(20'000));
  CHECK(parse_duration("20s", Limit::required) == milliseconds(20'000));
  CHECK(parse_duration("500ms", Limit::required) == milliseconds(500));
  CHECK(parse_duration("5min", Limit::required) == milliseconds(300'000));
  CHECK(parse_duration("2h", Limit::required) == milliseconds(7'200'000));
  CHECK(parse_duration("1d", Limit::required) == milliseconds(86'400'000));
  CHECK(parse_duration("-1", Limit::optional) == no_timeout);
  for (const char* bad : {"", "-1", "s", "5 s", "5S", "5m", "3651d", "99999999999999999999"}) {
    CAPTURE(bad);
    CHECK_FALSE(parse_duration(bad, Limit::required).has_value());
  }
}

TEST_CASE("what is printed reads back") {
  for (const SizeBytes size : {SizeBytes{0}, SizeBytes{1}, SizeBytes{1000}, SizeBytes{1024},
                               SizeBytes{1025}, SizeBytes{5} << 30, unlimited}) {
    CHECK(parse_size(print_size(size), Limit::optional) == size);
  }
  for (const long count : {0L, 1L, 999L, 1000L, 60'000L, 61'000L, 3'600'000L, 86'400'000L}) {
    CHECK(parse_duration(print_duration(milliseconds(count)), Limit::optional) ==
          milliseconds(count));
  }
  CHECK(print_size(65'536) == "64KiB");
  CHECK(print_size(1000) == "1000");
  CHECK(print_duration(milliseconds(20'000)) == "20s");
  CHECK(print_duration(milliseconds(1500)) == "1500ms");
  CHECK(print_duration(no_timeout) == "-1");
}

TEST_CASE("integers stay in their range") {
  CHECK(parse_integer("-1", -1, 10) == -1);
  CHECK(parse_integer("10", -1, 10) == 10);
  for (const char* bad : {"11", "-2", "", "1.0", " 1", "1 ", "0x1", "99999999999999999999"}) {
    CAPTURE(bad);
    CHECK_FALSE(parse_integer(bad, -1, 10).has_value());
  }
}

TEST_CASE("booleans are two words") {
  CHECK(parse_boolean("true") == true);
  CHECK(parse_boolean("false") == false);
  for (const char* bad : {"", "TRUE", "yes", "1"}) CHECK_FALSE(parse_boolean(bad).has_value());
}

TEST_CASE("lists know where their items stand") {
  const std::vector<Item> items = split_list(" /a,/b/*  *.c ,\n");
  REQUIRE(items.size() == 3);
  CHECK(items[0].text == "/a");
  CHECK(items[0].offset == 1);
  CHECK(items[1].text == "/b/*");
  CHECK(items[1].offset == 4);
  CHECK(items[2].text == "*.c");
  CHECK(items[2].offset == 10);
  CHECK(split_list("").empty());
  CHECK(split_list(" , ").empty());
}

}  // namespace container
