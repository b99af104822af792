// A connection that a plugin's endpoint has taken over: its protocol, and what other threads hold
// of it.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>

#include <margay/abi_upgrade.h>

#include "container/residents.h"
#include "server/connection.h"
#include "server/upgrade.h"

namespace container {

class StreamProtocol;

// The plugin's side of a connection: made with the answer, told of its end in any case.
class StreamPeer {
 public:
  StreamPeer(const margay_protocol& callbacks, void* peer) : callbacks_(&callbacks), peer_(peer) {}
  StreamPeer(StreamPeer&& other) noexcept
      : callbacks_(std::exchange(other.callbacks_, nullptr)), peer_(other.peer_) {}
  StreamPeer& operator=(StreamPeer&&) = delete;
  ~StreamPeer() {
    if (callbacks_ != nullptr && callbacks_->closed != nullptr) callbacks_->closed(peer_);
  }
  const margay_protocol& callbacks() const { return *callbacks_; }
  void* self() const { return peer_; }

 private:
  const margay_protocol* callbacks_;
  void* peer_;
};

// What a `margay_async_connection` is. Counted: the stream has one, each holder another.
class StreamLink {
 public:
  static constexpr std::size_t kMaxPosts = 1024;  // that wait; more are refused

  StreamLink(StreamProtocol& stream, server::Loop& loop, Residents& residents)
      : loop_(loop), residents_(residents), stream_(&stream) {}

  void hold() { holders_.fetch_add(1, std::memory_order_relaxed); }
  void release();                                                              // any thread
  margay_result post(void (*run)(void*, margay_connection*), void* argument);  // any thread
  void cut_off();                                                              // loop

 private:
  class Posted;
  ~StreamLink() = default;

  server::Loop& loop_;
  Residents& residents_;  // good while there is a stream: that is a resident itself
  std::mutex mutex_;      // guards the two below, between the loop and those who post
  StreamProtocol* stream_;
  std::size_t posts_ = 0;
  std::atomic<std::uint32_t> holders_{1};
};

struct StreamOptions {
  Residents* residents = nullptr;
  const char* title = "";           // for the watchdog; the application's
  std::uint64_t write_timeout = 0;  // ms without the peer taking a byte while some wait
};

// Loop thread. What `margay_connection` is. No code of the plugin is on the stack when it is called
// back.
class StreamProtocol final : public server::Protocol {
 public:
  StreamProtocol(server::Connection& connection, StreamPeer peer, const StreamOptions& options,
                 Resident resident);
  ~StreamProtocol() override;
  void open();

  // --- server::Protocol ---
  void bytes(std::span<char> data) override;
  void end_of_input() override;
  void room() override;
  void timeout() override;
  void drain() override;
  void lost() override;

  // --- what plugins call ---
  margay_result write(std::string_view bytes);
  void close();
  void cut();
  void pause() { connection_.pause(); }
  void resume() { connection_.resume(); }
  void arm(std::uint64_t milliseconds);
  StreamLink* hold();
  void run(void (*work)(void*, margay_connection*), void* argument);

 private:
  class Turn;
  void arm_next();
  bool is_stalled();
  bool is_closing() const { return lost_ || connection_.closing(); }

  server::Connection& connection_;
  const char* const title_;
  Residents& residents_;
  Resident resident_;  // leaves behind everything else of the plugin
  StreamPeer peer_;
  StreamLink* link_ = nullptr;  // from the first `hold` on
  std::uint64_t deadline_ = 0;  // ms of the loop's clock, the plugin's; 0: none
  std::uint64_t stall_at_ = 0;  // when the queue is looked at next; 0: nothing was written
  std::uint64_t progress_ = 0;  // bytes the kernel had taken at the last look
  const std::uint64_t write_timeout_;
  bool full_ = false;  // the plugin waits for `writable`
  bool lost_ = false;
};

// Carries the peer from the answer to the connection.
class StreamToken final : public server::UpgradeToken {
 public:
  StreamToken(std::string_view protocol, StreamPeer peer, const StreamOptions& options)
      : resident_(Resident::take(*options.residents)),
        name_(protocol),
        options_(options),
        peer_(std::move(peer)) {}
  std::unique_ptr<server::Protocol> install(server::Connection& connection) override;
  const char* protocol_name() const override { return name_.c_str(); }

 private:
  Resident resident_;
  const std::string name_;
  const StreamOptions options_;
  StreamPeer peer_;
};

}  // namespace container
