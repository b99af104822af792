// Waits between attempts, and which of their failures are worth a word.
#include "container/retry.h"

#include <doctest/doctest.h>

namespace container {

TEST_CASE("a retry comes soon, and later ever more seldom") {
  using namespace std::chrono_literals;
  const Retry::Time start{};
  Retry retry;
  CHECK_FALSE(retry.is_due(start + 24h));
  CHECK(retry.failed(start, "no key"));
  CHECK_FALSE(retry.is_due(start + 1999ms));
  CHECK(retry.is_due(start + 2s));
  CHECK_FALSE(retry.failed(start, "no key"));
  CHECK_FALSE(retry.is_due(start + 3999ms));
  CHECK(retry.is_due(start + 4s));
  CHECK(retry.failed(start, "another key"));
  CHECK(retry.is_due(start + 8s));
  for (int i = 0; i < 100; ++i) CHECK_FALSE(retry.failed(start, "another key"));
  CHECK_FALSE(retry.is_due(start + 59s));
  CHECK(retry.is_due(start + 60s));
  retry.over();
  CHECK_FALSE(retry.is_due(start + 24h));
  CHECK(retry.failed(start, "another key"));
  CHECK(retry.is_due(start + 2s));
}

}  // namespace container
