#include "filters/remote_ip.h"

#include <doctest/doctest.h>

#include "filters/forwarded.h"
#include "filters/network.h"
#include "tests/filters/scene.h"

using filters::Hops;
using filters::Network;
using filters::parse_address;
using filters::RemoteIp;
using tests::Pairs;
using tests::Scene;

namespace {

bool in(const char* block, const char* address) {
  return Network::parse(block)->contains(*parse_address(address));
}

Scene through(const Pairs& parameters, const Pairs& fields, std::string peer = "127.0.0.1") {
  Scene scene;
  scene.infos = {{MARGAY_REMOTE_ADDRESS, std::move(peer)},
                 {MARGAY_SCHEME, "http"},
                 {MARGAY_SERVER_PORT, "8080"}};
  auto filter = Scene::made<RemoteIp>(parameters);
  scene.run(filter, fields);
  return scene;
}

std::string remote(Scene scene) { return scene.infos[MARGAY_REMOTE_ADDRESS]; }

}  // namespace

TEST_CASE("blocks of addresses end at their last bit") {
  CHECK(in("172.16.0.0/12", "172.31.255.255"));
  CHECK_FALSE(in("172.16.0.0/12", "172.32.0.0"));
  CHECK(in("fc00::/7", "fdff::1"));
  CHECK_FALSE(in("fc00::/7", "fe00::1"));
  CHECK(in("10.0.0.0/8", "::ffff:10.1.2.3"));
  CHECK(in("0.0.0.0/0", "1.2.3.4"));
  CHECK_FALSE(in("0.0.0.0/0", "2001:db8::1"));
  CHECK(in("::/0", "2001:db8::1"));
  for (const char* bad : {"", "10", "10.0.0.0/33", "::/129", "10.0.0.0/", "10.0.0.0/-1", "a.b"})
    CHECK_FALSE(Network::parse(bad));
}

TEST_CASE("RemoteIp: the last address that is no proxy of ours is the client's") {
  CHECK(remote(through({}, {{"x-forwarded-for", "9.9.9.9, 140.211.11.130, 192.168.0.10"}})) ==
        "140.211.11.130");
  CHECK(remote(through({}, {{"x-forwarded-for", "9.9.9.9"}, {"x-forwarded-for", "8.8.8.8:99"}})) ==
        "8.8.8.8");
  CHECK(remote(through({}, {{"x-forwarded-for", "[2001:db8::1]:80, 10.1.1.1"}})) == "2001:db8::1");
  CHECK(remote(through({}, {{"x-forwarded-for", "10.0.0.1, 10.0.0.2"}})) == "10.0.0.1");
}

TEST_CASE("RemoteIp: who is no proxy is not believed") {
  const Scene scene =
      through({}, {{"x-forwarded-for", "1.1.1.1"}, {"x-forwarded-proto", "https"}}, "203.0.113.7");
  CHECK(remote(scene) == "203.0.113.7");
  CHECK(scene.infos.at(MARGAY_SCHEME) == "http");
}

TEST_CASE("RemoteIp: behind a hop without an address nobody is believed") {
  CHECK(remote(through({}, {{"x-forwarded-for", "1.1.1.1, unknown, 10.0.0.2"}})) == "10.0.0.2");
}

TEST_CASE("RemoteIp: trusted proxies are listed, internal ones are not") {
  const Scene scene =
      through({{"trustedProxies", "198.51.100.0/24"}},
              {{"x-forwarded-for", "1.1.1.1, 198.51.100.2, 198.51.100.3, 10.0.0.1"}});
  CHECK(remote(scene) == "1.1.1.1");
  CHECK(scene.attributes.at("x-forwarded-by") == "198.51.100.2, 198.51.100.3");
}

TEST_CASE("RemoteIp: scheme and port, all proxies must say https") {
  Scene scene = through({}, {{"x-forwarded-proto", "https"}});
  CHECK(scene.infos[MARGAY_SCHEME] == "https");
  CHECK(scene.infos[MARGAY_SERVER_PORT] == "443");
  scene = through({}, {{"x-forwarded-proto", "https, http"}});
  CHECK(scene.infos[MARGAY_SCHEME] == "http");
  CHECK(scene.infos[MARGAY_SERVER_PORT] == "80");
  scene = through({}, {{"x-forwarded-proto", "https"}, {"x-forwarded-proto", "http"}});
  CHECK(scene.infos[MARGAY_SCHEME] == "http");
  scene = through({}, {{"x-forwarded-proto", ""}, {"x-forwarded-proto", "https"}});
  CHECK(scene.infos[MARGAY_SCHEME] == "https");
  scene = through({}, {});
  CHECK(scene.infos[MARGAY_SERVER_PORT] == "8080");
}

TEST_CASE("RemoteIp: host and port only from the fields that are named") {
  const Pairs fields{{"x-forwarded-host", "Shop.Example:444"}, {"x-forwarded-port", "445"}};
  CHECK(through({}, fields).infos.count(MARGAY_SERVER_NAME) == 0);
  Scene scene = through({{"hostHeader", "X-Forwarded-Host"}}, fields);
  CHECK(scene.infos[MARGAY_SERVER_NAME] == "shop.example");
  CHECK(scene.infos[MARGAY_SERVER_PORT] == "444");
  scene = through({{"hostHeader", "X-Forwarded-Host"}, {"portHeader", "X-Forwarded-Port"}}, fields);
  CHECK(scene.infos[MARGAY_SERVER_PORT] == "445");
  scene = through({{"hostHeader", "X-Forwarded-Host"}}, {{"x-forwarded-host", "a b<c>"}});
  CHECK(scene.infos.count(MARGAY_SERVER_NAME) == 0);
}

TEST_CASE("RemoteIp: Forwarded of RFC 7239, with what its own hop said of scheme and host") {
  const Pairs parameters{{"remoteIpHeader", "Forwarded"}};
  Scene scene = through(parameters, {{"forwarded",
                                      "for=6.6.6.6;host=evil, For=\"[2001:db8:cafe::17]:4711\";"
                                      "proto=https;host=\"[::1]:8443\""},
                                     {"forwarded", "for=10.1.1.1;by=_x"}});
  CHECK(remote(scene) == "2001:db8:cafe::17");
  CHECK(scene.infos[MARGAY_SCHEME] == "https");
  CHECK(scene.infos[MARGAY_SERVER_NAME] == "[::1]");
  CHECK(scene.infos[MARGAY_SERVER_PORT] == "8443");
  CHECK(remote(through(parameters, {{"forwarded", "for=1.1.1.1, for=_hidden, for=10.0.0.9"}})) ==
        "10.0.0.9");
  for (const char* bad : {"for=\"1.1.1.1", "for=\"a\\\"b\"", "for", "for=", "for=\"a\"b", "=1"})
    CHECK(through(parameters, {{"forwarded", bad}}).status == 400);
}

TEST_CASE("Forwarded: of more hops than are kept the last stay") {
  Hops hops;
  std::string list = "1.1.1.1";
  for (int i = 0; i < 40; ++i) list += ", 10.0.0." + std::to_string(i);
  hops.add_list(list);
  CHECK(hops.size() == Hops::kMost);
  CHECK(hops.from_last(0).node == "10.0.0.39");
  CHECK(hops.from_last(Hops::kMost - 1).node == "10.0.0.8");
}

TEST_CASE("RemoteIp: bad parameters are named") {
  CHECK(Scene::refusal<RemoteIp>({{"internalProxy", "::1"}}) ==
        "internalProxy|parameter 'internalProxy' is not known here; did you mean "
        "'internalProxies'?");
  CHECK(Scene::refusal<RemoteIp>({{"trustedProxies", "::1, 10\\.0"}})
            .starts_with("trustedProxies|parameter 'trustedProxies': '10\\.0' is not an address"));
  CHECK(Scene::refusal<RemoteIp>({{"httpServerPort", "0"}}).starts_with("httpServerPort|"));
}
