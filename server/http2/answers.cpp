// HTTP/2 on a connection (RFC 9113): answers out.
#include <nghttp2/nghttp2.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "server/http2/http2.h"

namespace server::http2 {

bool Http2::has_room(const Exchange& exchange) const {
  const Stream& stream = *static_cast<const Stream*>(exchange.wire_local);
  return connection_.has_room() && stream.head_sent && stream.deferred;
}

Address Http2::remote() {
  if (!std::exchange(knows_remote_, true)) remote_ = connection_.remote();
  return remote_;
}

// An end is sent together with others' at the end of the turn; of a part its handler wants to hear
// at once whether there is room for more.
void Http2::output(Exchange& exchange) {
  Stream& stream = *static_cast<Stream*>(exchange.wire_local);
  const Exchange::Output output = exchange.output();
  if (output.cut) {
    reset_stream(stream, NGHTTP2_INTERNAL_ERROR);
  } else if (output.last && exchange.upgrades()) {
    return open_tunnel(stream);
  } else if (!stream.head_sent) {
    submit(stream, output);
  } else if (stream.deferred) {
    stream.deferred = false;
    nghttp2_session_resume_data(session_.get(), stream.id);
    stream.moved_at = connection_.loop().now();
    expect_within(options_.stream_write_timeout);
  }
  if (inside_) return;
  if (!output.last) return pump();
  if (!std::exchange(at_turn_end_, true)) connection_.loop().at_turn_end(*this);
}

// How many bytes the next frame has. It is asked only when the windows leave room for some, or for
// a frame without any.
std::ptrdiff_t Http2::offer_body(Stream& stream, std::size_t room, std::uint32_t& flags) {
  Exchange& exchange = stream.exchange;
  Exchange::Output output = exchange.output();
  while ((stream.bodiless || (stream.counted && stream.body_left == 0)) && !output.bytes.empty()) {
    exchange.output_taken();
    stream.framed = 0;
    output = exchange.output();
  }
  if (output.cut) return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
  std::uint64_t left = output.bytes.size() - stream.framed;
  if (left == 0 && output.last && !stream.bodiless) left = exchange.file().length;
  if (stream.counted) left = std::min(left, stream.body_left);
  const auto size = static_cast<std::size_t>(std::min<std::uint64_t>({left, room, kFrame}));
  const bool last =
      output.last && size == left &&
      (output.bytes.size() == stream.framed || exchange.file().length == 0 || stream.bodiless);
  if (last && stream.counted && stream.body_left != size) {  // promised more than was written
    if (size == 0) return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
  } else if (last) {
    flags |= NGHTTP2_DATA_FLAG_EOF;
  } else if (size == 0) {
    stream.deferred = true;
    some_drained_ = true;
    return NGHTTP2_ERR_DEFERRED;
  }
  flags |= NGHTTP2_DATA_FLAG_NO_COPY;
  return static_cast<std::ptrdiff_t>(size);
}

// A DATA frame straight into the connection's output. nghttp2 comes again with the same one after
// it had to wait.
int Http2::write_frame(Stream& stream, const unsigned char* head, std::size_t size) {
  if (!connection_.has_room() || turn_ >= kTurn) return NGHTTP2_ERR_WOULDBLOCK;
  Exchange& exchange = stream.exchange;
  char* const to = connection_.reserve(kFrameHead + size);
  std::memcpy(to, head, kFrameHead);
  const std::string_view bytes = exchange.output().bytes.substr(stream.framed);
  if (!bytes.empty() && size != 0) {
    std::memcpy(to + kFrameHead, bytes.data(), size);
    stream.framed += size;
    if (size == bytes.size()) {
      exchange.output_taken();
      stream.framed = 0;
    }
  } else if (size != 0 && !read_file(exchange.file(), to + kFrameHead, size)) {
    return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
  }
  connection_.wrote(kFrameHead + size);
  exchange.sent(size);
  if (stream.counted) stream.body_left -= size;
  turn_ += size;
  stream.moved_at = connection_.loop().now();
  if ((head[4] & NGHTTP2_FLAG_END_STREAM) != 0) {
    stream.answered = true;
    refuse_rest(stream);
  }
  return 0;
}

// False: the file is shorter than it was.
bool Http2::read_file(FileRange& file, char* to, std::size_t size) {
  while (size != 0) {
    const ssize_t got = ::pread(file.descriptor, to, size, static_cast<off_t>(file.offset));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return false;
    to += got;
    size -= static_cast<std::size_t>(got);
    file.offset += static_cast<std::uint64_t>(got);
    file.length -= static_cast<std::uint64_t>(got);
  }
  return true;
}

// The answer is complete and the request is not: its rest is not wanted (RFC 9113 section 8.1).
void Http2::refuse_rest(Stream& stream) {
  if (!stream.ended) reset_stream(stream, NGHTTP2_NO_ERROR);
}

void Http2::reset_stream(Stream& stream, std::uint32_t code) {
  nghttp2_submit_rst_stream(session_.get(), NGHTTP2_FLAG_NONE, stream.id, code);
}

void Http2::give_up(const Stream& stream, std::uint32_t code, std::string_view why) {
  shared_.http1.log.debug("connection {}: stream {} is reset: {}", connection_.number(), stream.id,
                          why);
  nghttp2_submit_rst_stream(session_.get(), NGHTTP2_FLAG_NONE, stream.id, code);
}

bool Http2::has_window(std::int32_t id) const {
  return nghttp2_session_get_remote_window_size(session_.get()) > 0 &&
         nghttp2_session_get_stream_remote_window_size(session_.get(), id) > 0;
}

bool Http2::awaits_window(const Stream& stream) const {
  return stream.head_sent && !stream.answered && !stream.deferred && !has_window(stream.id);
}

}  // namespace server::http2
