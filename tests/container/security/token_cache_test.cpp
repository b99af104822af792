// Which tokens are known again.
#include "container/security/token_cache.h"

#include <doctest/doctest.h>

using namespace container::security;

namespace {

PrincipalPointer user(std::int64_t expires) {
  return std::make_shared<const Principal>(Principal{"ada", {}, {}, expires});
}

}  // namespace

TEST_CASE("Bearer: a token is known again by all its bytes, by its verifier, until it ends") {
  TokenCache cache;
  CHECK(cache.find(1, "abc", 0) == nullptr);
  cache.add(1, "abc", user(100));
  CHECK(cache.find(1, "abc", 99) != nullptr);
  CHECK(cache.find(1, "abd", 99) == nullptr);
  CHECK(cache.find(1, "ab", 99) == nullptr);
  CHECK(cache.find(2, "abc", 99) == nullptr);
  CHECK(cache.find(1, "abc", 100) == nullptr);
  CHECK(cache.find(1, "abc", 99) == nullptr);  // and was forgotten
}

TEST_CASE("Bearer: the cache is bounded, and what is used stays longest") {
  TokenCache cache;
  cache.add(1, "kept", user(0));
  for (int i = 0; i < 100'000; ++i) {
    cache.add(1, std::to_string(i), user(0));
    if (i % 16 == 0) cache.find(1, "kept", 0);
  }
  CHECK(cache.find(1, "kept", 0) != nullptr);
  int known = 0;
  for (int i = 0; i < 100'000; ++i) known += cache.find(1, std::to_string(i), 0) != nullptr;
  CHECK(known <= 4096);
}
