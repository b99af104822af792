// Answers that a client may have already: ETag, Last-Modified and 304 (RFC 9110 section 13).
#pragma once

#include <array>
#include <chrono>
#include <cstdio>
#include <optional>
#include <string>
#include <string_view>

#include <margay/cookie.h>
#include <margay/request.h>
#include <margay/response.h>

namespace margay {

using LastModified = std::chrono::sys_seconds;

namespace detail {

// A date of HTTP in any of its three forms (RFC 9110 section 5.6.7), or {}.
inline std::optional<LastModified> http_date(std::string_view field) {
  const std::string text(field.substr(0, 64));
  int day = 0, year = 0, hour = 0, minute = 0, second = 0;
  std::array<char, 4> name{};
  const auto six = [&](const char* form) {
    return std::sscanf(text.c_str(), form, &day, name.data(), &year, &hour, &minute, &second) == 6;
  };
  if (!six("%*3s, %2d %3s %4d %2d:%2d:%2d GMT") &&
      !six("%*[A-Za-z], %2d-%3s-%2d %2d:%2d:%2d GMT") &&
      std::sscanf(text.c_str(), "%*3s %3s %2d %2d:%2d:%2d %4d", name.data(), &day, &hour, &minute,
                  &second, &year) != 6)
    return std::nullopt;
  if (year < 100) year += year < 70 ? 2000 : 1900;
  constexpr std::string_view kMonths = "JanFebMarAprMayJunJulAugSepOctNovDec";
  const auto month = kMonths.find(name.data());
  if (month == kMonths.npos || month % 3 != 0 || hour > 23 || minute > 59 || second > 60)
    return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year{year},
                                         std::chrono::month{static_cast<unsigned>(month) / 3 + 1},
                                         std::chrono::day{static_cast<unsigned>(day)}};
  if (!date.ok()) return std::nullopt;
  return std::chrono::sys_days{date} + std::chrono::hours{hour} + std::chrono::minutes{minute} +
         std::chrono::seconds{second};
}

// All lines of a field that is a list, as one (RFC 9110 section 5.3).
inline std::string whole_list(const Request& request, std::string_view name) {
  std::string list;
  for (const margay_field& field : request.headers())
    if (view(field.name) == name) list.append(list.empty() ? "" : ", ").append(view(field.value));
  return list;
}

struct TagSearch {
  bool well_formed = false;
  bool found = false;
};

// Looks for `etag` in a list of entity tags, or for `exists` where it is "*" (RFC 9110 section
// 8.8.3). Compared strongly, a weak tag is like no other (section 8.8.3.2).
inline TagSearch look_for_tag(std::string_view list, std::string_view etag, bool exists,
                              bool strongly) {
  if (trimmed(list) == "*") return {true, exists};
  const bool weak = etag.starts_with("W/");
  const std::string_view opaque = weak ? etag.substr(2) : etag;
  TagSearch search;
  std::size_t at = 0;
  const auto skip = [&](std::string_view letters) {
    while (at < list.size() && letters.find(list[at]) != letters.npos) ++at;
  };
  for (skip(" \t,"); at < list.size(); skip(" \t,")) {
    const bool its_weak = list.substr(at, 2) == "W/";
    if (its_weak) at += 2;
    const std::size_t begin = at;
    if (at == list.size() || list[at++] != '"') return {false, search.found};
    const auto is_letter = [](char letter) {
      const auto code = static_cast<unsigned char>(letter);
      return code == 0x21 || (code >= 0x23 && code != 0x7f);
    };
    while (at < list.size() && is_letter(list[at])) ++at;
    if (at == list.size() || list[at++] != '"') return {false, search.found};
    if (list.substr(begin, at - begin) == opaque && !(strongly && (weak || its_weak)))
      search.found = true;
    search.well_formed = true;
    skip(" \t");
    if (at < list.size() && list[at] != ',') return {false, search.found};
  }
  return search;
}

}  // namespace detail

// Call it before the work. It sets ETag and Last-Modified; true: the client has this already, or
// (for other methods than GET and HEAD) has changed something else than it believes; 304 or 412 is
// answered and nothing is left to do. `etag` has its quotes, as in "\"v7\"" or "W/\"v7\""; "":
// none. Throws as Response::header does.
inline bool check_not_modified(Request& request, Response& response, std::string_view etag,
                               std::optional<LastModified> modified = {}) {
  const bool reads = request.method() == "GET" || request.method() == "HEAD";
  const auto since = [&](std::string_view name) {
    return modified ? detail::http_date(request.header(name)) : std::optional<LastModified>{};
  };
  const auto finds = [&](std::string_view name, bool strongly) {
    const bool exists = !etag.empty() || modified;
    return detail::look_for_tag(detail::whole_list(request, name), etag, exists, strongly).found;
  };
  bool failed = false;  // in the order of RFC 9110 section 13.2.2
  if (request.has_header("if-match"))
    failed = !finds("if-match", true);
  else if (const auto unmodified = since("if-unmodified-since"))
    failed = *modified > *unmodified;
  bool fresh = false;
  if (!failed && request.has_header("if-none-match"))
    fresh = finds("if-none-match", false);
  else if (const auto known = since("if-modified-since"); !failed && reads && known)
    fresh = *modified <= *known;
  if (failed || (fresh && !reads)) {
    response.send_error(412, "It has changed meanwhile.");
    return true;
  }
  if (!etag.empty()) response.header("ETag", etag);
  if (modified) response.header("Last-Modified", detail::cookie_date(*modified));
  if (fresh) response.status(304).finish();
  return fresh;
}

}  // namespace margay
