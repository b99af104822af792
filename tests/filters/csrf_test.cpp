#include "filters/csrf.h"

#include <doctest/doctest.h>

#include "tests/filters/scene.h"

using filters::Csrf;
using filters::CsrfToken;
using tests::Pairs;
using tests::Scene;

namespace {

constexpr const char* kForm = "application/x-www-form-urlencoded";

// A visitor who has seen a page of the application.
struct Visitor {
  explicit Visitor(const Pairs& parameters = {}) : filter(Scene::made<Csrf>(parameters)) {
    Scene page;
    page.asked = {"margay.csrf.token"};
    CHECK(page.run(filter, {}));
    session = page.session;
    token = page.attributes.at("margay.csrf.token");
  }
  // The status of what is sent, 200 when the endpoint would have seen it.
  int send(const Pairs& fields, std::string_view method = "POST") {
    Scene scene = prepared();
    return scene.run(filter, fields, method) ? 200 : scene.status;
  }
  int send_token(Pairs fields = {}) {
    fields.emplace_back("x-csrf-token", token);
    return send(fields);
  }
  Scene prepared() const {
    Scene scene;
    scene.session = session;
    scene.path = path;
    scene.body = body;
    scene.query = query;
    scene.infos = {{MARGAY_SCHEME, "https"},
                   {MARGAY_SERVER_NAME, "shop.example"},
                   {MARGAY_SERVER_PORT, "443"}};
    return scene;
  }

  Csrf filter;
  std::optional<tests::SceneSession> session;
  std::string token, path = "/", body, query;
};

}  // namespace

TEST_CASE("CSRF: a token shows itself under another mask each time") {
  const CsrfToken token = CsrfToken::random();
  const std::string one = token.masked(), other = token.masked();
  CHECK(one != other);
  CHECK(one.size() == CsrfToken::kShown);
  CHECK(token.matches(one));
  CHECK(token.matches(other));
  CHECK(one.find(token.text()) == std::string::npos);
  CHECK_FALSE(CsrfToken::random().matches(one));
  CHECK(CsrfToken::parse(token.text())->matches(one));
}

TEST_CASE("CSRF: what is no token does not match") {
  const CsrfToken token = CsrfToken::random();
  std::string bad = token.masked();
  bad.back() = bad.back() == '0' ? '1' : '0';
  CHECK_FALSE(token.matches(bad));
  bad.back() = 'g';
  CHECK_FALSE(token.matches(bad));
  CHECK_FALSE(token.matches({}));
  CHECK_FALSE(token.matches(token.masked() + "00"));
  CHECK_FALSE(CsrfToken::parse(token.text().substr(1)));
}

TEST_CASE("CSRF: safe methods need nothing and make no session") {
  auto filter = Scene::made<Csrf>({});
  for (const char* method : {"GET", "HEAD", "OPTIONS", "TRACE"}) {
    CAPTURE(method);
    Scene scene;
    CHECK(scene.run(filter, {}, method));
    CHECK_FALSE(scene.session);
    CHECK(scene.answer.empty());
  }
}

TEST_CASE("CSRF: other methods need the token of the session") {
  Visitor visitor;
  for (const char* method : {"POST", "PUT", "DELETE", "PATCH", "get"}) {
    CAPTURE(method);
    CHECK(visitor.send({}, method) == 403);
    CHECK(visitor.send({{"x-csrf-token", visitor.token}}, method) == 200);
  }
  CHECK(visitor.send({{"x-csrf-token", Visitor().token}}) == 403);
  visitor.session.reset();
  CHECK(visitor.send_token() == 403);
}

TEST_CASE("CSRF: a refusal says that a token is required") {
  Visitor visitor(Pairs{{"denyStatus", "400"}});
  Scene scene = visitor.prepared();
  CHECK_FALSE(scene.run(visitor.filter, {}, "POST"));
  CHECK(scene.status == 400);
  CHECK(scene.answer.at("X-CSRF-Token") == "Required");
  CHECK(scene.answer.at("Cache-Control") == "no-store");
}

TEST_CASE("CSRF: the token as form field; of multipart in the query, too") {
  Visitor visitor;
  visitor.body = "a=1&_csrf=" + visitor.token + "&b=2";
  CHECK(visitor.send({{"content-type", kForm}}) == 200);
  CHECK(visitor.send({{"content-type", std::string(kForm) + "; charset=UTF-8"}}) == 200);
  CHECK(visitor.send({{"content-type", "text/plain"}}) == 403);
  visitor.body.clear();
  visitor.query = "_csrf=" + visitor.token;
  CHECK(visitor.send({{"content-type", kForm}}) == 403);
  CHECK(visitor.send({}) == 403);
  CHECK(visitor.send({{"content-type", "multipart/form-data; boundary=x"}}) == 200);
}

TEST_CASE("CSRF: the token in a part of a multipart form, wherever that is cut") {
  Visitor visitor;
  const Pairs type{{"content-type", "Multipart/Form-Data; boundary=x"}};
  const auto part = [](const std::string& parameters, const std::string& content) {
    return "--x\r\nContent-Disposition: form-data; " + parameters + "\r\n\r\n" + content + "\r\n";
  };
  const std::string token = part("name=\"_csrf\"", visitor.token), end = "--x--\r\n";
  const std::string file = part("name=\"f\"; filename=\"f\"", std::string(10'000, '\r'));
  visitor.body = token + file + end;
  CHECK(visitor.send(type) == 200);
  for (std::size_t before = 4000; before < 4300; ++before) {
    visitor.body = part("name=\"a\"", std::string(before, 'a')) + token + end;
    CHECK(visitor.send(type) == 200);
  }
  for (const std::string& bad :
       {file + end, part("name=\"_csrf\"; filename=\"f\"", visitor.token) + end,
        part("name=\"_csrf\"", visitor.token + "0") + end,
        part("name=\"_csrf\"", "0") + token + end, part("name=\"_CSRF\"", visitor.token) + end,
        token.substr(0, token.size() - 2), "no part" + token, std::string()}) {
    CAPTURE(bad);
    visitor.body = bad;
    CHECK(visitor.send(type) == 403);
  }
  visitor.body = token + end;
  CHECK(visitor.send({{"content-type", "multipart/form-data"}}) == 403);
}

TEST_CASE("CSRF: what waited for a login is taken where its browser said that it is from here") {
  Visitor visitor;
  const auto send = [&](const Pairs& fields) {
    Scene scene = visitor.prepared();
    scene.attributes["margay.login.replayed"] = "true";
    return scene.run(visitor.filter, fields, "POST") ? 200 : scene.status;
  };
  CHECK(send({{"sec-fetch-site", "same-origin"}}) == 200);
  CHECK(send({{"origin", "https://shop.example"}}) == 200);
  CHECK(send({}) == 403);
  CHECK(send({{"sec-fetch-site", "none"}}) == 403);
  CHECK(send({{"sec-fetch-site", "same-site"}}) == 403);
  CHECK(send({{"sec-fetch-site", "cross-site"}, {"origin", "https://shop.example"}}) == 403);
  CHECK(send({{"origin", "https://evil.example"}}) == 403);
  CHECK(visitor.send({{"sec-fetch-site", "same-origin"}}) == 403);
}

TEST_CASE("CSRF: Fetch answers with a token, once a session is there with the same") {
  auto filter = Scene::made<Csrf>({});
  Scene first;
  CHECK(first.run(filter, {{"x-csrf-token", "fetch"}}));
  REQUIRE(first.session);
  const std::string token = first.answer.at("X-CSRF-Token");
  CHECK(first.answer.at("Cache-Control") == "no-store");
  Scene second;
  second.session = first.session;
  CHECK(second.run(filter, {{"x-csrf-token", "Fetch"}}));
  CHECK(second.session->attributes == first.session->attributes);
  Scene third;
  third.session = first.session;
  CHECK(third.run(filter, {{"x-csrf-token", token}}, "DELETE"));
  Scene unsafe;
  CHECK_FALSE(unsafe.run(filter, {{"x-csrf-token", "Fetch"}}, "POST"));
  CHECK_FALSE(unsafe.session);
}

TEST_CASE("CSRF: a token from before the session changed its id is worth nothing") {
  Visitor visitor;
  visitor.session->id = "2";
  CHECK(visitor.send_token() == 403);
}

TEST_CASE("CSRF: pages of other origins are refused even with the token") {
  Visitor visitor;
  CHECK(visitor.send_token({{"sec-fetch-site", "same-origin"}}) == 200);
  CHECK(visitor.send_token({{"sec-fetch-site", "none"}}) == 200);
  CHECK(visitor.send_token({{"sec-fetch-site", "cross-site"}}) == 403);
  CHECK(visitor.send_token({{"sec-fetch-site", "same-site"}}) == 403);
  CHECK(visitor.send_token({{"origin", "https://shop.example"}}) == 200);
  CHECK(visitor.send_token({{"origin", "https://shop.example:443"}}) == 200);
  CHECK(visitor.send_token({{"origin", "http://shop.example"}}) == 403);
  CHECK(visitor.send_token({{"origin", "https://shop.example.org"}}) == 403);
  CHECK(visitor.send_token({{"origin", "null"}}) == 403);
  // A page that hides its origin, and the browser's word for whose it is.
  CHECK(visitor.send_token({{"origin", "null"}, {"sec-fetch-site", "same-origin"}}) == 200);
  CHECK(visitor.send({{"sec-fetch-site", "same-origin"}}) == 403);
}

TEST_CASE("CSRF: origins that are allowed need the token as well") {
  Visitor visitor(Pairs{{"allowedOrigins", "https://a.example, https://b.example:8443"}});
  const Pairs page{{"origin", "https://b.example:8443"}, {"sec-fetch-site", "cross-site"}};
  CHECK(visitor.send_token(page) == 200);
  CHECK(visitor.send(page) == 403);
  CHECK(visitor.send_token({{"origin", "https://b.example"}, {"sec-fetch-site", "cross-site"}}) ==
        403);
}

TEST_CASE("CSRF: entry points are not checked") {
  Visitor visitor(Pairs{{"entryPoints", "/login /hooks/*"}});
  visitor.path = "/hooks/push";
  CHECK(visitor.send({{"sec-fetch-site", "cross-site"}}) == 200);
  visitor.path = "/login";
  CHECK(visitor.send({}) == 200);
  visitor.path = "/login/more";
  CHECK(visitor.send({}) == 403);
}

TEST_CASE("CSRF: other names of field and form field") {
  Visitor visitor(Pairs{{"headerName", "X-XSRF"}, {"parameterName", "nonce"}});
  CHECK(visitor.send({{"x-xsrf", visitor.token}}) == 200);
  CHECK(visitor.send_token() == 403);
  visitor.body = "nonce=" + visitor.token;
  CHECK(visitor.send({{"content-type", kForm}}) == 200);
}

TEST_CASE("CSRF: bad parameters are named") {
  CHECK(Scene::refusal<Csrf>({{"headerName", "a b"}}).starts_with("headerName|"));
  CHECK(Scene::refusal<Csrf>({{"parameterName", ""}}).starts_with("parameterName|"));
  CHECK(Scene::refusal<Csrf>({{"allowedOrigins", "https://a/b"}}).starts_with("allowedOrigins|"));
  CHECK(Scene::refusal<Csrf>({{"entryPoints", "login"}}).starts_with("entryPoints|"));
  CHECK(Scene::refusal<Csrf>({{"denyStatus", "200"}}).starts_with("denyStatus|"));
  CHECK(Scene::refusal<Csrf>({{"entryPoint", "/a"}}).ends_with("'entryPoints'?"));
}
