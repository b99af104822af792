// The answer to the key of a WebSocket handshake.
#include "server/websocket/accept_key.h"

#include <doctest/doctest.h>

TEST_CASE("the accept key is that of RFC 6455 section 1.3") {
  CHECK(server::websocket::accept_key("dGhlIHNhbXBsZSBub25jZQ==") ==
        "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
}

TEST_CASE("base64 is that of RFC 4648 section 10") {
  const auto encoded = [](std::string_view text) {
    return server::websocket::base64(
        {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
  };
  CHECK(encoded("") == "");
  CHECK(encoded("f") == "Zg==");
  CHECK(encoded("fo") == "Zm8=");
  CHECK(encoded("foo") == "Zm9v");
  CHECK(encoded("foob") == "Zm9vYg==");
  CHECK(encoded("fooba") == "Zm9vYmE=");
  CHECK(encoded("foobar") == "Zm9vYmFy");
}
