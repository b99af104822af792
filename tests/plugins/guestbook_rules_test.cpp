// What the sample "guestbook" lets people write, and what it tells them.
#include <doctest/doctest.h>

#include <string>

#include "plugins/guestbook/rules.h"

using namespace guestbook;

TEST_CASE("texts are tidied: no white space around, and lines as they are elsewhere") {
  CHECK(tidied(" \r\n one\r\ntwo\rthree \t\n") == "one\ntwo\rthree");
  CHECK(tidied(" \n").empty());
  CHECK(tidied("").empty());
}

TEST_CASE("a text has 1 to 2000 letters, of any language") {
  CHECK_FALSE(fault_of_text("").empty());
  CHECK(fault_of_text("a").empty());
  std::string umlauts;
  for (int i = 0; i < 2000; ++i) umlauts += "\xc3\xa4";
  CHECK(fault_of_text(umlauts).empty());
  CHECK_FALSE(fault_of_text(umlauts + "a").empty());
}

TEST_CASE("what a picture shows may be left out") {
  CHECK(fault_of_alt("").empty());
  CHECK(fault_of_alt(std::string(200, 'a')).empty());
  CHECK_FALSE(fault_of_alt(std::string(201, 'a')).empty());
}

TEST_CASE("names and passwords") {
  CHECK(fault_of_member("Ada_L-1", "long enough").empty());
  CHECK(fault_of_member(std::string(30, 'a'), std::string(1000, 'x')).empty());
  for (const char* name : {"", "a", "a b", "\xc3\xa4\xc3\xa4", "a<b"}) {
    CAPTURE(name);
    CHECK_FALSE(fault_of_member(name, "long enough").empty());
  }
  CHECK_FALSE(fault_of_member(std::string(31, 'a'), "long enough").empty());
  CHECK_FALSE(fault_of_member("Ada", "7 bytes").empty());
  CHECK_FALSE(fault_of_member("Ada", std::string(1001, 'x')).empty());
}

TEST_CASE("sizes in words never promise more than there is") {
  CHECK(size_in_words(2 << 20) == "2 MB");
  CHECK(size_in_words((2 << 20) + (1 << 19)) == "2 MB");
  CHECK(size_in_words(512 << 10) == "512 KB");
}
