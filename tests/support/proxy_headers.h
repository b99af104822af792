// PROXY headers as proxies send them.
#pragma once

#include <string>

namespace tests {

inline const std::string kProxyLine = "PROXY TCP4 203.0.113.7 198.51.100.1 40000 443\r\n";

// Addresses of version 2: the same, and the like in IPv6.
inline const std::string kBinary4("\xcb\0\x71\x07\xc6\x33\x64\x01\x9c\x40\x01\xbb", 12);
inline const std::string kBinary6(
    "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x07\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01"
    "\x9c\x40\x01\xbb",
    36);

// Version 2, with `body` behind the length.
inline std::string proxy_header(unsigned command, unsigned family, const std::string& body) {
  std::string header("\r\n\r\n\0\r\nQUIT\n", 12);
  for (const std::size_t byte :
       {std::size_t{command}, std::size_t{family}, body.size() >> 8, body.size() & 0xff})
    header += static_cast<char>(static_cast<unsigned char>(byte));
  return header + body;
}

}  // namespace tests
