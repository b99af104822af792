// A client and its connection on one thread: what is said is read as said, piece by piece.
#pragma once

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>
#include <uv.h>

#include <cerrno>
#include <chrono>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include "server/http1/http1.h"
#include "server/loop.h"
#include "server/service.h"
#include "server/socket_connection.h"

namespace tests {

// Drives a loop that has no thread of its own: every `say` is one read of the server, and when it
// returns the server has done all it can. The peer is a socket pair, so nothing is awaited.
class Conversation final : private server::ConnectionOwner {
 public:
  Conversation(server::Service& service, server::http1::Options options)
      : Conversation(service, std::move(options), std::make_unique<server::Loop>(0), nullptr) {}
  // On a loop that several conversations use, one after the other.
  Conversation(server::Service& service, server::http1::Options options, server::Loop& loop)
      : Conversation(service, std::move(options), nullptr, &loop) {}
  // In another protocol: `speaker` makes it. On `shared` if there is one.
  using Speaker = std::function<std::unique_ptr<server::Protocol>(server::SocketConnection&)>;
  explicit Conversation(const Speaker& speaker, server::Loop* shared = nullptr)
      : own_(shared ? nullptr : std::make_unique<server::Loop>(0)),
        loop_(shared ? *shared : *own_) {
    open(speaker);
  }
  ~Conversation() {
    hang_up();
    if (connection_ != nullptr) connection_->close();
    while (connection_ != nullptr) turn();
  }
  Conversation(const Conversation&) = delete;
  Conversation& operator=(const Conversation&) = delete;

  // False when the server takes no more: it has closed, or waits for its own side.
  bool say(std::string_view bytes) {
    for (int stuck = 0; !bytes.empty() && stuck < 3; turn()) {
      const ssize_t done = ::send(client_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (done > 0) {
        bytes.remove_prefix(static_cast<std::size_t>(done));
        stuck = 0;
      } else if (errno == EAGAIN) {
        ++stuck;
      } else {
        break;
      }
    }
    settle();
    return bytes.empty();
  }
  void say_byte_by_byte(std::string_view bytes) {
    for (std::size_t at = 0; at < bytes.size(); ++at)
      if (!say(bytes.substr(at, 1))) return;
  }
  // Half-closes: nothing more will be said, but answers are heard.
  void finish() {
    if (client_ >= 0) ::shutdown(client_, SHUT_WR);
    settle();
  }
  void hang_up() {
    if (client_ >= 0) ::close(std::exchange(client_, -1));
    settle();
  }

  // As when the network breaks.
  void lose() {
    cut();
    settle();
  }
  // The same from within a callback, which is on the loop's stack.
  void cut() {
    if (connection_ != nullptr) connection_->close();
  }

  // As when the server is told to stop.
  void drain() {
    connection_->protocol()->drain();
    settle();
  }

  // All that was heard and not yet taken.
  std::string take() { return std::exchange(heard_, {}); }
  const std::string& heard() const { return heard_; }
  bool ended() const { return ended_; }                 // the server says nothing more
  bool gone() const { return connection_ == nullptr; }  // and has forgotten the connection
  server::Loop& loop() { return loop_; }
  server::Protocol* protocol() { return gone() ? nullptr : connection_->protocol(); }
  void listen(bool on) { listening_ = on; }  // false: a client that does not read

  // Runs the loop once without waiting; true when something was heard.
  bool turn() {
    uv_run(loop_.uv(), UV_RUN_NOWAIT);
    return hear();
  }
  // Lets time pass: turns, as events and timers want them, until `happened`. False after
  // `patience`.
  template <class Happened>
  bool await(Happened happened, std::chrono::milliseconds patience = std::chrono::seconds(20)) {
    const auto end = std::chrono::steady_clock::now() + patience;
    while (!happened()) {
      if (std::chrono::steady_clock::now() > end) return false;
      pollfd ready{uv_backend_fd(loop_.uv()), POLLIN, 0};
      ::poll(&ready, 1, 5);
      turn();
    }
    return true;
  }
  // Until a turn brings nothing; two quiet ones, for a callback may start the next.
  void settle() {
    for (int quiet = 0; quiet < 2;) quiet = turn() ? 0 : quiet + 1;
  }

 private:
  Conversation(server::Service& service, server::http1::Options options,
               std::unique_ptr<server::Loop> own, server::Loop* shared)
      : options_(std::move(options)), own_(std::move(own)), loop_(shared ? *shared : *own_) {
    open([&](server::Connection& connection) {
      return std::make_unique<server::http1::Http1>(connection, service, options_);
    });
  }
  void open(const Speaker& speaker) {
    int ends[2];
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) != 0)
      throw std::runtime_error("no socket pair");
    client_ = ends[0];
    connection_ = new server::SocketConnection(loop_, *this, true);
    uv_pipe_open(reinterpret_cast<uv_pipe_t*>(&connection_->stream()), ends[1]);
    connection_->open(speaker(*connection_), 1);
  }
  bool hear() {
    bool any = false;
    char piece[16 * 1024];
    while (client_ >= 0 && listening_ && !ended_) {
      const ssize_t got = ::recv(client_, piece, sizeof piece, 0);
      if (got < 0 && errno == EAGAIN) break;
      any = true;
      if (got <= 0) {
        ended_ = true;
      } else {
        heard_.append(piece, static_cast<std::size_t>(got));
      }
    }
    return any;
  }
  void closed(server::Connection& connection) override {
    connection_ = nullptr;
    delete &connection;
  }

  const server::http1::Options options_;
  const std::unique_ptr<server::Loop> own_;
  server::Loop& loop_;
  server::SocketConnection* connection_ = nullptr;
  int client_ = -1;
  bool ended_ = false;
  bool listening_ = true;
  std::string heard_;
};

}  // namespace tests
