// Files that are there compressed as well, beside themselves: app.js and app.js.br.
#include "endpoints/precompressed.h"

#include <margay/config.h>

#include <algorithm>
#include <array>
#include <span>

namespace endpoints {

std::vector<Encoding> parse_encodings(std::string_view list) {
  std::vector<Encoding> encodings;
  if (list == "false" || list.empty()) return encodings;
  if (list == "true") list = "br=.br,gzip=.gz";
  while (!list.empty()) {
    const std::string_view member = margay::detail::next_member(list);
    const auto equals = member.find('=');
    const std::string_view ending =
        equals == member.npos ? std::string_view{} : member.substr(equals + 1);
    if (equals == 0 || ending.size() < 2 || ending.front() != '.' ||
        ending.find('/') != ending.npos || encodings.size() == margay::kMostEncodings)
      throw margay::ConfigError("precompressed",
                                "'precompressed' is true, false, or a list of at most 8 encodings "
                                "and endings of files, as in br=.br,gzip=.gz");
    encodings.push_back({std::string(member.substr(0, equals)), std::string(ending)});
  }
  return encodings;
}

std::size_t choose_encoding(const margay::Request& request, const std::vector<Encoding>& encodings,
                            unsigned there) {
  std::array<std::string_view, margay::kMostEncodings> names;
  std::transform(encodings.begin(), encodings.end(), names.begin(),
                 [](const Encoding& one) { return std::string_view(one.name); });
  return margay::choose_encoding(request, std::span(names).first(encodings.size()), there);
}

}  // namespace endpoints
