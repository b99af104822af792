// The languages that a client wants (RFC 9110 section 12.5.4), and the best of those there are.
#pragma once

#include <algorithm>
#include <initializer_list>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include <margay/media_type.h>
#include <margay/request.h>
#include <margay/text.h>

namespace margay {

namespace detail {

struct LanguageRange {
  std::string_view tag;  // or "*"
  int weight;            // thousandths; 0: not this one
};

constexpr bool is_language_range(std::string_view tag) {
  std::size_t length = 0;
  for (const char c : tag) {
    const bool is_alphanumeric =
        (lower(c) >= 'a' && lower(c) <= 'z') || (c >= '0' && c <= '9') || tag == "*";
    if (!is_alphanumeric && (c != '-' || length == 0)) return false;
    length = c == '-' ? 0 : length + 1;
    if (length > 8) return false;
  }
  return length != 0;
}

// All ranges, the heaviest first and else as the client has them. What is malformed says nothing.
inline std::vector<LanguageRange> language_ranges(const Request& request) {
  std::vector<LanguageRange> ranges;
  for (const margay_field& field : request.headers()) {
    if (view(field.name) != "accept-language") continue;
    std::string_view list = view(field.value);
    while (!list.empty()) {
      const auto comma = list.find(',');
      const std::string_view member = list.substr(0, comma);
      list = comma == list.npos ? std::string_view{} : list.substr(comma + 1);
      const std::string_view tag = trimmed(member.substr(0, member.find(';')));
      const int weight = weight_of(member);
      if (is_language_range(tag) && weight >= 0) ranges.push_back({tag, weight});
    }
  }
  std::stable_sort(ranges.begin(), ranges.end(),
                   [](const auto& a, const auto& b) { return a.weight > b.weight; });
  return ranges;
}

// Whether `tag` is `range`, or more exactly what that says: "de-AT" for "de" (RFC 4647
// section 3.3.1).
inline bool is_within(std::string_view tag, std::string_view range) {
  return same_ignoring_case(tag.substr(0, range.size()), range) &&
         (tag.size() == range.size() || tag[range.size()] == '-');
}

// Of the ranges that name `tag`, the longest decides, as it does for media types.
inline bool is_refused(std::string_view tag, std::span<const LanguageRange> ranges) {
  const LanguageRange* closest = nullptr;
  for (const LanguageRange& one : ranges) {
    const bool names = one.tag == "*" || is_within(tag, one.tag);
    const auto length = [](const LanguageRange& its) {
      return its.tag == "*" ? 0 : its.tag.size();
    };
    if (names && (closest == nullptr || length(one) > length(*closest))) closest = &one;
  }
  return closest != nullptr && closest->weight == 0;
}

}  // namespace detail

// Language tags as the client has written them, the one it wants most first; those of weight 0 and
// "*" are left out. Empty when it does not say. Servlet's getLocales. The views are the request's.
inline std::vector<std::string_view> locales(const Request& request) {
  std::vector<std::string_view> tags;
  for (const auto& range : detail::language_ranges(request))
    if (range.weight != 0 && range.tag != "*") tags.push_back(range.tag);
  return tags;
}

// Which of `supported` the client wants most: for each of its languages in order the same tag, then
// a shorter one ("de" for "de-AT", RFC 4647 section 3.4), then a longer one ("de-AT" for "de").
// `otherwise` when there is none, or it does not say. Answers that depend on it have a
// `Vary: Accept-Language`.
inline std::string_view best_locale(const Request& request,
                                    std::span<const std::string_view> supported,
                                    std::string_view otherwise) {
  const auto ranges = detail::language_ranges(request);
  const auto first = [&](auto&& fits) -> std::string_view {
    for (const std::string_view tag : supported)
      if (fits(tag) && !detail::is_refused(tag, ranges)) return tag;
    return {};
  };
  for (const auto& range : ranges) {
    if (range.weight == 0) break;
    std::string_view found;
    if (range.tag == "*") found = first([](std::string_view) { return true; });
    for (std::string_view tag = range.tag; found.empty() && !tag.empty();) {
      found = first([&](std::string_view one) { return detail::same_ignoring_case(one, tag); });
      const auto dash = tag.rfind('-');
      tag = tag.substr(0, dash == tag.npos ? 0 : dash);
      // A single letter introduces what follows it, and goes with it.
      if (tag.size() > 1 && tag[tag.size() - 2] == '-') tag.remove_suffix(2);
    }
    if (found.empty())
      found = first([&](std::string_view one) { return detail::is_within(one, range.tag); });
    if (!found.empty()) return found;
  }
  return otherwise;
}
inline std::string_view best_locale(const Request& request,
                                    std::initializer_list<std::string_view> supported,
                                    std::string_view otherwise) {
  return best_locale(request, std::span(supported.begin(), supported.size()), otherwise);
}

}  // namespace margay
