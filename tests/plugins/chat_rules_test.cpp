// What the sample "chat" takes from outside, and how often.
#include <doctest/doctest.h>

#include <string>

#include "plugins/chat/allowance.h"
#include "plugins/chat/rules.h"

using namespace std::chrono_literals;
using chat::Allowance;

TEST_CASE("characters are counted, and what is no UTF-8 has none") {
  CHECK(chat::count_characters("") == 0);
  CHECK(chat::count_characters("abc") == 3);
  CHECK(chat::count_characters("äß€𝄞") == 4);
  CHECK(chat::count_characters("\xED\x9F\xBF\xEE\x80\x80\xF4\x8F\xBF\xBF") == 3);
  for (const char* bad :
       {"\x80", "\xC0\x80", "\xC1\xBF", "\xC3", "\xC3(", "\xE2\x82", "\xE0\x9F\xBF", "\xED\xA0\x80",
        "\xF0\x8F\xBF\xBF", "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "\xFF", "a\xE2(\xA1"}) {
    CAPTURE(bad);
    CHECK_FALSE(chat::count_characters(bad));
  }
}

TEST_CASE("names") {
  for (const char* good :
       {"a", "Ann", "ann-2", "a_b", "Jürgen", "李小龍", "12345678901234567890"}) {
    CAPTURE(good);
    CHECK(chat::is_name(good));
  }
  CHECK(chat::is_name("ääääääääääääääääääää"));
  for (const char* bad :
       {"", "123456789012345678901", "a b", "a/b", "a\n", "<b>", "\"", "*", "..", "\xFF", "\x7F"}) {
    CAPTURE(bad);
    CHECK_FALSE(chat::is_name(bad));
  }
}

TEST_CASE("what surrounds a text is not part of it") {
  CHECK(chat::trimmed("  a b\n").compare("a b") == 0);
  CHECK(chat::trimmed(" \t\r\n").empty());
  CHECK(chat::trimmed("").empty());
}

TEST_CASE("a few at once, then one after each refill") {
  Allowance allowance({.burst = 3, .refill = 100ms});
  auto now = Allowance::Clock::time_point{} + 1h;
  for (int i = 0; i < 3; ++i) CHECK(allowance.take(now) == 0ms);
  CHECK(allowance.take(now) == 100ms);
  now += 30ms;
  CHECK(allowance.take(now) == 70ms);
  now += 70ms;
  CHECK(allowance.take(now) == 0ms);
  CHECK(allowance.take(now) == 100ms);
  now += 250ms;
  CHECK(allowance.take(now) == 0ms);
  CHECK(allowance.take(now) == 0ms);
  CHECK(allowance.take(now) == 50ms);
  now += 24h;
  for (int i = 0; i < 3; ++i) CHECK(allowance.take(now) == 0ms);
  CHECK(allowance.take(now) == 100ms);
}
