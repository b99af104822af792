// The small filters: what they say to a request, without a server.
#include <doctest/doctest.h>

#include "filters/body_limit.h"
#include "filters/default_charset.h"
#include "filters/health.h"
#include "filters/session_initializer.h"
#include "filters/timeout.h"
#include "tests/filters/scene.h"

using namespace filters;
using tests::Pairs;
using tests::Scene;

namespace {

// 200 where the endpoint sees it.
int limited(const Pairs& parameters, std::int64_t length, const std::string& body = "") {
  auto filter = Scene::made<BodyLimit>(parameters);
  Scene scene;
  scene.content_length = length;
  scene.body = body;
  return scene.run(filter, {}, "POST") ? 200 : scene.status;
}

std::string charset(const Pairs& parameters, const char* type) {
  auto filter = Scene::made<DefaultCharset>(parameters);
  Scene scene;
  if (type != nullptr) scene.answer["Content-Type"] = type;
  scene.run(filter, {});
  return scene.answer["Content-Type"];
}

}  // namespace

TEST_CASE("BodyLimit: by Content-Length, and by what is there") {
  const Pairs parameters{{"maxBody", "4"}};
  CHECK(limited(parameters, 0) == 200);
  CHECK(limited(parameters, 4, "1234") == 200);
  CHECK(limited(parameters, 5) == 413);
  CHECK(limited(parameters, -1, "1234") == 200);
  CHECK(limited(parameters, -1, "12345") == 413);
  CHECK(limited({}, 1024 * 1024) == 200);
  CHECK(limited({}, 1024 * 1024 + 1) == 413);
}

TEST_CASE("BodyLimit: a length may be required") {
  const Pairs parameters{{"requireLength", "true"}};
  CHECK(limited(parameters, -1) == 411);
  CHECK(limited(parameters, 0) == 200);
  CHECK(limited(parameters, 1, "1") == 200);
  CHECK(limited({}, -1) == 200);
}

TEST_CASE("Timeout: seconds and their fractions") {
  auto filter = Scene::made<Timeout>({{"seconds", "0.25"}, {"status", "504"}});
  Scene scene;
  CHECK(scene.run(filter, {}));
  CHECK(scene.deadline == std::pair<std::uint64_t, int>(250, 504));
  auto usual = Scene::made<Timeout>({});
  CHECK(scene.run(usual, {}));
  CHECK(scene.deadline == std::pair<std::uint64_t, int>(30'000, 503));
  for (const char* bad : {"0", "-1", "nan", "1e9", "soon"}) {
    CAPTURE(bad);
    CHECK(Scene::refusal<Timeout>({{"seconds", bad}}).starts_with("seconds|"));
  }
}

TEST_CASE("AddDefaultCharset: texts that have none get one") {
  CHECK(charset({}, "text/html") == "text/html; charset=UTF-8");
  CHECK(charset({{"encoding", "ISO-8859-1"}}, "Text/Plain") == "Text/Plain; charset=ISO-8859-1");
  CHECK(charset({}, "text/html;Charset=x") == "text/html;Charset=x");
  CHECK(charset({}, "application/json") == "application/json");
  CHECK(charset({}, nullptr).empty());
  CHECK(Scene::refusal<DefaultCharset>({{"encoding", "a b"}}).starts_with("encoding|"));
}

TEST_CASE("Health: UP where nobody says otherwise, on its path alone") {
  auto filter = Scene::made<Health>({{"path", "/up"}});
  Scene scene;
  CHECK(scene.run(filter, {}));
  scene.path = "/up";
  CHECK_FALSE(scene.run(filter, {}));
  CHECK(scene.status == 200);
  CHECK(scene.written == "{\"status\":\"UP\",\"checks\":[]}");
  CHECK_FALSE(scene.run(filter, {}, "POST"));
  CHECK(scene.status == 405);
  CHECK(Scene::refusal<Health>({{"path", "up"}}).starts_with("path|"));
}

TEST_CASE("SessionInitializer: there is a session behind it") {
  auto filter = Scene::made<SessionInitializer>({});
  Scene scene;
  CHECK(scene.run(filter, {}));
  CHECK(scene.session);
  CHECK(Scene::refusal<SessionInitializer>({{"a", "b"}}).starts_with("a|"));
}
