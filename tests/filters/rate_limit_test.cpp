#include "filters/rate_limit.h"

#include <doctest/doctest.h>

#include "tests/filters/scene.h"

using filters::RateLimit;
using filters::RateTable;
using tests::Scene;

TEST_CASE("RateLimit: a key counts by window, others do not disturb it") {
  RateTable table(256);
  CHECK(table.count(1, 1) == 1);
  CHECK(table.count(1, 1) == 2);
  CHECK(table.count(2, 1) == 1);
  CHECK(table.count(1, 2) == 1);
}

TEST_CASE("RateLimit: of five keys in one place the one with the fewest requests is forgotten") {
  RateTable table(256);
  for (std::uint64_t key = 0; key < 4; ++key)
    for (std::uint64_t times = 0; times < 5 - key; ++times) table.count(key * 64, 1);
  CHECK(table.count(4 * 64, 1) == 1);
  CHECK(table.count(0, 1) == 6);
  CHECK(table.count(3 * 64, 1) == 1);
}

TEST_CASE("RateLimit: behind the limit 429 with Retry-After, per address and /64") {
  auto filter = Scene::made<RateLimit>(
      {{"bucketRequests", "1"}, {"bucketDuration", "86400"}, {"exposeHeaders", "true"}});
  const auto ask = [&](const char* address) {
    Scene scene;
    scene.infos[MARGAY_REMOTE_ADDRESS] = address;
    scene.run(filter, {});
    return scene;
  };
  CHECK(ask("2001:db8::1").status == 200);
  const Scene refused = ask("2001:db8::2");
  CHECK(refused.status == 429);
  CHECK(refused.answer.count("Retry-After") == 1);
  CHECK(refused.answer.at("RateLimit-Policy") == "1;w=86400");
  CHECK(refused.answer.at("RateLimit").starts_with("limit=1, remaining=0, reset="));
  CHECK(ask("2001:db8:0:1::1").status == 200);
  CHECK(ask("10.0.0.1").status == 200);
  CHECK(ask("10.0.0.2").status == 200);
  CHECK(ask("10.0.0.2").status == 429);
}

TEST_CASE("RateLimit: by header; not enforced it only says so") {
  auto filter = Scene::made<RateLimit>({{"bucketRequests", "1"},
                                        {"bucketDuration", "86400"},
                                        {"key", "header:X-Key"},
                                        {"enforce", "false"}});
  const auto ask = [&](const char* key) {
    Scene scene;
    CHECK(scene.run(filter, {{"x-key", key}}));
    return scene.attributes.count("margay.rateLimit.exceeded") == 1;
  };
  CHECK_FALSE(ask("a"));
  CHECK_FALSE(ask("b"));
  CHECK(ask("a"));
}

TEST_CASE("RateLimit: bad parameters are named") {
  CHECK(Scene::refusal<RateLimit>({{"key", "header:"}}).starts_with("key|"));
  CHECK(Scene::refusal<RateLimit>({{"bucketRequest", "9"}}).ends_with("'bucketRequests'?"));
}
