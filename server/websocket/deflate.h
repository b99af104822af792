// The streams of permessage-deflate, RFC 7692 section 7.2: payloads of messages to and from bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace server::websocket {

// Compresses messages of one direction.
class Deflater {
 public:
  Deflater(int window_bits, int level, int mem_level);  // 9..15, 1..9, 1..9
  ~Deflater();

  // Appends the payload of one compressed message, of 1 GiB at most, to `out`. With `reset_after`
  // the next message does not refer to this one.
  void compress(std::string_view message, std::string& out, bool reset_after);
  // Forgets what was sent: the next message stands alone. Needed when the peer has seen messages of
  // another Deflater in between.
  void reset();
  void set_level(int level);  // right behind a reset only

  std::size_t memory() const { return memory(window_bits_, mem_level_); }
  // About so many bytes: 268 KiB for 15 and 8, 20 KiB for 9 and 4.
  static std::size_t memory(int window_bits, int mem_level);

 private:
  struct Stream;
  std::unique_ptr<Stream> stream_;
  int window_bits_;
  int mem_level_;
  int level_;
  bool fresh_ = true;  // nothing to reset
};

// Inflates messages of one direction, a bounded step at a time: who calls it decides how much may
// come out, so no message can become more than that.
class Inflater {
 public:
  enum class Result : unsigned char {
    ok,    // all was taken and given out; behind the last bytes: the message is complete
    full,  // no room is left; call again with what was not taken, even if that is nothing
    bad    // not deflated; only reset() helps
  };
  struct Step {
    Result result;
    std::size_t taken;  // bytes of the input
    std::size_t made;   // bytes of the output
  };

  // A reference further back than the window is refused, or obeyed where its bytes are still there.
  // With context takeover messages may refer to what came before them.
  Inflater(int window_bits, bool context_takeover);  // 8..15
  ~Inflater();

  // `last`: behind this input the message ends. `room` is not 0.
  Step inflate(std::string_view input, bool last, char* to, std::size_t room);
  void reset();

  std::size_t memory() const { return memory(window_bits_); }
  static std::size_t memory(int window_bits);  // about so many bytes: 40 KiB for 15

 private:
  struct Stream;
  Result run();
  Result finish();

  std::unique_ptr<Stream> stream_;
  int window_bits_;
  bool context_takeover_;
  bool ended_ = false;          // by a final block, and nothing came behind it
  std::uint8_t tail_left_ = 4;  // bytes of 00 00 ff ff that the sender cut off
};

// The streams of one loop for messages without context, made when needed. Not for other threads.
class DeflatePool {
 public:
  DeflatePool();
  ~DeflatePool();

  // As Deflater::compress, without context. The window is one of 9 to 15 bits.
  void compress(std::string_view message, std::string& out, int window_bits, int level);
  // Ready for a new message, which must be inflated to its end (or given up) before the next call.
  Inflater& inflater();

  void trim();  // frees what was not used since the last trim; call it every half a minute or so
  std::size_t memory() const;

 private:
  struct Spare {
    std::unique_ptr<Deflater> deflater;
    int window_bits;
    int mem_level;
    bool used;
  };
  Deflater& deflater(int window_bits, int level, std::size_t message_size);

  std::vector<Spare> deflaters_;  // at most one for each window and two memory levels: 14
  std::unique_ptr<Inflater> inflater_;
  bool inflater_used_ = false;
};

}  // namespace server::websocket
