// What the form of a login page sends, where a login leads back, and which site a request is of.
#include "container/security/form.h"

#include <doctest/doctest.h>

#include <vector>

#include "container/security/login.h"
#include "container/security/other_site.h"

using namespace container;
using namespace container::security;

namespace {

constexpr std::string_view kForm = "application/x-www-form-urlencoded";

struct Head {
  explicit Head(std::vector<server::Field> its) : fields(std::move(its)) {
    head.set_fields(fields);
  }
  std::vector<server::Field> fields;
  server::RequestHead head;
};

bool is_foreign(std::vector<server::Field> fields) {
  return comes_from_other_site(Head(std::move(fields)).head,
                               {.scheme = "https", .host = "shop.example", .port = 443});
}

server::Field field(std::string_view name, std::string_view value) { return {name, value}; }

}  // namespace

TEST_CASE("FORM: j_username and j_password, the first of each") {
  const auto read = [](std::string_view body, FormEncoding encoding = FormEncoding::utf8) {
    const auto found =
        read_login_form("Application/X-WWW-Form-URLEncoded; charset=UTF-8", body, encoding);
    return found ? found->user + "|" + found->password : std::string("nothing");
  };
  CHECK(read("j_username=ada&j_password=pw") == "ada|pw");
  CHECK(read("x=1&j_password=p%26w+d&j%5fusername=a&j_username=b") == "a|p&w d");
  CHECK(read("j_username=ada&j_password=") == "ada|");
  CHECK(read("j_username=&j_password=pw") == "nothing");
  CHECK(read("j_username=ada") == "nothing");
  CHECK(read("j_username=a%00&j_password=pw") == "nothing");
  CHECK(read("") == "nothing");
  CHECK(read("j_username=%F6&j_password=%c3%a4", FormEncoding::latin1) ==
        "\xC3\xB6|\xC3\x83\xC2\xA4");
  CHECK_FALSE(read_login_form("text/plain", "j_username=ada&j_password=pw", FormEncoding::utf8));
}

TEST_CASE("FORM: pages that are open are found by their path alone") {
  LoginConfig config;
  config.login_page = "/login?a=b";
  config.error_page = "/no.html";
  const FormRules rules(config);
  CHECK(rules.is_page("/login"));
  CHECK(rules.is_page("/no.html"));
  CHECK_FALSE(rules.is_page("/login/x"));
  CHECK_FALSE(rules.is_page("/"));
  CHECK_FALSE(rules.is_page(""));
}

TEST_CASE("FORM: the way back is a path of this host") {
  const auto target = [](std::string path, std::string query = "") {
    return SavedRequest{.method = "GET",
                        .path = std::move(path),
                        .query = std::move(query),
                        .fields = {},
                        .body = {}}
        .target();
  };
  CHECK(target("/a/b c?", "x=%20&y=?") == "/a/b%20c%3F?x=%20&y=?");
  CHECK(target("/\\evil.example/x") == "/%5Cevil.example/x");
  CHECK(target("/a\r\nb") == "/a%0D%0Ab");
}

TEST_CASE("FORM: Sec-Fetch-Site tells the site, else Origin") {
  CHECK_FALSE(is_foreign({}));
  CHECK_FALSE(is_foreign({field("sec-fetch-site", "same-origin")}));
  CHECK_FALSE(is_foreign({field("sec-fetch-site", "none")}));
  CHECK(is_foreign({field("sec-fetch-site", "same-site")}));
  CHECK(is_foreign({field("sec-fetch-site", "cross-site")}));
  CHECK(is_foreign({field("sec-fetch-site", "anything")}));
  CHECK_FALSE(is_foreign({field("origin", "https://shop.example")}));
  CHECK_FALSE(is_foreign({field("origin", "https://SHOP.example:443")}));
  CHECK(is_foreign({field("origin", "http://shop.example")}));
  CHECK(is_foreign({field("origin", "https://shop.example:444")}));
  CHECK(is_foreign({field("origin", "null")}));
  CHECK_FALSE(is_foreign({field("sec-fetch-site", "same-origin"), field("origin", "null")}));
}
