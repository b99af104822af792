#include "filters/expires.h"

#include <doctest/doctest.h>

#include "tests/filters/scene.h"

using filters::Expires;
using filters::parse_expires;
using tests::Pairs;
using tests::Scene;

namespace {

using namespace std::chrono_literals;

constexpr auto kJanuary31 = std::chrono::sys_days{2025y / 1 / 31} + 12h + 34min + 56s;

// The fields of an answer with these ones behind the filter.
std::map<std::string, std::string> told(const Pairs& parameters, const Pairs& fields,
                                        int status = 200) {
  auto filter = Scene::made<Expires>(parameters);
  Scene scene;
  scene.status = status;
  for (const auto& [name, value] : fields) scene.answer[name] = value;
  scene.run(filter, {});
  return scene.answer;
}

}  // namespace

TEST_CASE("Expires: mod_expires syntax") {
  const auto after = [](const char* text) { return parse_expires(text)->after(kJanuary31); };
  CHECK(after("access") == kJanuary31);
  CHECK(after("now plus 1 second") == kJanuary31 + 1s);
  CHECK(after("access plus 1 month 15 days 2 hours") ==
        std::chrono::sys_days{2025y / 3 / 15} + 14h + 34min + 56s);  // there is no February 31
  CHECK(after("access plus 1 year") == std::chrono::sys_days{2026y / 1 / 31} + 12h + 34min + 56s);
  CHECK(after("access 2 weeks 3 minutes") == kJanuary31 + 24h * 14 + 3min);
  CHECK(after("A3600") == kJanuary31 + 1h);
  CHECK(after("M60") == kJanuary31 + 1min);
  CHECK(parse_expires("modification plus 3 Hours")->base ==
        filters::ExpiresRule::Base::modification);
  CHECK(parse_expires("M60")->base == filters::ExpiresRule::Base::modification);
  for (const char* bad : {"", "later", "access plus", "access plus one month", "access plus 1",
                          "access plus 1 moon", "access plus -1 day", "access plus 101 years",
                          "access plus 99999999999 days", "A", "A-1", "A1 B", "X1", "plus 1 day"}) {
    CAPTURE(bad);
    CHECK_FALSE(parse_expires(bad));
  }
}

TEST_CASE("Expires: the closest type counts") {
  const Pairs rules{{"ExpiresByType text/xml;charset=utf-8", "A1"},
                    {"ExpiresByType text/xml", "A2"},
                    {"ExpiresByType text", "A3"},
                    {"ExpiresDefault", "A4"}};
  const auto age = [&](const char* type) {
    return told(rules, {{"Content-Type", type}})["Cache-Control"];
  };
  CHECK(age("text/xml; charset=UTF-8") == "max-age=1");
  CHECK(age("text/xml;charset=iso-8859-1") == "max-age=2");
  CHECK(age("TEXT/XML") == "max-age=2");
  CHECK(age("text/plain") == "max-age=3");
  CHECK(age("image/png") == "max-age=4");
  CHECK(told(rules, {})["Cache-Control"] == "max-age=4");
  CHECK(told({{"ExpiresByType image", "A3"}}, {{"Content-Type", "text/plain"}}).size() == 1);
}

TEST_CASE("Expires: skips 304 and responses that already have expiry") {
  const Pairs rules{{"ExpiresDefault", "access plus 1 hour"}};
  CHECK(told(rules, {}, 304).empty());
  CHECK(told(rules, {{"Expires", "0"}}).size() == 1);
  CHECK(told(rules, {{"Cache-Control", "private, Max-Age=1"}})["Cache-Control"] ==
        "private, Max-Age=1");
  auto kept = told(rules, {{"Cache-Control", "private"}});
  CHECK(kept["Cache-Control"] == "private, max-age=3600");
  CHECK(kept["Expires"].ends_with(" GMT"));
  const Pairs others{{"ExpiresDefault", "A1"}, {"ExpiresExcludedResponseStatusCodes", "302, 500"}};
  CHECK(told(others, {}, 302).empty());
  CHECK(told(others, {}, 304).size() == 2);
}

TEST_CASE("Expires: from the modification on, where that is told") {
  const Pairs rules{{"ExpiresDefault", "modification plus 1 month"}};
  CHECK(told(rules, {}).empty());
  auto old = told(rules, {{"Last-Modified", "Fri, 31 Jan 2020 10:00:00 GMT"}});
  CHECK(old["Expires"] == "Sat, 29 Feb 2020 10:00:00 GMT");
  CHECK(old["Cache-Control"] == "max-age=0");
}

TEST_CASE("Expires: bad parameters are named") {
  CHECK(Scene::refusal<Expires>({{"ExpiresDefault", "soon"}}).starts_with("ExpiresDefault|"));
  CHECK(Scene::refusal<Expires>({{"ExpiresByType a/b", "soon"}}).starts_with("ExpiresByType a/b|"));
  CHECK(Scene::refusal<Expires>({{"ExpiresDefalt", "A1"}}).starts_with("ExpiresDefalt|"));
  CHECK(Scene::refusal<Expires>({{"ExpiresExcludedResponseStatusCodes", "3o4"}})
            .starts_with("ExpiresExcludedResponseStatusCodes|"));
}
