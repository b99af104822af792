// HTTP/2 on a connection (RFC 9113): streams that have become connections (RFC 8441).
#include <nghttp2/nghttp2.h>

#include <algorithm>
#include <cassert>
#include <cstring>

#include "server/http2/http2.h"

namespace server::http2 {

// --- from the request to the tunnel --------------------------------------------------------------

// The answer is a 101, which here is a 200. Whoever gave it may still be on the stack, so the next
// protocol comes at the turn's end. The stream's memory may be gone behind this.
void Http2::open_tunnel(Stream& stream) {
  Exchange& exchange = stream.exchange;
  std::string early;
  if (const auto its = early_.extract(stream.id)) early = std::move(its.mapped());
  std::unique_ptr<UpgradeToken> token = exchange.take_upgrade();
  shared_.http1.log.debug("connection {}: stream {} speaks {} now, {} bytes are there",
                          connection_.number(), stream.id, token->protocol_name(), early.size());
  const auto tunnel = new Tunnel(*this, connection_.loop(), stream.id, connection_.number(),
                                 std::move(token), std::move(early));
  tunnel->ended = stream.ended;
  tunnel->next = tunnels_;
  if (tunnels_ != nullptr) tunnels_->previous = tunnel;
  tunnels_ = tunnel;
  nghttp2_session_set_stream_user_data(session_.get(), stream.id, static_cast<Occupant*>(tunnel));
  submit_tunnel(*tunnel, exchange.answer_head());
  is_due(*tunnel);
  unlink(stream);
  exchange.output_taken();
  exchange.detach(false);
}

// --- what comes in -------------------------------------------------------------------------------

// Within nghttp2. The bytes are the connection's own, and may be changed in place by whoever gets
// them when nghttp2 has returned.
void Http2::tunnel_input(Tunnel& tunnel, std::string_view piece) {
  nghttp2_session_consume_connection(session_.get(), piece.size());
  arrived_for_ = &tunnel;
  arrived_ = {const_cast<char*>(piece.data()), piece.size()};
}

void Http2::input_taken(Tunnel& tunnel, std::size_t size) {
  if (connection_.closing() || tunnel.stream_is_closed()) return;
  nghttp2_session_consume_stream(session_.get(), tunnel.id, size);
}

void Http2::tunnel_ended(Tunnel& tunnel) {
  tunnel.ended = true;
  is_due(tunnel);
}

// --- what goes out -------------------------------------------------------------------------------

void Http2::is_due(Tunnel& tunnel) {
  if (connection_.closing()) return;
  if (!std::exchange(tunnel.due, true)) due_.push_back(&tunnel);
  if (!std::exchange(at_turn_end_, true)) connection_.loop().at_turn_end(*this);
}

void Http2::resume_tunnels() {
  for (std::size_t i = 0; i < due_.size(); ++i) {
    Tunnel* const tunnel = due_[i];
    tunnel->flush();  // all of this turn in one frame
    if (!tunnel->deferred || !tunnel->has_more()) continue;
    tunnel->deferred = false;
    nghttp2_session_resume_data(session_.get(), tunnel->id);
  }
}

// Those that are due now; what they do makes others due, or the same again, in their turn.
void Http2::settle_tunnels() {
  assert(settling_.empty());
  settling_.swap(due_);
  for (Tunnel* const tunnel : settling_) {
    if (connection_.closing()) break;
    const bool opens = !tunnel->is_installed();
    tunnel->due = false;
    tunnel->settle();
    if (opens && going_ != Going::no) drain(*tunnel);
  }
  settling_.clear();
}

std::size_t Http2::room_for(const Tunnel& tunnel) const {
  if (connection_.closing() || tunnel.stream_is_closed() || !connection_.has_room()) return 0;
  const std::int64_t window =
      std::min(nghttp2_session_get_remote_window_size(session_.get()),
               nghttp2_session_get_stream_remote_window_size(session_.get(), tunnel.id));
  return window <= 0 ? 0
                     : std::min(static_cast<std::size_t>(window),
                                Connection::kHighMark - connection_.queued());
}

void Http2::limit_unsent(int bytes) {
  if (std::exchange(unsent_limit_, bytes) != bytes) connection_.limit_unsent(bytes);
}

// How many bytes the next frame has; with one that was closed nghttp2 goes on until its stream is.
std::ptrdiff_t Http2::offer(Tunnel& tunnel, std::size_t room, std::uint32_t& flags) {
  const std::size_t waiting = tunnel.waiting().size();
  const std::size_t size = std::min({waiting, room, kFrame});
  if (tunnel.is_closed() || (size == 0 && !tunnel.ends())) {
    tunnel.deferred = true;
    return NGHTTP2_ERR_DEFERRED;
  }
  if (size == waiting && tunnel.ends()) flags |= NGHTTP2_DATA_FLAG_EOF;
  flags |= NGHTTP2_DATA_FLAG_NO_COPY;
  return static_cast<std::ptrdiff_t>(size);
}

int Http2::write_frame(Tunnel& tunnel, const unsigned char* head, std::size_t size) {
  if (!connection_.has_room() || turn_ >= kTurn) return NGHTTP2_ERR_WOULDBLOCK;
  char* const to = connection_.reserve(kFrameHead + size);  // which may make `tunnel` longer
  std::memcpy(to, head, kFrameHead);
  std::memcpy(to + kFrameHead, tunnel.waiting().data(), size);
  connection_.wrote(kFrameHead + size);
  turn_ += size;
  overhead_.tunneled();
  tunnel.framed(size, (head[4] & NGHTTP2_FLAG_END_STREAM) != 0);
  is_due(tunnel);
  return 0;
}

// --- the end -------------------------------------------------------------------------------------

// Within nghttp2.
void Http2::stream_closed(Tunnel& tunnel) {
  tunnel.stream_closed();
  if (--open_ == 0) idle_since_ = connection_.loop().now();
  if (tunnel.is_closed()) return forget(tunnel);
  is_due(tunnel);
}

// RFC 8441 section 5: an orderly end is END_STREAM, any other RST_STREAM with CANCEL. Behind an
// orderly end of ours nothing more is wanted.
void Http2::closed(Connection& connection) {
  auto& tunnel = static_cast<Tunnel&>(connection);
  if (connection_.closing() || tunnel.stream_is_closed()) return forget(tunnel);
  nghttp2_submit_rst_stream(session_.get(), NGHTTP2_FLAG_NONE, tunnel.id,
                            tunnel.has_ended() ? NGHTTP2_NO_ERROR : NGHTTP2_CANCEL);
  is_due(tunnel);
}

void Http2::forget(Tunnel& tunnel) {
  if (tunnel.previous != nullptr) tunnel.previous->next = tunnel.next;
  if (tunnel.next != nullptr) tunnel.next->previous = tunnel.previous;
  if (tunnels_ == &tunnel) tunnels_ = tunnel.next_tunnel();
  std::erase(due_, &tunnel);
  if (arrived_for_ == &tunnel) arrived_for_ = nullptr;
  connection_.loop().retire(std::unique_ptr<Connection>(&tunnel));
}

void Http2::drain_tunnels() {
  std::vector<Tunnel*> all;  // which end in any order meanwhile, and are there until the turn's end
  for (Tunnel* tunnel = tunnels_; tunnel != nullptr; tunnel = tunnel->next_tunnel())
    all.push_back(tunnel);
  for (Tunnel* const tunnel : all) drain(*tunnel);
}

void Http2::drain(Tunnel& tunnel) {
  if (!tunnel.is_installed() || tunnel.closing()) return;
  tunnel.protocol()->drain();
  tunnel.flush();
}

// The connection closes: nghttp2 is asked nothing more.
void Http2::close_tunnels() {
  while (tunnels_ != nullptr) {
    if (tunnels_->is_closed()) {
      forget(*tunnels_);
    } else {
      tunnels_->close();
    }
  }
}

}  // namespace server::http2
