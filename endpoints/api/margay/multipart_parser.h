// Bodies of several parts taken to pieces as they come (RFC 2046 section 5.1.1).
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include <margay/multipart_error.h>

namespace margay {

// Keeps nothing of a body but the header of the part that it is in. Lines end with CR LF; text
// before the first delimiter and behind the last one is skipped. After an exception, its own or the
// sink's, it is of no more use.
class MultipartParser {
 public:
  // `boundary`: 1 to 70 visible characters, or blanks that are not its end; else malformed.
  MultipartParser(std::string_view boundary, std::uint32_t max_parts, std::uint32_t max_header_size)
      : delimiter_("\r\n--"), parts_left_(max_parts), max_header_size_(max_header_size) {
    const bool is_good =
        !boundary.empty() && boundary.size() <= 70 && boundary.back() != ' ' &&
        std::all_of(boundary.begin(), boundary.end(), [](char c) { return c >= ' ' && c <= '~'; });
    if (!is_good) throw malformed("the boundary of the multipart body is not valid");
    delimiter_.append(boundary);
  }

  // Takes the next bytes, any number, and tells of them in order:
  //   sink.begin(std::string head)      a part, with its header lines as they came
  //   sink.data(std::string_view some)  of its content, as often as there is some; never empty
  //   sink.end()                        of the part
  // Where a body is cut into pieces makes no difference but to the pieces that `data` gets.
  template <class Sink>
  void feed(std::string_view bytes, Sink& sink) {
    while (!bytes.empty())
      bytes.remove_prefix(state_ == State::content ? take_content(bytes, sink)
                                                   : take_line(bytes, sink));
  }

  // Whether the delimiter that closes the body was seen. A body that ends before is incomplete.
  bool is_complete() const { return state_ == State::epilogue; }

 private:
  // Where the next byte is: in a part's content or the preamble, or behind a delimiter.
  enum class State { content, delimited, second_dash, padding, line_feed, header, epilogue };

  static MultipartError malformed(const std::string& message) {
    return {MultipartError::Reason::malformed, message};
  }

  // Up to the end of a delimiter, or of the bytes. CR is nowhere in a delimiter but at its begin,
  // so one that fails is content up to the byte at which it failed, and can begin again there.
  template <class Sink>
  std::size_t take_content(std::string_view bytes, Sink& sink) {
    std::size_t before = matched_;  // bytes of a delimiter that has begun in an earlier call
    for (std::size_t at = 0; at < bytes.size();) {
      if (matched_ == 0) {
        at = std::min(bytes.find('\r', at), bytes.size());
        if (at == bytes.size()) break;
        ++at;
        matched_ = 1;
      } else if (bytes[at] != delimiter_[matched_]) {
        give(std::string_view(delimiter_).substr(implied_, before - implied_), sink);
        before = implied_ = matched_ = 0;
      } else {
        ++at;
        if (++matched_ < delimiter_.size()) continue;
        give(bytes.substr(0, at - (matched_ - before)), sink);
        matched_ = implied_ = 0;
        state_ = State::delimited;
        if (std::exchange(in_part_, false)) sink.end();
        return at;
      }
    }
    give(bytes.substr(0, bytes.size() - (matched_ - before)), sink);
    return bytes.size();
  }

  template <class Sink>
  void give(std::string_view content, Sink& sink) {
    if (in_part_ && !content.empty()) sink.data(content);
  }

  template <class Sink>
  std::size_t take_line(std::string_view bytes, Sink& sink) {
    const char c = bytes.front();
    switch (state_) {
      case State::delimited:
        if (c == '-') {
          state_ = State::second_dash;
          break;
        }
        [[fallthrough]];
      case State::padding:
        if (c != ' ' && c != '\t' && c != '\r') throw malformed("text behind a delimiter");
        state_ = c == '\r' ? State::line_feed : State::padding;
        break;
      case State::second_dash:
        if (c != '-') throw malformed("text behind a delimiter");
        state_ = State::epilogue;
        break;
      case State::line_feed:
        if (c != '\n') throw malformed("text behind a delimiter");
        if (parts_left_-- == 0)
          throw MultipartError(MultipartError::Reason::too_many_parts,
                               "more parts than maxPartCount");
        state_ = State::header;
        break;
      case State::header:
        take_header(c, sink);
        break;
      default:  // the epilogue
        return bytes.size();
    }
    return 1;
  }

  template <class Sink>
  void take_header(char c, Sink& sink) {
    if (header_.size() == max_header_size_)
      throw MultipartError(MultipartError::Reason::header_too_large,
                           "the header of a part is longer than " +
                               std::to_string(max_header_size_) + " bytes (maxPartHeaderSize)");
    header_ += c;
    if (!header_.ends_with("\r\n\r\n") && header_ != "\r\n") return;
    state_ = State::content;
    in_part_ = true;
    // The line end of a delimiter may be the header's: that part has no content.
    matched_ = implied_ = 2;
    sink.begin(std::exchange(header_, {}));
  }

  std::string delimiter_;  // with the line end before it, which belongs to it
  std::string header_;     // of the part that has begun
  // The first delimiter has no line end before it where there is no preamble.
  std::size_t matched_ = 2;  // bytes of the delimiter seen
  std::size_t implied_ = 2;  // of those, the first that are no content if the delimiter fails
  std::uint32_t parts_left_;
  std::uint32_t max_header_size_;
  State state_ = State::content;
  bool in_part_ = false;
};

}  // namespace margay
