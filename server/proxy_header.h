// What a proxy says of the client in front of everything else: HAProxy's PROXY protocol, versions 1
// and 2 (its proxy-protocol.txt).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "server/address.h"

namespace server {

struct ProxyHeader {
  static constexpr std::size_t kMostText = 107;     // of version 1, with its CR LF
  static constexpr std::size_t kMostBinary = 4096;  // of version 2, with its TLVs

  enum class State : std::uint8_t {
    partial,  // so far it could be one
    complete,
    absent,     // the bytes begin otherwise
    malformed,  // `trouble` says how
  };
  State state = State::partial;
  std::size_t size = 0;  // where the bytes behind it begin
  // Not known where the connection is the proxy's own (LOCAL), or where the client is none of IP's
  // (UNKNOWN, UNSPEC, UNIX).
  Address source, destination;
  const char* trouble = "";  // what stands behind "its PROXY header"
};

// Reads the header that begins `bytes`, which are all that have come. A checksum (PP2_TYPE_CRC32C)
// is verified; other TLVs must fit their lengths and are passed over.
ProxyHeader read_proxy_header(std::string_view bytes);

}  // namespace server
