// The fields of a request, one by one as HPACK gives them, on their way to a RequestHead.
#include "server/http2/request_fields.h"

#include <charconv>
#include <cstring>

#include "server/request_rules.h"

namespace server::http2 {

namespace {

// What a field costs of `HeadLimits::bytes`: as if HTTP/1 wrote it, colon and line end included.
constexpr std::size_t kFieldExtra = 4;

}  // namespace

void RequestFields::add(Arena& arena, const http1::HeadLimits& limits, std::string_view name,
                        std::string_view value) {
  bytes_ += name.size() + value.size() + kFieldExtra;
  if (status_ != 0) return;
  const bool pseudo = name.starts_with(':');
  if (bytes_ > limits.bytes) {
    status_ = name == ":path" ? 414 : 431;
    reason_ = status_ == 414 ? "The request target is too long."
                             : "The request header section is too large.";
  } else if (pseudo) {
    add_pseudo(arena, name, value);
  } else if (fields_.size() >= limits.fields + (has_authority_ ? 1 : 0)) {
    status_ = 431;
    reason_ = "The request has too many header fields.";
  } else {
    append(arena, name, value);
  }
}

// RFC 9113 section 8.3.1. The authority is what Host is in HTTP/1, so it is shown as that.
void RequestFields::add_pseudo(Arena& arena, std::string_view name, std::string_view value) {
  switch (name.size()) {
    case 5:  // :path
      target_ = arena.copy(value);
      break;
    case 7:  // :method, :scheme
      if (name[1] == 'm') method_ = arena.copy(value);
      break;
    case 9:  // :protocol
      protocol_ = arena.copy(value);
      break;
    case 10:  // :authority
      has_authority_ = true;
      append(arena, "host", value);
      break;
    default:
      break;
  }
}

void RequestFields::append(Arena& arena, std::string_view name, std::string_view value) {
  const Known known = known_field(name);
  if (known != Known::other) {
    auto& first = first_[static_cast<std::size_t>(known)];
    if (first == 0) {
      first = static_cast<std::uint16_t>(fields_.size() + 1);
    } else if (known == Known::host) {
      hosts_differ_ = hosts_differ_ || !equal_ignoring_case(value, fields_[first - 1u].value);
      return;
    }
    cookies_ += known == Known::cookie;
  }
  fields_.append(arena, name, value);
}

// RFC 9113 section 8.2.3: clients may split Cookie for the sake of compression.
void RequestFields::join_cookies(Arena& arena) {
  std::size_t size = 0;
  const auto is_cookie = [](const Field& field) {
    return std::string_view{field.name} == "cookie";
  };
  for (const Field& field : fields_.all())
    if (is_cookie(field)) size += field.value.size + 2;
  char* const text = static_cast<char*>(arena.allocate(size, 1));
  char* to = text;
  std::uint32_t kept = 0;
  Field* joined = nullptr;
  for (const Field field : fields_.all()) {
    if (!is_cookie(field)) {
      fields_[kept++] = field;
      continue;
    }
    if (joined == nullptr) {
      joined = &fields_[kept++];
      joined->name = field.name;
    } else {
      to = static_cast<char*>(std::memcpy(to, "; ", 2)) + 2;
    }
    if (field.value.size != 0) std::memcpy(to, field.value.data, field.value.size);
    to += field.value.size;
  }
  joined->value = std::string_view{text, static_cast<std::size_t>(to - text)};
  fields_.cut(kept);
  first_ = {};
  for (std::uint32_t i = 0; i < kept; ++i) {
    const Known known = known_field(fields_[i].name);
    if (known == Known::other) continue;
    auto& first = first_[static_cast<std::size_t>(known)];
    if (first == 0) first = static_cast<std::uint16_t>(i + 1);
  }
}

// RFC 8441 section 4, shown as what it would be in HTTP/1.1 (RFC 6455 section 4.1), so that nobody
// above has to know. That it has a scheme and a path is nghttp2's rule.
RequestFields::Verdict RequestFields::finish_connect(Arena& arena, bool body_follows,
                                                     RequestHead& request) {
  request.method = "GET";
  if (token_length(protocol_) != protocol_.size())
    return {.status = 400, .reason = "The value of :protocol is not a token."};
  if (!body_follows)
    return {.status = 400, .reason = "A CONNECT that ends with its head opens no tunnel."};
  append(arena, "connection", "upgrade");
  append(arena, "upgrade", protocol_);
  request.fields = fields_.all();
  request.first = first_;
  request.offers_upgrade = request.tunnels = true;
  return {};
}

RequestFields::Verdict RequestFields::finish(Arena& arena, const http1::ParseRules& rules,
                                             bool body_follows, RequestHead& request) {
  if (cookies_ > 1) join_cookies(arena);
  request.method = method_;
  request.target = target_;
  request.protocol = "HTTP/2.0";
  request.fields = fields_.all();
  request.first = first_;
  request.content_length = 0;
  if (status_ != 0) return {.status = status_, .reason = reason_};
  const auto refuse = [](int status, const char* reason) {
    return Verdict{.status = status, .reason = reason};
  };
  if (hosts_differ_) return refuse(400, "Host differs from :authority.");
  if (request.method == "CONNECT" && protocol_.empty())
    return refuse(501, "This server is not a proxy.");
  if (!is_host(request.find(Known::host))) return refuse(400, "The authority is not valid.");
  if (request.method == "CONNECT") return finish_connect(arena, body_follows, request);
  if (request.method == "TRACE" && !rules.allow_trace)
    return refuse(405, "TRACE is not allowed here.");
  if (body_follows) {
    request.content_length = -1;
    const std::string_view text = request.find(Known::content_length);
    if (request.has(Known::content_length) &&
        std::from_chars(text.data(), text.data() + text.size(), request.content_length).ec !=
            std::errc{})
      return refuse(400, "Content-Length is not a number.");
    request.has_body = request.content_length != 0;
  }
  Verdict verdict;
  if (request.has(Known::expect)) {
    if (!expects_continue_only(request)) return refuse(417, "This expectation cannot be met.");
    verdict.expects_continue = request.has_body;
  }
  return verdict;
}

}  // namespace server::http2
