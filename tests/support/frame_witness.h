// What a WebSocket wrote, read by the letter of RFC 6455 and RFC 7692 with no code of the server.
#pragma once

#include <zlib.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tests {

// By the table of RFC 3629 section 4.
inline bool is_well_formed_utf8(std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    const auto byte = [&](std::size_t i) -> unsigned {
      return at + i < text.size() ? static_cast<unsigned char>(text[at + i]) : 0U;
    };
    const unsigned first = byte(0);
    const auto tail = [&](std::size_t i, unsigned least = 0x80, unsigned most = 0xbf) {
      return byte(i) >= least && byte(i) <= most;
    };
    if (first < 0x80) {
      at += 1;
    } else if (first >= 0xc2 && first <= 0xdf && tail(1)) {
      at += 2;
    } else if (first >= 0xe0 && first <= 0xef &&
               tail(1, first == 0xe0 ? 0xa0 : 0x80, first == 0xed ? 0x9f : 0xbf) && tail(2)) {
      at += 3;
    } else if (first >= 0xf0 && first <= 0xf4 &&
               tail(1, first == 0xf0 ? 0x90 : 0x80, first == 0xf4 ? 0x8f : 0xbf) && tail(2) &&
               tail(3)) {
      at += 4;
    } else {
      return false;
    }
  }
  return true;
}

// Takes what came, from the first frame on, in one piece; throws std::runtime_error with what is
// wrong in it. A frame that is not complete is no fault.
class FrameWitness {
 public:
  struct Rules {
    bool masked = false;
    int inflate_bits = 0;  // of the writer's window; 0: permessage-deflate was not agreed on
    bool keeps_context = false;
  };
  struct Message {
    bool text;
    std::string payload;
    bool operator==(const Message&) const = default;
  };

  FrameWitness(const Rules& rules, std::string_view bytes) : rules_(rules) {
    if (rules.inflate_bits != 0) inflateInit2(&stream_, -rules.inflate_bits);
    while (!closed && take(bytes)) {
    }
    if (closed && !bytes.empty()) fail("bytes behind a close frame");
    is_partial = !bytes.empty();
  }
  ~FrameWitness() {
    if (rules_.inflate_bits != 0) inflateEnd(&stream_);
  }
  FrameWitness(const FrameWitness&) = delete;
  FrameWitness& operator=(const FrameWitness&) = delete;

  std::vector<Message> messages;  // those that have ended
  std::vector<std::string> pings, pongs;
  bool closed = false;
  unsigned close_code = 1005;  // 1005: a close frame without one
  std::string close_reason;
  bool is_partial = false;  // it ends within a frame

 private:
  [[noreturn]] static void fail(const char* what) { throw std::runtime_error(what); }
  static void require(bool good, const char* otherwise) {
    if (!good) fail(otherwise);
  }

  bool take(std::string_view& bytes) {
    const auto byte = [&](std::size_t at) { return static_cast<unsigned char>(bytes[at]); };
    if (bytes.size() < 2) return false;
    const unsigned first = byte(0);
    const bool masked = (byte(1) & 0x80U) != 0;
    std::uint64_t length = byte(1) & 0x7fU;
    require(masked == rules_.masked, "masked by a server, or not by a client");
    const std::size_t more = length == 126 ? 2 : length == 127 ? 8 : 0;
    const std::size_t head = 2 + more + (masked ? 4 : 0);
    if (bytes.size() < head) return false;
    if (more != 0) {
      length = 0;
      for (std::size_t i = 0; i < more; ++i) length = length << 8U | byte(2 + i);
      require(length >= (more == 2 ? 126U : 65'536U), "a length that is not as short as may be");
      require(length >> 63U == 0, "the top bit of a length");
    }
    if (bytes.size() - head < length) return false;
    std::string payload(bytes.substr(head, static_cast<std::size_t>(length)));
    for (std::size_t i = 0; masked && i < payload.size(); ++i)
      payload[i] = static_cast<char>(payload[i] ^ bytes[2 + more + i % 4]);
    bytes.remove_prefix(head + payload.size());
    frame(first, std::move(payload));
    return true;
  }

  void frame(unsigned first, std::string payload) {
    const bool fin = (first & 0x80U) != 0;
    const bool rsv1 = (first & 0x40U) != 0;
    const unsigned opcode = first & 0x0fU;
    require((first & 0x30U) == 0, "a reserved bit");
    if ((opcode & 8U) != 0) {
      require(fin && !rsv1 && payload.size() <= 125, "a control frame of a wrong form");
      return control(opcode, std::move(payload));
    }
    require(opcode <= 2, "an unknown opcode");
    require((opcode == 0) == within_, "a message within another one, or none to go on with");
    require(!rsv1 || (opcode != 0 && rules_.inflate_bits != 0), "RSV1 where it may not be");
    if (opcode != 0) {
      is_text_ = opcode == 1;
      compressed_ = rsv1;
    }
    whole_ += payload;
    within_ = !fin;
    if (!fin) return;
    std::string message = std::exchange(whole_, {});
    if (compressed_) message = inflated(std::move(message));
    require(!is_text_ || is_well_formed_utf8(message), "text that is not UTF-8");
    messages.push_back({is_text_, std::move(message)});
  }

  void control(unsigned opcode, std::string payload) {
    if (opcode == 9) {
      pings.push_back(std::move(payload));
    } else if (opcode == 10) {
      pongs.push_back(std::move(payload));
    } else {
      require(opcode == 8, "an unknown opcode");
      closed = true;
      if (payload.empty()) return;
      require(payload.size() >= 2, "half a close code");
      close_code =
          static_cast<unsigned char>(payload[0]) * 256U + static_cast<unsigned char>(payload[1]);
      require((close_code >= 1000 && close_code <= 1003) ||
                  (close_code >= 1007 && close_code <= 1014) ||
                  (close_code >= 3000 && close_code <= 4999),
              "a close code that nobody may send");
      close_reason = payload.substr(2);
      require(is_well_formed_utf8(close_reason), "a close reason that is not UTF-8");
    }
  }

  std::string inflated(std::string payload) {
    payload.append("\0\0\xff\xff", 4);
    stream_.next_in = reinterpret_cast<Bytef*>(payload.data());
    stream_.avail_in = static_cast<uInt>(payload.size());
    std::string message;
    std::array<char, 16 * 1024> piece;
    do {
      stream_.next_out = reinterpret_cast<Bytef*>(piece.data());
      stream_.avail_out = static_cast<uInt>(piece.size());
      const int result = ::inflate(&stream_, Z_SYNC_FLUSH);
      require(result == Z_OK || result == Z_BUF_ERROR, "a message that does not inflate");
      message.append(piece.data(), piece.size() - stream_.avail_out);
    } while (stream_.avail_out == 0 || stream_.avail_in != 0);
    if (!rules_.keeps_context) inflateReset(&stream_);
    return message;
  }

  const Rules rules_;
  z_stream stream_{};
  std::string whole_;  // of a message that has not ended
  bool within_ = false, is_text_ = false, compressed_ = false;
};

}  // namespace tests
