// Where in a frame the input of an HTTP/2 connection stands, RFC 9113 section 4.1: for the deadline
// that a client has for the rest of one.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace server::http2 {

inline constexpr std::size_t kFrameHead = 9;  // bytes before every payload

class FramePosition {
 public:
  // The client's preface comes first.
  static constexpr std::size_t kPreface = 24;

  struct Head {
    std::size_t length;
    std::int32_t stream;
    std::uint8_t type;
    std::uint8_t flags;
  };

  // As far as the head or the payload of one frame reaches; how many bytes that are. `frames` tells
  // whether a head became complete.
  std::size_t pass(std::span<const char> data) {
    if (left_ != 0) {
      const std::size_t part = std::min(left_, data.size());
      left_ -= part;
      return part;
    }
    std::size_t used = 0;
    while (used < data.size()) {
      head_[have_++] = static_cast<unsigned char>(data[used++]);
      if (have_ != head_.size()) continue;
      begin();
      break;
    }
    return used;
  }
  // Of the frame that began last.
  Head head() const {
    const std::uint32_t stream = static_cast<std::uint32_t>(head_[5] & 0x7f) << 24 |
                                 static_cast<std::uint32_t>(head_[6]) << 16 |
                                 static_cast<std::uint32_t>(head_[7]) << 8 | head_[8];
    return {length_, static_cast<std::int32_t>(stream), head_[3], head_[4]};
  }

  bool is_in_payload() const { return left_ != 0; }
  // Inside a frame, or between the frames of one head.
  bool is_inside() const { return left_ != 0 || have_ != 0 || in_head_; }
  bool is_in_body() const { return left_ != 0 && head_[3] == kData; }
  std::uint64_t frames() const { return frames_; }  // begun so far

 private:
  static constexpr unsigned char kData = 0;
  static constexpr unsigned char kHeaders = 1;
  static constexpr unsigned char kContinuation = 9;
  static constexpr unsigned char kEndHeaders = 4;

  void begin() {
    have_ = 0;
    ++frames_;
    left_ = length_ = static_cast<std::size_t>(head_[0]) << 16 |
                      static_cast<std::size_t>(head_[1]) << 8 | head_[2];
    if (head_[3] == kHeaders || head_[3] == kContinuation) in_head_ = (head_[4] & kEndHeaders) == 0;
  }

  std::array<unsigned char, kFrameHead> head_{};
  std::size_t have_ = 0;
  std::size_t left_ = kPreface;
  std::size_t length_ = 0;  // of the frame that began last
  std::uint64_t frames_ = 0;
  bool in_head_ = false;
};

}  // namespace server::http2
