#include "filters/security_headers.h"

#include <doctest/doctest.h>

#include "tests/filters/scene.h"

using filters::SecurityHeaders;
using tests::Scene;

TEST_CASE("HttpHeaderSecurity: no frames and no sniffing by default, HSTS when it is written") {
  Scene scene;
  scene.infos[MARGAY_SCHEME] = "https";
  auto filter = Scene::made<SecurityHeaders>({});
  scene.run(filter, {});
  CHECK(scene.answer == std::map<std::string, std::string>{{"X-Frame-Options", "DENY"},
                                                           {"X-Content-Type-Options", "nosniff"}});
}

TEST_CASE("HttpHeaderSecurity: policies, HSTS for secure answers only, what is set stays") {
  auto filter = Scene::made<SecurityHeaders>({{"hstsMaxAgeSeconds", "60"},
                                              {"antiClickJackingEnabled", "false"},
                                              {"contentSecurityPolicy", "default-src 'self'"},
                                              {"referrerPolicy", "no-referrer"}});
  Scene scene;
  scene.infos[MARGAY_SCHEME] = "https";
  scene.answer["Content-Security-Policy"] = "own";
  scene.run(filter, {});
  CHECK(scene.answer["Strict-Transport-Security"] == "max-age=60");
  CHECK(scene.answer["Content-Security-Policy"] == "own");
  CHECK(scene.answer["Referrer-Policy"] == "no-referrer");
  CHECK(scene.answer.count("X-Frame-Options") == 0);
  Scene plain;
  plain.infos[MARGAY_SCHEME] = "http";
  plain.run(filter, {});
  CHECK(plain.answer.count("Strict-Transport-Security") == 0);
  CHECK(plain.answer["Content-Security-Policy"] == "default-src 'self'");
}

TEST_CASE("HttpHeaderSecurity: an option that browsers do not know is refused") {
  CHECK(Scene::refusal<SecurityHeaders>({{"antiClickJackingOption", "ALLOW-FROM"}})
            .find("frame-ancestors") != std::string::npos);
}
