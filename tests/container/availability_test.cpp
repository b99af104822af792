// Whether an endpoint may be called: for how long it may not, and what is said meanwhile.
#include <doctest/doctest.h>

#include "container/availability.h"

using namespace std::chrono_literals;
using container::Availability;
using Clock = Availability::Clock;

namespace {

Clock::time_point now{};
Clock::time_point told() { return now; }

}  // namespace

TEST_CASE("Unavailable: for its time, whole seconds are told and never none") {
  now = Clock::time_point(1h);
  Availability endpoint;
  CHECK(endpoint.wait(told) == 0);
  endpoint.leave(2, "tired", now);
  CHECK(endpoint.wait(told) == 2);
  now += 1001ms;
  CHECK(endpoint.wait(told) == 1);
  now += 998ms;
  CHECK(endpoint.wait(told) == 1);
  now += 1ms;
  CHECK(endpoint.wait(told) == 0);
  endpoint.leave(0, "tired", now);
  CHECK(endpoint.wait(told) == 1);
}

TEST_CASE("Unavailable: for ever, also when it leaves again") {
  now = Clock::time_point(1h);
  Availability endpoint;
  endpoint.leave(Availability::kForEver, "gone", now);
  now += 24h * 365 * 20;
  CHECK(endpoint.wait(told) == Availability::kForEver);
}

TEST_CASE("Unavailable: what was not created does not come back by the clock alone") {
  now = Clock::time_point(1h);
  Availability endpoint;
  endpoint.miss(2, "the database sleeps", now);
  CHECK(endpoint.self() == nullptr);
  now += 1h;
  CHECK(endpoint.wait(told) == 1);
  CHECK(endpoint.reason() == "the database sleeps");
  int self = 0;
  endpoint.come(&self);
  CHECK(endpoint.wait(told) == 0);
  CHECK(endpoint.self() == &self);
  CHECK(endpoint.reason().empty());
}
