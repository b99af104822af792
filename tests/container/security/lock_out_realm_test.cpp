// Who is locked out, and for how long.
#include "container/security/lock_out_realm.h"

#include <doctest/doctest.h>

#include <functional>
#include <string>
#include <utility>

using namespace container::security;
using namespace std::chrono_literals;

namespace {

struct Counting final : Realm {
  Answer authenticate(const Attempt& attempt) override {
    ++asked;
    if (meanwhile) std::exchange(meanwhile, nullptr)();
    if (fails) return {Outcome::failed};
    if (attempt.password != "right") return {};
    return {Outcome::accepted, std::make_shared<const Principal>()};
  }
  Answer find(std::string_view) override { return {}; }
  int asked = 0;
  bool fails = false;
  std::function<void()> meanwhile;
};

}  // namespace

TEST_CASE("LockOut: 5 failures lock for 300 s, and a failure meanwhile begins them anew") {
  FailureCounts counts(5, 300s, 1000);
  const FailureCounts::Clock::time_point start{};
  for (int i = 0; i < 4; ++i) CHECK_FALSE(counts.add("ada", start));
  CHECK_FALSE(counts.is_locked("ada", start));
  CHECK(counts.add("ada", start));
  CHECK(counts.is_locked("ada", start + 299s));
  CHECK_FALSE(counts.is_locked("ada", start + 300s));
  counts.add("ada", start + 299s);
  CHECK(counts.is_locked("ada", start + 598s));
  CHECK_FALSE(counts.is_locked("ada", start + 599s));
  CHECK_FALSE(counts.add("ada", start + 700s));
  CHECK_FALSE(counts.is_locked("ada", start + 700s));
}

TEST_CASE("LockOut: cacheSize bounds what is kept, and who is locked is forgotten last") {
  FailureCounts counts(2, 300s, 3);
  const FailureCounts::Clock::time_point start{};
  counts.add("locked", start);
  counts.add("locked", start);
  for (int i = 0; i < 100; ++i)
    counts.add("u" + std::to_string(i), start + std::chrono::seconds(i));
  CHECK(counts.size() == 3);
  CHECK(counts.is_locked("locked", start + 100s));
}

TEST_CASE("LockOut: who is locked is refused with the right password, in any case of the name") {
  auto inner = std::make_shared<Counting>();
  LockOutRealm realm({inner}, {.failures = 3, .address_failures = 1000}, server::Log());
  const auto ask = [&](const char* user, const char* password, const char* address) {
    return realm.authenticate({.user = user, .password = password, .address = address}).outcome;
  };
  CHECK(ask("ada", "right", "10.0.0.1") == Outcome::accepted);
  for (int i = 0; i < 3; ++i)
    CHECK(ask(i == 1 ? "ADA" : "ada", "x", "10.0.0.1") == Outcome::refused);
  const int asked = inner->asked;
  CHECK(ask("Ada", "right", "10.0.0.2") == Outcome::refused);
  CHECK(inner->asked == asked);
  CHECK(ask("bob", "right", "10.0.0.1") == Outcome::accepted);
}

TEST_CASE("LockOut: an address that tries many users is locked out for all of them") {
  auto inner = std::make_shared<Counting>();
  LockOutRealm realm({inner}, {.failures = 1000, .address_failures = 3}, server::Log());
  const auto ask = [&](const std::string& user, const char* password, const char* address) {
    return realm.authenticate({.user = user, .password = password, .address = address}).outcome;
  };
  for (int i = 0; i < 3; ++i) ask("u" + std::to_string(i), "x", "2001:db8::1");
  CHECK(ask("ada", "right", "2001:db8::2") == Outcome::refused);  // the same 64 bits
  CHECK(ask("ada", "right", "2001:db8:0:1::1") == Outcome::accepted);
  CHECK(ask("ada", "right", "") == Outcome::accepted);
}

TEST_CASE("LockOut: many guesses at once are no more than one after another") {
  auto inner = std::make_shared<Counting>();
  LockOutRealm realm({inner}, {.failures = 3, .address_failures = 1000}, server::Log());
  const auto ask = [&](const char* password) {
    return realm.authenticate({.user = "ada", .password = password, .address = "10.0.0.1"}).outcome;
  };
  inner->meanwhile = [&] {  // while the right one is looked at
    for (int i = 0; i < 3; ++i) CHECK(ask("x") == Outcome::refused);
  };
  CHECK(ask("right") == Outcome::refused);
  CHECK(inner->asked == 4);
}

TEST_CASE("LockOut: a guess counts also while another realm cannot tell") {
  auto inner = std::make_shared<Counting>();
  auto broken = std::make_shared<Counting>();
  broken->fails = true;
  LockOutRealm realm({inner, broken}, {.failures = 3, .address_failures = 1000}, server::Log());
  const auto ask = [&](const char* password) {
    return realm.authenticate({.user = "ada", .password = password, .address = "10.0.0.1"}).outcome;
  };
  CHECK(ask("right") == Outcome::accepted);
  for (int i = 0; i < 3; ++i) CHECK(ask("x") == Outcome::failed);
  CHECK(ask("right") == Outcome::refused);
}
