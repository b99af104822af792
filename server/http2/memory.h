// Memory for HTTP/2 on one loop: small blocks of nghttp2 are kept by size, and buffers of tunnels.
#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <string>
#include <vector>

namespace server::http2 {

// Owner thread: its loop. Outlives the sessions that use it. What is kept is bounded for each size;
// beyond, and for large blocks, it is the heap's.
class Memory {
 public:
  Memory();
  ~Memory();
  Memory(const Memory&) = delete;
  Memory& operator=(const Memory&) = delete;

  // An nghttp2_mem, whose header only .cpp files know.
  void* functions() { return functions_.get(); }

  // Empty, with the room of one that was given back, if there is one. Few are kept, and no long
  // ones: most output stays in one only until the end of its turn.
  std::string take_buffer();
  void give_back(std::string buffer);

 private:
  // Before each block. As large as what the block must be aligned to.
  struct alignas(std::max_align_t) Head {
    std::size_t size_class;
    Head* next;
  };
  static constexpr std::size_t kStep = 64;  // bytes from one size to the next
  static constexpr std::size_t kClasses = 16;
  static constexpr std::size_t kKept = 1024;  // blocks of each size
  static constexpr std::size_t kBuffers = 16;
  static constexpr std::size_t kBufferRoom = 64 * 1024;

  void* allocate(std::size_t size);
  void release(void* block);
  void* reallocate(void* block, std::size_t size);

  struct Spare {
    Head* first = nullptr;
    std::size_t count = 0;
  };
  std::array<Spare, kClasses> spare_{};
  std::vector<std::string> buffers_;
  struct Functions;
  std::unique_ptr<Functions> functions_;
};

}  // namespace server::http2
