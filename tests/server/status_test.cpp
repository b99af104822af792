// The reason phrases: the registered ones by name, the borders, and nothing for the rest.
#include "server/status.h"

#include <doctest/doctest.h>

using server::reason_phrase;

TEST_CASE("registered statuses have the phrase of the registry") {
  CHECK(reason_phrase(100) == "Continue");
  CHECK(reason_phrase(101) == "Switching Protocols");
  CHECK(reason_phrase(200) == "OK");
  CHECK(reason_phrase(304) == "Not Modified");
  CHECK(reason_phrase(404) == "Not Found");
  CHECK(reason_phrase(413) == "Content Too Large");
  CHECK(reason_phrase(422) == "Unprocessable Content");
  CHECK(reason_phrase(451) == "Unavailable For Legal Reasons");
  CHECK(reason_phrase(505) == "HTTP Version Not Supported");
  CHECK(reason_phrase(511) == "Network Authentication Required");
}

TEST_CASE("unregistered numbers have none, whatever they are") {
  for (const int status : {-1, 0, 99, 105, 299, 306, 418, 499, 509, 599, 600, 999, 2147483647})
    CHECK_MESSAGE(reason_phrase(status).empty(), status);
}

TEST_CASE("sixty-two statuses are registered") {
  int registered = 0;
  for (int status = 0; status < 1000; ++status) registered += !reason_phrase(status).empty();
  CHECK(registered == 62);
}
