// RFC 9218: which of several answers goes first.
#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "tests/support/h2_client.h"
#include "tests/support/small_server.h"

// NOLINTNEXTLINE: the words of frames are all over the tables
using namespace tests::h2;

namespace {

// The streams whose DATA came, in order, each as often as it changed.
std::string turns(Client& client) {
  std::string text;
  std::uint32_t last = 0;
  for (const Frame& one : client.take()) {
    if (one.type != kData || one.payload.empty() || one.stream == last) continue;
    last = one.stream;
    text += (text.empty() ? "" : " ") + std::to_string(last);
  }
  return text;
}

struct Site {
  Site() {
    service.answer = [](server::Exchange& exchange) {
      exchange.body().append(std::string(exchange.request.target == "/" ? 40'000 : 0, 'x'));
    };
  }
  tests::SmallService service;
};

// Answers wait for a window, all of them, until it is given.
const std::string kHold = settings({{4, 0x7fff'ffff - 65'535}});
const std::string kOpen = window_update(0, 1'000'000);

// Uses up the window of the connection, so that what is asked next competes for the rest.
void fill(Client& client) {
  client.say(kHold + get(1, {{"priority", "u=0"}}) + get(3, {{"priority", "u=0"}}));
  client.take();
}

}  // namespace

TEST_CASE("http2 priority: the field of the request, RFC 9218 section 5") {
  Site site;
  Client client(site.service);
  fill(client);
  SUBCASE("an urgent answer overtakes, a background one waits") {
    client.say(get(5, {{"priority", "u=5"}}) + get(7) + get(9, {{"priority", "u=1"}}));
    client.say(kOpen);
    const std::string heard = turns(client);
    CHECK(heard.ends_with("9 7 5"));
  }
  SUBCASE("of the same urgency, one after the other") {
    client.say(get(5) + get(7));
    client.say(kOpen);
    CHECK(turns(client).ends_with("5 7"));
  }
  SUBCASE("or by turns, when they are incremental") {
    client.say(get(5, {{"priority", "i"}}) + get(7, {{"priority", "i"}}));
    client.say(kOpen);
    CHECK(turns(client).ends_with("5 7 5 7 5 7"));
  }
  SUBCASE("PRIORITY_UPDATE changes it, section 7.1") {
    client.say(get(5) + get(7) + frame(kPriorityUpdate, 0, 0, number(7) + "u=1"));
    client.say(kOpen);
    CHECK(turns(client).ends_with("7 5"));
  }
  SUBCASE("PRIORITY_UPDATE may come before the request") {
    client.say(frame(kPriorityUpdate, 0, 0, number(7) + "u=1") + get(5) + get(7));
    client.say(kOpen);
    CHECK(turns(client).ends_with("7 5"));
  }
}

TEST_CASE("http2 priority: PRIORITY_UPDATE that breaks the rules, RFC 9218 section 7.1") {
  for (const std::string& said : {frame(kPriorityUpdate, 0, 1, number(1) + "u=12"),
                                  frame(kPriorityUpdate, 0, 0, number(0) + "u=1")}) {
    CAPTURE(said.size());
    Site site;
    Client client(site.service);
    client.say(said);
    CHECK(client.summary() == "GOAWAY:PROTOCOL_ERROR");
  }
}
