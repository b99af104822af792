// SHA-256 by the examples of its standard, however the bytes are cut.
#include "endpoints/sha256.h"

#include <doctest/doctest.h>

#include <string>

namespace endpoints {
namespace {

std::string hex(const Sha256::Digest& digest) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  for (const std::uint8_t byte : digest) {
    text += kDigits[byte >> 4U];
    text += kDigits[byte & 15U];
  }
  return text;
}
std::string hash(std::string_view bytes, std::size_t piece = std::string_view::npos) {
  Sha256 hash;
  for (; bytes.size() > piece; bytes.remove_prefix(piece)) hash.add(bytes.substr(0, piece));
  hash.add(bytes);
  return hex(hash.finish());
}

}  // namespace

TEST_CASE("the examples of FIPS 180-4") {
  CHECK(hash("") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  CHECK(hash("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  CHECK(hash("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq") ==
        "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  CHECK(hash(std::string(1'000'000, 'a')) ==
        "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST_CASE("a hash does not depend on how its bytes are cut") {
  for (const std::size_t size : {55U, 56U, 63U, 64U, 65U, 119U, 120U, 200U}) {
    const std::string bytes(size, 'x');
    for (std::size_t piece = 1; piece < 130; ++piece) CHECK(hash(bytes, piece) == hash(bytes));
  }
}

}  // namespace endpoints
