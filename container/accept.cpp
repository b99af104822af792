// Reads an Accept header range by range, quoted strings and all, and keeps the best range per
// candidate.
#include "container/accept.h"

#include <algorithm>
#include <compare>
#include <cstddef>
#include <optional>

#include "server/ascii.h"

namespace container {
namespace {

// How well a candidate is covered; a greater one is preferred.
struct Cover {
  int weight = 0;  // thousandths
  int specificity = 0;
  std::ptrdiff_t nearness = 0;  // minus the position in the header

  auto operator<=>(const Cover&) const = default;
};

std::string_view trimmed(std::string_view text) {
  const auto begin = text.find_first_not_of(" \t");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

// Cuts the text before the separator off the front; a separator inside a quoted string does not
// count.
std::string_view take_until(std::string_view& text, char separator) {
  bool quoted = false;
  std::size_t at = 0;
  for (; at < text.size(); ++at) {
    if (text[at] == '"') quoted = !quoted;
    if (quoted && text[at] == '\\') ++at;
    if (!quoted && text[at] == separator) break;
  }
  at = std::min(at, text.size());
  const std::string_view taken = text.substr(0, at);
  text.remove_prefix(std::min(at + 1, text.size()));
  return trimmed(taken);
}

using server::lower;

bool same_token(std::string_view left, std::string_view right) {
  return std::equal(left.begin(), left.end(), right.begin(), right.end(),
                    [](char a, char b) { return lower(a) == lower(b); });
}

// qvalue of RFC 9110 §12.4.2 in thousandths: 0, 1, and up to three decimals.
std::optional<int> parse_weight(std::string_view text) {
  if (text.empty() || text.size() > 5 || (text[0] != '0' && text[0] != '1')) return std::nullopt;
  if (text.size() > 1 && text[1] != '.') return std::nullopt;
  int weight = text[0] == '1' ? 1000 : 0;
  int scale = 100;
  for (const char digit : text.substr(std::min<std::size_t>(2, text.size()))) {
    if (digit < '0' || digit > '9') return std::nullopt;
    weight += (digit - '0') * scale;
    scale /= 10;
  }
  return weight <= 1000 ? std::optional(weight) : std::nullopt;
}

// 1000 where no weight is given, none where it is malformed.
std::optional<int> weight_of(std::string_view parameters) {
  while (!parameters.empty()) {
    std::string_view value = take_until(parameters, ';');
    if (const auto name = take_until(value, '='); same_token(name, "q"))
      return parse_weight(trimmed(value));
  }
  return 1000;
}

// 3 for the type itself, 2 for type/*, 1 for */*, 0 where the range does not cover it.
int specificity_of(std::string_view range, std::string_view type) {
  if (range == "*/*") return 1;
  if (same_token(range, type)) return 3;
  const std::string_view family = type.substr(0, type.find('/') + 1);
  return range.ends_with("/*") && same_token(range.substr(0, range.size() - 1), family) ? 2 : 0;
}

Cover cover_of(std::string_view accept, std::string_view type) {
  Cover best;
  for (std::ptrdiff_t position = 0; !accept.empty(); ++position) {
    std::string_view parameters = take_until(accept, ',');
    const std::string_view range = take_until(parameters, ';');
    const int specificity = specificity_of(range, type);
    if (specificity <= best.specificity) continue;
    if (const auto weight = weight_of(parameters)) best = {*weight, specificity, -position};
  }
  return best;
}

}  // namespace

Preference preferred_type(std::string_view accept, std::string_view first,
                          std::string_view second) {
  if (trimmed(accept).empty()) return Preference::second;
  const Cover left = cover_of(accept, first);
  const Cover right = cover_of(accept, second);
  if (left.weight == 0 && right.weight == 0) return Preference::neither;
  return left > right ? Preference::first : Preference::second;
}

}  // namespace container
