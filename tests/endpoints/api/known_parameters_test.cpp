// Which parameters are refused, and what is said.
#include <doctest/doctest.h>
#include <margay/known_parameters.h>

#include <string>
#include <vector>

namespace {

// What is said of parameters of which the first `inherited` are the application's.
std::string refusal(const std::vector<std::string>& names, std::uint32_t inherited = 0) {
  std::vector<margay_field> fields;
  for (const std::string& name : names) fields.push_back({margay::str(name), margay::str("x")});
  const margay_host host{};
  margay_config raw{};
  raw.params = fields.data();
  raw.count = static_cast<std::uint32_t>(fields.size());
  raw.inherited = inherited;
  try {
    require_known(margay::Config(host, raw), {"listings", "root"});
  } catch (const margay::ConfigError& error) {
    return error.parameter() + "|" + error.what();
  }
  return {};
}

}  // namespace

TEST_CASE("a parameter that is not known is refused with the one that was meant") {
  CHECK(refusal({}).empty());
  CHECK(refusal({"root", "listings"}).empty());
  CHECK(refusal({"root", "listing"}) ==
        "listing|parameter 'listing' is not known here; did you mean 'listings'?");
  CHECK(refusal({"ROOT"}) == "ROOT|parameter 'ROOT' is not known here; did you mean 'root'?");
  CHECK(refusal({"somethingElse"}) ==
        "somethingElse|parameter 'somethingElse' is not known here; there are listings root");
}

TEST_CASE("parameters of the application are for whoever knows them") {
  CHECK(refusal({"listing", "root"}, 1).empty());
  CHECK(refusal({"listing", "roof"}, 1) ==
        "roof|parameter 'roof' is not known here; did you mean 'root'?");
}
