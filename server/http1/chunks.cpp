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

bool is_blank(char c) { return c == ' ' || c == '\t'; }

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
      return c == ';' || is_blank(c) ? extension(c, limits) : size_digit(c);
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
    case Expect::trailer_start:
    case Expect::trailer_name:
    case Expect::trailer_value:
    case Expect::trailer_lf:
    case Expect::end_lf:
      return trailer(c, limits);
    default:
      return extension(c, limits);
  }
}

// RFC 9112 section 7.1.1: *( BWS ";" BWS name [ BWS "=" BWS ( token / quoted-string ) ] ). White
// space that no extension follows is refused: who takes it for a part of the size, or not, decides
// where the data begins.
bool ChunkReader::extension(char c, const ChunkLimits& limits) {
  if (c != '\r' && ++extension_ > limits.extension_bytes) return false;
  switch (expect_) {
    case Expect::extension_start:
      if (is_blank(c)) return true;
      expect_ = Expect::extension_name;
      return is_field_name({&c, 1});
    case Expect::extension_name:
      if (c == '=') {
        expect_ = Expect::value_start;
        return true;
      }
      if (is_blank(c)) {
        expect_ = Expect::equals;
        return true;
      }
      return is_field_name({&c, 1}) || extension_over(c);
    case Expect::equals:
      if (is_blank(c)) return true;
      expect_ = c == '=' ? Expect::value_start : Expect::extension_start;
      return c == '=' || c == ';';
    case Expect::value_start:
      if (is_blank(c)) return true;
      expect_ = c == '"' ? Expect::quoted : Expect::value;
      return c == '"' || is_field_name({&c, 1});
    case Expect::value:
      return is_field_name({&c, 1}) || extension_over(c);
    case Expect::quoted:
      if (c == '"') {
        expect_ = Expect::quoted_end;
      } else if (c == '\\') {
        expect_ = Expect::escaped;
      }
      return is_text(c);
    case Expect::escaped:
      expect_ = Expect::quoted;
      return is_text(c);
    default:  // behind the size, white space or a quoted value
      return extension_over(c);
  }
}

// One extension or the size is complete: what may follow.
bool ChunkReader::extension_over(char c) {
  if (c == '\r' && expect_ != Expect::semicolon) {
    expect_ = Expect::size_lf;
    return true;
  }
  expect_ = c == ';' ? Expect::extension_start : Expect::semicolon;
  return c == ';' || is_blank(c);
}

bool ChunkReader::trailer(char c, const ChunkLimits& limits) {
  if (++trailer_ > limits.trailer_bytes + 2) {
    status_ = 431;
    return false;
  }
  if (!limits.trailers.empty()) keep_trailer(c, limits);
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

// Writes down each line, and drops it again at its end when nobody may see it.
void ChunkReader::keep_trailer(char c, const ChunkLimits& limits) {
  if (expect_ == Expect::end_lf || (expect_ == Expect::trailer_start && c == '\r')) return;
  if (trailers_ == nullptr) trailers_ = std::make_unique<std::string>();
  if (expect_ == Expect::trailer_start) line_ = trailers_->size();
  trailers_->push_back(c);
  if (expect_ != Expect::trailer_lf) return;
  const std::string_view line = std::string_view(*trailers_).substr(line_);
  const std::string_view name = line.substr(0, line.find(':'));
  const bool allowed =
      std::any_of(limits.trailers.begin(), limits.trailers.end(),
                  [&](const std::string& one) { return equal_ignoring_case(name, one); });
  if (!allowed) trailers_->resize(line_);
}

}  // namespace server::http1
