// The mapping's one look-up structure: texts known at start, each in a numbered scope, found by
// bytes of a request.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace container {

// Open addressing over text kept in one block. Filled on the control thread, then only read, by any
// thread; finding allocates nothing. A client cannot lengthen the probing: it adds no entries.
class NameTable {
 public:
  static constexpr std::uint32_t absent = UINT32_MAX;  // no value to insert

  // Adds the name unless the scope has it; then gives the value that is there and changes nothing.
  std::optional<std::uint32_t> insert(std::string_view name, std::uint32_t value,
                                      std::uint32_t scope = 0);

  // The value, or `absent`. Not an optional: written to memory in parts and read back whole, it
  // made an exact look-up take 18 ns instead of 8.
  std::uint32_t find(std::string_view name, std::uint32_t scope = 0) const {
    // Most texts asked for are not there, and most of those differ in length from all that are.
    if (name.size() > longest_ || (lengths_ & length_bit(name.size())) == 0) return absent;
    return slots_[slot_of(name, scope, hash_of(name, scope))].value;
  }

  struct Prefix {
    std::size_t length;
    std::uint32_t value;  // `absent` when there is none
  };
  // The longest name of scope 0 that is the whole path, or its beginning up to a '/'. The empty
  // name fits any path that is empty or begins with '/'.
  Prefix longest_prefix(std::string_view path) const;

  bool empty() const { return used_ == 0; }
  std::size_t size() const { return used_; }

 private:
  struct Slot {
    std::uint64_t hash = 0;
    std::uint32_t offset = 0;
    std::uint32_t length = 0;
    std::uint32_t scope = 0;
    std::uint32_t value = absent;
  };

  static std::uint64_t length_bit(std::size_t length) {
    return std::uint64_t{1} << (length < 63 ? length : 63);
  }

  static std::uint64_t hash_of(std::string_view name, std::uint32_t scope);
  std::size_t slot_of(std::string_view name, std::uint32_t scope, std::uint64_t hash) const;
  void grow();

  std::string text_;
  std::vector<Slot> slots_;  // a power of two, at most half full
  std::size_t used_ = 0;
  std::size_t longest_ = 0;
  std::uint64_t lengths_ = 0;  // bit n: a name of n bytes exists; bit 63: one of 63 or more
};

}  // namespace container
