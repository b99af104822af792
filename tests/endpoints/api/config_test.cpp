// Parameters as values of a type, and the errors that name them.
#include <doctest/doctest.h>
#include <margay/config.h>

#include <vector>

using namespace std::chrono_literals;

namespace {

// One parameter named "p", or none.
class Fixture {
 public:
  explicit Fixture(std::string_view text) : field_{margay::str("p"), margay::str(text)} {
    raw_.params = &field_;
    raw_.count = 1;
  }
  Fixture() = default;

  margay::Config config() const { return {host_, raw_}; }

 private:
  margay_host host_{};
  margay_field field_{};
  margay_config raw_{};
};

template <class Read>
std::string error_of(std::string_view text, Read&& read) {
  try {
    const Fixture fixture(text);
    read(fixture.config());
    return {};
  } catch (const margay::ConfigError& error) {
    CHECK(error.parameter() == "p");
    return error.what();
  }
}

}  // namespace

TEST_CASE("what is not there is what the caller says") {
  const Fixture none;
  const margay::Config config = none.config();
  CHECK_FALSE(config.has("p"));
  CHECK(config.get("p", "x") == "x");
  CHECK(config.boolean("p", true));
  CHECK(config.integer("p", 7, 1, 9) == 7);
  CHECK(config.duration("p", 5s) == 5s);
  CHECK(config.size("p", 100) == 100);
  CHECK(config.list("p").empty());
  CHECK_THROWS_WITH_AS(config.require("p"), "parameter 'p' is missing", margay::ConfigError);
}

TEST_CASE("booleans and integers") {
  CHECK(Fixture("true").config().boolean("p", false));
  CHECK_FALSE(Fixture("false").config().boolean("p", true));
  for (const char* text : {"", "TRUE", "yes", "1", " true"})
    CHECK(error_of(text, [](const auto& config) { config.boolean("p", false); }) ==
          "parameter 'p': '" + std::string(text) + "' is not true or false");
  CHECK(Fixture("-3").config().integer("p", 0) == -3);
  CHECK(Fixture("9").config().integer("p", 1, 1, 9) == 9);
  for (const char* text : {"", "0", "10", "3x", "+3", " 3", "99999999999999999999"})
    CHECK(error_of(text, [](const auto& config) { config.integer("p", 1, 1, 9); }) ==
          "parameter 'p': '" + std::string(text) + "' is not an integer from 1 to 9");
  CHECK(error_of("-1", [](const auto& config) { config.template integer<std::uint8_t>("p", 0); }) ==
        "parameter 'p': '-1' is not an integer from 0 to 255");
  CHECK(Fixture("0.5").config().get("p", 1.0) == 0.5);
  CHECK(error_of("half", [](const auto& config) { config.get("p", 1.0); }) ==
        "parameter 'p': 'half' is not a number such as 0.5");
}

TEST_CASE("times") {
  CHECK(Fixture("1500").config().duration("p", 0ms) == 1500ms);
  CHECK(Fixture("20s").config().duration("p", 0ms) == 20s);
  CHECK(Fixture("500ms").config().duration("p", 0ms) == 500ms);
  CHECK(Fixture("2min").config().duration("p", 0ms) == 2min);
  CHECK(Fixture("1d").config().duration("p", 0ms) == 24h);
  for (const char* text : {"", "s", "20 s", "-1s", "20S", "20m", "99999999999999999d", "2h"})
    CHECK(error_of(text, [](const auto& config) { config.duration("p", 0ms, 1ms, 1h); }) ==
          "parameter 'p': '" + std::string(text) +
              "' is not a time from 1ms to 1h, with one of the units ms, s, min, h, d");
}

TEST_CASE("sizes") {
  CHECK(Fixture("100").config().size("p", 0) == 100);
  CHECK(Fixture("64KiB").config().size("p", 0) == 65536);
  CHECK(Fixture("1MB").config().size("p", 0) == 1'000'000);
  for (const char* text : {"", "KiB", "1K", "1kib", "-1", "2GiB", "9223372036854775807GiB"})
    CHECK(error_of(text, [](const auto& config) { config.size("p", 0, 0, 1 << 30); }) ==
          "parameter 'p': '" + std::string(text) +
              "' is not a size from 0B to 1GiB, with one of the units B, KB, KiB, MB, MiB, GB, "
              "GiB");
}

TEST_CASE("lists") {
  CHECK(Fixture(" a, b\n c,,d ").config().list("p") ==
        std::vector<std::string_view>{"a", "b", "c", "d"});
  CHECK(Fixture(" , ").config().list("p").empty());
}
