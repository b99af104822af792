// HTTP/2 on a connection (RFC 9113), over nghttp2: the session, its deadlines, its end.
#include "server/http2/http2.h"

#include <arpa/inet.h>
#include <nghttp2/nghttp2.h>

#include <algorithm>
#include <cstring>
#include <limits>
#include <utility>

namespace server::http2 {

namespace {

constexpr std::uint64_t kNever = std::numeric_limits<std::uint64_t>::max();

// Bytes of all bodies that clients may send ahead on one connection. They are given back at once:
// what holds a body back is the window of its stream.
constexpr std::int32_t kConnectionWindow = 1024 * 1024;

constexpr std::size_t kHeadListExtra = 32;  // of a field, RFC 9113 section 6.5.2
constexpr std::size_t kSettingName = 2;

// The payload of the PING whose answer says that the first GOAWAY was read.
constexpr std::uint8_t kRoundTrip[8] = {'m', 'a', 'r', 'g', 'a', 'y', 0, 1};

}  // namespace

// Goes on in the next turn. A posted task cannot be called back, so this one stays when its owner
// goes.
struct Http2::More final : Task {
  explicit More(Http2& its) : http2(&its) {}
  void run() override {
    Http2* const owner = http2;
    delete this;
    if (owner == nullptr) return;
    owner->more_ = nullptr;
    owner->pump();
  }
  Http2* http2;
};

Http2::Http2(Connection& connection, const Shared& shared)
    : connection_(connection),
      shared_(shared),
      options_(shared.options),
      overhead_(shared.options, connection.loop().now()) {
  idle_since_ = connection_.loop().now();
  session_.reset(start_session());
  send_settings();
  watch();
}

Http2::~Http2() {
  if (more_ != nullptr) more_->http2 = nullptr;
}

void Http2::Closer::operator()(nghttp2_session* session) const { nghttp2_session_del(session); }

// RFC 9113 section 6.5. Of the number of streams nghttp2 is told nothing: it would end the
// connection when a client opens one too many, and here only that stream is refused.
void Http2::send_settings() {
  const std::size_t head_list =
      shared_.http1.head.bytes + shared_.http1.head.fields * kHeadListExtra;
  const nghttp2_settings_entry settings[] = {
      {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, NGHTTP2_INITIAL_MAX_CONCURRENT_STREAMS},
      {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, options_.initial_window_size},
      {NGHTTP2_SETTINGS_MAX_FRAME_SIZE, options_.max_frame_size},
      {NGHTTP2_SETTINGS_HEADER_TABLE_SIZE, options_.header_table_size},
      {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, static_cast<std::uint32_t>(head_list)},
      {NGHTTP2_SETTINGS_NO_RFC7540_PRIORITIES, 1},
      {NGHTTP2_SETTINGS_ENABLE_CONNECT_PROTOCOL, 1},  // RFC 8441 section 3
  };
  nghttp2_submit_settings(session_.get(), NGHTTP2_FLAG_NONE, settings, std::size(settings));
  const std::uint8_t* frame = nullptr;
  const auto size = static_cast<std::size_t>(nghttp2_session_mem_send(session_.get(), &frame));
  char* const to = connection_.reserve(size);
  std::memcpy(to, frame, size);
  const std::uint32_t streams = htonl(options_.max_concurrent_streams);
  std::memcpy(to + kFrameHead + kSettingName, &streams, sizeof streams);
  connection_.wrote(size);
  nghttp2_session_set_local_window_size(session_.get(), NGHTTP2_FLAG_NONE, 0, kConnectionWindow);
}

// --- input ---------------------------------------------------------------------------------------

void Http2::bytes(std::span<char> data) {
  if (condemned_) return;
  const bool was_inside = position_.is_inside();
  const std::uint64_t frames = position_.frames();
  const std::ptrdiff_t used = receive(data);
  if (connection_.closing()) return;
  if (!was_inside || position_.frames() != frames || position_.is_in_body())
    frame_since_ = connection_.loop().now();
  if (overhead_.excess() != nullptr) calm(overhead_.excess());
  if (used == NGHTTP2_ERR_FLOODED) calm("SETTINGS or PING whose answers are not read");
  if (used == NGHTTP2_ERR_TOO_MANY_CONTINUATIONS) calm("CONTINUATION frames of one head");
  if (used < 0 && !condemned_) return connection_.close();
  pump();
}

// Frame by frame: the head of each is judged when all before it is known. Below 0: nghttp2's error.
std::ptrdiff_t Http2::receive(std::span<char> data) {
  while (!data.empty()) {
    const std::uint64_t frames = position_.frames();
    std::size_t size = position_.pass(data);
    if (position_.frames() != frames) {
      if (!frame_begins(position_.head())) return 0;
      if (position_.is_in_payload()) size += position_.pass(data.subspan(size));
    }
    inside_ = true;
    const auto used = nghttp2_session_mem_recv(
        session_.get(), reinterpret_cast<const std::uint8_t*>(data.data()), size);
    inside_ = false;
    if (used < 0 || connection_.closing()) return used;
    if (arrived_for_ != nullptr) std::exchange(arrived_for_, nullptr)->input(arrived_);
    if (connection_.closing()) return 0;
    data = data.subspan(size);
  }
  return 0;
}

// Whoever has closed its side may still read what it asked for, as far as its windows reach.
void Http2::end_of_input() {
  input_over_ = true;
  inside_ = true;
  for (Stream* stream = streams_; stream != nullptr; stream = stream->next) {
    if (!stream->begun) {
      reset_stream(*stream, NGHTTP2_CANCEL);
    } else if (!stream->ended && stream->exchange.collecting() && !stream->exchange.head_ready()) {
      shared_.service.refuse(stream->exchange, 400, "The request body ended too soon.");
    } else {
      if (!stream->ended) stream->exchange.input_lost();
      stream->exchange.peer_closed();
    }
  }
  inside_ = false;
  for (Tunnel* tunnel = tunnels_; tunnel != nullptr; tunnel = tunnel->next_tunnel())
    tunnel_ended(*tunnel);
  pump();
}

// --- output --------------------------------------------------------------------------------------

void Http2::room() {
  pump();
  if (connection_.closing() || !connection_.has_room()) return;
  some_drained_ = true;
  pump();
}

// Tunnels are told of what they sent here only: nobody's write is on the stack.
void Http2::run() {
  if (!connection_.closing()) {
    resume_tunnels();
    pump_within_turn();
  }
  at_turn_end_ = false;
  settle_tunnels();
}

// Sends what nghttp2 has, in its order, as far as the connection takes it. Streams may be gone
// behind it. Nothing while somebody is `inside_`, who comes here next.
void Http2::pump() {
  if (inside_ || connection_.closing()) return;
  turn_ = 0;
  pump_within_turn();
}

void Http2::pump_within_turn() {
  do {
    if (!send_frames()) return connection_.close();
  } while (turn_ < kTurn && tell_room());
  settle();
}

bool Http2::send_frames() {
  inside_ = true;
  std::ptrdiff_t size = 0;
  while (connection_.has_room()) {
    const std::uint8_t* frame = nullptr;
    size = nghttp2_session_mem_send(session_.get(), &frame);
    if (size <= 0) break;
    const auto bytes = static_cast<std::size_t>(size);
    char* const to = connection_.reserve(bytes);
    std::memcpy(to, frame, bytes);
    connection_.wrote(bytes);
  }
  inside_ = false;
  return size >= 0;
}

// Those that could not go on for lack of room. False: there were none. What their handlers write
// now is sent by the caller.
bool Http2::tell_room() {
  if (!std::exchange(some_drained_, false)) return false;
  inside_ = true;
  for (Stream* stream = streams_; stream != nullptr; stream = stream->next)
    if (stream->head_sent && has_room(stream->exchange)) stream->exchange.room();
  inside_ = false;
  return true;
}

// What follows from everything being sent that could be.
void Http2::settle() {
  if (connection_.closing()) return;
  const bool wants_write = nghttp2_session_want_write(session_.get()) != 0;
  if (input_over_ && connection_.has_room() && end_stuck_streams()) return pump();
  if (open_ == 0 && input_over_) return end();
  if (!wants_write && nghttp2_session_want_read(session_.get()) == 0) return end();
  if (turn_ >= kTurn && more_ == nullptr) {
    more_ = new More(*this);
    connection_.loop().post(*more_);
  }
  watch();
}

// Behind the client's last byte no window will become wider. False: none waits for that.
bool Http2::end_stuck_streams() {
  bool any = false;
  for (const Stream* stream = streams_; stream != nullptr; stream = stream->next) {
    if (!awaits_window(*stream)) continue;
    nghttp2_submit_rst_stream(session_.get(), NGHTTP2_FLAG_NONE, stream->id, NGHTTP2_CANCEL);
    any = true;
  }
  for (Tunnel* tunnel = tunnels_; tunnel != nullptr; tunnel = tunnel->next_tunnel())
    if (tunnel->has_more() && !has_window(tunnel->id)) tunnel->cut();
  return any;
}

// --- time ----------------------------------------------------------------------------------------

// Arms for the first thing that may come too late. In the usual case one store.
void Http2::watch() {
  const std::uint64_t now = connection_.loop().now();
  std::uint64_t due = streams_due_ == 0 ? kNever : streams_due_;
  const bool was_queued = std::exchange(queued_, connection_.queued() != 0);
  if (queued_) {
    const std::uint32_t before = std::exchange(progress_, connection_.progress());
    if (!was_queued || progress_ != before) progress_at_ = now;
    due = std::min(due, progress_at_ + options_.write_timeout);
  }
  if (!greeted_) {
    due = std::min(due, idle_since_ + shared_.http1.connection_timeout);
  } else if (!connection_.closing()) {
    if (position_.is_inside()) due = std::min(due, frame_since_ + options_.read_timeout);
    if (open_ == 0) due = std::min(due, idle_since_ + options_.keep_alive_timeout);
  }
  if (going_ == Going::announced) due = std::min(due, goodbye_at_);
  if (due == kNever) return connection_.disarm();
  connection_.arm(due > now ? due - now : 0);
}

void Http2::timeout() {
  const std::uint64_t now = connection_.loop().now();
  if (queued_ && connection_.queued() != 0 && progress_ == connection_.progress() &&
      now >= progress_at_ + options_.write_timeout)
    return connection_.close();
  if (connection_.closing()) return watch();
  if (!greeted_ && now >= idle_since_ + shared_.http1.connection_timeout)
    return connection_.close();
  if (greeted_ && position_.is_inside() && now >= frame_since_ + options_.read_timeout)
    nghttp2_session_terminate_session(session_.get(), NGHTTP2_PROTOCOL_ERROR);
  else if (greeted_ && open_ == 0 && now >= idle_since_ + options_.keep_alive_timeout)
    nghttp2_session_terminate_session(session_.get(), NGHTTP2_NO_ERROR);
  if (going_ == Going::announced && now >= goodbye_at_) say_end();
  if (streams_due_ != 0 && now >= streams_due_) streams_due_ = check_streams();
  pump();
}

// A stream has begun to wait for its client.
void Http2::expect_within(std::uint64_t patience) {
  const std::uint64_t due = connection_.loop().now() + patience;
  if (streams_due_ == 0 || due < streams_due_) streams_due_ = due;
}

// Ends the streams that wait for too long. When the next one can be late; 0: none waits.
std::uint64_t Http2::check_streams() {
  const std::uint64_t now = connection_.loop().now();
  std::uint64_t first = kNever;
  inside_ = true;
  for (Stream* stream = streams_; stream != nullptr; stream = stream->next) {
    if (awaits_body(*stream)) {
      const std::uint64_t due = stream->heard_at + options_.stream_read_timeout;
      if (now >= due) {
        body_is_late(*stream);
      } else {
        first = std::min(first, due);
      }
    }
    if (awaits_window(*stream)) {
      const std::uint64_t due = stream->moved_at + options_.stream_write_timeout;
      if (now >= due) {
        give_up(*stream, NGHTTP2_CANCEL, "its client gave no window for streamWriteTimeout");
      } else {
        first = std::min(first, due);
      }
    } else if (stream->head_sent && !stream->deferred) {
      first = std::min(first, now + options_.stream_write_timeout);
    }
  }
  inside_ = false;
  return first == kNever ? 0 : first;
}

// --- the end -------------------------------------------------------------------------------------

// RFC 9113 section 6.8: two GOAWAY, so that no request that is on its way goes lost. The first says
// that there shall be no more; by the answer to the PING behind it everything sent before has come.
void Http2::drain() {
  if (going_ != Going::no) return;
  going_ = Going::announced;
  goodbye_at_ = connection_.loop().now() + options_.drain_timeout;
  nghttp2_submit_shutdown_notice(session_.get());
  nghttp2_submit_ping(session_.get(), NGHTTP2_FLAG_NONE, kRoundTrip);
  pump();
  drain_tunnels();
  connection_.flush();
}

void Http2::heard_pong(const std::uint8_t* payload) {
  if (going_ == Going::announced && std::memcmp(payload, kRoundTrip, sizeof kRoundTrip) == 0)
    say_end();
}

void Http2::say_end() {
  going_ = Going::said;
  nghttp2_submit_goaway(session_.get(), NGHTTP2_FLAG_NONE,
                        nghttp2_session_get_last_proc_stream_id(session_.get()), NGHTTP2_NO_ERROR,
                        nullptr, 0);
}

// Everything is said. The client may be in the middle of sending, and shall read it all the same.
void Http2::end() {
  going_ = Going::said;
  connection_.linger();
  while (streams_ != nullptr) leave(*streams_);
  close_tunnels();
  connection_.flush();
  if (connection_.queued() != 0) watch();  // else it lingers by a deadline of its own
}

void Http2::lost() {
  while (streams_ != nullptr) leave(*streams_);
  close_tunnels();
}

}  // namespace server::http2
