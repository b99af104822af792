// Any Range field over files of any size: what is given out lies within the file, and there is
// little of it. The first eight bytes are the size.
#include "endpoints/byte_ranges.h"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string_view>

using endpoints::ByteRanges;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  std::uint64_t file = 0;
  if (size < sizeof file) return 0;
  std::memcpy(&file, bytes, sizeof file);
  file >>= 1U;  // as off_t
  const std::string_view field(reinterpret_cast<const char*>(bytes) + sizeof file,
                               size - sizeof file);
  const ByteRanges ranges = endpoints::parse_ranges(field, file);
  const bool has_parts = ranges.kind == ByteRanges::Kind::parts;
  if (has_parts && (ranges.parts.empty() || ranges.parts.size() > 32)) std::abort();
  for (const auto& part : ranges.parts)
    if (part.size == 0 || part.first >= file || part.size > file - part.first) std::abort();
  return 0;
}
