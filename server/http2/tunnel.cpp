// A connection that is one stream of HTTP/2 (RFC 8441, RFC 9113 section 8.5).
#include "server/http2/tunnel.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

namespace server::http2 {

namespace {

constexpr std::size_t kFilePiece = 16 * 1024;  // a frame of the usual size

}  // namespace

Tunnel::Tunnel(TunnelCarrier& carrier, Loop& loop, std::int32_t stream, std::uint64_t number,
               std::unique_ptr<UpgradeToken> token, std::string early)
    : Connection(loop, carrier),
      Occupant(Kind::tunnel, stream),
      carrier_(carrier),
      token_(std::move(token)),
      unread_(std::move(early)) {
  number_ = number;
}

Tunnel::~Tunnel() = default;

// --- input ---------------------------------------------------------------------------------------

void Tunnel::input(std::span<char> bytes) {
  if (closing()) return carrier_.input_taken(*this, bytes.size());
  if (paused_ || !is_installed() || !unread_.empty()) {
    unread_.append(bytes.data(), bytes.size());
    return;
  }
  received(bytes);
  carrier_.input_taken(*this, bytes.size());
}

void Tunnel::start_reading() {
  if (is_installed() && (!unread_.empty() || ended)) carrier_.is_due(*this);
}

void Tunnel::deliver_unread() {
  std::string bytes = std::exchange(unread_, {});
  received({bytes.data(), bytes.size()});
  carrier_.input_taken(*this, bytes.size());
  carrier_.is_due(*this);  // for the window's sake
}

// --- what has happened ---------------------------------------------------------------------------

void Tunnel::settle() {
  if (closed_) return;
  if (stream_closed_ && !(ended && end_framed_)) return close();
  if (!is_installed()) install();
  if (!paused_ && !unread_.empty() && !closed_) deliver_unread();
  if (closed_) return;
  if (ended && !input_ended_ && unread_.empty() && !paused_) input_is_over();
  if (closed_) return;
  drained();
  if (!output_.empty()) wants_room_ = true;
}

// Whoever gave the answer has returned. What came behind the request follows in any case.
void Tunnel::install() {
  const std::unique_ptr<UpgradeToken> token = std::move(token_);
  paused_ = false;
  std::unique_ptr<Protocol> made = token->install(*this);
  if (made == nullptr) {
    disarm();
    close_when_flushed();
    return flush();
  }
  become(std::move(made));
  if (!unread_.empty()) deliver_unread();
}

// --- output --------------------------------------------------------------------------------------

// What would leave at once is as good as gone: like bytes that a socket has taken.
std::size_t Tunnel::queued() const {
  const std::size_t left = output_.size() - framed_;
  return left == 0 ? 0 : left - std::min(left, carrier_.room_for(*this));
}

std::uint32_t Tunnel::progress() const {
  if (output_.empty()) return progress_;
  return progress_ + static_cast<std::uint32_t>(output_.size() - framed_ - queued());
}

void Tunnel::send(std::string_view bytes, std::string_view more) {
  if (closed_ || doomed_ || stream_closed_) return;
  if (output_.empty()) output_ = carrier_.take_buffer();
  if (framed_ > output_.size() / 2) output_.erase(0, std::exchange(framed_, 0));
  output_.append(bytes).append(more);
  if (queued() != 0) wants_room_ = true;
  carrier_.is_due(*this);
}

void Tunnel::framed(std::size_t size, bool end) {
  framed_ += size;
  progress_ += static_cast<std::uint32_t>(size);
  end_framed_ = end;
  if (framed_ != output_.size()) return;
  framed_ = 0;
  output_.clear();
  carrier_.give_back(std::exchange(output_, {}));
}

bool Tunnel::send_file(FileRange& file, bool) {
  flush();
  while (file.length > 0 && queued() == 0 && !closed_ && !doomed_) {
    char piece[kFilePiece];
    const ssize_t got =
        ::pread(file.descriptor, piece, std::min<std::uint64_t>(file.length, sizeof piece),
                static_cast<off_t>(file.offset));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return false;
    file.offset += static_cast<std::uint64_t>(got);
    file.length -= static_cast<std::uint64_t>(got);
    send({piece, static_cast<std::size_t>(got)}, {});
  }
  if (file.length > 0) wants_room_ = true;
  return true;
}

// --- the end -------------------------------------------------------------------------------------

// With the last bytes if it can be: behind them a closed window would hold it back, for nghttp2
// asks for nothing then.
bool Tunnel::ends() const {
  const bool written =
      (ending_ == Ending::flush || ending_ == Ending::linger) && piece_ == Cork::kNone;
  return end_wanted_ || written;
}

bool Tunnel::end_output(bool) {
  if (end_framed_ || stream_closed_) return true;
  if (!std::exchange(end_wanted_, true)) carrier_.is_due(*this);
  return false;
}

void Tunnel::release() {
  token_.reset();
  owner_.closed(*this);
}

}  // namespace server::http2
