// Parts of a file (RFC 9110 section 14).
#include "endpoints/byte_ranges.h"

#include <margay/text.h>

#include <algorithm>
#include <charconv>
#include <limits>
#include <optional>

namespace endpoints {

namespace {

constexpr std::size_t kMostRanges = 32;
constexpr std::size_t kMostOverlaps = 2;
constexpr std::string_view kUnit = "bytes=";

bool has_unit(std::string_view field) {
  return margay::detail::same_ignoring_case(field.substr(0, kUnit.size()), kUnit);
}

// A number too large for us is larger than any file.
std::optional<std::uint64_t> number(std::string_view text) {
  if (text.empty() || text.find_first_not_of("0123456789") != text.npos) return std::nullopt;
  std::uint64_t value = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), value);
  if (parsed.ec == std::errc::result_out_of_range) return std::numeric_limits<std::uint64_t>::max();
  return value;
}

// A range beyond the end has size 0; nothing: it is malformed.
std::optional<ByteRange> parse_range(std::string_view text, std::uint64_t size) {
  const auto dash = text.find('-');
  if (dash == text.npos) return std::nullopt;
  const std::string_view from = text.substr(0, dash);
  const auto last = number(text.substr(dash + 1));
  if (from.empty()) {  // the last so many
    if (!last) return std::nullopt;
    const std::uint64_t count = std::min(*last, size);
    return ByteRange{size - count, count};
  }
  const auto first = number(from);
  if (!first || (!last && dash + 1 != text.size()) || (last && *last < *first)) return std::nullopt;
  if (*first >= size) return ByteRange{size, 0};
  const std::uint64_t end = last && *last < size ? *last + 1 : size;
  return ByteRange{*first, end - *first};
}

std::size_t overlaps(std::vector<ByteRange> parts) {
  std::sort(parts.begin(), parts.end(),
            [](const ByteRange& one, const ByteRange& other) { return one.first < other.first; });
  std::size_t count = 0;
  std::uint64_t end = 0;
  for (const ByteRange& part : parts) {
    if (part.first < end) ++count;
    end = std::max(end, part.first + part.size);
  }
  return count;
}

}  // namespace

ByteRanges parse_ranges(std::string_view field, std::uint64_t size) {
  ByteRanges ranges;
  if (size == 0 || (field.find('=') != field.npos && !has_unit(field))) return ranges;
  ranges.kind = ByteRanges::Kind::not_satisfied;
  if (!has_unit(field)) return ranges;
  std::string_view rest = field.substr(kUnit.size());
  std::size_t count = 0;
  while (!rest.empty()) {
    const auto comma = rest.find(',');
    const std::string_view text = margay::detail::trimmed(rest.substr(0, comma));
    rest = comma == rest.npos ? std::string_view{} : rest.substr(comma + 1);
    if (text.empty()) continue;
    const auto part = parse_range(text, size);
    if (!part || ++count > kMostRanges) return ranges;
    if (part->size != 0) ranges.parts.push_back(*part);
  }
  if (!ranges.parts.empty() && overlaps(ranges.parts) <= kMostOverlaps)
    ranges.kind = ByteRanges::Kind::parts;
  return ranges;
}

}  // namespace endpoints
