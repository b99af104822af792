// Memory of one exchange: a bump allocator whose first block is part of the exchange itself.
#pragma once

#include <array>
#include <cstddef>
#include <cstring>
#include <memory>
#include <new>
#include <string_view>
#include <utility>
#include <vector>

namespace server {

// Owner: the thread that has the exchange. Nothing is freed before `reset`, no destructor is run.
// Limit: none of its own; what is put here is bounded by the limits on heads and parameters.
class Arena {
 public:
  Arena() = default;
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;

  void* allocate(std::size_t size, std::size_t alignment = alignof(std::max_align_t)) {
    const std::size_t start = (used_ + alignment - 1) & ~(alignment - 1);
    if (start + size <= room_) [[likely]] {
      used_ = start + size;
      return block_ + start;
    }
    return allocate_block(size);
  }

  std::string_view copy(std::string_view text) {
    if (text.empty()) return {};
    char* to = static_cast<char*>(allocate(text.size(), 1));
    std::memcpy(to, text.data(), text.size());
    return {to, text.size()};
  }

  template <class T, class... Args>
  T* make(Args&&... args) {
    return new (allocate(sizeof(T), alignof(T))) T{std::forward<Args>(args)...};
  }

  template <class T>
  T* array(std::size_t count) {
    return static_cast<T*>(allocate(count * sizeof(T), alignof(T)));
  }

  // Forgets everything; blocks beyond the first go back to the heap.
  void reset() {
    if (!more_.empty()) more_.clear();
    block_ = first_.data();
    room_ = first_.size();
    used_ = 0;
  }

 private:
  static constexpr std::size_t kBlock = 16 * 1024;

  void* allocate_block(std::size_t size) {
    const std::size_t room = size > kBlock ? size : kBlock;
    more_.push_back(std::make_unique_for_overwrite<char[]>(room));
    block_ = more_.back().get();
    room_ = room;
    used_ = size;
    return block_;
  }

  alignas(std::max_align_t) std::array<char, 4096> first_;
  char* block_ = first_.data();
  std::size_t room_ = sizeof first_;
  std::size_t used_ = 0;
  std::vector<std::unique_ptr<char[]>> more_;
};

}  // namespace server
