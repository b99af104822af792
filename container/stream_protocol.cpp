// A connection that a plugin's endpoint has taken over: its protocol, and what other threads hold
// of it.
#include "container/stream_protocol.h"

#include <algorithm>
#include <utility>

namespace container {

namespace {

margay_connection* handle(StreamProtocol* stream) {
  return reinterpret_cast<margay_connection*>(stream);
}

}  // namespace

// --- other threads -------------------------------------------------------------------------------

// A call on its way to the loop. Keeps the application, whose code it calls, until it was made.
class StreamLink::Posted final : public server::Task {
 public:
  Posted(StreamLink& link, Resident resident, void (*work)(void*, margay_connection*),
         void* argument)
      : resident_(std::move(resident)), link_(link), work_(work), argument_(argument) {}
  void run() override {
    StreamProtocol* stream = nullptr;
    {
      const std::scoped_lock lock(link_.mutex_);
      --link_.posts_;
      stream = link_.stream_;
    }
    if (stream != nullptr) {
      stream->run(work_, argument_);
    } else {
      work_(argument_, nullptr);
    }
    link_.release();
    delete this;
  }

 private:
  Resident resident_;
  StreamLink& link_;
  void (*work_)(void*, margay_connection*);
  void* argument_;
};

margay_result StreamLink::post(void (*run)(void*, margay_connection*), void* argument) {
  const std::scoped_lock lock(mutex_);
  if (stream_ == nullptr) return MARGAY_CLOSED;
  if (posts_ == kMaxPosts) return MARGAY_FULL;
  ++posts_;
  hold();
  loop_.post(*new Posted(*this, Resident::take(residents_), run, argument));
  return MARGAY_OK;
}

void StreamLink::release() {
  if (holders_.fetch_sub(1, std::memory_order_acq_rel) == 1) delete this;
}

void StreamLink::cut_off() {
  const std::scoped_lock lock(mutex_);
  stream_ = nullptr;
}

// --- the plugin's turns --------------------------------------------------------------------------

// One call into the plugin, visible to the watchdog.
class StreamProtocol::Turn : private server::Loop::Call {
 public:
  explicit Turn(StreamProtocol& stream) : Call(stream.connection_.loop(), stream.title_) {}
};

StreamProtocol::StreamProtocol(server::Connection& connection, StreamPeer peer,
                               const StreamOptions& options, Resident resident)
    : connection_(connection),
      title_(options.title),
      residents_(*options.residents),
      resident_(std::move(resident)),
      peer_(std::move(peer)),
      write_timeout_(options.write_timeout) {}

StreamProtocol::~StreamProtocol() {
  if (link_ == nullptr) return;
  link_->cut_off();
  link_->release();
}

void StreamProtocol::open() {
  if (const auto call = peer_.callbacks().opened; call != nullptr) {
    const Turn turn(*this);
    call(peer_.self(), handle(this));
  }
}

void StreamProtocol::bytes(std::span<char> data) {
  if (const auto call = peer_.callbacks().bytes; call != nullptr) {
    const Turn turn(*this);
    call(peer_.self(), handle(this), data.data(), data.size());
  }
}

void StreamProtocol::end_of_input() {
  const auto call = peer_.callbacks().ended;
  if (call == nullptr) return close();
  const Turn turn(*this);
  call(peer_.self(), handle(this));
}

void StreamProtocol::room() {
  if (!std::exchange(full_, false)) return;
  if (const auto call = peer_.callbacks().writable; call != nullptr) {
    const Turn turn(*this);
    call(peer_.self(), handle(this));
  }
}

void StreamProtocol::drain() {
  const auto call = peer_.callbacks().drain;
  if (call == nullptr) return close();
  const Turn turn(*this);
  call(peer_.self(), handle(this));
}

// `closed` comes with the end of this object: whoever lost the connection may be the plugin, in the
// middle of a call.
void StreamProtocol::lost() {
  lost_ = true;
  if (link_ != nullptr) link_->cut_off();
}

void StreamProtocol::run(void (*work)(void*, margay_connection*), void* argument) {
  const Turn turn(*this);
  work(argument, handle(this));
}

// --- time ----------------------------------------------------------------------------------------

// The connection has one deadline: the plugin's, or that of a peer that takes nothing.
void StreamProtocol::arm_next() {
  const std::uint64_t next = deadline_ == 0   ? stall_at_
                             : stall_at_ == 0 ? deadline_
                                              : std::min(deadline_, stall_at_);
  if (next == 0) return connection_.disarm();
  const std::uint64_t now = connection_.loop().now();
  connection_.arm(next > now ? next - now : 0);
}

bool StreamProtocol::is_stalled() {
  const std::uint64_t now = connection_.loop().now();
  if (stall_at_ == 0 || now < stall_at_) return false;
  stall_at_ = 0;
  if (connection_.queued() == 0) return false;
  if (connection_.progress() == std::exchange(progress_, connection_.progress())) return true;
  stall_at_ = now + write_timeout_;
  return false;
}

void StreamProtocol::timeout() {
  if (is_stalled()) return connection_.close();
  const bool due = deadline_ != 0 && connection_.loop().now() >= deadline_;
  if (due) deadline_ = 0;
  arm_next();
  const auto call = peer_.callbacks().timeout;
  if (!due || call == nullptr || is_closing()) return;
  const Turn turn(*this);
  call(peer_.self(), handle(this));
}

void StreamProtocol::arm(std::uint64_t milliseconds) {
  if (is_closing()) return;
  deadline_ = milliseconds == 0 ? 0 : connection_.loop().now() + milliseconds;
  arm_next();
}

// --- what plugins call ---------------------------------------------------------------------------

margay_result StreamProtocol::write(std::string_view bytes) {
  if (is_closing()) return MARGAY_CLOSED;
  if (!connection_.has_room()) {
    full_ = true;
    return MARGAY_FULL;
  }
  connection_.write(bytes);
  if (stall_at_ == 0) {
    progress_ = connection_.progress();
    stall_at_ = connection_.loop().now() + write_timeout_;
    arm_next();
  }
  return MARGAY_OK;
}

void StreamProtocol::close() {
  if (is_closing()) return;
  connection_.close_when_flushed();
  connection_.flush();
}

void StreamProtocol::cut() {
  if (!lost_) connection_.close();
}

StreamLink* StreamProtocol::hold() {
  if (is_closing()) return nullptr;
  if (link_ == nullptr) link_ = new StreamLink(*this, connection_.loop(), residents_);
  link_->hold();
  return link_;
}

// --- the token -----------------------------------------------------------------------------------

std::unique_ptr<server::Protocol> StreamToken::install(server::Connection& connection) {
  auto stream = std::make_unique<StreamProtocol>(connection, std::move(peer_), options_,
                                                 std::move(resident_));
  stream->open();
  return stream;
}

}  // namespace container
