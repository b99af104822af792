// Ids that nobody can guess.
#include "container/session_id.h"

#include <sys/random.h>

#include <array>
#include <cerrno>
#include <system_error>

namespace container {

namespace {

// What the system gave and nobody has used yet; a byte is forgotten as it goes out.
class Pool {
 public:
  unsigned char next() {
    if (left_ == 0) fill();
    unsigned char& byte = bytes_[--left_];
    const unsigned char given = byte;
    byte = 0;
    return given;
  }

 private:
  void fill() {
    while (left_ < bytes_.size()) {
      const ssize_t got = ::getrandom(bytes_.data() + left_, bytes_.size() - left_, 0);
      if (got < 0 && errno != EINTR)
        throw std::system_error(errno, std::generic_category(), "getrandom");
      if (got > 0) left_ += static_cast<std::size_t>(got);
    }
  }

  std::array<unsigned char, 1024> bytes_;
  std::size_t left_ = 0;
};

}  // namespace

std::string random_hex(std::size_t bytes) {
  static constexpr char kDigits[] = "0123456789abcdef";
  thread_local Pool pool;
  std::string text;
  text.reserve(bytes * 2);
  for (std::size_t i = 0; i < bytes; ++i) {
    const unsigned char byte = pool.next();
    text += kDigits[byte >> 4];
    text += kDigits[byte & 15];
  }
  return text;
}

}  // namespace container
