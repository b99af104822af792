// Parameters of forms and queries, read through a Request.
#include <doctest/doctest.h>
#include <margay/request.h>

#include <utility>
#include <vector>

namespace {

using Pairs = std::vector<std::pair<std::string, std::string>>;

// A request of the given query and form body, at a connector that says nothing of their number.
class Fixture {
 public:
  Fixture(std::string_view query, std::string_view body = {},
          std::string_view type = "application/x-www-form-urlencoded")
      : type_{margay::str("content-type"), margay::str(type)} {
    host_.info = [](margay_exchange*, int) { return margay_str{}; };
    raw_.query = margay::str(query);
    raw_.body = margay::str(body);
    raw_.fields = &type_;
    raw_.field_count = 1;
  }
  margay::Request request() { return {host_, *reinterpret_cast<margay_exchange*>(this), raw_}; }
  Pairs all() {
    Pairs pairs;
    request().each_parameter([&](std::string name, std::string value) {
      pairs.emplace_back(std::move(name), std::move(value));
    });
    return pairs;
  }

 private:
  margay_host host_{};
  margay_field type_;
  margay_request raw_{};
};

}  // namespace

TEST_CASE("all parameters in order, the query's first") {
  CHECK(Fixture("a=1&b=2&a=3", "a=4&c=5").all() ==
        Pairs{{"a", "1"}, {"b", "2"}, {"a", "3"}, {"a", "4"}, {"c", "5"}});
  CHECK(Fixture("&&a&=x&b==&").all() == Pairs{{"a", ""}, {"", "x"}, {"b", "="}});
  CHECK(Fixture("").all().empty());
}

TEST_CASE("names and values are decoded, bad escapes stay") {
  CHECK(Fixture("J%C3%BCrgen+K=%41%zz%4&%25=%00").all() ==
        Pairs{{"J\xC3\xBCrgen K", "A%zz%4"}, {"%", std::string(1, '\0')}});
  CHECK(Fixture("%61=1&a=2").request().parameters("a") == std::vector<std::string>{"1", "2"});
}

TEST_CASE("one parameter, several values, none") {
  Fixture fixture("a=1&a=&b=2", "a=3");
  CHECK(fixture.request().parameter("a") == "1");
  CHECK(fixture.request().parameters("a") == std::vector<std::string>{"1", "", "3"});
  CHECK(fixture.request().parameter("c", "otherwise") == "otherwise");
  CHECK(fixture.request().parameters("c").empty());
  CHECK(fixture.request().has_parameter("b"));
  CHECK_FALSE(fixture.request().has_parameter("c"));
}

TEST_CASE("a body of another type is no form") {
  CHECK(Fixture("", "a=1", "text/plain").all().empty());
  CHECK(Fixture("", "a=1", "application/x-www-form-urlencodedX").all().empty());
  CHECK(Fixture("", "a=1", "Application/X-WWW-Form-URLencoded ; charset=UTF-8").all() ==
        Pairs{{"a", "1"}});
}

TEST_CASE("more parameters than 1000, of query and form together, are refused") {
  const auto pairs = [](int count) {
    std::string text;
    for (int i = 0; i < count; ++i) text += "a&&";
    return text;
  };
  const std::string half = pairs(500), more = pairs(501), all = pairs(1000);
  const std::string over = all + "a";
  CHECK(Fixture(half, half).all().size() == 1000);
  CHECK(Fixture(all).request().parameters("a").size() == 1000);
  CHECK(Fixture(half, more, "text/plain").all().size() == 500);
  for (Fixture fixture : {Fixture(half, more), Fixture(more, half), Fixture("", over)}) {
    margay::Request request = fixture.request();
    CHECK_THROWS_AS(request.parameter("a"), margay::StatusError);
    CHECK_THROWS_AS(request.parameters("a"), margay::StatusError);
    CHECK_THROWS_AS(request.has_parameter("a"), margay::StatusError);
    CHECK_THROWS_AS(fixture.all(), margay::StatusError);
  }
}
