// Text across the C contract, and the small comparisons of HTTP.
#pragma once

#include <charconv>
#include <string>
#include <string_view>

#include <margay/abi.h>

namespace margay {

inline margay_str str(std::string_view text) { return {text.data(), text.size()}; }
inline std::string_view view(margay_str text) { return {text.data, text.size}; }

namespace detail {

constexpr char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; }

inline std::string lowered(std::string_view text) {
  std::string result(text);
  for (char& c : result) c = lower(c);
  return result;
}

constexpr bool same_ignoring_case(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i)
    if (lower(a[i]) != lower(b[i])) return false;
  return true;
}

constexpr std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

// Takes the first member off a comma-separated list, without the white space around it (RFC 9110
// section 5.6.1; for members that cannot have commas inside of quotes).
constexpr std::string_view next_member(std::string_view& list) {
  const auto comma = list.find(',');
  const std::string_view member = trimmed(list.substr(0, comma));
  list = comma == list.npos ? std::string_view{} : list.substr(comma + 1);
  return member;
}

// Whether such a list has `token`, in any case; parameters behind it count for nothing.
constexpr bool has_member(std::string_view list, std::string_view token) {
  while (!list.empty()) {
    const std::string_view member = next_member(list);
    if (same_ignoring_case(trimmed(member.substr(0, member.find(';'))), token)) return true;
  }
  return false;
}

// The whole of `text` as a number, or `otherwise`.
template <class T>
T number(std::string_view text, T otherwise) {
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc{} && end == text.data() + text.size() ? value : otherwise;
}

}  // namespace detail
}  // namespace margay
