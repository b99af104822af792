// Messages as values: which encoder and decoder is taken, and what becomes of bad bytes.
#include <doctest/doctest.h>

#include <optional>

#include <margay/json.h>

#include "fake_websockets.h"

namespace {

using Messages = std::vector<fake::Message>;

struct Quote {
  std::string symbol;
  double price = 0;
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Quote, symbol, price)

struct JsonQuotes {
  using Encoders = margay::Encoders<margay::Json<Quote>>;
  using Decoders = margay::Decoders<margay::Json<Quote>>;
  std::optional<Quote> on_message(const Quote& quote) {
    if (quote.symbol.empty()) return std::nullopt;
    return Quote{quote.symbol, quote.price * 2};
  }
  void on_error(margay::Session session, const std::exception& error) {
    const bool decoding = dynamic_cast<const margay::DecodeError*>(&error) != nullptr;
    session.text(decoding ? "bad json" : error.what());
  }
};

// A number, with where it came from.
struct Number {
  int value;
  std::string from;
};
struct HexNumbers {
  bool will_decode(std::string_view text) const { return text.starts_with("0x"); }
  Number decode(std::string_view text) {
    return {std::stoi(std::string(text), nullptr, 16), "hex" + std::to_string(++calls)};
  }
  int calls = 0;
};
struct DecimalNumbers {
  std::optional<Number> decode(std::string_view text) const {
    const auto value = margay::detail::convert<int>(text);
    if (!value) return std::nullopt;
    return Number{*value, "decimal"};
  }
};
struct WordNumbers {
  static Number decode(std::string_view text) {
    if (text == "boom") throw std::runtime_error("boom");
    if (text != "one") throw margay::DecodeError("not a word: " + std::string(text));
    return {1, "word"};
  }
};
struct ByteNumbers {
  Number decode(margay::Binary bytes) const { return {static_cast<int>(bytes.size()), "bytes"}; }
};
struct Other {};
struct OtherDecoder {
  Other decode(std::string_view) const { throw std::runtime_error("not asked for"); }
};

struct Base {
  std::string name;
};
struct Derived : Base {};
struct BaseEncoder {
  std::string encode(const Base& base) const { return "base " + base.name; }
};
struct DerivedEncoder {
  std::vector<std::byte> encode(const Derived&) const { return {}; }
};
struct NumberEncoder {
  // Each socket's own: it counts.
  std::vector<std::byte> encode(const Number& number) {
    return std::vector<std::byte>(static_cast<std::size_t>(number.value + ++calls), std::byte{'.'});
  }
  int calls = 0;
};

struct Numbers {
  using Decoders =
      margay::Decoders<OtherDecoder, HexNumbers, DecimalNumbers, WordNumbers, ByteNumbers>;
  using Encoders = margay::Encoders<BaseEncoder, DerivedEncoder, NumberEncoder>;
  std::string on_message(Number number) { return number.from + std::to_string(number.value); }
};
struct Derives {
  using Encoders = Numbers::Encoders;
  static constexpr auto scope = margay::Scope::shared;
  Derived on_text(std::string_view name) { return {{std::string(name)}}; }
  Number on_binary(margay::Binary) { return {1, ""}; }
};

struct Prefix {
  explicit Prefix(const margay::Config& config) : text(config.get("prefix")) {}
  std::string text;
};
struct PrefixEncoder {
  Prefix& prefix;
  std::string encode(const Base& base) const { return prefix.text + base.name; }
};
struct Prefixed {
  using Shared = Prefix;
  using Encoders = margay::Encoders<PrefixEncoder>;
  Base on_text(std::string_view text) { return {std::string(text)}; }
};

}  // namespace

TEST_CASE("JSON in and out; what is none reaches on_error and the socket stays open") {
  fake::Server server;
  fake::Endpoint endpoint(server, margay::websocket<JsonQuotes>("quotes"));
  CHECK(endpoint.type().flags == MARGAY_TAKES_TEXT);
  REQUIRE(endpoint.open(1) == MARGAY_OK);
  CHECK(endpoint.text(1, R"({"symbol":"M","price":1.5})") == MARGAY_OK);
  CHECK(endpoint.text(1, R"({"symbol":"","price":1.5})") == MARGAY_OK);
  for (const char* text : {"{", "[]", R"({"symbol":1,"price":1})", R"({"symbol":"M"})", ""})
    CHECK(endpoint.text(1, text) == MARGAY_OK);
  Messages expected{{MARGAY_TEXT, R"({"price":3.0,"symbol":"M"})"}};
  expected.resize(6, {MARGAY_TEXT, "bad json"});
  CHECK(server.socket(1).sent == expected);
  // UTF-8 was checked by the server; what encodes checks again.
  endpoint.text(1, "{\"symbol\":\"\xff\",\"price\":1}");
  CHECK(server.socket(1).sent.back().bytes == "bad json");
  endpoint.close(1, 1000);
}

TEST_CASE("decoders are asked in order, those of the type and the kind alone") {
  fake::Server server;
  fake::Endpoint endpoint(server, margay::websocket<Numbers>("numbers"));
  CHECK(endpoint.type().flags == (std::uint32_t{MARGAY_TAKES_TEXT} | MARGAY_TAKES_BINARY));
  REQUIRE(endpoint.open(1) == MARGAY_OK);
  REQUIRE(endpoint.open(2) == MARGAY_OK);
  endpoint.text(1, "0x10");
  endpoint.text(1, "0x11");
  endpoint.text(2, "0x12");
  endpoint.text(1, "12");
  endpoint.text(1, "one");
  endpoint.message(1, MARGAY_BINARY, "abc");
  CHECK(server.socket(1).sent == Messages{{MARGAY_TEXT, "hex116"},
                                          {MARGAY_TEXT, "hex217"},
                                          {MARGAY_TEXT, "decimal12"},
                                          {MARGAY_TEXT, "word1"},
                                          {MARGAY_TEXT, "bytes3"}});
  CHECK(server.socket(2).sent == Messages{{MARGAY_TEXT, "hex118"}});
  CHECK(endpoint.text(1, "two") == MARGAY_OK);
  CHECK(endpoint.text(1, "boom") == MARGAY_OK);
  CHECK(server.log == std::vector<std::string>{"not a word: two", "boom"});
  endpoint.close(1, 1000);
  endpoint.close(2, 1000);
}

TEST_CASE("the first encoder that takes the value encodes it; each socket has its own") {
  fake::Server server;
  fake::Endpoint endpoint(server, margay::websocket<Derives>("derives"));
  REQUIRE(endpoint.open(1) == MARGAY_OK);
  REQUIRE(endpoint.open(2) == MARGAY_OK);
  endpoint.text(1, "x");
  endpoint.message(1, MARGAY_BINARY, "");
  endpoint.message(1, MARGAY_BINARY, "");
  endpoint.message(2, MARGAY_BINARY, "");
  CHECK(server.socket(1).sent ==
        Messages{{MARGAY_TEXT, "base x"}, {MARGAY_BINARY, ".."}, {MARGAY_BINARY, "..."}});
  CHECK(server.socket(2).sent == Messages{{MARGAY_BINARY, ".."}});
  endpoint.close(1, 1000);
  endpoint.close(2, 1000);
}

TEST_CASE("codecs are made as handlers are: here from Shared") {
  fake::Server server;
  fake::Endpoint endpoint(server, margay::websocket<Prefixed>("prefixed"), {{"prefix", "> "}});
  REQUIRE(endpoint.open(1) == MARGAY_OK);
  endpoint.text(1, "x");
  CHECK(server.socket(1).sent == Messages{{MARGAY_TEXT, "> x"}});
  endpoint.close(1, 1000);
}
