// One accepted stream: reads into the loop's buffer, writes through the loop's cork, a protocol on
// top.
#include "server/connection.h"

#include <sys/sendfile.h>
#include <sys/socket.h>
#include <unistd.h>
#include <uv.h>

#include <cassert>
#include <cerrno>
#include <cstring>
#include <string>

namespace server {

struct Connection::Stream {
  union {
    uv_handle_t handle;
    uv_stream_t stream;
    uv_tcp_t tcp;
    uv_pipe_t pipe;
  };
};

// Output that the socket did not take yet: `sending` is in libuv's hands, `waiting` comes behind
// it.
struct Connection::Queue {
  uv_write_t request;
  std::string sending;
  std::string waiting;
};

namespace {

constexpr std::size_t kDirect = 16 * 1024;      // from here on bytes do not pass through the cork
constexpr std::size_t kFileSlice = 512 * 1024;  // one sendfile(2) call
constexpr std::size_t kFileTurn = 4 * kFileSlice;  // then other connections are served
constexpr std::size_t kFilePiece = 64 * 1024;      // queued to learn when the socket has room again
constexpr std::uint64_t kLinger = 2'000;           // ms of discarding input before the close

Address address_of(const sockaddr_storage& raw) {
  Address address;
  if (raw.ss_family == AF_INET) {
    const auto& in = reinterpret_cast<const sockaddr_in&>(raw);
    std::memcpy(address.bytes.data(), &in.sin_addr, 4);
    address.port = ntohs(in.sin_port);
    address.family = 4;
  } else if (raw.ss_family == AF_INET6) {
    const auto& in6 = reinterpret_cast<const sockaddr_in6&>(raw);
    std::memcpy(address.bytes.data(), &in6.sin6_addr, 16);
    address.port = ntohs(in6.sin6_port);
    address.family = 6;
  }
  return address;
}

}  // namespace

Connection::Connection(Loop& loop, ConnectionOwner& owner, bool unix_domain)
    : loop_(loop), owner_(owner) {
  static_assert(sizeof(Stream) <= sizeof stream_);
  if (unix_domain) {
    uv_pipe_init(loop.uv(), &stream().pipe, 0);
  } else {
    uv_tcp_init(loop.uv(), &stream().tcp);
  }
  stream().handle.data = this;
}

Connection::~Connection() { loop_.forget(*this); }

void Connection::open(std::unique_ptr<Protocol> protocol, std::uint64_t number) {
  protocol_ = std::move(protocol);
  number_ = number;
  paused_ = false;
  start_reading();
}

int Connection::descriptor() const {
  uv_os_fd_t fd = -1;
  uv_fileno(&const_cast<Connection*>(this)->stream().handle, &fd);
  return fd;
}

// --- input ---------------------------------------------------------------------------------------

void Connection::start_reading() {
  if (reading_ || closed_) return;
  reading_ = true;
  uv_read_start(
      &stream().stream,
      [](uv_handle_t* handle, std::size_t, uv_buf_t* room) {
        room->base = static_cast<Connection*>(handle->data)->loop_.read_buffer();
        room->len = Loop::kReadBuffer;
      },
      [](uv_stream_t* stream, ssize_t size, const uv_buf_t* room) {
        static_cast<Connection*>(stream->data)->on_read(size, room->base);
      });
}

void Connection::pause() {
  paused_ = true;
  if (!reading_ || closed_) return;
  reading_ = false;
  uv_read_stop(&stream().stream);
}

void Connection::resume() {
  paused_ = false;
  start_reading();
}

void Connection::on_read(std::ptrdiff_t size, const char* data) {
  if (size == 0) return;
  if (ending_ == Ending::lingering || ending_ == Ending::linger) {
    if (size < 0) close();
    return;
  }
  if (size > 0) {
    protocol_->bytes({data, static_cast<std::size_t>(size)});
  } else if (size == UV_EOF) {
    reading_ = false;
    uv_read_stop(&stream().stream);
    protocol_->end_of_input();
  } else {
    close();
  }
  if (piece_ == Cork::kNone) flush();  // else at the turn's end
}

// --- output --------------------------------------------------------------------------------------

std::size_t Connection::queued() const {
  return queue_ == nullptr ? 0 : queue_->sending.size() + queue_->waiting.size();
}

char* Connection::reserve(std::size_t size) { return loop_.cork().reserve(*this, piece_, size); }

void Connection::wrote(std::size_t size) { loop_.cork().wrote(size); }

void Connection::write(std::string_view bytes) {
  if (closed_ || bytes.empty()) return;
  if (bytes.size() < kDirect) {
    std::memcpy(reserve(bytes.size()), bytes.data(), bytes.size());
    wrote(bytes.size());
  } else {
    const std::string_view before = loop_.cork().take(piece_);
    try_send(before, bytes);
  }
}

void Connection::flush() {
  if (piece_ != Cork::kNone) try_send(loop_.cork().take(piece_), {});
  if (ending_ != Ending::none) finish_ending();
}

// What the socket takes without waiting, in one call; false when it is broken. Straight to the
// socket: what uv_try_write adds is dearer than the user's share of a small request.
bool Connection::send_now(iovec (&parts)[2], std::size_t& done) {
  msghdr message{};
  message.msg_iov = parts[0].iov_len == 0 ? parts + 1 : parts;
  message.msg_iovlen = parts[0].iov_len == 0 || parts[1].iov_len == 0 ? 1 : 2;
  const ssize_t sent = message.msg_iovlen == 1
                           ? ::send(descriptor(), message.msg_iov->iov_base,
                                    message.msg_iov->iov_len, MSG_NOSIGNAL | MSG_DONTWAIT)
                           : ::sendmsg(descriptor(), &message, MSG_NOSIGNAL | MSG_DONTWAIT);
  if (sent < 0) return errno == EAGAIN || errno == EINTR || errno == ENOBUFS;
  done = static_cast<std::size_t>(sent);
  progress_ += done;
  return true;
}

void Connection::try_send(std::string_view bytes, std::string_view more) {
  if (closed_) return;
  std::size_t done = 0;
  if (queue_ == nullptr) {
    iovec parts[2] = {{const_cast<char*>(bytes.data()), bytes.size()},
                      {const_cast<char*>(more.data()), more.size()}};
    if (!send_now(parts, done)) return close();
    if (done == bytes.size() + more.size()) return;
  }
  if (done < bytes.size()) enqueue(bytes.substr(done));
  enqueue(more.substr(done < bytes.size() ? 0 : done - bytes.size()));
}

void Connection::enqueue(std::string_view bytes) {
  if (bytes.empty()) return;
  if (queue_ == nullptr) queue_ = std::make_unique<Queue>();
  queue_->waiting.append(bytes);
  if (queue_->sending.empty()) send_queue();
  wants_room_ = true;
}

void Connection::send_queue() {
  queue_->sending.swap(queue_->waiting);
  const uv_buf_t part =
      uv_buf_init(queue_->sending.data(), static_cast<unsigned>(queue_->sending.size()));
  queue_->request.data = this;
  uv_write(&queue_->request, &stream().stream, &part, 1, [](uv_write_t* request, int status) {
    static_cast<Connection*>(request->data)->sent(status);
  });
}

void Connection::sent(int status) {
  if (closed_) return;
  if (status < 0) return close();
  progress_ += queue_->sending.size();
  queue_->sending.clear();
  if (!queue_->waiting.empty()) {
    send_queue();
  } else {
    queue_.reset();
  }
  if (wants_room_ && queued() <= kLowMark && ending_ == Ending::none) {
    wants_room_ = queue_ != nullptr;
    protocol_->room();
  }
  flush();
}

// What stands in front of file bytes: MSG_MORE lets the kernel put both into the same segments.
void Connection::flush_before_more() {
  if (queue_ != nullptr || closed_) return flush();
  const std::string_view before = loop_.cork().take(piece_);
  if (before.empty()) return;
  const ssize_t done =
      ::send(descriptor(), before.data(), before.size(), MSG_MORE | MSG_NOSIGNAL | MSG_DONTWAIT);
  const std::size_t size = done < 0 ? 0 : static_cast<std::size_t>(done);
  progress_ += size;
  if (size < before.size()) try_send(before.substr(size), {});  // and learns of errors
}

bool Connection::send_file(FileRange& file, bool zero_copy) {
  if (zero_copy && file.length > 0) {
    flush_before_more();
  } else {
    flush();
  }
  std::size_t turn = zero_copy ? 0 : kFileTurn;
  while (file.length > 0 && queue_ == nullptr && !closed_ && turn < kFileTurn) {
    auto offset = static_cast<off_t>(file.offset);
    const std::size_t slice =
        file.length < kFileSlice ? static_cast<std::size_t>(file.length) : kFileSlice;
    const ssize_t done = ::sendfile(descriptor(), file.descriptor, &offset, slice);
    if (done == 0) return false;  // the file is shorter than it was
    if (done < 0) {
      if (errno == EAGAIN || errno == EINTR) break;
      if (errno == EPIPE || errno == ECONNRESET) return close(), true;
      break;  // not a file for sendfile: copied below
    }
    progress_ += static_cast<std::uint64_t>(done);
    file.offset += static_cast<std::uint64_t>(done);
    file.length -= static_cast<std::uint64_t>(done);
    turn += static_cast<std::size_t>(done);
  }
  if (file.length == 0 || closed_ || queue_ != nullptr) return true;
  const std::size_t size =
      file.length < kFilePiece ? static_cast<std::size_t>(file.length) : kFilePiece;
  std::string piece(size, '\0');
  const ssize_t got = ::pread(file.descriptor, piece.data(), size, static_cast<off_t>(file.offset));
  if (got <= 0) return false;
  file.offset += static_cast<std::uint64_t>(got);
  file.length -= static_cast<std::uint64_t>(got);
  enqueue({piece.data(), static_cast<std::size_t>(got)});
  return true;
}

// --- the end -------------------------------------------------------------------------------------

void Connection::expired() {
  if (ending_ == Ending::lingering) return close();
  if (!closed_) protocol_->timeout();
  flush();
}

void Connection::close() {
  if (closed_) return;
  closed_ = true;
  loop_.cork().take(piece_);
  disarm();
  if (protocol_ != nullptr) protocol_->lost();
  uv_close(&stream().handle, [](uv_handle_t* handle) {
    auto* connection = static_cast<Connection*>(handle->data);
    connection->owner_.closed(*connection);
  });
}

void Connection::close_when_flushed() {
  if (ending_ == Ending::none) ending_ = Ending::flush;
}

void Connection::linger() {
  if (ending_ == Ending::none) ending_ = Ending::linger;
}

void Connection::finish_ending() {
  if (closed_ || queue_ != nullptr || ending_ == Ending::lingering) return;
  if (ending_ == Ending::flush) return close();
  ending_ = Ending::lingering;
  ::shutdown(descriptor(), SHUT_WR);
  resume();
  arm(kLinger);
}

Address Connection::remote() {
  if (knows_remote_) return remote_;
  knows_remote_ = true;
  sockaddr_storage raw{};
  socklen_t size = sizeof raw;
  if (::getpeername(descriptor(), reinterpret_cast<sockaddr*>(&raw), &size) == 0)
    remote_ = address_of(raw);
  return remote_;
}

Address Connection::local() const {
  sockaddr_storage raw{};
  socklen_t size = sizeof raw;
  return ::getsockname(descriptor(), reinterpret_cast<sockaddr*>(&raw), &size) == 0
             ? address_of(raw)
             : Address{};
}

}  // namespace server
