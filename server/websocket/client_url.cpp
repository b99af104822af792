// Addresses of WebSockets, RFC 6455 section 3: what a client is told to connect to.
#include "server/websocket/client_url.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "server/ascii.h"

namespace server::websocket {

namespace {

using Failure = tl::unexpected<std::string>;

bool is_target_character(char c) { return c > ' ' && c < 0x7f; }

bool is_host_character(char c, bool bracketed) {
  if (c >= '0' && c <= '9') return true;
  if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')) return true;
  return bracketed ? c == ':' || c == '.' || c == '%' : c == '-' || c == '.' || c == '_';
}

Failure failure(std::string_view url, std::string_view what) {
  return Failure("the address '" + std::string(url) + "' " + std::string(what));
}

constexpr std::uint16_t default_port(bool secure) { return secure ? 443 : 80; }

// What stands behind "ws://".
tl::expected<Url, std::string> parse_rest(std::string_view whole, bool secure,
                                          std::string_view rest) {
  if (rest.find('#') != rest.npos)
    return failure(whole, "has a fragment, which means nothing here");
  const auto slash = std::min(rest.find_first_of("/?"), rest.size());
  const std::string_view authority = rest.substr(0, slash);
  if (authority.find('@') != authority.npos)
    return failure(whole, "names a user: send an Authorization field instead");
  Url url{.secure = secure, .host = {}, .port = default_port(secure)};
  const bool bracketed = authority.starts_with('[');
  const auto end =
      bracketed ? authority.find(']') : std::min(authority.find(':'), authority.size());
  if (end == authority.npos) return failure(whole, "lacks the ']' of its IPv6 address");
  url.host = lowered(authority.substr(bracketed ? 1 : 0, bracketed ? end - 1 : end));
  if (url.host.empty()) return failure(whole, "names no host: write ws://host:port/path, or wss");
  for (const char c : url.host)
    if (!is_host_character(c, bracketed)) return failure(whole, "has a host that is not valid");
  const std::string_view port = authority.substr(bracketed ? end + 1 : end);
  if (port.size() > 1) {
    const auto [stop, error] =
        std::from_chars(port.data() + 1, port.data() + port.size(), url.port);
    if (port[0] != ':' || error != std::errc{} || stop != port.data() + port.size() ||
        url.port == 0)
      return failure(whole, "has a port that is none: write a number from 1 to 65535");
  } else if (!port.empty() && port != ":") {
    return failure(whole, "has something behind the ']' that is no port");
  }
  url.target = rest.substr(slash);
  if (!url.target.starts_with('/')) url.target.insert(0, "/");
  if (!std::all_of(url.target.begin(), url.target.end(), is_target_character))
    return failure(whole, "has a character in its path that must be percent-encoded");
  return url;
}

// RFC 3986 section 5.2.4.
std::string without_dots(std::string_view path) {
  std::string result;
  while (!path.empty()) {
    const auto end = std::min(path.find('/', 1), path.size());
    const std::string_view segment = path.substr(0, end);
    const bool last = end == path.size();
    if (segment == "/..") {
      result.resize(std::min(result.rfind('/'), result.size()));
      if (last) result += '/';
    } else if (segment == "/.") {
      if (last) result += '/';
    } else {
      result += segment;
    }
    path.remove_prefix(end);
  }
  return result;
}

}  // namespace

std::string Url::authority() const {
  std::string text = host.find(':') == host.npos ? host : "[" + host + "]";
  if (port != default_port(secure)) text += ":" + std::to_string(port);
  return text;
}

tl::expected<Url, std::string> parse_url(std::string_view text) {
  const auto colon = text.find("://");
  const std::string scheme = colon == text.npos ? "" : lowered(text.substr(0, colon));
  if (scheme != "ws" && scheme != "wss")
    return failure(text, "is none of a WebSocket: write ws://host:port/path, or wss");
  return parse_rest(text, scheme == "wss", text.substr(colon + 3));
}

tl::expected<Url, std::string> resolve_location(const Url& base, std::string_view location) {
  const std::string_view reference = location.substr(0, location.find('#'));
  const std::string start = lowered(reference.substr(0, 8));
  if (start.starts_with("http://")) return parse_rest(reference, false, reference.substr(7));
  if (start.starts_with("https://")) return parse_rest(reference, true, reference.substr(8));
  if (reference.starts_with("//")) return parse_rest(reference, base.secure, reference.substr(2));
  if (const auto colon = reference.find(':'); colon < reference.find_first_of("/?"))
    return parse_url(reference);
  const std::string_view base_path = std::string_view(base.target).substr(0, base.target.find('?'));
  std::string target;
  if (reference.starts_with('/')) {
    target = reference;
  } else if (reference.starts_with('?') || reference.empty()) {
    target = std::string(base_path) + std::string(reference);
  } else {
    target = std::string(base_path.substr(0, base_path.rfind('/') + 1)) + std::string(reference);
  }
  const auto query = std::min(target.find('?'), target.size());
  target = without_dots(target.substr(0, query)) + target.substr(query);
  if (!std::all_of(target.begin(), target.end(), is_target_character))
    return failure(location, "has a character in its path that must be percent-encoded");
  Url url = base;
  url.target = std::move(target);
  return url;
}

}  // namespace server::websocket
