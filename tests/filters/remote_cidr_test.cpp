#include "filters/remote_cidr.h"

#include <doctest/doctest.h>

#include "tests/filters/scene.h"

using filters::RemoteCidr;
using tests::Scene;

namespace {

int status_for(const tests::Pairs& parameters, const char* address) {
  Scene scene;
  scene.infos[MARGAY_REMOTE_ADDRESS] = address;
  auto filter = Scene::made<RemoteCidr>(parameters);
  scene.run(filter, {});
  return scene.status;
}

}  // namespace

TEST_CASE("RemoteCIDR: deny comes before allow, and without allow all but the denied may come") {
  const tests::Pairs both{{"allow", "10.0.0.0/8, ::1"}, {"deny", "10.6.0.0/16"}};
  CHECK(status_for(both, "10.1.1.1") == 200);
  CHECK(status_for(both, "::1") == 200);
  CHECK(status_for(both, "10.6.1.1") == 403);
  CHECK(status_for(both, "9.9.9.9") == 403);
  CHECK(status_for(both, "") == 403);
  const tests::Pairs deny{{"deny", "10.0.0.0/8"}, {"denyStatus", "404"}};
  CHECK(status_for(deny, "10.1.1.1") == 404);
  CHECK(status_for(deny, "9.9.9.9") == 200);
  CHECK(status_for(deny, "") == 200);
}

TEST_CASE("RemoteCIDR: neither allow nor deny is an error") {
  CHECK(Scene::refusal<RemoteCidr>({}).starts_with("allow|"));
  CHECK(Scene::refusal<RemoteCidr>({{"deny", "::1"}, {"denystatus", "404"}})
            .ends_with("'denyStatus'?"));
}
