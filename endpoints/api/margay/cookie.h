// Cookies, both ways (RFC 6265, and RFC 6265bis for SameSite, Partitioned and the name prefixes).
#pragma once

#include <chrono>
#include <cstdio>
#include <ctime>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

#include <margay/text.h>

namespace margay {

enum class SameSite { unset, strict, lax, none };

// A cookie to be set. Defaults: for this host alone, until the browser ends, sent to the folder of
// the request's path. `value` is sent as it is: encode what a cookie cannot hold (white space,
// quotes, comma, semicolon, backslash, anything but ASCII).
struct Cookie {
  std::string name;
  std::string value;
  std::string path{};    // "" or such as "/shop"
  std::string domain{};  // "" or such as "example.org": also its subdomains
  std::optional<std::chrono::seconds> max_age{};  // 0: the browser forgets the cookie at once
  std::optional<std::chrono::system_clock::time_point> expires{};
  bool secure = false;     // only over https
  bool http_only = false;  // out of reach of scripts
  SameSite same_site = SameSite::unset;
  bool partitioned = false;  // a jar of its own under each top-level site; needs `secure`

  // Makes the browser forget a cookie; path and domain must be those it was set with.
  static Cookie removal(std::string name, std::string path = {}, std::string domain = {}) {
    return {.name = std::move(name),
            .value = {},
            .path = std::move(path),
            .domain = std::move(domain),
            .max_age = std::chrono::seconds{0}};
  }
};

namespace detail {

inline constexpr std::size_t kMaxCookie =
    4096;  // what browsers keep at least, RFC 6265 section 6.1

inline bool is_letter_or_digit(char c) {
  return (c >= '0' && c <= '9') || (lower(c) >= 'a' && lower(c) <= 'z');
}

inline bool is_token(std::string_view text) {
  for (const char c : text)
    if (!is_letter_or_digit(c) &&
        std::string_view("!#$%&'*+-.^_`|~").find(c) == std::string_view::npos)
      return false;
  return !text.empty();
}

// cookie-octets, or those in quotes (RFC 6265 section 4.1.1).
inline bool is_cookie_value(std::string_view text) {
  if (text.size() >= 2 && text.front() == '"' && text.back() == '"')
    text = text.substr(1, text.size() - 2);
  for (const char c : text)
    if (c <= ' ' || c >= 0x7f || c == '"' || c == ',' || c == ';' || c == '\\') return false;
  return true;
}

inline bool is_cookie_path(std::string_view text) {
  for (const char c : text)
    if (c < ' ' || c >= 0x7f || c == ';') return false;
  return text.empty() || text.front() == '/';
}

// Labels of letters, digits and inner hyphens between dots; no dot in front.
inline bool is_cookie_domain(std::string_view text) {
  char before = '.';
  for (const char c : text) {
    const bool at_edge = before == '.' || before == '-';
    if (!is_letter_or_digit(c) && (c == '.' ? at_edge : c != '-' || before == '.')) return false;
    before = c;
  }
  return text.empty() || is_letter_or_digit(before);
}

// IMF-fixdate (RFC 9110 section 5.6.7).
inline std::string cookie_date(std::chrono::system_clock::time_point when) {
  static constexpr const char* kDays[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  static constexpr const char* kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                            "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const std::time_t seconds = std::chrono::system_clock::to_time_t(when);
  std::tm utc{};
  ::gmtime_r(&seconds, &utc);
  char text[64];
  const int size = std::snprintf(text, sizeof text, "%s, %02d %s %04d %02d:%02d:%02d GMT",
                                 kDays[utc.tm_wday], utc.tm_mday, kMonths[utc.tm_mon],
                                 utc.tm_year + 1900, utc.tm_hour, utc.tm_min, utc.tm_sec);
  return {text, static_cast<std::size_t>(size)};
}

// What is wrong with a cookie, as a sentence; empty: nothing.
inline std::string cookie_fault(const Cookie& cookie) {
  const bool host_only = cookie.name.starts_with("__Host-");
  if (!is_token(cookie.name)) return "its name must be a token (RFC 9110 section 5.6.2)";
  if (!is_cookie_value(cookie.value))
    return "its value holds a byte that no cookie can: encode it first";
  if (!is_cookie_path(cookie.path)) return "its path must begin with '/' and have no ';'";
  if (!is_cookie_domain(cookie.domain))
    return "its domain must be a host name without a dot in front";
  if (cookie.max_age && cookie.max_age->count() < 0) return "its max_age is negative: 0 removes it";
  if (cookie.same_site == SameSite::none && !cookie.secure)
    return "browsers refuse SameSite=None without secure";
  if (cookie.partitioned && !cookie.secure) return "browsers refuse Partitioned without secure";
  if ((host_only || cookie.name.starts_with("__Secure-")) && !cookie.secure)
    return "browsers refuse its name without secure";
  if (host_only && (cookie.path != "/" || !cookie.domain.empty()))
    return "browsers refuse its name but with path '/' and no domain";
  return {};
}

// Calls `each(name, value)` for the pairs of one Cookie field; without the quotes of a value.
template <class Each>
void each_cookie(std::string_view field, Each&& each) {
  while (!field.empty()) {
    const auto end = field.find(';');
    const std::string_view pair = trimmed(field.substr(0, end));
    field = end == field.npos ? std::string_view{} : field.substr(end + 1);
    const auto equals = pair.find('=');
    if (equals == pair.npos || equals == 0) continue;
    std::string_view value = pair.substr(equals + 1);
    if (value.size() >= 2 && value.front() == '"' && value.back() == '"')
      value = value.substr(1, value.size() - 2);
    each(pair.substr(0, equals), value);
  }
}

}  // namespace detail

// The value of a Set-Cookie field. Throws std::invalid_argument with a sentence for what a browser
// would refuse or read as something else, and for more than 4096 bytes.
inline std::string to_string(const Cookie& cookie) {
  const auto refuse = [&](const std::string& why) {
    throw std::invalid_argument("cookie '" + cookie.name + "': " + why);
  };
  if (const std::string fault = detail::cookie_fault(cookie); !fault.empty()) refuse(fault);
  std::string text = cookie.name + "=" + cookie.value;
  if (!cookie.path.empty()) text += "; Path=" + cookie.path;
  if (!cookie.domain.empty()) text += "; Domain=" + cookie.domain;
  if (cookie.max_age) text += "; Max-Age=" + std::to_string(cookie.max_age->count());
  if (cookie.expires) text += "; Expires=" + detail::cookie_date(*cookie.expires);
  if (cookie.secure) text += "; Secure";
  if (cookie.http_only) text += "; HttpOnly";
  if (cookie.same_site == SameSite::strict) text += "; SameSite=Strict";
  if (cookie.same_site == SameSite::lax) text += "; SameSite=Lax";
  if (cookie.same_site == SameSite::none) text += "; SameSite=None";
  if (cookie.partitioned) text += "; Partitioned";
  if (text.size() > detail::kMaxCookie)
    refuse("longer than " + std::to_string(detail::kMaxCookie) + " bytes");
  return text;
}

}  // namespace margay
