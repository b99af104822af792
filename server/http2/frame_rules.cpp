// HTTP/2 on a connection (RFC 9113): what frames may come when, where nghttp2 is more patient than
// the RFC or than we are.
#include <nghttp2/nghttp2.h>

#include <algorithm>
#include <limits>

#include "server/http2/http2.h"

namespace server::http2 {

namespace {

constexpr std::int64_t kWidest = std::numeric_limits<std::int32_t>::max();
constexpr std::size_t kAddressText = 46;

}  // namespace

// The head of a frame has come. False: the connection ends because of it.
bool Http2::frame_begins(const FramePosition::Head& head) {
  const std::uint64_t now = connection_.loop().now();
  overhead_.heard(head.type, head.flags, head.length, now);
  switch (head.type) {
    case NGHTTP2_RST_STREAM:
      overhead_.reset(now);
      break;
    case NGHTTP2_DATA:
    case NGHTTP2_HEADERS:
      if (head.length == 0 && (head.flags & NGHTTP2_FLAG_PADDED) != 0)
        condemn(NGHTTP2_FRAME_SIZE_ERROR);  // section 4.2: it has no length of its padding
      check_stream(head.stream);
      break;
    case NGHTTP2_PRIORITY:
      if (head.stream == 0) condemn(NGHTTP2_PROTOCOL_ERROR);  // section 6.3
      break;
    case NGHTTP2_SETTINGS:
      note_windows();
      break;
    default:
      break;
  }
  if (overhead_.excess() != nullptr) calm(overhead_.excess());
  return !condemned_;
}

// Sections 5.1 and 5.1.1: nghttp2 forgets a stream that is closed, and ignores what comes for it.
void Http2::check_stream(std::int32_t id) {
  if (id > highest_ || id % 2 == 0 || nghttp2_session_find_stream(session_.get(), id) != nullptr)
    return;
  switch (closed_.was(id)) {
    case ClosedStreams::Was::closed_by_client:
      return condemn(NGHTTP2_STREAM_CLOSED);
    case ClosedStreams::Was::never_open:
      return condemn(NGHTTP2_PROTOCOL_ERROR);
    default:
      return;
  }
}

// Before SETTINGS change them: how far the widest window is above what SETTINGS said last.
void Http2::note_windows() {
  const std::int64_t usual =
      nghttp2_session_get_remote_settings(session_.get(), NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE);
  widened_ = 0;
  for (const Stream* stream = streams_; stream != nullptr; stream = stream->next)
    widened_ =
        std::max(widened_,
                 nghttp2_session_get_stream_remote_window_size(session_.get(), stream->id) - usual);
}

// Section 6.9.2: a window that becomes too wide is an error of the connection.
void Http2::check_windows(std::uint32_t initial) {
  if (widened_ + static_cast<std::int64_t>(initial) > kWidest) condemn(NGHTTP2_FLOW_CONTROL_ERROR);
}

// A stream that we had to reset was the client's fault, unless it is about our answer, or a tunnel
// that its protocol has cut.
void Http2::note_closed(std::int32_t id, const Occupant* occupant, std::uint32_t code) {
  const bool by_client = occupant != nullptr && (occupant->ended || occupant->reset_by_client);
  closed_.add(id, by_client && (code == NGHTTP2_NO_ERROR || occupant->reset_by_client));
  if (code == NGHTTP2_NO_ERROR || code == NGHTTP2_INTERNAL_ERROR) return;
  if (occupant != nullptr && (occupant->reset_by_client ||
                              (occupant->kind == Occupant::Kind::tunnel && code == NGHTTP2_CANCEL)))
    return;
  overhead_.reset(connection_.loop().now());
}

// Says why the connection ends, and hears nothing more.
void Http2::condemn(std::uint32_t code) {
  if (std::exchange(condemned_, true)) return;
  nghttp2_session_terminate_session(session_.get(), code);
}

void Http2::calm(const char* what) {
  if (condemned_) return;
  condemn(NGHTTP2_ENHANCE_YOUR_CALM);
  char room[kAddressText];
  shared_.http1.log.warn("HTTP/2 connection of {} ended, it is abusive: {}", remote().text(room),
                         what);
  if (shared_.abuses != nullptr) shared_.abuses->fetch_add(1, std::memory_order_relaxed);
}

}  // namespace server::http2
