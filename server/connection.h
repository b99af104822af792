// What a protocol sits on: bytes both ways, a deadline, an end. A socket carries it, or one stream
// of HTTP/2.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "server/address.h"
#include "server/exchange.h"
#include "server/loop.h"
#include "server/protocol.h"

namespace server {

// Who keeps the connections of one loop. Told once, at the end of each: by a socket when its handle
// is closed and the memory may go, by a tunnel from within its last call.
class ConnectionOwner {
 public:
  virtual void closed(Connection& connection) = 0;

 protected:
  ~ConnectionOwner() = default;
};

// Owner thread: its loop. An idle connection holds no buffer: input lives in the loop's read buffer
// during a callback, output in the loop's cork; a queue exists only while the peer is slow.
class Connection : private Timer {
 protected:
  int piece_ = Cork::kNone;  // of the loop's cork; first, where it fills a gap behind the timer

 public:
  static constexpr std::size_t kHighMark = 128 * 1024;  // output queue; beyond: the protocol stops
  static constexpr std::size_t kLowMark = 32 * 1024;

  virtual ~Connection();

  void open(std::unique_ptr<Protocol> protocol, std::uint64_t number);

  Loop& loop() { return loop_; }
  std::uint64_t number() const { return number_; }
  Protocol* protocol() { return protocol_.get(); }
  // From now on `protocol` has the connection, the deadline armed last included. The protocol
  // before it hears nothing more, not even `lost`, and is freed at the end of the loop's turn: it
  // may call this. On a connection that is closed already `protocol` hears `lost` at once.
  void become(std::unique_ptr<Protocol> protocol);

  // --- output ------------------------------------------------------------------------------------
  // At most `size` bytes of room to write to, then `wrote` with how many there are. One at a time.
  char* reserve(std::size_t size);
  void wrote(std::size_t size);
  void write(std::string_view bytes);  // 16 KiB and more go around the cork
  void flush();  // what is in the cork, with one write; implied at the turn's end
  virtual std::size_t queued() const = 0;
  bool has_room() const { return queued() < kHighMark; }
  // What carries the connection takes no more while it holds so many bytes that it cannot send yet;
  // what has left and is not acknowledged does not count. Without it, a kernel takes megabytes that
  // nobody can call back.
  virtual void limit_unsent(int bytes) = 0;
  // Sends file bytes behind everything written, as far as they can leave now, and advances `file`.
  // False: the file could not be read. While `file.length` is left, `room` will follow.
  virtual bool send_file(FileRange& file, bool zero_copy) = 0;
  // Bytes that have left, modulo 2^32, for stall checks; with `queued` the sum of all that was
  // written.
  virtual std::uint32_t progress() const { return progress_; }

  // --- input -------------------------------------------------------------------------------------
  void pause();
  void resume();
  bool paused() const { return paused_; }
  bool input_ended() const { return input_ended_; }  // the peer has sent its last byte

  // --- time and the end --------------------------------------------------------------------------
  void arm(std::uint64_t milliseconds) { loop_.arm(*this, milliseconds); }
  void disarm() { loop_.disarm(*this); }
  void close();               // now; what is queued is lost
  void close_when_flushed();  // sends what is queued first
  // Sends what is queued and the end, then discards input for a moment, so that the peer can read
  // the last answer although it was still sending (RFC 9112 section 9.6).
  void linger();
  bool closing() const { return ending_ != Ending::none || doomed_ || closed_; }

  // The client's and ours, as a proxy in front tells them, if it does; else a system call.
  virtual Address remote() const = 0;
  virtual Address local() const = 0;
  virtual const tls::Channel* tls() const { return nullptr; }  // null: not encrypted
  virtual bool is_tunnel() const { return false; }             // a stream of HTTP/2 carries it

  // Members of the list its owner keeps.
  Connection* next = nullptr;
  Connection* previous = nullptr;

 protected:
  enum class Ending : std::uint8_t { none, flush, linger, lingering };

  Connection(Loop& loop, ConnectionOwner& owner) : loop_(loop), owner_(owner) {}

  // --- the carrier's part ------------------------------------------------------------------------
  virtual void start_reading() = 0;  // maybe again; `received` and `input_is_over` follow
  virtual void stop_reading() = 0;
  // All is taken: sent now, or queued until it can leave. Calls nothing but `doom`.
  virtual void send(std::string_view bytes, std::string_view more) = 0;
  // Nothing is queued: says that this was all, if the carrier has words for it. False: that is
  // queued now, and this is called again behind it. Else `release` follows soon, or first more
  // input.
  virtual bool end_output(bool input_follows) = 0;
  virtual void release() = 0;  // the end: `owner_.closed` follows, later than this call

  void received(std::span<char> bytes);
  void input_is_over();
  // The queue became shorter: lets the protocol write again, and what waits for an empty queue.
  void drained();
  std::string_view corked() { return loop_.cork().take(piece_); }  // good until the next `reserve`
  void doom();                                                     // closes at the end of the turn

  Loop& loop_;
  ConnectionOwner& owner_;
  std::unique_ptr<Protocol> protocol_;
  std::uint64_t number_ = 0;
  std::uint32_t progress_ = 0;
  bool paused_ : 1 = true;
  bool input_ended_ : 1 = false;
  bool doomed_ : 1 = false;  // closes at the turn's end
  bool closed_ : 1 = false;
  bool wants_room_ : 1 = false;
  Ending ending_ = Ending::none;

 private:
  void expired() override;
  void flush_after_input();
  void finish_ending();
};

}  // namespace server
