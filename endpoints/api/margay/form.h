// application/x-www-form-urlencoded: query strings and form bodies, read where they lie; and paths
// as references.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace margay::detail {

inline int hexadecimal(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  const char lower = static_cast<char>(c | 0x20);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

// '+' is a space; a bad escape stays as it is. The bytes are whatever the client escaped: not
// necessarily UTF-8, and NUL is possible.
inline std::string form_decode(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size() && hexadecimal(text[i + 1]) >= 0 &&
        hexadecimal(text[i + 2]) >= 0) {
      out += static_cast<char>(hexadecimal(text[i + 1]) * 16 + hexadecimal(text[i + 2]));
      i += 2;
    } else {
      out += text[i] == '+' ? ' ' : text[i];
    }
  }
  return out;
}

// Calls `each(raw name, raw value)` for each pair until it answers false. Empty pairs are skipped.
template <class Each>
bool each_pair(std::string_view form, Each&& each) {
  while (!form.empty()) {
    const auto end = form.find('&');
    const std::string_view pair = form.substr(0, end);
    form = end == form.npos ? std::string_view{} : form.substr(end + 1);
    if (pair.empty()) continue;
    const auto equals = pair.find('=');
    const std::string_view value =
        equals == pair.npos ? std::string_view{} : pair.substr(equals + 1);
    if (!each(pair.substr(0, equals), value)) return false;
  }
  return true;
}

// Percent-encodes what is not among `others`, unreserved characters aside (RFC 3986 section 2).
inline std::string percent_encode(std::string_view text, std::string_view others) {
  constexpr std::string_view kUnreserved =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    if (kUnreserved.find(c) != kUnreserved.npos || others.find(c) != others.npos) {
      out += c;
      continue;
    }
    const auto code = static_cast<unsigned char>(c);
    out += '%';
    out += kDigits[code >> 4U];
    out += kDigits[code & 15U];
  }
  return out;
}

// A path, or a name in one, as a reference (RFC 3986 section 3.3).
inline std::string path_encode(std::string_view path) {
  return percent_encode(path, "!$&'()*+,=@:/");
}

// Whether a query and a form have more pairs than `most` together; any number below 0 is no limit.
// Looks at no byte of what is too short for it.
inline bool has_too_many_pairs(std::string_view query, std::string_view form, std::int64_t most) {
  if (most < 0 || static_cast<std::int64_t>(query.size() + form.size()) < 2 * most) return false;
  std::int64_t count = 0;
  const auto counts = [&](std::string_view, std::string_view) { return ++count <= most; };
  return !(each_pair(query, counts) && each_pair(form, counts));
}

inline bool same_form_name(std::string_view raw, std::string_view name) {
  return raw == name || (raw.find_first_of("%+") != raw.npos && form_decode(raw) == name);
}

}  // namespace margay::detail
