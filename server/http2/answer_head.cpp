// HTTP/2 on a connection (RFC 9113): heads of answers out.
#include <nghttp2/nghttp2.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

#include "server/http2/http2.h"

namespace server::http2 {

namespace {

bool has_capitals(std::string_view name) {
  return std::any_of(name.begin(), name.end(), [](char c) { return c >= 'A' && c <= 'Z'; });
}

// What the connection writes by itself, or HTTP/2 does not know (RFC 9113 section 8.2.2). By length
// first: most pass at once.
bool is_left_out(std::string_view name, bool with_server) {
  const auto is = [&](std::string_view text) { return equal_ignoring_case(name, text); };
  switch (name.size()) {
    case 4:
      return is("date");
    case 6:
      return with_server && is("server");
    case 7:
      return is("upgrade");
    case 10:
      return is("connection") || is("keep-alive");
    case 14:
      return is("content-length");
    case 16:
      return is("proxy-connection");
    case 17:
      return is("transfer-encoding");
    default:
      return false;
  }
}

template <std::size_t Room>
std::string_view digits(std::array<char, Room>& text, std::uint64_t value) {
  const char* const end = std::to_chars(text.data(), text.data() + Room, value).ptr;
  return {text.data(), static_cast<std::size_t>(end - text.data())};
}

std::optional<std::uint64_t> number(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc{} || end != text.data() + text.size()) return {};
  return value;
}

// The fields as nghttp2 takes them. Nothing is copied but names that have capitals, which nghttp2
// does: the exchange's arena may still be its worker's. Unless the exchange goes before its head.
class ResponseFields {
 public:
  enum class Text : std::uint8_t { stays, goes };

  explicit ResponseFields(Text text = Text::stays) : text_(text) {}

  void add(std::string_view name, std::string_view value) {
    const auto bytes = [](std::string_view text) {
      return reinterpret_cast<std::uint8_t*>(const_cast<char*>(text.data()));
    };
    unsigned by_reference = NGHTTP2_NV_FLAG_NONE;
    if (text_ == Text::stays) by_reference |= NGHTTP2_NV_FLAG_NO_COPY_VALUE;
    if (text_ == Text::stays && !has_capitals(name)) by_reference |= NGHTTP2_NV_FLAG_NO_COPY_NAME;
    fields_[size_++] = {bytes(name), bytes(value), name.size(), value.size(),
                        static_cast<std::uint8_t>(by_reference)};
  }
  const nghttp2_nv* data() const { return fields_.data(); }
  std::size_t size() const { return size_; }

 private:
  static constexpr std::size_t kOwn = 4;  // :status, date, server, content-length

  const Text text_;
  std::size_t size_ = 0;
  std::array<nghttp2_nv, ResponseHead::kMaxFields + kOwn> fields_;  // as far as size_
};

// How the body is delimited is the stream's matter; its length is said where it is known, as in
// HTTP/1. None: it is not said.
std::optional<std::uint64_t> shape_body(Stream& stream, const Exchange::Output& output) {
  Exchange& exchange = stream.exchange;
  const ResponseHead& head = exchange.answer_head();
  const bool without = head.status == 204 || head.status == 304;
  const bool reset = head.status == 205;  // RFC 9110 section 15.3.6: says so, and has no content
  stream.bodiless = without || reset || exchange.request.method == "HEAD";
  if (without) return {};
  if (reset) return 0;
  const std::optional<std::uint64_t> promise = number(head.find("content-length"));
  if (output.whole) {
    const std::uint64_t there = output.bytes.size() + exchange.file().length;
    return stream.bodiless && there == 0 && promise ? promise : there;
  }
  if (promise && !stream.bodiless) {
    stream.counted = true;
    stream.body_left = *promise;
  }
  return promise;
}

}  // namespace

void Http2::submit(Stream& stream, const Exchange::Output& output) {
  const ResponseHead& head = stream.exchange.answer_head();
  if (head.status < 200) return reset_stream(stream, NGHTTP2_INTERNAL_ERROR);
  if (stream.exchange.request.tunnels && head.status < 300)
    return submit_no_tunnel(stream, output.last);
  const std::optional<std::uint64_t> length = shape_body(stream, output);
  stream.head_sent = true;
  stream.answered = output.last && (stream.bodiless || length == 0);

  const std::string_view server = shared_.http1.server;
  const auto status = static_cast<std::uint64_t>(head.status);
  ResponseFields fields;
  fields.add(":status", status == 200 ? "200" : digits(stream.status, status));
  fields.add("date", connection_.loop().date());
  for (const Field& field : head.fields())
    if (!is_left_out(field.name, !server.empty())) fields.add(field.name, field.value);
  if (!server.empty()) fields.add("server", server);
  if (length) fields.add("content-length", digits(stream.length, *length));

  nghttp2_data_provider body{};
  body.source.ptr = static_cast<Occupant*>(&stream);
  body.read_callback = [](nghttp2_session*, std::int32_t, std::uint8_t*, std::size_t room,
                          std::uint32_t* flags, nghttp2_data_source* source, void* user) {
    auto* const its = static_cast<Stream*>(static_cast<Occupant*>(source->ptr));
    return static_cast<Http2*>(user)->offer_body(*its, room, *flags);
  };
  nghttp2_submit_response(session_.get(), stream.id, fields.data(), fields.size(),
                          stream.answered ? nullptr : &body);
  if (stream.answered) return;
  stream.moved_at = connection_.loop().now();
  expect_within(options_.stream_write_timeout);
}

// To an extended CONNECT any 2xx would say that the tunnel is open (RFC 8441 section 5), but here
// answers somebody who does not speak its protocol: 501, as RFC 9220 section 3 has it, and what he
// says to a GET is not wanted.
void Http2::submit_no_tunnel(Stream& stream, bool last) {
  stream.head_sent = stream.bodiless = true;
  shared_.http1.log.debug(
      "connection {}: stream {} asked for a tunnel, and got the answer to a GET",
      connection_.number(), stream.id);
  if (last) stream.exchange.response().status = 501;  // else it is its handler's still
  const std::string_view server = shared_.http1.server;
  ResponseFields fields;
  fields.add(":status", "501");
  fields.add("date", connection_.loop().date());
  if (!server.empty()) fields.add("server", server);
  fields.add("content-length", "0");
  nghttp2_submit_response(session_.get(), stream.id, fields.data(), fields.size(), nullptr);
}

void Http2::submit_tunnel(Tunnel& tunnel, const ResponseHead& head) {
  const std::string_view server = shared_.http1.server;
  ResponseFields fields(ResponseFields::Text::goes);
  fields.add(":status", "200");
  fields.add("date", connection_.loop().date());
  for (const Field& field : head.fields())
    if (!is_left_out(field.name, !server.empty()) &&
        !equal_ignoring_case(field.name, "sec-websocket-accept"))
      fields.add(field.name, field.value);
  if (!server.empty()) fields.add("server", server);

  nghttp2_data_provider bytes{};
  bytes.source.ptr = static_cast<Occupant*>(&tunnel);
  bytes.read_callback = [](nghttp2_session*, std::int32_t, std::uint8_t*, std::size_t room,
                           std::uint32_t* flags, nghttp2_data_source* source, void* user) {
    auto* const its = static_cast<Tunnel*>(static_cast<Occupant*>(source->ptr));
    return static_cast<Http2*>(user)->offer(*its, room, *flags);
  };
  nghttp2_submit_response(session_.get(), tunnel.id, fields.data(), fields.size(), &bytes);
}

}  // namespace server::http2
