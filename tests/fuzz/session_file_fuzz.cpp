// Throws any bytes at the reader of session files: what it takes can be written and read again, and
// what it refuses lies within.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "container/session_file.h"

namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

std::vector<container::SessionRecord> read(std::string_view bytes, bool may_be_bad) {
  std::vector<container::SessionRecord> all;
  container::read_sessions(
      bytes, [&](container::SessionRecord one) { all.push_back(std::move(one)); },
      [&](std::size_t offset, const char*) { require(may_be_bad && offset <= bytes.size()); });
  return all;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const std::string again = container::write_sessions(read(bytes, true));
  require(container::write_sessions(read(again, false)) == again);
  // Behind a good beginning.
  read(container::write_sessions({}) + std::string(bytes), true);
  return 0;
}
