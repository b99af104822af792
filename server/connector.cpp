// Where connections come in (Tomcat's Connector): one listener per loop, limits, drain and stop.
#include "server/connector.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>
#include <uv.h>

#include <cassert>
#include <stdexcept>

#include "server/http2/http2.h"
#include "server/http2/preface.h"
#include "server/socket.h"
#include "server/socket_connection.h"
#include "server/speakers.h"
#include "server/tls/handshakes.h"

namespace server {

namespace {
std::atomic<std::uint64_t> next_connection{1};  // numbers appear in logs, unique in the process

std::uint64_t inode_of(const std::string& path) {
  struct stat found {};
  return ::lstat(path.c_str(), &found) == 0 ? found.st_ino : 0;
}

}  // namespace

// The connector on one loop: its listening handle and its connections.
class Connector::Listener final : private ConnectionOwner, private Speakers, private FirstSpeakers {
 public:
  Listener(Connector& connector, Loop& loop) : connector_(connector), loop_(loop) {
    const ConnectorOptions& options = connector.options_;
    if (options.http2)
      http2_.emplace(http2::Shared{connector.service_, options.http1, *options.http2, http2_memory_,
                                   &connector.http2_abuses_});
    if (options.tls)
      handshakes_.emplace(loop, static_cast<Speakers&>(*this), options.tls, options.http1.log);
  }

  void open(int descriptor) {
    if (is_pipe(descriptor)) {
      pipe_ = true;
      uv_pipe_init(loop_.uv(), &handle_.pipe, 0);
      uv_pipe_open(&handle_.pipe, descriptor);
    } else {
      uv_tcp_init(loop_.uv(), &handle_.tcp);
      uv_tcp_open(&handle_.tcp, descriptor);
      // What the listener says its connections inherit: a system call less for each.
      if (connector_.options_.tcp_no_delay) uv_tcp_nodelay(&handle_.tcp, 1);
    }
    handle_.any.data = this;
    error_ = uv_listen(&handle_.stream, connector_.options_.accept_count,
                       [](uv_stream_t* stream, int status) {
                         if (status == 0) static_cast<Listener*>(stream->data)->accept();
                       });
    open_ = true;
  }

  int error() const { return error_; }

  void drain() {
    stop_listening();
    draining_ = true;
    for (Connection* one = first_; one != nullptr;) {
      Connection* next = one->next;
      if (!one->closing()) one->protocol()->drain();
      one = next;
    }
  }

  void close() {
    stop_listening();
    draining_ = true;
    for (Connection* one = first_; one != nullptr;) {
      Connection* next = one->next;
      one->close();
      one = next;
    }
  }

  // Takes the connection that was held back, when there is room again.
  void unpark() {
    if (parked_ && open_) accept();
  }

  void set_tls(std::shared_ptr<const tls::Context> context) {
    handshakes_->set_context(std::move(context));
  }
  const tls::HandshakeCounts* handshakes() const {
    return handshakes_ ? &handshakes_->counts() : nullptr;
  }

  bool gone() const { return !open_ && !closing_ && first_ == nullptr; }

 private:
  static bool is_pipe(int descriptor) {
    sockaddr_storage name{};
    socklen_t size = sizeof name;
    ::getsockname(descriptor, reinterpret_cast<sockaddr*>(&name), &size);
    return name.ss_family == AF_UNIX;
  }

  void accept() {
    const std::int64_t limit = connector_.options_.max_connections;
    if (limit >= 0 && connector_.connections_.load(std::memory_order_relaxed) >=
                          static_cast<std::size_t>(limit)) {
      parked_ =
          true;  // libuv stops polling the listener until uv_accept: the rest stays in the backlog
      connector_.parked_.store(true, std::memory_order_relaxed);
      return;
    }
    parked_ = false;
    auto* connection = new SocketConnection(loop_, *this, pipe_);
    auto* stream = reinterpret_cast<uv_stream_t*>(&connection->stream());
    connector_.connections_.fetch_add(1, std::memory_order_relaxed);
    connection->next = first_;
    if (first_ != nullptr) first_->previous = connection;
    first_ = connection;
    if (uv_accept(&handle_.stream, stream) != 0) return connection->close();
    connector_.accepted_.fetch_add(1, std::memory_order_relaxed);
    std::unique_ptr<Protocol> speaker = begin(*connection);
    if (speaker == nullptr) return connection->close();
    connection->open(std::move(speaker), next_connection.fetch_add(1, std::memory_order_relaxed));
  }

  std::unique_ptr<Protocol> begin(SocketConnection& connection) {
    const ConnectorOptions& options = connector_.options_;
    if (!options.proxy_protocol) return first_speaker(connection);
    FirstSpeakers& speakers = *this;
    return ProxyProtocol::begin(connection, pipe_, *options.proxy_protocol, speakers,
                                options.http1.connection_timeout, options.http1.log);
  }

  std::unique_ptr<Protocol> first_speaker(SocketConnection& connection) override {
    if (handshakes_) return handshakes_->begin(connection);
    if (!http2_) return speaker(connection, {});
    Speakers& speakers = *this;
    return std::make_unique<http2::Preface>(connection, speakers,
                                            connector_.options_.http1.connection_timeout);
  }

  std::unique_ptr<Protocol> speaker(Connection& connection, std::string_view alpn) override {
    if (alpn == "h2") return std::make_unique<http2::Http2>(connection, *http2_);
    return std::make_unique<http1::Http1>(connection, connector_.service_,
                                          connector_.options_.http1);
  }

  void closed(Connection& connection) override {
    if (const tls::Channel* const channel = connection.tls();
        channel != nullptr && !channel->why().empty())
      connector_.options_.http1.log.debug("connection {}: closed, since TLS failed: {}",
                                          connection.number(), channel->why());
    if (connection.previous != nullptr) connection.previous->next = connection.next;
    if (connection.next != nullptr) connection.next->previous = connection.previous;
    if (first_ == &connection) first_ = connection.next;
    delete &connection;
    connector_.connections_.fetch_sub(1, std::memory_order_relaxed);
    if (connector_.parked_.load(std::memory_order_relaxed) && connector_.parked_.exchange(false))
      connector_.on_each_loop(&Listener::unpark);
  }

  void stop_listening() {
    if (!open_) return;
    open_ = false;
    closing_ = true;
    uv_close(&handle_.any,
             [](uv_handle_t* handle) { static_cast<Listener*>(handle->data)->closing_ = false; });
  }

  Connector& connector_;
  Loop& loop_;
  http2::Memory http2_memory_;
  std::optional<http2::Shared> http2_;
  std::optional<tls::Handshakes> handshakes_;
  union {
    uv_handle_t any;
    uv_stream_t stream;
    uv_tcp_t tcp;
    uv_pipe_t pipe;
  } handle_;
  Connection* first_ = nullptr;
  int error_ = 0;
  bool open_ = false;
  bool closing_ = false;
  bool pipe_ = false;
  bool parked_ = false;
  bool draining_ = false;
};

Connector::Connector(ConnectorOptions options, std::vector<Loop*> loops, Service& service)
    : options_(std::move(options)), loops_(std::move(loops)), service_(service) {
  for (Loop* loop : loops_) listeners_.push_back(std::make_unique<Listener>(*this, *loop));
}

Connector::~Connector() {
  for (std::size_t i = 0; i < loops_.size(); ++i) {
    bool gone = false;
    while (!gone) {
      loops_[i]->call([&] { gone = listeners_[i]->gone(); });
      if (!gone) std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
  }
  const std::string& path = options_.unix_domain_socket;
  if (inode_ != 0 && inode_of(path) == inode_) ::unlink(path.c_str());
}

void Connector::listen(const Connector* predecessor) {
  int shared = options_.inherited_descriptor;  // by all loops: the kernel does not spread these
  port_ = options_.port;
  if (predecessor != nullptr) {
    port_ = predecessor->port_;
  } else if (!options_.unix_domain_socket.empty()) {
    shared = bind_unix(options_.unix_domain_socket, options_.unix_domain_socket_permissions);
    inode_ = inode_of(options_.unix_domain_socket);
  } else if (shared < 0) {
    refuse_shared_port(options_.address, port_);
  }
  for (std::size_t i = 0; i < loops_.size(); ++i) {
    int descriptor = shared;
    if (predecessor != nullptr && i < predecessor->descriptors_.size())
      descriptor = ::fcntl(predecessor->descriptors_[i], F_DUPFD_CLOEXEC, 0);
    else if (shared < 0 && options_.unix_domain_socket.empty())
      descriptor = bind_tcp(options_.address, port_);
    else if (i > 0 || options_.inherited_descriptor >= 0)
      descriptor = ::fcntl(i > 0 ? descriptors_.front() : shared, F_DUPFD_CLOEXEC, 0);
    if (descriptor < 0) throw std::runtime_error("no descriptor is left for " + title());
    loops_[i]->call([&] { listeners_[i]->open(descriptor); });
    descriptors_.push_back(descriptor);
    if (const int error = listeners_[i]->error(); error != 0)
      throw std::runtime_error("cannot listen on " + title() + ": " + uv_strerror(error));
  }
}

std::string Connector::title() const {
  if (!options_.unix_domain_socket.empty()) return "unix:" + options_.unix_domain_socket;
  if (options_.inherited_descriptor >= 0)
    return "inherited:" + std::to_string(options_.inherited_descriptor);
  const std::string& address = options_.address;
  const bool v6 = address.find(':') != std::string::npos;
  return (options_.tls ? "https://" : "http://") +
         (address.empty() ? "localhost"
          : v6            ? "[" + address + "]"
                          : address) +
         ":" + std::to_string(port_);
}

void Connector::on_each_loop(void (Listener::*step)()) {
  for (std::size_t i = 0; i < loops_.size(); ++i)
    loops_[i]->post([listener = listeners_[i].get(), step] { (listener->*step)(); });
}

void Connector::drain() {
  draining_.store(true, std::memory_order_relaxed);
  on_each_loop(&Listener::drain);
  // Nothing is accepted any more when it returns.
  for (Loop* loop : loops_) loop->call([] {});
}

void Connector::set_tls(std::shared_ptr<const tls::Context> context) {
  for (std::size_t i = 0; i < loops_.size(); ++i)
    loops_[i]->post([listener = listeners_[i].get(), context] { listener->set_tls(context); });
}

Connector::Handshakes Connector::handshakes() const {
  Handshakes sum;
  for (const auto& listener : listeners_) {
    const tls::HandshakeCounts* const counts = listener->handshakes();
    if (counts == nullptr) continue;
    sum.done += counts->done.load(std::memory_order_relaxed);
    sum.resumed += counts->resumed.load(std::memory_order_relaxed);
    sum.failed += counts->failed.load(std::memory_order_relaxed);
    sum.under_way += counts->under_way.load(std::memory_order_relaxed);
  }
  return sum;
}

void Connector::close() { on_each_loop(&Listener::close); }

}  // namespace server
