// HTTP/2 on a connection (RFC 9113): requests in.
#include <nghttp2/nghttp2.h>

#include <algorithm>

#include "server/http2/http2.h"

namespace server::http2 {

// One too many is refused, RFC 9113 section 5.1.2.
void Http2::open_stream(std::int32_t id) {
  highest_ = std::max(highest_, id);
  if (open_ >= options_.max_concurrent_streams) {
    nghttp2_submit_rst_stream(session_.get(), NGHTTP2_FLAG_NONE, id, NGHTTP2_REFUSED_STREAM);
    return;
  }
  Exchange& exchange = connection_.loop().take_exchange();
  exchange.begin(*this, shared_.service, shared_.http1.exchange);
  exchange.id = (connection_.number() << 24) | (++requests_ & 0xffffff);
  Stream* const stream = exchange.arena().make<Stream>(exchange, id);
  exchange.wire_local = stream;
  stream->next = streams_;
  if (streams_ != nullptr) streams_->previous = stream;
  streams_ = stream;
  ++open_;
  nghttp2_session_set_stream_user_data(session_.get(), id, static_cast<Occupant*>(stream));
}

void Http2::head_complete(Stream& stream, bool ended) {
  Exchange& exchange = stream.exchange;
  stream.ended = ended;
  const RequestFields::Verdict verdict =
      stream.fields.finish(exchange.arena(), shared_.http1.rules, !ended, exchange.request);
  stream.begun = true;
  if (verdict.status != 0) return shared_.service.refuse(exchange, verdict.status, verdict.reason);
  stream.owes_continue = verdict.expects_continue;
  if (exchange.request.has_body) {
    stream.heard_at = connection_.loop().now();
    expect_within(options_.stream_read_timeout);
  }
  shared_.service.handle(exchange);
}

// --- the request's body --------------------------------------------------------------------------

// `stream` is null when nobody wants it any more.
void Http2::body(std::int32_t id, Stream* stream, std::string_view piece) {
  nghttp2_session_consume_connection(session_.get(), piece.size());
  if (stream != nullptr && stream->exchange.request.tunnels && !stream->head_sent) {
    early_[id].append(piece);  // until the answer tells whom it is for; the window is its limit
    return;
  }
  if (stream != nullptr) {
    stream->owes_continue = false;  // the client did not wait for it
    stream->heard_at = connection_.loop().now();
    stream->exchange.input(piece);  // one that is too long is answered by itself
    if (!stream->exchange.room_for_input()) {
      stream->unreturned += static_cast<std::uint32_t>(piece.size());
      return;
    }
  }
  nghttp2_session_consume_stream(session_.get(), id, piece.size());
}

void Http2::body_complete(Stream& stream) {
  stream.ended = true;
  stream.owes_continue = false;
  if (stream.exchange.request.tunnels) return stream.exchange.peer_closed();
  stream.exchange.input_end(trailers_);  // may be its end
  trailers_.clear();
}

void Http2::begin_trailers() {
  trailers_.clear();
  trailer_bytes_ = 0;
  trailers_too_long_ = false;
}

// RFC 9113 section 8.1. Only those that the connector lets through; no other head comes between.
void Http2::trailer(Stream& stream, std::string_view name, std::string_view value) {
  const http1::ChunkLimits& limits = shared_.http1.chunks;
  trailer_bytes_ += name.size() + value.size() + 4;
  if (trailer_bytes_ > limits.trailer_bytes) {
    if (trailers_too_long_) return;
    trailers_too_long_ = true;
    return give_up(stream, NGHTTP2_ENHANCE_YOUR_CALM, "its trailers are over maxTrailerSize");
  }
  if (std::find(limits.trailers.begin(), limits.trailers.end(), name) == limits.trailers.end())
    return;
  trailers_.append(name).append(": ").append(value).append("\r\n");
}

void Http2::input_wanted(Exchange& exchange) {
  Stream& stream = *static_cast<Stream*>(exchange.wire_local);
  offer_continue(stream);
  return_window(stream);
  pump();
}

// RFC 9110 section 10.1.1: at once, or when the handler reads; not behind the head of the answer.
void Http2::offer_continue(Stream& stream) {
  const Exchange& exchange = stream.exchange;
  if (!stream.owes_continue || !exchange.wants_body() || exchange.head_ready()) return;
  if (shared_.http1.continue_on_read && !exchange.is_reading()) return;
  stream.owes_continue = false;
  static std::uint8_t name[] = ":status";
  static std::uint8_t value[] = "100";
  const nghttp2_nv status = {name, value, 7, 3,
                             NGHTTP2_NV_FLAG_NO_COPY_NAME | NGHTTP2_NV_FLAG_NO_COPY_VALUE};
  nghttp2_submit_headers(session_.get(), NGHTTP2_FLAG_NONE, stream.id, nullptr, &status, 1,
                         nullptr);
}

void Http2::return_window(Stream& stream) {
  if (stream.unreturned == 0 || !stream.exchange.room_for_input()) return;
  nghttp2_session_consume_stream(session_.get(), stream.id, stream.unreturned);
  stream.unreturned = 0;
  stream.heard_at = connection_.loop().now();
  expect_within(options_.stream_read_timeout);
}

bool Http2::awaits_body(const Stream& stream) const {
  const Exchange& exchange = stream.exchange;
  return stream.begun && !stream.ended && stream.unreturned == 0 && exchange.wants_body() &&
         exchange.is_reading();
}

void Http2::body_is_late(Stream& stream) {
  if (stream.exchange.collecting() && !stream.exchange.head_ready())
    return shared_.service.refuse(stream.exchange, 408, "The request body came too slowly.");
  give_up(stream, NGHTTP2_CANCEL, "its body stopped for streamReadTimeout");
}

// --- the end of one ------------------------------------------------------------------------------

void Http2::unlink(Stream& stream) {
  (stream.previous == nullptr ? streams_ : stream.previous->next) = stream.next;
  if (stream.next != nullptr) stream.next->previous = stream.previous;
}

// The stream's memory may be gone behind this.
void Http2::leave(Stream& stream) {
  unlink(stream);
  if (!early_.empty()) early_.erase(stream.id);
  if (--open_ == 0) {
    idle_since_ = connection_.loop().now();
    streams_due_ = 0;
  }
  if (stream.begun) {
    stream.exchange.detach(!stream.answered);
  } else {
    connection_.loop().give_back(stream.exchange);  // the service has never heard of it
  }
}

}  // namespace server::http2
