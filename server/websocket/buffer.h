// Bytes of one message that did not arrive in one piece, or had to be inflated.
#pragma once

#include <array>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string_view>
#include <utility>

namespace server::websocket {

// Grows like a string but leaves new room unwritten. Moves only; empty it holds no memory.
class Buffer {
 public:
  Buffer() = default;
  Buffer(Buffer&& other) noexcept { swap(other); }
  Buffer& operator=(Buffer&& other) noexcept {
    Buffer moved(std::move(other));
    swap(moved);
    return *this;
  }

  std::size_t size() const { return size_; }
  std::size_t capacity() const { return capacity_; }
  std::string_view view() const { return {bytes_.get(), size_}; }
  char* end() { return bytes_.get() + size_; }

  // Room for `more` bytes behind the end. When it grows it doubles, but not beyond `most` bytes in
  // all if that is enough.
  void reserve(std::size_t more, std::size_t most) {
    if (capacity_ - size_ < more) grow(more, most);
  }
  void grown(std::size_t by) { size_ += by; }  // so many bytes were written to end()
  void clear() { size_ = 0; }                  // keeps its room

 private:
  struct Free {
    void operator()(char* bytes) const { std::free(bytes); }
  };
  void swap(Buffer& other) noexcept {
    std::swap(bytes_, other.bytes_);
    std::swap(size_, other.size_);
    std::swap(capacity_, other.capacity_);
  }
  void grow(std::size_t more, std::size_t most);

  std::unique_ptr<char, Free> bytes_;
  std::size_t size_ = 0;
  std::size_t capacity_ = 0;
};

// Spare buffers of one loop, so that a socket holds none while nothing arrives and yet messages
// longer than a read cost no allocation. Not for other threads.
class BufferStock {
 public:
  static constexpr std::size_t kSpareBytes = 65536;

  // Empty, with room for `size` bytes at least.
  Buffer take(std::size_t size);
  // Kept for the next take; freed when it is longer than kSpareBytes or there are 4 already.
  void give_back(Buffer buffer);
  void trim();  // frees what has lain here since the last trim; call it every half a minute or so
  std::size_t memory() const;

 private:
  std::array<Buffer, 4> spare_;
  std::size_t count_ = 0;
  std::size_t untouched_ = 0;  // so many were never needed since the last trim
};

}  // namespace server::websocket
