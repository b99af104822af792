// What fuzzers share: their bytes taken to pieces, and what must be true.
#pragma once

#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <string_view>

namespace tests {

inline void require(bool condition, const char* file = __builtin_FILE(),
                    int line = __builtin_LINE()) {
  if (condition) return;
  std::fprintf(stderr, "%s:%d: this must be true\n", file, line);
  std::abort();
}

// Zeros behind its end.
class Input {
 public:
  explicit Input(std::string_view bytes) : left_(bytes) {}
  bool empty() const { return left_.empty(); }
  unsigned byte() {
    if (left_.empty()) return 0;
    const auto value = static_cast<unsigned char>(left_.front());
    left_.remove_prefix(1);
    return value;
  }
  std::string_view bytes(std::size_t count) {
    const std::string_view some = left_.substr(0, count);
    left_.remove_prefix(some.size());
    return some;
  }

 private:
  std::string_view left_;
};

}  // namespace tests
