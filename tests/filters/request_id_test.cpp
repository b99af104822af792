#include "filters/request_id.h"

#include <doctest/doctest.h>

#include "tests/filters/scene.h"

using filters::RequestId;
using tests::Scene;

TEST_CASE("request-id: a good one is kept, another is replaced") {
  auto filter = Scene::made<RequestId>({});
  const auto ask = [&](const std::string& given) {
    Scene scene;
    scene.infos[MARGAY_REQUEST_ID] = "7-1";
    scene.run(filter, {{"x-request-id", given}});
    CHECK(scene.attributes["margay.requestId"] == scene.answer["X-Request-Id"]);
    return scene.answer["X-Request-Id"];
  };
  CHECK(ask("a1B2-c_d") == "a1B2-c_d");
  CHECK(ask(std::string(128, 'a')) == std::string(128, 'a'));
  for (const std::string& bad :
       {std::string(), std::string("a b"), std::string("a\x01"), std::string(129, 'a')}) {
    const std::string made = ask(bad);
    CHECK(made.size() == 17 + 3);
    CHECK(made.ends_with("-7-1"));
  }
}

TEST_CASE("request-id: bad parameters are named") {
  CHECK(Scene::refusal<RequestId>({{"header", "a b"}}).starts_with("header|"));
  CHECK(Scene::refusal<RequestId>({{"heeder", "a"}}).ends_with("'header'?"));
}
