// Reading origins, and saying what to write instead of what is none.
#include "container/config/origin_rules.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "container/config/quoted.h"
#include "container/config/suggestion.h"
#include "server/ascii.h"

namespace container {
namespace {

using server::lower;

bool equal(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return lower(x) == lower(y); });
}

bool is_letter_or_digit(char c) {
  const char small = lower(c);
  return (small >= 'a' && small <= 'z') || (c >= '0' && c <= '9');
}

bool is_scheme(std::string_view text) {
  return !text.empty() && lower(text[0]) >= 'a' && lower(text[0]) <= 'z' &&
         std::all_of(text.begin(), text.end(), [](char c) {
           return is_letter_or_digit(c) || c == '+' || c == '-' || c == '.';
         });
}

bool is_host(std::string_view text) {
  if (text.starts_with('[')) {
    return text.size() > 2 && text.ends_with(']') &&
           text.find_first_not_of("0123456789abcdefABCDEF:.", 1) == text.size() - 1;
  }
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return is_letter_or_digit(c) || c == '.' || c == '-' || c == '_';
  });
}

std::uint16_t usual_port(std::string_view scheme) {
  if (equal(scheme, "http")) return 80;
  return equal(scheme, "https") ? 443 : 0;
}

constexpr std::string_view advice = "; write same-origin, *, or an origin as https://example.org";

// Why an item is no origin that a browser would send, with one that it would.
Complaint complaint_of(std::string_view item) {
  constexpr std::array<std::string_view, 1> words{"same-origin"};
  if (const auto meant = did_you_mean(item, words); !meant.empty())
    return in_quotes(item) + " is not an origin" + meant;
  if (item == "null")
    return "'null' would allow every page, since any page can frame itself so; write '*' if that "
           "is meant";
  if (item.find('*') != std::string_view::npos)
    return in_quotes(item) + " has a '*'; write each origin in full, or '*' alone for all";
  const std::size_t colon = item.find("://");
  if (colon == std::string_view::npos) {
    const std::string whole = "https://" + std::string(item);
    if (read_origin(whole))
      return in_quotes(item) + " has no scheme; did you mean " + in_quotes(whole) + '?';
    return in_quotes(item) + " is not an origin" + std::string(advice);
  }
  const std::string_view scheme = item.substr(0, colon);
  std::string_view rest = item.substr(colon + 3);
  if (equal(scheme, "ws") || equal(scheme, "wss")) {
    const std::string page = (scheme.size() == 2 ? "http://" : "https://") + std::string(rest);
    return in_quotes(item) + " is not the origin of a page; did you mean " + in_quotes(page) + '?';
  }
  if (const std::size_t path = rest.find_first_of("/?#"); path != std::string_view::npos) {
    const std::string_view origin = item.substr(0, colon + 3 + path);
    if (read_origin(origin))
      return in_quotes(item) + " has a path, origins have none; did you mean " + in_quotes(origin) +
             '?';
  }
  if (std::any_of(rest.begin(), rest.end(), [](char c) { return (c & 0x80) != 0; }))
    return in_quotes(item) +
           " is not ASCII; write the host as browsers send it, as in xn--bcher-kva.example";
  return in_quotes(item) + " is not an origin" + std::string(advice);
}

}  // namespace

std::optional<PageOrigin> read_origin(std::string_view text) {
  PageOrigin origin;
  const std::size_t colon = text.find("://");
  if (colon == std::string_view::npos || !is_scheme(text.substr(0, colon))) return std::nullopt;
  origin.scheme = text.substr(0, colon);
  if (equal(origin.scheme, "ws")) origin.scheme = "http";
  if (equal(origin.scheme, "wss")) origin.scheme = "https";
  origin.port = usual_port(origin.scheme);
  std::string_view rest = text.substr(colon + 3);
  const std::size_t bracket = rest.starts_with('[') ? rest.find(']') : 0;
  if (const std::size_t port = rest.find(':', std::min(bracket, rest.size()));
      port != std::string_view::npos) {
    const char* const end = rest.data() + rest.size();
    const auto [stop, error] = std::from_chars(rest.data() + port + 1, end, origin.port);
    if (stop != end || error != std::errc() || origin.port == 0) return std::nullopt;
    rest = rest.substr(0, port);
  }
  if (!is_host(rest)) return std::nullopt;
  origin.host = rest;
  return origin;
}

bool operator==(const PageOrigin& a, const PageOrigin& b) {
  return a.port == b.port && equal(a.scheme, b.scheme) && equal(a.host, b.host);
}

std::optional<Complaint> OriginRules::add(std::string_view item) {
  if (item == "*") {
    all_ = true;
  } else if (item == "same-origin") {
    same_ = true;
  } else if (const bool of_socket = item.starts_with("ws:") || item.starts_with("wss:");
             of_socket || !read_origin(item)) {
    return complaint_of(item);
  } else {
    listed_.emplace_back(item);
  }
  return std::nullopt;
}

tl::expected<OriginRules, OriginFault> OriginRules::parse(std::string_view list) {
  OriginRules rules;
  rules.same_ = false;
  const std::vector<Item> items = split_list(list);
  if (items.empty()) return tl::unexpected(OriginFault{"is empty" + std::string(advice)});
  for (const Item& item : items) {
    const bool twice = std::any_of(items.data(), &item,
                                   [&](const Item& other) { return equal(other.text, item.text); });
    if (twice)
      return tl::unexpected(OriginFault{in_quotes(item.text) + " is listed twice", item.offset});
    if (auto complaint = rules.add(item.text))
      return tl::unexpected(OriginFault{std::move(*complaint), item.offset});
    if (rules.all_ && items.size() > 1)
      return tl::unexpected(OriginFault{
          "'*' allows every origin, so the others say nothing; write it alone, or leave it out",
          item.offset});
  }
  return rules;
}

bool OriginRules::allows(const PageOrigin& page, const PageOrigin& server) const {
  if (all_ || (same_ && page == server)) return true;
  return std::any_of(listed_.begin(), listed_.end(),
                     [&](const std::string& one) { return read_origin(one) == page; });
}

std::string OriginRules::text() const {
  if (all_) return "*";
  std::string text = same_ ? "same-origin" : "";
  for (const std::string& one : listed_) text += (text.empty() ? "" : ", ") + one;
  return text;
}

}  // namespace container
