// Chunked bodies of requests, RFC 9112 section 7.1, framed by ourselves: strict CR LF everywhere.
#include "server/http1/chunks.h"

#include <algorithm>

#include "server/message.h"

namespace server::http1 {

namespace {

int hexadecimal(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  const char lower = static_cast<char>(c | 0x20);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

bool is_text(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return c == '\t' || (byte >= 0x20 && byte != 0x7f);
}

}  // namespace

ChunkReader::State ChunkReader::read(std::string_view& input, std::string_view& piece,
                                     const ChunkLimits& limits) {
  while (!input.empty()) {
    if (expect_ == Expect::data) {
      const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(left_, input.size()));
      piece = input.substr(0, size);
      input.remove_prefix(size);
      left_ -= size;
      if (left_ == 0) expect_ = Expect::data_cr;
      return State::data;
    }
    const char c = input.front();
    input.remove_prefix(1);
    if (!step(c, limits)) return State::bad;
    if (done_) return State::done;
  }
  return State::more;
}

bool ChunkReader::size_digit(char c) {
  const int value = hexadecimal(c);
  if (value < 0) return false;
  if (++digits_ > 15) {  // 60 bits: nothing that long is ever meant
    status_ = 413;
    return false;
  }
  left_ = left_ * 16 + static_cast<std::uint64_t>(value);
  expect_ = Expect::size_more;
  return true;
}

bool ChunkReader::step(char c, const ChunkLimits& limits) {
  switch (expect_) {
    case Expect::size:
      return size_digit(c);
    case Expect::size_more:
      if (c == '\r') {
        expect_ = Expect::size_lf;
        return true;
      }
      if (c != ';' && c != ' ' && c != '\t') return size_digit(c);
      expect_ = Expect::extension;
      return ++extension_ <= limits.extension_bytes;
    case Expect::extension:
    case Expect::quoted:
    case Expect::escaped:
      if (c == '\r' && expect_ == Expect::extension) {
        expect_ = Expect::size_lf;
        return true;
      }
      if (!is_text(c) || ++extension_ > limits.extension_bytes) return false;
      if (expect_ == Expect::escaped) {
        expect_ = Expect::quoted;
      } else if (c == '"') {
        expect_ = expect_ == Expect::quoted ? Expect::extension : Expect::quoted;
      } else if (c == '\\' && expect_ == Expect::quoted) {
        expect_ = Expect::escaped;
      }
      return true;
    case Expect::size_lf:
      expect_ = left_ == 0 ? Expect::trailer_start : Expect::data;
      digits_ = 0;
      return c == '\n';
    case Expect::data_cr:
      expect_ = Expect::data_lf;
      return c == '\r';
    case Expect::data_lf:
      expect_ = Expect::size;
      return c == '\n';
    default:
      return trailer(c, limits);
  }
}

bool ChunkReader::trailer(char c, const ChunkLimits& limits) {
  if (++trailer_ > limits.trailer_bytes + 2) {
    status_ = 431;
    return false;
  }
  switch (expect_) {
    case Expect::trailer_start:
      if (c == '\r') {
        expect_ = Expect::end_lf;
        return true;
      }
      expect_ = Expect::trailer_name;
      return is_field_name({&c, 1});
    case Expect::trailer_name:
      if (c == ':') {
        expect_ = Expect::trailer_value;
        return true;
      }
      return is_field_name({&c, 1});
    case Expect::trailer_value:
      if (c == '\r') {
        expect_ = Expect::trailer_lf;
        return true;
      }
      return is_text(c);
    case Expect::trailer_lf:
      expect_ = Expect::trailer_start;
      return c == '\n';
    case Expect::end_lf:
      done_ = true;
      return c == '\n';
    default:
      return false;
  }
}

}  // namespace server::http1
