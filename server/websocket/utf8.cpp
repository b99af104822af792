// Is text UTF-8? Told as early as the bytes allow, however they are cut.
#include "server/websocket/utf8.h"

#include <simdjson.h>

#include <algorithm>
#include <cstring>

namespace server::websocket {

namespace {

constexpr std::size_t kShort = 64;  // up to here a look at the top bits costs less than a call

bool is_short_ascii(std::string_view text) {
  std::uint64_t bits = 0;
  std::size_t at = 0;
  for (; at + 8 <= text.size(); at += 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, text.data() + at, sizeof word);
    bits |= word;
  }
  for (; at < text.size(); ++at) bits |= static_cast<unsigned char>(text[at]);
  return (bits & 0x8080808080808080U) == 0;
}

// Of the character that `lead` begins, 1 if it begins none.
std::size_t length_of(unsigned char lead) {
  return lead < 0xc0 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
}

// Where a character begins that the text ends within; its size if there is none.
std::size_t whole_characters(std::string_view text) {
  const std::size_t back = std::min<std::size_t>(text.size(), 3);
  for (std::size_t count = 1; count <= back; ++count) {
    const auto byte = static_cast<unsigned char>(text[text.size() - count]);
    if ((byte & 0xc0U) == 0x80) continue;
    return length_of(byte) > count ? text.size() - count : text.size();
  }
  return text.size();
}

}  // namespace

bool is_utf8(std::string_view text) {
  if (text.size() <= kShort && is_short_ascii(text)) return true;
  return simdjson::validate_utf8(text.data(), text.size());
}

bool Utf8Check::feed(std::string_view piece) {
  while (left_ != 0 && !piece.empty()) {
    if (!step(static_cast<unsigned char>(piece.front()))) return false;
    piece.remove_prefix(1);
  }
  const std::size_t whole = whole_characters(piece);
  if (!is_utf8(piece.substr(0, whole))) return false;
  for (const char byte : piece.substr(whole))
    if (!step(static_cast<unsigned char>(byte))) return false;
  return true;
}

// RFC 3629 section 4: the second byte is narrower behind some first ones.
bool Utf8Check::step(unsigned char byte) {
  if (left_ != 0) {
    if (byte < lowest_ || byte > highest_) return false;
    begun_ = static_cast<std::uint8_t>(--left_ == 0 ? 0 : begun_ + 1);
    lowest_ = 0x80;
    highest_ = 0xbf;
    return true;
  }
  if (byte < 0x80) return true;
  if (byte < 0xc2 || byte > 0xf4) return false;
  left_ = static_cast<std::uint8_t>(length_of(byte) - 1);
  begun_ = 1;
  if (byte == 0xe0) lowest_ = 0xa0;   // overlong below
  if (byte == 0xed) highest_ = 0x9f;  // surrogates above
  if (byte == 0xf0) lowest_ = 0x90;   // overlong below
  if (byte == 0xf4) highest_ = 0x8f;  // beyond U+10FFFF above
  return true;
}

}  // namespace server::websocket
