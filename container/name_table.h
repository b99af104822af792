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
  // Adds the name unless the scope has it; then gives the value that is there and changes nothing.
  std::optional<std::uint32_t> insert(std::string_view name, std::uint32_t value,
                                      std::uint32_t scope = 0);

  std::optional<std::uint32_t> find(std::string_view name, std::uint32_t scope = 0) const;

  struct Prefix {
    std::size_t length;
    std::uint32_t value;
  };
  // The longest name of scope 0 that is the whole path, or its beginning up to a '/'. The empty
  // name fits any path that is empty or begins with '/'.
  std::optional<Prefix> longest_prefix(std::string_view path) const;

  bool empty() const { return used_ == 0; }
  std::size_t size() const { return used_; }

 private:
  struct Slot {
    std::uint64_t hash = 0;
    std::uint32_t offset = 0;
    std::uint32_t length = 0;
    std::uint32_t scope = 0;
    std::uint32_t value = vacant;
  };
  static constexpr std::uint32_t vacant = UINT32_MAX;  // no caller's value

  bool may_have(std::size_t length) const;
  std::size_t slot_of(std::string_view name, std::uint32_t scope, std::uint64_t hash) const;
  void grow();

  std::string text_;
  std::vector<Slot> slots_;  // a power of two, at most half full
  std::size_t used_ = 0;
  std::size_t longest_ = 0;
  std::uint64_t lengths_ = 0;  // bit n: a name of n bytes exists; bit 63: one of 63 or more
};

}  // namespace container
