// What the client asked for. Valid until the exchange ends, on the thread that has the exchange.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include <margay/config.h>

namespace margay {

namespace detail {

inline int hexadecimal(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  const char lower = static_cast<char>(c | 0x20);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

// application/x-www-form-urlencoded: '+' is a space; a bad escape stays as it is.
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

inline std::optional<std::string> form_value(std::string_view form, std::string_view name) {
  while (!form.empty()) {
    const auto end = form.find('&');
    const std::string_view pair = form.substr(0, end);
    form = end == form.npos ? std::string_view{} : form.substr(end + 1);
    const auto equals = pair.find('=');
    const std::string_view key = pair.substr(0, equals);
    if (key == name || (key.find_first_of("%+") != key.npos && form_decode(key) == name))
      return equals == pair.npos ? std::string() : form_decode(pair.substr(equals + 1));
  }
  return std::nullopt;
}

inline bool same_name(std::string_view a, std::string_view lower) {
  if (a.size() != lower.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i)
    if (a[i] !=
        (lower[i] >= 'A' && lower[i] <= 'Z' ? static_cast<char>(lower[i] | 0x20) : lower[i]))
      return false;
  return true;
}

}  // namespace detail

class Request {
 public:
  Request(const margay_host& host, margay_exchange& exchange, const margay_request& raw)
      : host_(host), exchange_(exchange), raw_(raw) {}

  std::string_view method() const { return view(raw_.method); }
  std::string_view target() const { return view(raw_.target); }  // as received
  std::string_view path() const { return view(raw_.path); }      // decoded and normalised
  std::string_view context_path() const { return view(raw_.context_path); }
  std::string_view servlet_path() const { return view(raw_.servlet_path); }
  std::string_view path_info() const { return view(raw_.path_info); }
  std::string_view query() const { return view(raw_.query); }  // raw
  std::string_view protocol() const { return info(MARGAY_PROTOCOL); }
  std::string_view scheme() const { return info(MARGAY_SCHEME); }
  bool is_secure() const { return scheme() == "https"; }
  std::string_view server_name() const { return info(MARGAY_SERVER_NAME); }
  std::string_view remote_address() const { return info(MARGAY_REMOTE_ADDRESS); }
  std::string_view principal() const { return info(MARGAY_PRINCIPAL); }
  bool is_error_dispatch() const { return raw_.dispatcher == MARGAY_ERROR_PAGE; }
  std::string_view info(margay_info what) const { return view(host_.info(&exchange_, what)); }

  // First value of a header field, or {} when there is none; `name` in any case.
  std::string_view header(std::string_view name) const {
    for (uint32_t i = 0; i < raw_.field_count; ++i)
      if (detail::same_name(view(raw_.fields[i].name), name)) return view(raw_.fields[i].value);
    return {};
  }
  bool has_header(std::string_view name) const {
    for (uint32_t i = 0; i < raw_.field_count; ++i)
      if (detail::same_name(view(raw_.fields[i].name), name)) return true;
    return false;
  }
  // All fields in order; names are lower-case.
  std::span<const margay_field> headers() const { return {raw_.fields, raw_.field_count}; }

  // Value of a cookie (RFC 6265 section 5.4), without quotes.
  std::optional<std::string_view> cookie(std::string_view name) const {
    for (const margay_field& field : headers()) {
      if (view(field.name) != "cookie") continue;
      std::string_view rest = view(field.value);
      while (!rest.empty()) {
        const auto end = rest.find(';');
        std::string_view one = rest.substr(0, end);
        rest = end == rest.npos ? std::string_view{} : rest.substr(end + 1);
        while (!one.empty() && one.front() == ' ') one.remove_prefix(1);
        const auto equals = one.find('=');
        if (equals == one.npos || one.substr(0, equals) != name) continue;
        std::string_view value = one.substr(equals + 1);
        if (value.size() >= 2 && value.front() == '"' && value.back() == '"')
          value = value.substr(1, value.size() - 2);
        return value;
      }
    }
    return std::nullopt;
  }

  // Value of `{name}` in the URL pattern; empty when there is none.
  std::string_view path_parameter(std::string_view name) const {
    for (uint32_t i = 0; i < raw_.parameter_count; ++i)
      if (view(raw_.parameters[i].name) == name) return view(raw_.parameters[i].value);
    return {};
  }
  // Decoded value from the query, then from a form body; `otherwise` when there is none.
  std::string parameter(std::string_view name, std::string_view otherwise = {}) const {
    if (auto value = detail::form_value(query(), name)) return *value;
    if (header("content-type").starts_with("application/x-www-form-urlencoded"))
      if (auto value = detail::form_value(body(), name)) return *value;
    return std::string(otherwise);
  }

  // The whole body (Body::buffered only; at most maxPostSize).
  std::string_view body() const { return view(raw_.body); }
  int64_t content_length() const { return raw_.content_length; }  // -1: not known
  // Body::streamed only. A worker waits; 0 = end, -1 = nothing yet (on the loop), -2 = lost.
  std::ptrdiff_t read(std::span<char> into) {
    return host_.read(&exchange_, into.data(), into.size());
  }

  // First value of a trailer field, in any case, once the body was read to its end; {} when there
  // is none. The connector drops those that allowedTrailerHeaders does not name.
  std::string_view trailer(std::string_view name) const {
    return view(host_.trailer(&exchange_, str(name)));
  }

  // Attributes travel with the exchange from filter to filter and endpoint; at most 64.
  std::optional<std::string_view> attribute(std::string_view name) const {
    const margay_str value = host_.attribute(&exchange_, str(name));
    if (value.data == nullptr) return std::nullopt;
    return view(value);
  }
  bool attribute(std::string_view name, std::string_view value) {
    return host_.set_attribute(&exchange_, str(name), str(value)) == MARGAY_OK;
  }
  // In a filter's `before`: what the endpoint shall see. False when it is too late or not valid.
  bool set(margay_info what, std::string_view value) {
    return host_.set_info(&exchange_, what, str(value)) == MARGAY_OK;
  }

  const margay_request& raw() const { return raw_; }

 private:
  const margay_host& host_;
  margay_exchange& exchange_;
  const margay_request& raw_;
};

}  // namespace margay
