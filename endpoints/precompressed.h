// Files that are there compressed as well, beside themselves: app.js and app.js.br.
#pragma once

#include <margay/encoding.h>
#include <margay/request.h>

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace endpoints {

// A content coding and what its files' names end with.
struct Encoding {
  std::string name, extension;
};

// Tomcat's `precompressed`: "false", "true" for "br=.br,gzip=.gz", or such a list, of at most 8, in
// the server's order of preference. Throws margay::ConfigError.
std::vector<Encoding> parse_encodings(std::string_view list);

using margay::kIdentity;

// As margay::choose_encoding.
std::size_t choose_encoding(const margay::Request& request, const std::vector<Encoding>& encodings,
                            unsigned there);

}  // namespace endpoints
