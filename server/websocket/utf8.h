// Is text UTF-8? Told as early as the bytes allow, however they are cut.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace server::websocket {

// RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF.
class Utf8Check {
 public:
  // False as soon as no continuation could make the text so far valid; then only reset() helps.
  bool feed(std::string_view piece);
  bool complete() const { return left_ == 0; }   // the text so far does not end within a character
  std::size_t missing() const { return left_; }  // bytes of the character it ends within, to come
  std::size_t begun() const { return begun_; }   // and those that are there
  void reset() { *this = {}; }

 private:
  bool step(unsigned char byte);

  std::uint8_t left_ = 0;
  std::uint8_t begun_ = 0;
  std::uint8_t lowest_ = 0x80;  // of the next one
  std::uint8_t highest_ = 0xbf;
};

// A whole text at once.
bool is_utf8(std::string_view text);

}  // namespace server::websocket
