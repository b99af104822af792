// One accepted stream: reads into the loop's buffer, writes through the loop's cork, a protocol on
// top.
#pragma once

#include <sys/uio.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "server/address.h"
#include "server/exchange.h"
#include "server/loop.h"
#include "server/protocol.h"

namespace server {

// Who keeps the connections of one loop. Told once, when the handle is closed and the memory may
// go.
class ConnectionOwner {
 public:
  virtual void closed(Connection& connection) = 0;

 protected:
  ~ConnectionOwner() = default;
};

// Owner thread: its loop. An idle connection holds no buffer: input lives in the loop's read buffer
// during a callback, output in the loop's cork; a queue exists only while the peer is slow.
class Connection final : private Timer {
 public:
  static constexpr std::size_t kHighMark = 128 * 1024;  // output queue; beyond: the protocol stops
  static constexpr std::size_t kLowMark = 32 * 1024;

  Connection(Loop& loop, ConnectionOwner& owner, bool unix_domain);
  ~Connection();

  // The handle for the listener to accept into; then `open`.
  struct Stream;
  Stream& stream() { return *reinterpret_cast<Stream*>(stream_); }
  void open(std::unique_ptr<Protocol> protocol, std::uint64_t number);

  Loop& loop() { return loop_; }
  std::uint64_t number() const { return number_; }
  Protocol* protocol() { return protocol_.get(); }

  // --- output ------------------------------------------------------------------------------------
  // At most `size` bytes of room to write to, then `wrote` with how many there are. One at a time.
  char* reserve(std::size_t size);
  void wrote(std::size_t size);
  void write(std::string_view bytes);  // 16 KiB and more go around the cork
  void flush();  // what is in the cork, with one write; implied at the turn's end
  std::size_t queued() const;
  bool has_room() const { return queued() < kHighMark; }
  // Sends file bytes behind everything written, as far as the socket takes them now, and advances
  // `file`. False: the file could not be read. While `file.length` is left, `room` will follow.
  bool send_file(FileRange& file, bool zero_copy);
  std::uint64_t progress() const { return progress_; }  // bytes the kernel took, for stall checks

  // --- input
  // ---------------------------------------------------------------------------------------
  void pause();
  void resume();
  bool paused() const { return paused_; }

  // --- time and the end
  // ------------------------------------------------------------------------------
  void arm(std::uint64_t milliseconds) { loop_.arm(*this, milliseconds); }
  void disarm() { loop_.disarm(*this); }
  void close();               // now; what is queued is lost
  void close_when_flushed();  // sends what is queued first
  // Sends what is queued and the end, then discards input for a moment, so that the peer can read
  // the last answer although it was still sending (RFC 9112 section 9.6).
  void linger();
  bool closing() const { return ending_ != Ending::none || closed_; }

  Address remote();       // a system call the first time
  Address local() const;  // a system call

  // Members of the list its owner keeps.
  Connection* next = nullptr;
  Connection* previous = nullptr;

 private:
  struct Queue;
  enum class Ending : std::uint8_t { none, flush, linger, lingering };

  void expired() override;
  void start_reading();
  void on_read(std::ptrdiff_t size, const char* data);
  bool send_now(iovec (&parts)[2], std::size_t& done);
  void try_send(std::string_view bytes, std::string_view more);
  void enqueue(std::string_view bytes);
  void flush_before_more();
  void send_queue();
  void sent(int status);
  void finish_ending();
  int descriptor() const;

  Loop& loop_;
  ConnectionOwner& owner_;
  std::unique_ptr<Protocol> protocol_;
  std::unique_ptr<Queue> queue_;
  std::uint64_t number_ = 0;
  std::uint64_t progress_ = 0;
  Address remote_;
  int piece_ = Cork::kNone;  // of the loop's cork
  bool paused_ = true;
  bool reading_ = false;
  bool closed_ = false;
  bool knows_remote_ = false;
  bool wants_room_ = false;
  Ending ending_ = Ending::none;
  alignas(8) unsigned char stream_[264];  // uv_tcp_t or uv_pipe_t; connection.cpp checks the size
};

}  // namespace server
