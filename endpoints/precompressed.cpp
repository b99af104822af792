// Files that are there compressed as well, beside themselves: app.js and app.js.br.
#include "endpoints/precompressed.h"

#include <margay/config.h>
#include <margay/media_type.h>

#include <array>

namespace endpoints {

namespace {

constexpr std::size_t kMostEncodings = 8;

std::string_view next_member(std::string_view& list) {
  const auto comma = list.find(',');
  const std::string_view member = margay::detail::trimmed(list.substr(0, comma));
  list = comma == list.npos ? std::string_view{} : list.substr(comma + 1);
  return member;
}

}  // namespace

std::vector<Encoding> parse_encodings(std::string_view list) {
  std::vector<Encoding> encodings;
  if (list == "false" || list.empty()) return encodings;
  if (list == "true") list = "br=.br,gzip=.gz";
  while (!list.empty()) {
    const std::string_view member = next_member(list);
    const auto equals = member.find('=');
    const std::string_view ending =
        equals == member.npos ? std::string_view{} : member.substr(equals + 1);
    if (equals == 0 || ending.size() < 2 || ending.front() != '.' ||
        ending.find('/') != ending.npos || encodings.size() == kMostEncodings)
      throw margay::ConfigError("precompressed",
                                "'precompressed' is true, false, or a list of at most 8 encodings "
                                "and endings of files, as in br=.br,gzip=.gz");
    encodings.push_back({std::string(member.substr(0, equals)), std::string(ending)});
  }
  return encodings;
}

std::size_t choose_encoding(const margay::Request& request, const std::vector<Encoding>& encodings,
                            unsigned there) {
  std::array<int, kMostEncodings> weights;
  weights.fill(-1);  // not named
  int others = 0, identity = -1;
  for (const margay_field& field : request.headers()) {
    if (margay::view(field.name) != "accept-encoding") continue;
    for (std::string_view list = margay::view(field.value); !list.empty();) {
      const std::string_view member = next_member(list);
      const std::string_view name = margay::detail::trimmed(member.substr(0, member.find(';')));
      const int weight = margay::detail::weight_of(member);
      if (weight < 0) continue;
      if (name == "*") others = weight;
      if (margay::detail::same_ignoring_case(name, "identity")) identity = weight;
      for (std::size_t i = 0; i < encodings.size(); ++i)
        if (margay::detail::same_ignoring_case(name, encodings[i].name)) weights[i] = weight;
    }
  }
  std::size_t best = kIdentity;
  int most = identity < 0 ? 0 : identity;  // one that is as good is taken: it is smaller
  for (std::size_t i = 0; i < encodings.size(); ++i) {
    const int weight = weights[i] < 0 ? others : weights[i];
    if ((there >> i & 1U) == 0 || weight == 0) continue;
    if (weight > most || (weight == most && best == kIdentity)) {
      best = i;
      most = weight;
    }
  }
  return best;
}

}  // namespace endpoints
