// From bytes to messages: the whole of RFC 6455 section 5 for one direction of one connection, with
// permessage-deflate (RFC 7692). A server reads masked frames with it, a client unmasked ones.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "server/websocket/buffer.h"
#include "server/websocket/frame.h"
#include "server/websocket/utf8.h"

namespace server::websocket {

class DeflatePool;
class Inflater;

// All of them may change while the connection is open: lengths count from the next frame on,
// `..._in_parts` from the next message on.
struct ReaderLimits {
  std::size_t max_text = 65536;    // bytes of one message, as inflated; longer: 1009
  std::size_t max_binary = 65536;  // the same
  std::size_t max_frame = 65536;   // payload of one data frame, as on the wire; longer: 1009
  // A message is given out as it comes and may be of any length; only max_frame holds. Messages
  // that a pooled inflater inflates still come whole and within max_text or max_binary: others need
  // that inflater before the next piece is there.
  bool text_in_parts = false;
  bool binary_in_parts = false;
};

// Who listens to a reader. The bytes are valid during the call only. Each returns whether to go on:
// false stops the reader behind this event. None may destroy the reader or call its read().
class Events {
 public:
  virtual ~Events() = default;
  // `kind` is text or binary, never continuation. A whole message is both first and last; in parts
  // the last piece may be empty. Text is valid UTF-8, also each part alone: a character split
  // between two pieces comes as a part of its own.
  virtual bool message(Opcode kind, std::string_view bytes, bool first, bool last) = 0;
  virtual bool ping(std::string_view payload) = 0;  // at most 125 bytes, as for pong
  virtual bool pong(std::string_view payload) = 0;
  // The last event: nothing behind a close frame is read. `code` may be received by RFC 6455
  // section 7.4; 1005: the peer gave none.
  virtual bool close(std::uint16_t code, std::string_view reason) = 0;
};

// Why nothing more is read, for the close frame to be sent.
struct Fault {
  std::uint16_t code;  // 1002, 1007 or 1009
  const char* reason;  // a sentence of at most 123 bytes; lives as long as the reader
};

// Belongs to one loop. Idle it holds no memory beyond itself.
class MessageReader {
 public:
  enum class Side : unsigned char { server, client };  // who reads: masked is what clients send

  // All outlive the reader. `stock` is the loop's.
  MessageReader(Side side, Events& events, const ReaderLimits& limits, BufferStock& stock);
  ~MessageReader();

  // permessage-deflate was negotiated: RSV1 may be set from now on. With the pool of the loop the
  // peer must have agreed to compress without context takeover.
  void inflate_with(DeflatePool& pool);
  void inflate_with(std::unique_ptr<Inflater> own);

  void limit_by(const ReaderLimits& limits) { limits_ = &limits; }
  const ReaderLimits& limits() const { return *limits_; }

  // Takes bytes, which it changes in place (unmasks). Returns how many it has consumed: fewer than
  // `size` only when an event said stop, or nothing more is read (fault() or closed()). After a
  // stop call again with the rest, even when that is empty: an inflater may have more to say.
  std::size_t read(char* data, std::size_t size);

  const Fault* fault() const;              // null: none
  bool closed() const { return closed_; }  // a close frame was read

  // No frame and no message has begun.
  bool idle() const {
    return stage_ == Stage::head && head_size_ == 0 && message_ == Opcode::continuation;
  }
  std::size_t memory() const;  // bytes held beyond the reader itself, with an inflater of its own

 private:
  enum class Stage : unsigned char { head, payload };
  struct Rare;

  struct Usual {
    Opcode kind;
    std::string_view payload;
    std::size_t size;  // of the frame
  };

  std::optional<Usual> usual_message(char* frame, std::size_t size);
  bool tell_usual(const Usual& message);
  std::optional<FrameHead> take_head(const char* data, std::size_t size, std::size_t& at);
  bool begin_frame(const FrameHead& head);
  bool begin_control(const FrameHead& head);
  bool begin_data(const FrameHead& head);
  bool fits(std::uint64_t length);

  bool payload(char* data, std::size_t size, std::size_t& at);
  bool control(char* piece, std::size_t size, std::size_t& at);
  bool whole(char* piece, std::size_t size, std::size_t& at);
  bool collect(char* piece, std::size_t size, std::size_t& at);
  bool inflated(char* piece, std::size_t size, std::size_t& at);
  bool part(char* piece, std::size_t size, std::size_t& at);
  bool inflated_part(char* piece, std::size_t size, std::size_t& at);

  bool inflate(Inflater& inflater, std::string_view input, bool last, Buffer& out);
  bool tell_control(std::string_view payload);
  bool tell_close(std::string_view payload);
  bool tell(std::string_view bytes, bool last);

  void advance(std::size_t bytes, std::size_t& at);
  bool ends(std::size_t size) const { return fin_ && size == left_; }
  bool inflates() const { return pool_ != nullptr || own_ != nullptr; }
  std::size_t limit() const;
  Rare& rare();
  bool fail(std::uint16_t code, const char* reason);
  bool fail_length(const char* what, std::size_t limit);

  Events* events_;
  const ReaderLimits* limits_;
  BufferStock* stock_;
  DeflatePool* pool_ = nullptr;
  std::unique_ptr<Inflater> own_;
  std::unique_ptr<Rare> rare_;  // a head or control frame in pieces, the fault
  Buffer buffer_;               // of a message in pieces: what can already be given out of it
  std::uint64_t left_ = 0;      // payload of the frame that has not come
  std::uint32_t mask_ = 0;      // for the next byte of the payload

  std::uint8_t head_size_ = 0;  // of a head in pieces
  std::array<char, 4> held_;    // in parts: the character that the last piece ended within
  std::uint8_t held_size_ = 0;
  Utf8Check utf8_;

  Side side_;
  Stage stage_ = Stage::head;
  Opcode frame_ = Opcode::continuation;    // of the frame that has begun
  Opcode message_ = Opcode::continuation;  // of the message that has begun, continuation: none
  bool fin_ = false;
  bool compressed_ = false;  // the message
  bool parts_ = false;       // the message
  bool first_ = true;        // nothing of the message was given out
  bool more_ = false;        // the inflater has more to say before it takes anything
  bool closed_ = false;
};

}  // namespace server::websocket
