// permessage-deflate: what is agreed on, and that what is compressed comes back within its limit.
#include "server/websocket/deflate.h"

#include <doctest/doctest.h>

#include <random>
#include <string>
#include <vector>

#include "server/websocket/deflate_terms.h"

using namespace server::websocket;

namespace {

using Mode = DeflatePolicy::Mode;

const std::string kExtension = "permessage-deflate";

// What a server answers to a field; "-" when it declines, "!" when the field is malformed.
std::string answered(std::string_view field, const DeflatePolicy& policy) {
  const auto offers = split_extensions(field);
  if (!offers.has_value()) return "!";
  const auto agreement = negotiate(*offers, policy);
  return agreement.has_value() ? agreement->answer : "-";
}

std::string inflated(Inflater& inflater, std::string_view payload, std::size_t step = 64) {
  std::string out;
  char room[2];
  for (std::size_t at = 0;;) {
    const std::string_view piece = payload.substr(at, step);
    const bool last = at + piece.size() == payload.size();
    const Inflater::Step made = inflater.inflate(piece, last, room, sizeof room);
    if (made.result == Inflater::Result::bad) return out + "|bad";
    out.append(room, made.made);
    at += made.taken;
    if (last && made.result == Inflater::Result::ok) return out;
  }
}

std::string chatter(std::size_t size, unsigned seed) {
  std::mt19937 random(seed);
  std::string text;
  while (text.size() < size) text += "user " + std::to_string(random() % 50) + " says hello; ";
  text.resize(size);
  return text;
}

}  // namespace

TEST_CASE("the list of extensions is split where its grammar says so") {
  const auto split = split_extensions(" a ; b=c, ,d;e=\"f,\\\"g\" ");
  CHECK_FALSE(split.has_value());  // a quoted value must be a token
  const auto two = split_extensions(" a ; b=c, ,d;e=\"f\\g\" ");
  REQUIRE(two.has_value());
  REQUIRE(two->size() == 2);
  CHECK((*two)[0].starts_with("a ; b=c"));
  CHECK((*two)[1].starts_with("d;e=\"f\\g\""));
  CHECK(split_extensions("")->empty());
  for (const char* bad :
       {";", "a;", "a b", "a;b=", "a;b=\"", "a;b=\"\"", "a;=c", "a;b=\"c\" d", "a/b", "a;b=c=d"})
    CHECK_MESSAGE(!split_extensions(bad).has_value(), bad);
}

TEST_CASE("a server with streams of its own for each socket answers what it can keep to") {
  const DeflatePolicy policy{.mode = Mode::dedicated};
  const std::vector<std::pair<std::string, std::string>> cases{
      {"permessage-deflate", kExtension},
      {"permessage-deflate; client_max_window_bits", kExtension},
      {"x-webkit-deflate-frame, permessage-deflate", kExtension},
      {"permessage-deflate; server_no_context_takeover",
       kExtension + "; server_no_context_takeover"},
      {"permessage-deflate; client_no_context_takeover",
       kExtension + "; client_no_context_takeover"},
      {"permessage-deflate; server_max_window_bits=9", kExtension + "; server_max_window_bits=9"},
      {"permessage-deflate; server_max_window_bits=\"10\"",
       kExtension + "; server_max_window_bits=10"},
      {"permessage-deflate; server_max_window_bits=15", kExtension + "; server_max_window_bits=15"},
      {"permessage-deflate; client_max_window_bits=10", kExtension + "; client_max_window_bits=10"},
      {"permessage-deflate; client_max_window_bits=8", kExtension + "; client_max_window_bits=8"},
      // Offers that cannot be taken, alone and before one that can.
      {"permessage-deflate; server_max_window_bits=8", "-"},
      {"permessage-deflate; server_max_window_bits=08, permessage-deflate", kExtension},
      {"permessage-deflate; server_max_window_bits=16", "-"},
      {"permessage-deflate; server_max_window_bits=7", "-"},
      {"permessage-deflate; server_max_window_bits=015", "-"},
      {"permessage-deflate; server_max_window_bits=+9", "-"},
      {"permessage-deflate; server_max_window_bits", "-"},
      {"permessage-deflate; client_max_window_bits=16", "-"},
      {"permessage-deflate; client_max_window_bits=1", "-"},
      {"permessage-deflate; server_no_context_takeover=1", "-"},
      {"permessage-deflate; client_no_context_takeover=true", "-"},
      {"permessage-deflate; unknown", "-"},
      {"permessage-deflate; server_no_context_takeover; server_no_context_takeover", "-"},
      {"permessage-deflate; server_max_window_bits=10; server_max_window_bits=10", "-"},
      {"permessage-deflate; client_max_window_bits; client_max_window_bits=10", "-"},
      {"permessage-deflate; unknown, permessage-deflate; server_max_window_bits=12",
       kExtension + "; server_max_window_bits=12"},
      {"", "-"},
      {"permessage-bzip2", "-"},
      {"permessage-deflate; server_max_window_bits=", "!"},
  };
  for (const auto& [field, expected] : cases) {
    CAPTURE(field);
    CHECK(answered(field, policy) == expected);
  }
  CHECK(answered("permessage-deflate", {.mode = Mode::off}) == "-");
}

TEST_CASE("a server keeps its windows small when its policy says so") {
  const DeflatePolicy policy{
      .mode = Mode::dedicated, .server_max_window_bits = 11, .client_max_window_bits = 12};
  CHECK(answered("permessage-deflate", policy) == kExtension + "; server_max_window_bits=11");
  CHECK(answered("permessage-deflate; client_max_window_bits", policy) ==
        kExtension + "; server_max_window_bits=11; client_max_window_bits=12");
  CHECK(answered("permessage-deflate; client_max_window_bits=10; server_max_window_bits=15",
                 policy) == kExtension + "; server_max_window_bits=11; client_max_window_bits=10");
  // The client did not offer to be bound: its window is the largest.
  const std::vector<std::string_view> offers{"permessage-deflate"};
  CHECK(negotiate(offers, policy)->terms.client_max_window_bits == 15);
}

TEST_CASE("a server that pools its streams lets no context outlive a message") {
  const DeflatePolicy policy{.mode = Mode::pooled};
  const std::string both = kExtension + "; server_no_context_takeover; client_no_context_takeover";
  CHECK(answered("permessage-deflate", policy) == both);
  CHECK(answered("permessage-deflate; client_max_window_bits", policy) == both);
  CHECK(answered("permessage-deflate; server_max_window_bits=10", policy) ==
        both + "; server_max_window_bits=10");
}

TEST_CASE("a client accepts only what it offered") {
  const DeflatePolicy dedicated{.mode = Mode::dedicated};
  CHECK(deflate_offer(dedicated) == kExtension + "; client_max_window_bits");
  CHECK(deflate_offer({.mode = Mode::off}).empty());
  const DeflatePolicy small{
      .mode = Mode::pooled, .server_max_window_bits = 12, .client_max_window_bits = 10};
  CHECK(deflate_offer(small) == kExtension +
                                    "; server_no_context_takeover; client_no_context_takeover; "
                                    "server_max_window_bits=12; client_max_window_bits=10");

  CHECK(accept_deflate(kExtension, dedicated)->client_max_window_bits == 15);
  const auto terms = accept_deflate(kExtension +
                                        "; client_max_window_bits=9; server_max_window_bits=8; "
                                        "server_no_context_takeover; client_no_context_takeover",
                                    dedicated);
  REQUIRE(terms.has_value());
  CHECK(terms->client_max_window_bits == 9);
  CHECK(terms->server_max_window_bits == 8);
  CHECK(terms->server_no_context_takeover);
  CHECK(terms->client_no_context_takeover);
  for (const std::string bad :
       {"; client_max_window_bits", "; client_max_window_bits=8", "; unknown",
        "; server_max_window_bits=16", "; server_no_context_takeover=1",
        "; server_no_context_takeover; server_no_context_takeover", ", permessage-deflate"})
    CHECK_MESSAGE(!accept_deflate(kExtension + bad, dedicated).has_value(), bad);
  CHECK_FALSE(accept_deflate("permessage-bzip2", dedicated).has_value());

  CHECK_FALSE(accept_deflate(kExtension + "; server_max_window_bits=12", small).has_value());
  CHECK_FALSE(accept_deflate(kExtension + "; server_no_context_takeover", small).has_value());
  CHECK_FALSE(
      accept_deflate(kExtension + "; server_no_context_takeover; server_max_window_bits=13", small)
          .has_value());
  const auto kept =
      accept_deflate(kExtension + "; server_no_context_takeover; server_max_window_bits=12", small);
  REQUIRE(kept.has_value());
  CHECK(kept->client_no_context_takeover);
  CHECK(kept->client_max_window_bits == 10);
}

TEST_CASE("what two ends write and read to each other fits") {
  for (const Mode mode : {Mode::pooled, Mode::dedicated})
    for (std::uint8_t server = 9; server <= 15; ++server)
      for (std::uint8_t client = 9; client <= 15; ++client) {
        const DeflatePolicy asks{
            .mode = mode, .server_max_window_bits = server, .client_max_window_bits = client};
        const auto offers = deflate_offer(asks);
        const std::vector<std::string_view> one{offers};
        const auto agreement =
            negotiate(one, {.mode = Mode::dedicated, .server_max_window_bits = 12});
        REQUIRE(agreement.has_value());
        const auto terms = accept_deflate(agreement->answer, asks);
        REQUIRE(terms.has_value());
        CHECK(terms->server_max_window_bits == std::min<int>(server, 12));
        CHECK(terms->server_max_window_bits == agreement->terms.server_max_window_bits);
        CHECK(terms->client_max_window_bits <= agreement->terms.client_max_window_bits);
      }
}

TEST_CASE("the examples of RFC 7692 section 7.2.3 inflate") {
  using namespace std::string_view_literals;
  Inflater inflater(15, true);
  CHECK(inflated(inflater, "\xf2\x48\xcd\xc9\xc9\x07\x00"sv) == "Hello");
  CHECK(inflated(inflater, "\xf2\x00\x11\x00\x00"sv) == "Hello");  // from the window
  CHECK(inflated(inflater, "\x00\x05\x00\xfa\xff\x48\x65\x6c\x6c\x6f\x00"sv) == "Hello");
  CHECK(inflated(inflater, "\xf3\x48\xcd\xc9\xc9\x07\x00\x00"sv) == "Hello");  // a final block
  CHECK(inflated(inflater, "\xf2\x00\x11\x00\x00"sv) == "Hello");              // and its window
  CHECK(inflated(inflater, "\xf2\x48\x05\x00\x00\x00\xff\xff\xca\xc9\xc9\x07\x00"sv) == "Hello");
  CHECK(inflated(inflater, "\x00"sv).empty());
  CHECK(inflated(inflater, "\xf3\x48\xcd\xc9\xc9\x07\x00"sv) == "Hello");  // without its byte

  Inflater forgetful(15, false);
  CHECK(inflated(forgetful, "\xf2\x48\xcd\xc9\xc9\x07\x00"sv) == "Hello");
  CHECK(inflated(forgetful, "\xf2\x00\x11\x00\x00"sv).ends_with("|bad"));
}

TEST_CASE("what does not inflate, or ends within a block, is bad") {
  using namespace std::string_view_literals;
  for (const std::string_view payload :
       {""sv, "\xff"sv, "\x06"sv, "\xf2\x48\xcd"sv, "\x00\x05\x00\xfa\xff\x48\x65"sv,
        "\x00\x05\x00\xfa\xfe\x48\x65\x6c\x6c\x6f\x00"sv, "\xf2\x48\xcd\xc9\xc9\x07"sv,
        // Its final block ends within the tail.
        "\xf3\xff\xff\xff\xfc\xff\xff\x07\x02"sv}) {
    for (const std::size_t step : {std::size_t{1}, std::size_t{100}}) {
      Inflater inflater(15, false);
      CHECK(inflated(inflater, payload, step).ends_with("|bad"));
      inflater.reset();
      CHECK(inflated(inflater, "\xf2\x48\xcd\xc9\xc9\x07\x00"sv, step) == "Hello");
    }
  }
}

TEST_CASE("messages survive, with and without context, at every window and level") {
  for (const bool takeover : {false, true})
    for (const int bits : {9, 12, 15})
      for (const int level : {1, 3, 6, 9}) {
        Deflater deflater(bits, level, 4);
        Inflater inflater(bits, takeover);
        std::string payload = "head";
        for (unsigned round = 0; round < 20; ++round) {
          const std::string text = chatter(round * round * 211, round);
          payload.resize(4);
          deflater.compress(text, payload, !takeover);
          CHECK(payload.starts_with("head"));
          CHECK(inflated(inflater, std::string_view(payload).substr(4), 1 + round * 7) == text);
        }
      }
}

TEST_CASE("a context makes the same message shorter, and a reset makes it stand alone") {
  Deflater deflater(15, 6, 8);
  Inflater inflater(15, true);
  const std::string text = chatter(800, 3);
  std::string first, again, alone;
  deflater.compress(text, first, false);
  deflater.compress(text, again, false);
  deflater.reset();
  deflater.compress(text, alone, false);
  CHECK(again.size() * 4 < first.size());
  CHECK(alone == first);
  CHECK(inflated(inflater, first) == text);
  CHECK(inflated(inflater, again) == text);
  CHECK(inflated(inflater, alone) == text);
  Inflater fresh(15, true);
  CHECK(inflated(fresh, alone) == text);
  // Behind an empty message too.
  std::string empty, once_more;
  deflater.compress("", empty, true);
  deflater.compress(text, once_more, false);
  CHECK(once_more == first);
}

TEST_CASE("empty messages are one byte, again and again") {
  Deflater deflater(15, 6, 8);
  Inflater inflater(15, true);
  for (int round = 0; round < 3; ++round) {
    std::string empty, text;
    deflater.compress("", empty, false);
    CHECK(empty == std::string(1, '\0'));
    CHECK(inflated(inflater, empty).empty());
    deflater.compress("some text", text, false);
    CHECK(inflated(inflater, text) == "some text");
  }
}

TEST_CASE("bytes that do not compress grow by little, whatever they are") {
  std::mt19937 random(9);
  std::string noise(100000, '\0');
  for (char& byte : noise) byte = static_cast<char>(random());
  DeflatePool pool;
  for (const std::size_t size : {1UL, 4096UL, 4097UL, 100000UL}) {
    std::string payload;
    pool.compress(noise.substr(0, size), payload, 15, 6);
    CHECK(payload.size() < size + size / 8 + 32);
    CHECK(inflated(pool.inflater(), payload, 5000) == noise.substr(0, size));
  }
}

TEST_CASE("an inflater never writes behind its room, and tells where it stopped") {
  Deflater deflater(15, 9, 8);
  std::string bomb;
  deflater.compress(std::string(1000000, 'x'), bomb, true);
  REQUIRE(bomb.size() < 2000);
  Inflater inflater(15, false);
  char room[8] = "1234567";
  std::size_t made = 0;
  std::string_view rest = bomb;
  for (int round = 0; round < 1000; ++round) {
    const Inflater::Step step = inflater.inflate(rest, true, room, 7);
    REQUIRE(step.result == Inflater::Result::full);
    REQUIRE(step.made == 7);
    rest.remove_prefix(step.taken);
    made += step.made;
  }
  CHECK(made == 7000);
  CHECK(room[7] == '\0');
}

TEST_CASE("a pool compresses each message at the level it is asked for") {
  DeflatePool pool;
  const std::string text = chatter(3000, 4);
  std::string fast, best, fast_again;
  pool.compress(text, fast, 15, 1);
  pool.compress(text, best, 15, 9);
  pool.compress(text, fast_again, 15, 1);
  CHECK(best.size() < fast.size());
  CHECK(fast_again == fast);
}

TEST_CASE("a pool frees what was not used between two trims") {
  DeflatePool pool;
  CHECK(pool.memory() == 0);
  std::string payload;
  pool.compress("text", payload, 15, 6);
  pool.compress("text", payload, 15, 1);  // the same stream
  CHECK(pool.memory() == Deflater::memory(15, 5));
  pool.compress(std::string(5000, 'a'), payload, 15, 1);
  pool.inflater();
  const std::size_t all = Deflater::memory(15, 5) + Deflater::memory(15, 8) + Inflater::memory(15);
  CHECK(pool.memory() == all);
  pool.trim();
  CHECK(pool.memory() == all);
  pool.inflater();
  pool.trim();
  CHECK(pool.memory() == Inflater::memory(15));
  pool.trim();
  CHECK(pool.memory() == 0);
  CHECK(inflated(pool.inflater(), std::string_view("\xf2\x48\xcd\xc9\xc9\x07\x00", 7)) == "Hello");
}
