// Content codings: which of those that are there a client likes best (RFC 9110 section 12.5.3).
#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <string_view>

#include <margay/media_type.h>
#include <margay/request.h>
#include <margay/text.h>

namespace margay {

inline constexpr std::size_t kMostEncodings = 8;
inline constexpr std::size_t kIdentity = ~std::size_t{0};

namespace detail {

inline bool is_coding(std::string_view said, std::string_view name) {
  return same_ignoring_case(said, name) || (same_ignoring_case(said, "x-gzip") && name == "gzip");
}

}  // namespace detail

// Number of the encoding that the client likes best, among those that `there` has a bit for; the
// first among equals. kIdentity: it likes none as well as the plain bytes. `names` are in lower
// case, at most kMostEncodings.
inline std::size_t choose_encoding(const Request& request, std::span<const std::string_view> names,
                                   unsigned there = ~0U) {
  std::array<int, kMostEncodings> weights;
  weights.fill(-1);  // not named
  int others = 0, identity = -1;
  for (const margay_field& field : request.headers()) {
    if (view(field.name) != "accept-encoding") continue;
    for (std::string_view list = view(field.value); !list.empty();) {
      const std::string_view member = detail::next_member(list);
      const std::string_view said = detail::trimmed(member.substr(0, member.find(';')));
      const int weight = detail::weight_of(member);
      if (weight < 0) continue;
      if (said == "*") others = weight;
      if (detail::same_ignoring_case(said, "identity")) identity = weight;
      for (std::size_t i = 0; i < names.size(); ++i)
        if (detail::is_coding(said, names[i])) weights[i] = weight;
    }
  }
  std::size_t best = kIdentity;
  int most = identity < 0 ? 0 : identity;  // one that is as good is taken: it is smaller
  for (std::size_t i = 0; i < names.size(); ++i) {
    const int weight = weights[i] < 0 ? others : weights[i];
    if ((there >> i & 1U) == 0 || weight == 0) continue;
    if (weight > most || (weight == most && best == kIdentity)) {
      best = i;
      most = weight;
    }
  }
  return best;
}

}  // namespace margay
