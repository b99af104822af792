// What the fields of a WebSocket handshake are read as.
#include "container/handshake_fields.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace container;

namespace {

struct Head {
  explicit Head(std::vector<server::Field> list) : fields(std::move(list)) { head.fields = fields; }
  std::string elements(std::string_view name) {
    std::string text;
    for (const margay_str one : list_elements(head, name, arena))
      text += "[" + std::string(one.data, one.size) + "]";
    return text;
  }

  std::vector<server::Field> fields;
  server::RequestHead head;
  server::Arena arena;
};

server::Field field(std::string_view name, std::string_view value) { return {name, value}; }

}  // namespace

TEST_CASE("several fields are one list, and quotes keep commas") {
  CHECK(Head({}).elements("a") == "");
  CHECK(Head({field("a", "x"), field("b", "no"), field("a", " y ,,z, ")}).elements("a") ==
        "[x][y][z]");
  CHECK(Head({field("a", R"(p; q="1,2", r)")}).elements("a") == R"([p; q="1,2"][r])");
  CHECK(Head({field("a", R"(p; q="\",\\", r)")}).elements("a") == R"([p; q="\",\\"][r])");
  CHECK(Head({field("a", R"(p; q="never closed, r)")}).elements("a") ==
        R"([p; q="never closed, r])");
  CHECK(Head({field("a", R"(p; q="\)")}).elements("a") == R"([p; q="\])");
  CHECK(Head({field("a", ", ,\t,")}).elements("a") == "");
}

TEST_CASE("a list is cut at its limit, over all of its fields") {
  std::string many;
  for (std::size_t i = 0; i < kMaxListElements - 1; ++i) many += "x,";
  Head head({field("a", many), field("a", "y, z"), field("a", "w")});
  CHECK(list_elements(head.head, "a", head.arena).size() == kMaxListElements);
  CHECK(head.elements("a").ends_with("[x][y]"));
}

TEST_CASE("a field that must come once is nothing when it comes twice") {
  CHECK(single_field(Head({field("k", "v"), field("l", "w")}).head, "k").empty() == false);
  CHECK(single_field(Head({field("k", "v"), field("k", "v")}).head, "k") == "");
  CHECK(single_field(Head({field("l", "v")}).head, "k") == "");
}

TEST_CASE("a key is 16 bytes in canonical Base64") {
  CHECK(is_handshake_key("dGhlIHNhbXBsZSBub25jZQ=="));
  CHECK(is_handshake_key("+/+/+/+/+/+/+/+/+/+/+w=="));
  for (const char last : std::string("AQgw"))
    CHECK(is_handshake_key("AAAAAAAAAAAAAAAAAAAAA" + std::string(1, last) + "=="));
  for (const char last : std::string("BRhx=/"))
    CHECK_FALSE(is_handshake_key("AAAAAAAAAAAAAAAAAAAAA" + std::string(1, last) + "=="));
  for (const char* wrong : {"", "AAAA", "AAAAAAAAAAAAAAAAAAAAAAAA", "AAAAAAAAAAAAAAAAAAAAAA=A",
                            "AAAAAAAAAAAAAAAAAAAAAA==A", "_AAAAAAAAAAAAAAAAAAAAA==",
                            " AAAAAAAAAAAAAAAAAAAAA==", "AAAAAAAAAA=AAAAAAAAAAA=="}) {
    CAPTURE(wrong);
    CHECK_FALSE(is_handshake_key(wrong));
  }
}
