// "Did you mean".
#include "container/config/suggestion.h"

#include <doctest/doctest.h>

#include <array>

namespace container {
namespace {

constexpr std::array<std::string_view, 5> legal{"port", "address", "maxConnections", "name",
                                                "WelcomeFile"};

}  // namespace

TEST_CASE("slips find the word that was meant") {
  CHECK(nearest("prot", legal) == "port");
  CHECK(nearest("PORT", legal) == "port");
  CHECK(nearest("adress", legal) == "address");
  CHECK(nearest("max_connections", legal) == "maxConnections");
  CHECK(nearest("maxConection", legal) == "maxConnections");
  CHECK(nearest("Welcome", legal) == "WelcomeFile");
}

TEST_CASE("strange words find nothing") {
  CHECK(nearest("", legal).empty());
  CHECK(nearest("x", legal).empty());
  CHECK(nearest("flavour", legal).empty());
  CHECK(nearest("nm", legal).empty());
  CHECK(nearest(std::string(100'000, 'p'), legal).empty());
  CHECK(did_you_mean("flavour", legal).empty());
  CHECK(did_you_mean("prot", legal) == "; did you mean 'port'?");
}

}  // namespace container
