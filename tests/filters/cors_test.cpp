#include "filters/cors.h"

#include <doctest/doctest.h>

#include "tests/filters/scene.h"

using filters::Cors;
using tests::Pairs;
using tests::Scene;

namespace {

const Pairs kShop{{"cors.allowed.origins", "https://shop.example"},
                  {"cors.support.credentials", "true"},
                  {"cors.exposed.headers", "X-Total"}};

struct Asked {
  Scene scene;
  bool on;
};

Asked ask(const Pairs& parameters, const Pairs& fields, std::string_view method = "GET") {
  Asked asked;
  asked.scene.infos = {
      {MARGAY_SCHEME, "http"}, {MARGAY_SERVER_NAME, "here"}, {MARGAY_SERVER_PORT, "8080"}};
  auto filter = Scene::made<Cors>(parameters);
  asked.on = asked.scene.run(filter, fields, method);
  return asked;
}

}  // namespace

TEST_CASE("CORS: an allowed origin is told so, another is refused") {
  Asked asked = ask(kShop, {{"origin", "https://shop.example"}});
  CHECK(asked.on);
  CHECK(asked.scene.answer["Access-Control-Allow-Origin"] == "https://shop.example");
  CHECK(asked.scene.answer["Access-Control-Allow-Credentials"] == "true");
  CHECK(asked.scene.answer["Access-Control-Expose-Headers"] == "X-Total");
  CHECK(asked.scene.answer["Vary"] == "Origin");
  for (const char* origin : {"https://shop.example.evil", "http://shop.example", "null", "", "x"}) {
    asked = ask(kShop, {{"origin", origin}});
    CHECK_FALSE(asked.on);
    CHECK(asked.scene.status == 403);
    CHECK(asked.scene.answer.count("Access-Control-Allow-Origin") == 0);
    CHECK(asked.scene.answer["Vary"] == "Origin");
  }
}

TEST_CASE("CORS: no origin is allowed by default, one's own always is") {
  CHECK_FALSE(ask({}, {{"origin", "https://shop.example"}}).on);
  CHECK(ask({}, {{"origin", "http://here:8080"}}).on);
  CHECK_FALSE(ask({}, {{"origin", "http://here"}}).on);
  CHECK_FALSE(ask({}, {{"origin", "http://here:80801"}}).on);
  CHECK(ask({}, {}).on);
}

TEST_CASE("CORS: preflights are answered here") {
  Pairs fields{{"origin", "https://shop.example"},
               {"access-control-request-method", "POST"},
               {"access-control-request-headers", "content-type, ACCEPT"}};
  Asked asked = ask(kShop, fields, "OPTIONS");
  CHECK_FALSE(asked.on);
  CHECK(asked.scene.status == 200);
  CHECK(asked.scene.answer["Access-Control-Allow-Methods"] == "GET,POST,HEAD,OPTIONS");
  CHECK(asked.scene.answer["Access-Control-Max-Age"] == "1800");
  CHECK(asked.scene.answer["Vary"] ==
        "Origin, Access-Control-Request-Method, Access-Control-Request-Headers");
  fields[2].second = "x-other";
  CHECK(ask(kShop, fields, "OPTIONS").scene.status == 403);
  fields[2].second = "accept";
  fields[1].second = "PUT";
  CHECK(ask(kShop, fields, "OPTIONS").scene.status == 403);
}

TEST_CASE("CORS: a method that is not allowed is refused, OPTIONS alone is no preflight") {
  CHECK(ask(kShop, {{"origin", "https://shop.example"}}, "PUT").scene.status == 403);
  CHECK(ask(kShop, {{"origin", "https://shop.example"}}, "OPTIONS").on);
}

TEST_CASE("CORS: any origin gets * and no Vary; with credentials it is refused") {
  Asked asked = ask({{"cors.allowed.origins", "*"}}, {{"origin", "https://a.example"}});
  CHECK(asked.scene.answer["Access-Control-Allow-Origin"] == "*");
  CHECK(asked.scene.answer.count("Vary") == 0);
  // Caches may give this answer to pages of any origin.
  CHECK(ask({{"cors.allowed.origins", "*"}}, {}).scene.answer["Access-Control-Allow-Origin"] ==
        "*");
  CHECK(Scene::refusal<Cors>({{"cors.allowed.origins", "*"}, {"cors.support.credentials", "true"}})
            .starts_with("cors.support.credentials|"));
  CHECK(Scene::refusal<Cors>({{"cors.allowed.origins", "https://a, *"}})
            .starts_with("cors.allowed.origins|"));
  CHECK(Scene::refusal<Cors>({{"cors.allowed.origin", "*"}}).ends_with("'cors.allowed.origins'?"));
}
