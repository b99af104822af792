// Throws any bytes at the reader of PROXY headers: what it says of the whole it says of no less of
// it, and never of more than is there.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "server/proxy_header.h"
#include "tests/support/fuzz_input.h"

using server::ProxyHeader;
using server::read_proxy_header;
using State = ProxyHeader::State;
using tests::require;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const ProxyHeader whole = read_proxy_header(bytes);
  if (whole.state == State::complete) {
    require(whole.size >= 15 && whole.size <= size && whole.size <= ProxyHeader::kMostBinary);
    require(whole.source.family == whole.destination.family);
    char room[46];
    whole.source.text(room);
  } else if (whole.state == State::partial) {
    require(size < ProxyHeader::kMostBinary);
  } else if (whole.state == State::malformed) {
    require(*whole.trouble != '\0');
  }
  // A beginning of it is one as long as nothing is known, and then says the same.
  bool decided = false;
  const std::size_t most = size < 300 ? size : 300;
  for (std::size_t end = 0; end <= most; ++end) {
    const ProxyHeader part = read_proxy_header(bytes.substr(0, end));
    if (part.state == State::partial) {
      require(!decided);
      continue;
    }
    require(part.state == whole.state && part.size == whole.size);
    decided = true;
  }
  return 0;
}
