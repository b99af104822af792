// Chunked bodies of requests, RFC 9112 section 7.1, framed by ourselves: strict CR LF everywhere.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace server::http1 {

struct ChunkLimits {
  std::size_t extension_bytes = 8192;  // maxExtensionSize, of one body
  std::size_t trailer_bytes = 8192;    // maxTrailerSize
  std::vector<std::string> trailers;   // names in lower case of those that are kept; others are not
};

// Fed with bytes in any pieces; holds no buffer but the trailers to be kept.
class ChunkReader {
 public:
  enum class State : unsigned char { more, data, done, bad };

  // Takes bytes from the front of `input`. `data`: `piece` is body; call again. `more`: all taken.
  // `bad`: not acceptable, `status()` tells the answer.
  State read(std::string_view& input, std::string_view& piece, const ChunkLimits& limits);
  int status() const { return status_; }  // of the answer to a bad body
  // Done: lines of "name: value" CR LF.
  std::string_view trailers() const {
    return trailers_ == nullptr ? std::string_view{} : *trailers_;
  }
  void reset() { *this = {}; }

 private:
  enum class Expect : unsigned char {
    size,
    size_more,
    semicolon,
    extension_start,
    extension_name,
    equals,
    value_start,
    value,
    quoted,
    escaped,
    quoted_end,
    size_lf,
    data,
    data_cr,
    data_lf,
    trailer_start,
    trailer_name,
    trailer_value,
    trailer_lf,
    end_lf
  };
  bool step(char c, const ChunkLimits& limits);
  bool size_digit(char c);
  bool extension(char c, const ChunkLimits& limits);
  bool extension_over(char c);
  bool trailer(char c, const ChunkLimits& limits);
  void keep_trailer(char c, const ChunkLimits& limits);

  std::uint64_t left_ = 0;
  std::unique_ptr<std::string> trailers_;
  std::size_t line_ = 0;  // where the last of them begins
  std::uint32_t extension_ = 0;
  std::uint32_t trailer_ = 0;
  Expect expect_ = Expect::size;
  std::uint8_t digits_ = 0;
  bool done_ = false;
  int status_ = 400;
};

}  // namespace server::http1
