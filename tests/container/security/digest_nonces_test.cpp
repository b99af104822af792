// Nonces of DIGEST: which are ours, for how long, and each count once.
#include "container/security/digest_nonces.h"

#include <doctest/doctest.h>

using container::security::DigestNonces;
using Use = DigestNonces::Use;
using namespace std::chrono_literals;

TEST_CASE("DIGEST: a nonce is valid for 300 s and only as it was given out") {
  DigestNonces nonces(300s, 1000);
  const std::string nonce = nonces.make(1'000'000);
  CHECK(nonces.look(nonce, 1'299'999) == Use::good);
  CHECK(nonces.look(nonce, 1'300'000) == Use::stale);
  std::string other = nonce;
  other[0] = other[0] == '0' ? '1' : '0';
  CHECK(nonces.look(other, 1'000'000) == Use::forged);
  CHECK(nonces.look("", 0) == Use::forged);
  CHECK(nonces.look("-", 0) == Use::forged);
  CHECK(DigestNonces(300s, 1000).look(nonce, 1'000'000) == Use::forged);
}

TEST_CASE("DIGEST: each count is good once, within the window also out of order") {
  DigestNonces nonces(300s, 1000);
  const std::string nonce = nonces.make(1000);
  CHECK(nonces.use(nonce, 1, 1000) == Use::good);
  CHECK(nonces.use(nonce, 1, 1000) == Use::replayed);
  CHECK(nonces.use(nonce, 0, 1000) == Use::replayed);
  CHECK(nonces.use(nonce, 5, 1000) == Use::good);
  CHECK(nonces.use(nonce, 3, 1000) == Use::good);
  CHECK(nonces.use(nonce, 3, 1000) == Use::replayed);
  CHECK(nonces.use(nonce, 500, 1000) == Use::good);
  CHECK(nonces.use(nonce, 4, 1000) == Use::replayed);
  CHECK(nonces.use(nonce, 499, 1000) == Use::good);
}

TEST_CASE("DIGEST: a nonce that the cache has forgotten is stale, never new again") {
  DigestNonces nonces(300s, 2);
  const std::string first = nonces.make(1000);
  CHECK(nonces.use(first, 1, 1000) == Use::good);
  for (int i = 1; i < 4; ++i) CHECK(nonces.use(nonces.make(1000 + i), 1, 1100) == Use::good);
  CHECK(nonces.use(first, 1, 1100) == Use::stale);
}
