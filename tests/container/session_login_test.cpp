// What a session keeps of a login, and of the request that waits for one.
#include <doctest/doctest.h>

#include <chrono>
#include <memory>

#include "container/http_session.h"

using container::HttpSession;
using container::SessionMoment;
using container::security::Login;
using container::security::LoginPointer;
using container::security::Principal;
using container::security::SavedRequest;
using namespace std::chrono_literals;

namespace {

const SessionMoment kStart{1000h};

LoginPointer login_of(const char* name) {
  return std::make_shared<const Login>(
      Login{std::make_shared<const Principal>(Principal{.name = name}), 1});
}

SavedRequest post(const char* path) {
  return {.method = "POST", .path = path, .query = "q", .fields = {}, .body = "hello"};
}

}  // namespace

TEST_CASE("a request that waits for a login is given out once, to who has logged in") {
  HttpSession session("id", {}, 60s, kStart);
  CHECK_FALSE(session.awaits_login());
  session.await_login(post("/a"), {});
  session.await_login(post("/b"), {});
  CHECK(session.awaits_login());
  CHECK(session.awaited_target() == "/b?q");
  CHECK_FALSE(session.take_awaited("", "/b", "q").has_value());
  session.log_in(login_of("ada"));
  CHECK_FALSE(session.take_awaited("", "/b", "").has_value());
  CHECK_FALSE(session.take_awaited("/b", "/rewritten", "").has_value());
  CHECK_FALSE(session.take_awaited("", "/a", "q").has_value());
  const auto taken = session.take_awaited("", "/b", "q");
  REQUIRE(taken.has_value());
  CHECK(taken->body == "hello");
  CHECK_FALSE(session.take_awaited("", "/b", "q").has_value());
  CHECK_FALSE(session.awaits_login());
}

TEST_CASE("a session is of who has logged in last, also over a logout and a restart") {
  HttpSession session("id", {}, 60s, kStart);
  CHECK(session.owner().empty());
  session.log_in(login_of("ada"));
  CHECK(session.log_out());
  CHECK(session.owner() == "ada");
  const HttpSession restored(session.record(), {}, kStart);
  CHECK(restored.login() == nullptr);
  CHECK(restored.owner() == "ada");
}

TEST_CASE("a session lives shorter while it waits for a login, and as long as usual behind it") {
  HttpSession session("id", {}, 60s, kStart);
  session.await_login(post("/a"), 20s);
  session.await_login(post("/b"), {});
  CHECK(session.max_inactive() == 20s);
  CHECK(session.record().max_inactive == 60);  // a restart forgets what it waited for
  session.log_in(login_of("ada"));
  CHECK(session.max_inactive() == 60s);

  SUBCASE("what lives shorter anyhow stays as it is") {
    HttpSession brief("id", {}, 10s, kStart);
    brief.await_login(post("/a"), 20s);
    CHECK(brief.max_inactive() == 10s);
  }
  SUBCASE("one that never ends does now") {
    HttpSession endless("id", {}, 0s, kStart);
    endless.await_login(post("/a"), 20s);
    CHECK(endless.max_inactive() == 20s);
    endless.log_in(login_of("ada"));
    CHECK(endless.max_inactive() == 0s);
  }
  SUBCASE("what the application sets meanwhile counts") {
    HttpSession set("id", {}, 60s, kStart);
    set.await_login(post("/a"), 20s);
    set.max_inactive(30s);
    set.log_in(login_of("ada"));
    CHECK(set.max_inactive() == 30s);
  }
}

TEST_CASE("a login is renewed only where it is still the same") {
  HttpSession session("id", {}, 60s, kStart);
  const LoginPointer first = login_of("ada");
  session.log_in(first);
  CHECK(session.log_out());
  CHECK_FALSE(session.log_out());
  session.renew_login(first, login_of("ada"));
  CHECK(session.login() == nullptr);
  session.log_in(first);
  const LoginPointer second = login_of("ada");
  session.renew_login(first, second);
  CHECK(session.login() == second);
}
