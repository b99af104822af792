// A connection that is a socket: accepted or connected, reads into the loop's buffer.
#include "server/socket_connection.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <unistd.h>
#include <uv.h>

#include <cassert>
#include <cerrno>
#include <cstring>
#include <string>
#include <utility>

#include "server/tls/record_buffers.h"

namespace server {

struct SocketConnection::Stream {
  union {
    uv_handle_t handle;
    uv_stream_t stream;
    uv_tcp_t tcp;
    uv_pipe_t pipe;
  };
};

// Output that the socket did not take yet: `sending` is in libuv's hands, `waiting` comes behind
// it.
struct SocketConnection::Queue {
  uv_write_t request;
  std::string sending;
  std::string waiting;
};

struct SocketConnection::Presented {
  Address remote, local;
};

struct SocketConnection::Connecting {
  uv_connect_t request;
  SocketConnection& connection;
  std::function<void(const char*)> done;
};

namespace {

constexpr std::size_t kFileSlice = 512 * 1024;     // one sendfile(2) call
constexpr std::size_t kFileTurn = 4 * kFileSlice;  // then other connections are served
constexpr std::size_t kFilePiece = 64 * 1024;      // queued to learn when the socket has room again

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

SocketConnection::SocketConnection(Loop& loop, ConnectionOwner& owner, bool unix_domain)
    : Connection(loop, owner) {
  static_assert(sizeof(Stream) <= sizeof stream_);
  if (unix_domain) {
    uv_pipe_init(loop.uv(), &stream().pipe, 0);
  } else {
    uv_tcp_init(loop.uv(), &stream().tcp);
  }
  stream().handle.data = this;
}

SocketConnection::~SocketConnection() = default;

void SocketConnection::connect(const sockaddr& to, std::function<void(const char* error)> done) {
  auto* connecting = new Connecting{{}, *this, std::move(done)};
  connecting->request.data = connecting;
  uv_tcp_nodelay(&stream().tcp, 1);  // kept for the socket that connecting makes
  const int error = uv_tcp_connect(
      &connecting->request, &stream().tcp, &to, [](uv_connect_t* request, int status) {
        const std::unique_ptr<Connecting> its(static_cast<Connecting*>(request->data));
        if (!its->connection.closed_) its->done(status == 0 ? nullptr : uv_strerror(status));
      });
  if (error == 0) return;
  const std::unique_ptr<Connecting> its(connecting);
  its->done(uv_strerror(error));
}

void SocketConnection::limit_unsent(int bytes) {
  // Unix domain sockets, whose buffers are small, know no such thing.
  ::setsockopt(descriptor(), IPPROTO_TCP, TCP_NOTSENT_LOWAT, &bytes, sizeof bytes);
}

int SocketConnection::descriptor() const {
  uv_os_fd_t fd = -1;
  uv_fileno(&const_cast<SocketConnection*>(this)->stream().handle, &fd);
  return fd;
}

// --- input ---------------------------------------------------------------------------------------

void SocketConnection::start_reading() {
  if (reading_ || closed_ || input_ended_) return;
  reading_ = true;
  uv_read_start(
      &stream().stream,
      [](uv_handle_t* handle, std::size_t, uv_buf_t* room) {
        auto& self = *static_cast<SocketConnection*>(handle->data);
        const std::size_t before = self.channel_ == nullptr ? 0 : tls::Channel::kHeld;
        room->base = self.loop_.read_buffer() + before;
        room->len = Loop::kReadBuffer - before;
      },
      [](uv_stream_t* stream, ssize_t size, const uv_buf_t* room) {
        static_cast<SocketConnection*>(stream->data)->on_read(size, room->base);
      });
}

void SocketConnection::stop_reading() {
  if (!reading_) return;
  reading_ = false;
  uv_read_stop(&stream().stream);
}

void SocketConnection::on_read(std::ptrdiff_t size, char* data) {
  if (size > 0 && channel_ != nullptr) {
    on_records({data, static_cast<std::size_t>(size)}, data - tls::Channel::kHeld);
  } else if (size > 0) {
    received({data, static_cast<std::size_t>(size)});
  } else if (size == UV_EOF) {
    stop_reading();
    input_is_over();
  } else if (size < 0) {
    close();
  }
}

void SocketConnection::encrypt(std::unique_ptr<tls::Channel> channel) {
  flush();
  channel_ = std::move(channel);
}

void SocketConnection::take_records(std::span<char> records) {
  on_records({records.data(), records.size()}, records.data());
}

void SocketConnection::on_records(std::string_view records, char* into) {
  if (closing()) return;
  std::size_t size = 0;
  const tls::Channel::Input input = channel_->decrypt(records, into, size);
  if (channel_->has_replied()) send_output();
  if (size != 0) received({into, size});
  if (piece_ == Cork::kNone && channel_->holds_first()) send_output();
  if (closed_ || input == tls::Channel::Input::open) return;
  if (input == tls::Channel::Input::broken) return close();
  stop_reading();
  if (!input_ended_) input_is_over();
}

const tls::Channel* SocketConnection::tls() const { return channel_.get(); }

// --- output --------------------------------------------------------------------------------------

// Of what libuv is writing, the part that the socket has not taken yet.
std::size_t SocketConnection::unwritten() const {
  if (queue_ == nullptr || queue_->sending.empty()) return 0;
  return uv_stream_get_write_queue_size(&const_cast<SocketConnection*>(this)->stream().stream);
}

std::size_t SocketConnection::queued() const {
  return queue_ == nullptr ? 0 : unwritten() + queue_->waiting.size();
}

std::uint32_t SocketConnection::progress() const {
  if (queue_ == nullptr) return progress_;
  return progress_ + static_cast<std::uint32_t>(queue_->sending.size() - unwritten());
}

// What the socket takes without waiting, in one call; false when it is broken. Straight to the
// socket: what uv_try_write adds is dearer than the user's share of a small request.
bool SocketConnection::send_now(iovec (&parts)[2], std::size_t& done) {
  msghdr message{};
  message.msg_iov = parts[0].iov_len == 0 ? parts + 1 : parts;
  message.msg_iovlen = parts[0].iov_len == 0 || parts[1].iov_len == 0 ? 1 : 2;
  const ssize_t sent = message.msg_iovlen == 1
                           ? ::send(descriptor(), message.msg_iov->iov_base,
                                    message.msg_iov->iov_len, MSG_NOSIGNAL | MSG_DONTWAIT)
                           : ::sendmsg(descriptor(), &message, MSG_NOSIGNAL | MSG_DONTWAIT);
  if (sent < 0) return errno == EAGAIN || errno == EINTR || errno == ENOBUFS;
  done = static_cast<std::size_t>(sent);
  progress_ += static_cast<std::uint32_t>(done);
  return true;
}

void SocketConnection::send(std::string_view bytes, std::string_view more) {
  if (closed_ || doomed_) return;
  if (channel_ != nullptr) return send_records(bytes, more);
  send_to_socket(bytes, more);
}

// `bytes` fit into the cork. All of them and the first slice of `more` leave together; at the end
// the goodbye, too.
void SocketConnection::send_records(std::string_view bytes, std::string_view more) {
  const std::uint64_t now = loop_.now();
  bool good = channel_->encrypt(bytes, now);
  while (good && !more.empty()) {
    const std::string_view slice = more.substr(0, tls::RecordBuffers::kSlice);
    more.remove_prefix(slice.size());
    good = channel_->encrypt(slice, now);
    if (good && !more.empty()) send_output();
  }
  if (!good) return doom();
  if (more.empty() && (ending_ == Ending::flush || ending_ == Ending::linger))
    channel_->say_goodbye();
  send_output();
}

void SocketConnection::send_output() {
  const std::string_view records = channel_->output();
  if (records.empty()) return;
  if (!closed_ && !doomed_) send_to_socket(records, {});
  channel_->clear_output();
}

void SocketConnection::send_to_socket(std::string_view bytes, std::string_view more) {
  std::size_t done = 0;
  if (queue_ == nullptr) {
    iovec parts[2] = {{const_cast<char*>(bytes.data()), bytes.size()},
                      {const_cast<char*>(more.data()), more.size()}};
    if (!send_now(parts, done)) return doom();
    if (done == bytes.size() + more.size()) return;
  }
  if (done < bytes.size()) enqueue(bytes.substr(done));
  enqueue(more.substr(done < bytes.size() ? 0 : done - bytes.size()));
}

void SocketConnection::enqueue(std::string_view bytes) {
  if (bytes.empty()) return;
  if (queue_ == nullptr) queue_ = std::make_unique<Queue>();
  queue_->waiting.append(bytes);
  if (queue_->sending.empty()) send_queue();
  wants_room_ = true;
}

void SocketConnection::send_queue() {
  queue_->sending.swap(queue_->waiting);
  const uv_buf_t part =
      uv_buf_init(queue_->sending.data(), static_cast<unsigned>(queue_->sending.size()));
  queue_->request.data = this;
  uv_write(&queue_->request, &stream().stream, &part, 1, [](uv_write_t* request, int status) {
    static_cast<SocketConnection*>(request->data)->sent(status);
  });
}

void SocketConnection::sent(int status) {
  if (closed_) return;
  if (status < 0) return close();
  progress_ += static_cast<std::uint32_t>(queue_->sending.size());
  queue_->sending.clear();
  if (!queue_->waiting.empty()) {
    send_queue();
  } else {
    queue_.reset();
  }
  drained();
}

// What stands in front of file bytes: MSG_MORE lets the kernel put both into the same segments.
void SocketConnection::flush_before_more() {
  if (queue_ != nullptr || closed_) return flush();
  const std::string_view before = corked();
  if (before.empty()) return;
  const ssize_t done =
      ::send(descriptor(), before.data(), before.size(), MSG_MORE | MSG_NOSIGNAL | MSG_DONTWAIT);
  const std::size_t size = done < 0 ? 0 : static_cast<std::size_t>(done);
  progress_ += static_cast<std::uint32_t>(size);
  if (size < before.size()) send(before.substr(size), {});  // and learns of errors
}

bool SocketConnection::send_file(FileRange& file, bool zero_copy) {
  if (channel_ != nullptr) return send_file_encrypted(file);
  if (zero_copy && file.length > 0) {
    flush_before_more();
  } else {
    flush();
  }
  std::size_t turn = zero_copy ? 0 : kFileTurn;
  while (file.length > 0 && queue_ == nullptr && !closed_ && !doomed_ && turn < kFileTurn) {
    auto offset = static_cast<off_t>(file.offset);
    const std::size_t slice =
        file.length < kFileSlice ? static_cast<std::size_t>(file.length) : kFileSlice;
    const ssize_t done = ::sendfile(descriptor(), file.descriptor, &offset, slice);
    if (done == 0) return false;  // the file is shorter than it was
    if (done < 0) {
      if (errno == EAGAIN || errno == EINTR) break;
      if (errno == EPIPE || errno == ECONNRESET) return doom(), true;
      break;  // not a file for sendfile: copied below
    }
    progress_ += static_cast<std::uint32_t>(done);
    file.offset += static_cast<std::uint64_t>(done);
    file.length -= static_cast<std::uint64_t>(done);
    turn += static_cast<std::size_t>(done);
  }
  // A queue whose last bytes have just left is still there until libuv says so.
  if (file.length > 0) wants_room_ = true;
  if (file.length == 0 || closed_ || doomed_ || queue_ != nullptr) return true;
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

bool SocketConnection::send_file_encrypted(FileRange& file) {
  flush();
  std::size_t turn = 0;
  while (file.length > 0 && queue_ == nullptr && !closed_ && !doomed_) {
    char* const room = channel_->plain_room();
    const std::size_t size = file.length < tls::RecordBuffers::kSlice
                                 ? static_cast<std::size_t>(file.length)
                                 : tls::RecordBuffers::kSlice;
    const ssize_t got = ::pread(file.descriptor, room, size, static_cast<off_t>(file.offset));
    if (got <= 0) return false;
    const auto count = static_cast<std::size_t>(got);
    file.offset += count;
    file.length -= count;
    turn += count;
    if (!channel_->encrypt({room, count}, loop_.now())) return doom(), true;
    if (turn < kFileTurn || file.length == 0) {
      send_output();
    } else {  // others are served before it goes on
      enqueue(channel_->output());
      channel_->clear_output();
    }
  }
  if (file.length > 0) wants_room_ = true;
  return true;
}

// --- the end -------------------------------------------------------------------------------------

bool SocketConnection::end_output(bool input_follows) {
  if (channel_ != nullptr) {
    channel_->say_goodbye();
    send_output();
    if (queue_ != nullptr) return false;
  }
  if (input_follows) ::shutdown(descriptor(), SHUT_WR);
  return true;
}

void SocketConnection::release() {
  uv_close(&stream().handle, [](uv_handle_t* handle) {
    auto* connection = static_cast<SocketConnection*>(handle->data);
    connection->owner_.closed(*connection);
  });
}

void SocketConnection::present(const Address& remote, const Address& local) {
  presented_ = std::make_unique<Presented>(Presented{remote, local});
}

Address SocketConnection::remote() const {
  if (presented_ != nullptr) return presented_->remote;
  sockaddr_storage raw{};
  socklen_t size = sizeof raw;
  return ::getpeername(descriptor(), reinterpret_cast<sockaddr*>(&raw), &size) == 0
             ? address_of(raw)
             : Address{};
}

Address SocketConnection::local() const {
  if (presented_ != nullptr) return presented_->local;
  sockaddr_storage raw{};
  socklen_t size = sizeof raw;
  return ::getsockname(descriptor(), reinterpret_cast<sockaddr*>(&raw), &size) == 0
             ? address_of(raw)
             : Address{};
}

}  // namespace server
