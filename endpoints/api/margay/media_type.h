// Media types: what a body is, and what a client accepts (RFC 9110 sections 8.3.1 and 12.5.1).
#pragma once

#include <optional>
#include <string_view>

#include <margay/request.h>
#include <margay/text.h>

namespace margay::detail {

// "text/html", or a range such as "text/*" or "application/*+json". Parameters are left out.
struct MediaRange {
  std::string_view type, subtype;
};

// {} for what is none. The views are into `text`.
constexpr std::optional<MediaRange> media_range(std::string_view text) {
  text = trimmed(text.substr(0, text.find(';')));
  const auto slash = text.find('/');
  if (slash == text.npos) return std::nullopt;
  const MediaRange range{text.substr(0, slash), text.substr(slash + 1)};
  if (range.type.empty() || range.subtype.empty() || range.subtype.find('/') != text.npos)
    return std::nullopt;
  if (range.type == "*" && range.subtype != "*") return std::nullopt;
  return range;
}

constexpr bool is_wild(MediaRange range) { return range.subtype.find('*') != range.subtype.npos; }

// How exactly a range names a type: 0 not at all, 1 as */*, 2 as text/*, 3 as application/*+json, 4
// itself.
constexpr int closeness(MediaRange range, MediaRange type) {
  if (range.type == "*") return 1;
  if (!same_ignoring_case(range.type, type.type)) return 0;
  if (range.subtype == "*") return 2;
  if (range.subtype.starts_with("*+")) {
    const std::string_view suffix = range.subtype.substr(1);
    return type.subtype.size() > suffix.size() &&
                   same_ignoring_case(type.subtype.substr(type.subtype.size() - suffix.size()),
                                      suffix)
               ? 3
               : 0;
  }
  return same_ignoring_case(range.subtype, type.subtype) ? 4 : 0;
}

// The weight of one member of Accept in thousandths (RFC 9110 section 12.4.2); -1 when malformed.
constexpr int weight_of(std::string_view member) {
  for (auto at = member.find(';'); at != member.npos; at = member.find(';')) {
    member = member.substr(at + 1);
    const std::string_view parameter = trimmed(member.substr(0, member.find(';')));
    if (parameter.size() < 2 || lower(parameter[0]) != 'q' || parameter[1] != '=') continue;
    const std::string_view text = parameter.substr(2);
    if (text.empty() || text.size() > 5 || (text[0] != '0' && text[0] != '1')) return -1;
    if (text.size() > 1 && text[1] != '.') return -1;
    int weight = (text[0] - '0') * 1000;
    int unit = 100;
    for (const char c : text.substr(text.size() < 2 ? text.size() : 2)) {
      if (c < '0' || c > '9') return -1;
      weight += (c - '0') * unit;
      unit /= 10;
    }
    return weight <= 1000 ? weight : -1;
  }
  return 1000;
}

// The weight which one Accept field gives to a type, by its closest range; `closest` is how close
// the fields before came. Members that are malformed say nothing.
constexpr int weight_in(std::string_view accept, MediaRange type, int& closest, int weight) {
  while (!accept.empty()) {
    const auto comma = accept.find(',');
    const std::string_view member = accept.substr(0, comma);
    accept = comma == accept.npos ? std::string_view{} : accept.substr(comma + 1);
    const auto range = media_range(member);
    const int its = weight_of(member);
    if (!range || its < 0) continue;
    const int close = closeness(*range, type);
    if (close < closest || close == 0) continue;
    weight = close == closest && weight > its ? weight : its;
    closest = close;
  }
  return weight;
}

// How much the client wants `type`, in thousandths; 0: it does not take it. Without an Accept field
// it takes all.
inline int accepted(const Request& request, MediaRange type) {
  bool asked = false;
  int closest = 0;
  int weight = 0;
  for (const margay_field& field : request.headers()) {
    if (view(field.name) != "accept" || trimmed(view(field.value)).empty()) continue;
    asked = true;
    weight = weight_in(view(field.value), type, closest, weight);
  }
  return asked ? weight : 1000;
}

}  // namespace margay::detail
