// Parts of a file (RFC 9110 section 14).
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace endpoints {

struct ByteRange {
  std::uint64_t first, size;
};

// What a Range field asks of a file of `size` bytes, in its order.
struct ByteRanges {
  enum class Kind {
    none,          // all of it: an empty file, or a unit that is not known here
    parts,         // one or more, all within the file
    not_satisfied  // 416: malformed, nothing of it is in the file, or too much is wanted
  };
  Kind kind = Kind::none;
  std::vector<ByteRange> parts;
};

// At most 32 ranges, of which at most two pairs overlap (section 14.2 lets servers refuse what only
// attackers ask for).
ByteRanges parse_ranges(std::string_view field, std::uint64_t size);

}  // namespace endpoints
