// From the bytes of one request head to a RequestHead: llhttp behind the guard, then RFC
// 9110/9112's rules.
#include "server/http1/request_parser.h"

#include <llhttp.h>

#include <algorithm>
#include <charconv>

#include "server/request_rules.h"

namespace server::http1 {

namespace {

// What llhttp's callbacks write to while one head runs through it.
struct Recording {
  Field* fields = nullptr;
  std::size_t count = 0;
  std::string_view target;
};

Recording& recording(llhttp_t* parser) { return *static_cast<Recording*>(parser->data); }

int on_url(llhttp_t* parser, const char* at, std::size_t size) {
  Recording& to = recording(parser);
  to.target = {to.target.empty() ? at : to.target.data(), to.target.size() + size};
  return 0;
}

int on_field(llhttp_t* parser, const char* at, std::size_t size) {
  Recording& to = recording(parser);
  to.fields[to.count++] = {std::string_view{at, size}, {}};
  return 0;
}

int on_value(llhttp_t* parser, const char* at, std::size_t size) {
  Text& value = recording(parser).fields[recording(parser).count - 1].value;
  value = value.data == nullptr
              ? std::string_view{at, size}
              : std::string_view{value.data, static_cast<std::size_t>(at + size - value.data)};
  return 0;
}

// 1: there is no body as far as llhttp is concerned; bodies are framed by http1 itself.
int on_head(llhttp_t*) { return 1; }

const llhttp_settings_t& settings() {
  static const llhttp_settings_t table = [] {
    llhttp_settings_t made;
    llhttp_settings_init(&made);
    made.on_url = on_url;
    made.on_header_field = on_field;
    made.on_header_value = on_value;
    made.on_headers_complete = on_head;
    return made;
  }();
  return table;
}

Framing refuse(int status, const char* reason) { return {.status = status, .reason = reason}; }

void lower_in_place(Text name) {
  for (char* c = const_cast<char*>(name.data); c != name.data + name.size; ++c)
    if (*c >= 'A' && *c <= 'Z') *c = static_cast<char>(*c | 0x20);
}

// Counts each field that may occur once only, and fills the table of known ones.
const char* index_fields(RequestHead& request) {
  for (std::size_t i = 0; i < request.fields.size(); ++i) {
    const Known known = known_field(request.fields[i].name);
    if (known == Known::other) continue;
    auto& first = request.first[static_cast<std::size_t>(known)];
    if (first == 0) {
      first = static_cast<std::uint16_t>(i + 1);
    } else if (known == Known::host) {
      return "The request has more than one Host.";
    } else if (known == Known::content_length) {
      return "The request has more than one Content-Length.";
    } else if (known == Known::transfer_encoding) {
      return "The request has more than one Transfer-Encoding.";
    }
  }
  return nullptr;
}

// The authority of an absolute-form target without its user-info, which names no host (RFC 9112
// section 3.2.2, RFC 9110 section 4.2.4); empty for the other forms. The container checks the rest.
std::string_view authority(std::string_view target) {
  const auto scheme = target.find("://");
  if (scheme == target.npos || scheme > target.find_first_of("/?#")) return {};
  target.remove_prefix(scheme + 3);
  target = target.substr(0, target.find_first_of("/?#"));
  const auto user = target.find('@');
  return user == target.npos ? target : target.substr(user + 1);
}

// RFC 9112 section 3.2.2: the authority of the target decides. A Host that says something else is
// how a request is smuggled past rules on host names, so it is refused; HTTP/1.0 needs none, and
// gets one. `fields` has room for it.
const char* agree_on_host(RequestHead& request, Field* fields, bool http10) {
  const std::string_view named = authority(request.target);
  if (named.empty()) return nullptr;
  if (!http10)
    return equal_ignoring_case(request.find(Known::host), named)
               ? nullptr
               : "Host differs from the authority in the request target.";
  if (!is_host(named)) return "The authority in the request target is not valid.";
  auto& first = request.first[static_cast<std::size_t>(Known::host)];
  if (first == 0) {
    request.fields = {fields, request.fields.size() + 1};
    first = static_cast<std::uint16_t>(request.fields.size());
    fields[first - 1] = {std::string_view("host"), {}};
  }
  fields[first - 1].value = named;
  return nullptr;
}

// RFC 9112 sections 6.1 to 6.3: how long the body is.
Framing body_framing(RequestHead& request, Framing framing) {
  const bool coded = request.has(Known::transfer_encoding);
  if (request.has(Known::content_length)) {
    if (coded) return refuse(400, "Content-Length and Transfer-Encoding do not go together.");
    const std::string_view text = request.find(Known::content_length);
    const bool digits = !text.empty() && text.find_first_not_of("0123456789") == text.npos;
    std::int64_t length = -1;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), length);
    if (!digits || error != std::errc{} || end != text.data() + text.size())
      return refuse(400, "Content-Length is not a number.");
    request.content_length = length;
    request.has_body = length > 0;
    return framing;
  }
  if (!coded) {
    request.content_length = 0;
    return framing;
  }
  if (framing.http10) return refuse(400, "HTTP/1.0 has no Transfer-Encoding.");
  const std::string_view coding = request.find(Known::transfer_encoding);
  if (!equal_ignoring_case(coding, "chunked")) {
    const auto comma = coding.rfind(',');
    std::string_view last = comma == coding.npos ? coding : coding.substr(comma + 1);
    last.remove_prefix(std::min(last.find_first_not_of(" \t"), last.size()));
    if (comma != coding.npos && has_token(coding.substr(0, comma), "chunked"))
      return refuse(400, "The chunked coding must be the last, and once.");
    if (coding.empty() || (comma != coding.npos && !equal_ignoring_case(last, "chunked")))
      return refuse(400, "The last transfer coding must be chunked.");
    return refuse(501, "This transfer coding is not supported.");
  }
  framing.chunked = request.has_body = true;
  request.content_length = -1;
  return framing;
}

}  // namespace

Framing parse_head(std::string_view head, const HeadScan& scan, Arena& arena,
                   const ParseRules& rules, RequestHead& request) {
  const std::string_view line = head.substr(0, scan.line_size);
  request.method = line.substr(0, scan.method_size);
  request.target = line.substr(scan.method_size + 1, scan.target_end - scan.method_size - 1);
  const std::string_view version = line.substr(scan.target_end + 1);
  request.content_length = 0;
  request.protocol = version;
  if (version != "HTTP/1.1" && version != "HTTP/1.0") {
    request.protocol = "HTTP/1.1";
    const bool known_shape = version.size() == 8 && version.starts_with("HTTP/") &&
                             version[6] == '.' && version[5] >= '0' && version[5] <= '9' &&
                             version[7] >= '0' && version[7] <= '9';
    return known_shape ? refuse(505, "This server speaks HTTP/1.1 and HTTP/1.0.")
                       : refuse(400, "The request line is not well formed.");
  }
  if (!is_field_name(request.method)) return refuse(400, "The method is not a token.");

  Recording to{.fields = arena.array<Field>(scan.fields + 1)};  // and a Host
  llhttp_t parser;
  llhttp_init(&parser, HTTP_REQUEST, &settings());
  parser.data = &to;
  const llhttp_errno_t error = llhttp_execute(&parser, head.data(), head.size());
  if (error == HPE_INVALID_METHOD) return refuse(501, "This method is not supported.");
  if (error != HPE_OK && error != HPE_PAUSED_UPGRADE)
    return refuse(400, "The request head is not well formed.");

  request.fields = {to.fields, to.count};
  for (Field& field : std::span(to.fields, to.count)) {
    lower_in_place(field.name);
    std::string_view value = field.value;
    while (!value.empty() && (value.back() == ' ' || value.back() == '\t')) value.remove_suffix(1);
    field.value = value;
  }
  if (const char* fault = index_fields(request)) return refuse(400, fault);

  Framing framing;
  framing.http10 = version == "HTTP/1.0";
  if (request.has(Known::host) ? !is_host(request.find(Known::host)) : !framing.http10)
    return refuse(400,
                  request.has(Known::host) ? "Host is not valid." : "The request has no Host.");
  if (request.target.front() != '/')
    if (const char* fault = agree_on_host(request, to.fields, framing.http10))
      return refuse(400, fault);
  if (request.method == "CONNECT") return refuse(501, "This server is not a proxy.");
  if (request.method == "TRACE" && !rules.allow_trace)
    return refuse(405, "TRACE is not allowed here.");
  request.offers_upgrade = !framing.http10 && request.has(Known::upgrade) &&
                           field_has_token(request, Known::connection, "upgrade");
  framing.keep_alive =
      !field_has_token(request, Known::connection, "close") &&
      (!framing.http10 || field_has_token(request, Known::connection, "keep-alive"));
  if (request.has(Known::expect) && !framing.http10) {
    if (!expects_continue_only(request)) return refuse(417, "This expectation cannot be met.");
    framing.expects_continue = true;
  }
  return body_framing(request, framing);
}

}  // namespace server::http1
